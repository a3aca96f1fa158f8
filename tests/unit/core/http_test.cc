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

TEST(Header, IsItsNameAndItsValue) {
  const Header header{"Name", "value"};
  EXPECT_EQ(header, (Header{"Name", "value"}));
  EXPECT_NE(header, (Header{"name", "value"}));
  EXPECT_NE(header, (Header{"Name", "Value"}));
}

// One that never has anything to do, as a transport of somebody else's may be.
class Idle final : public HttpTransport {
 public:
  CallId start(HttpRequest, Completion) override { return 0; }
  CallId start_stream(HttpRequest, OnPart, Completion) override { return 0; }
  void cancel(CallId) override {}
  void step() override {}
  void wait(std::chrono::milliseconds) override {}
  void wake() override {}
  [[nodiscard]] bool busy() const override { return false; }
};

TEST(HttpTransport, NeedNotWaitForFiles) {
  Idle transport;
  EXPECT_FALSE(transport.also_wait_for(0));
  transport.no_longer_wait_for(0);
  EXPECT_FALSE(transport.also_wait_for(0)) << "nothing has changed";
}

// D16: what a wrong clock is corrected from.
TEST(HttpDate, IsReadAndWrittenAlike) {
  constexpr const char* kText = "Sun, 06 Nov 1994 08:49:37 GMT";
  const auto date = parse_http_date(kText);
  ASSERT_TRUE(date);
  EXPECT_EQ(*date, Timestamp{std::chrono::seconds{784'111'777}});
  EXPECT_EQ(format_http_date(*date), kText);
  EXPECT_EQ(format_http_date(Timestamp{}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Timestamp{});
  EXPECT_TRUE(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT")) << "a leap day, a leap second";
}

TEST(HttpDate, AnythingElseIsNone) {
  for (const char* text :
       {"", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08-49:37 GMT", "Sun, 06 Nov 1994 08:49-37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, x6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 199x 08:49:37 GMT", "Sun, 06 Nov 1994 -8:49:37 GMT",
        "Sun, 06 Nov 1994 08:4x:37 GMT", "Sun, 06 Nov 1994 08:49:x7 GMT", "Sun, 30 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(HttpRequest, IsAGetOfTheRootUnlessSaidOtherwise) {
  const HttpRequest request;
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/");
  EXPECT_TRUE(request.query.empty());
}

}  // namespace
}  // namespace syncline
