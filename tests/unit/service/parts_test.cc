// The small parts of the front: dates, ids, JSON strings, listen addresses.
#include <gtest/gtest.h>

#include <regex>

#include "service/answer.h"
#include "service/listen_address.h"

namespace syncline::service {
namespace {

TEST(Answer, DatesAreHttps) {
  EXPECT_EQ(http_date(Timestamp(std::chrono::milliseconds(784'111'777'999))), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(Timestamp{}), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Answer, IdsAreRandomUuids) {
  const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  const std::string one = random_uuid();
  EXPECT_TRUE(std::regex_match(one, shape)) << one;
  EXPECT_NE(one, random_uuid());
}

TEST(Answer, TextIsQuoted) {
  EXPECT_EQ(json_quote("a\"b\\c\n\x01é"), "\"a\\\"b\\\\c\\u000a\\u0001é\"");
}

TEST(ListenAddress, IsReadExactly) {
  const auto v4 = parse_listen_address("127.0.0.1:8080");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 8080);
  const auto v6 = parse_listen_address("[::1]:0");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(local_endpoint({.host = "::", .port = 5}), "http://[::1]:5");
  EXPECT_EQ(local_endpoint({.host = "0.0.0.0", .port = 5}), "http://127.0.0.1:5");
  EXPECT_EQ(local_endpoint({.host = "localhost", .port = 5}), "http://localhost:5");
}

TEST(ListenAddress, IsRefusedWithItsText) {
  for (const char* text : {"", "8080", "127.0.0.1", "127.0.0.1:", ":8080", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:80x", "::1:80", "[]:80"}) {
    const auto address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(address.error().message.find("'" + std::string(text) + "'"), std::string::npos);
  }
}

}  // namespace
}  // namespace syncline::service
