#include "core/http.h"

#include <gtest/gtest.h>

namespace syncline {
namespace {

TEST(FindHeader, IgnoresCaseAndTakesTheFirst) {
  const Headers headers{{"Content-Type", "a"}, {"X-Two", "1"}, {"x-two", "2"}, {"Empty", ""}};
  EXPECT_EQ(*find_header(headers, "content-type"), "a");
  EXPECT_EQ(*find_header(headers, "X-TWO"), "1");
  EXPECT_EQ(*find_header(headers, "empty"), "");
  EXPECT_EQ(find_header(headers, "Content"), nullptr);
  EXPECT_EQ(find_header(headers, ""), nullptr);
  EXPECT_EQ(find_header({}, "a"), nullptr);
}

TEST(HttpRequest, IsAGetOfTheRootUnlessSaidOtherwise) {
  const HttpRequest request;
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/");
  EXPECT_TRUE(request.query.empty());
}

}  // namespace
}  // namespace syncline
