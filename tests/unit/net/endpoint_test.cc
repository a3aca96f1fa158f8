#include "net/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/curl_transport.h"

namespace syncline::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string host_of(const std::string& endpoint) {
  const auto host = endpoint_host(endpoint);
  return host ? *host : "error: " + host.error().message;
}

TEST(Endpoint, HostIsWhatTheHostHeaderSays) {
  EXPECT_EQ(host_of("http://127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(host_of("https://cognito-sync.us-east-1.amazonaws.com"), "cognito-sync.us-east-1.amazonaws.com");
  EXPECT_EQ(host_of("https://[::1]:8443"), "[::1]:8443");
  EXPECT_EQ(host_of("http://[::1]"), "[::1]");
  EXPECT_EQ(host_of("http://sync_1.example:1"), "sync_1.example:1");
  EXPECT_EQ(host_of("http://a:65535"), "a:65535");
}

TEST(Endpoint, DefaultPortsAreLeftOut) {
  EXPECT_EQ(host_of("http://example.com:80"), "example.com");
  EXPECT_EQ(host_of("https://example.com:443"), "example.com");
  EXPECT_EQ(host_of("https://example.com:80"), "example.com:80");
  EXPECT_EQ(host_of("http://example.com:00080"), "example.com");
}

TEST(Endpoint, LetterCaseAndALoneSlashMakeNoDifference) {
  EXPECT_EQ(host_of("HTTPS://Example.COM/"), "example.com");
  EXPECT_EQ(parse_endpoint("HTTP://Example.COM:80/")->base, "http://example.com");
}

TEST(Endpoint, SaysWhatIsWrong) {
  const auto expect_error = [](const std::string& endpoint, const char* what) {
    const auto host = endpoint_host(endpoint);
    ASSERT_FALSE(host) << endpoint;
    EXPECT_EQ(host.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(host.error().message, HasSubstr(what));
  };
  expect_error("", "http:// or https://");
  expect_error("example.com", "http:// or https://");
  expect_error("ftp://example.com", "'ftp://example.com' does not start with");
  expect_error("http://", "no host");
  expect_error("http://:80", "no host");
  expect_error("http://exa mple.com", "host that is no name");
  expect_error("http://ex%61mple.com", "host that is no name");
  expect_error(
      "http://b\xC3\xBC"
      "cher.example",
      "host that is no name");
  expect_error("http://[::1", "host that is no name");
  expect_error("http://[]", "host that is no name");
  expect_error("http://[::1]x:80", "host that is no name");
  expect_error("http://a\r\nHost: b", "host that is no name");
  expect_error("http://example.com:", "port");
  expect_error("http://example.com:0", "port");
  expect_error("http://example.com:65536", "port");
  expect_error("http://example.com:99999999999999999999", "port");
  expect_error("http://example.com:8o", "port");
  expect_error("http://::1:80", "host that is no name");
  expect_error("http://example.com/sync", "path");
  expect_error("http://example.com//", "path");
  expect_error("http://example.com?x", "path, query");
  expect_error("http://example.com#x", "fragment");
}

TEST(Endpoint, NeverShowsAPassword) {
  for (const char* endpoint : {"http://me:secret@example.com", "ftp://me:secret@example.com", "http://secret@b/c"}) {
    const auto host = endpoint_host(endpoint);
    ASSERT_FALSE(host);
    EXPECT_THAT(host.error().message, Not(HasSubstr("secret")));
  }
}

TEST(Endpoint, KnowsLoopback) {
  for (const char* endpoint : {"http://localhost", "https://LOCALHOST:1", "http://a.localhost", "http://127.0.0.1:8080",
                               "http://127.1.2.3", "http://[::1]:80"}) {
    EXPECT_TRUE(parse_endpoint(endpoint)->loopback) << endpoint;
  }
  for (const char* endpoint : {"http://127.example.com", "http://localhost.example.com", "http://10.0.0.1"}) {
    EXPECT_FALSE(parse_endpoint(endpoint)->loopback) << endpoint;
  }
}

}  // namespace
}  // namespace syncline::net
