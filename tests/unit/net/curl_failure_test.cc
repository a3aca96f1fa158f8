// Every way in which an answer does not come, or is none: an Error with its code, naming the endpoint and the cause.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "net/curl_transport.h"
#include "support/exchange.h"
#include "support/loopback_server.h"

namespace syncline::net {
namespace {

using testing::exchange;
using ::testing::HasSubstr;
using testing::LoopbackServer;
using testing::RawAnswer;
using testing::ReceivedRequest;
using testing::to_bytes;

std::unique_ptr<HttpTransport> connect_with(TransportOptions options) {
  return std::move(make_curl_transport(std::move(options))).value();
}

void expect_error(const Result<HttpResponse>& answer, ErrorCode code, const std::string& host, const char* cause) {
  ASSERT_FALSE(answer) << "status " << answer->status << ", body of " << answer->body.size() << " bytes";
  EXPECT_EQ(to_string(answer.error().code), to_string(code)) << answer.error().message;
  EXPECT_THAT(answer.error().message, HasSubstr(host));
  EXPECT_THAT(answer.error().message, HasSubstr(cause));
  EXPECT_EQ(answer.error().http_status, 0);
}

// One request to a server that answers so.
void expect_failure(RawAnswer raw, ErrorCode code, const char* cause, std::size_t longest_body = 1U << 20U) {
  LoopbackServer server([raw](const ReceivedRequest&) { return raw; });
  const auto transport = connect_with({.endpoint = server.endpoint(), .longest_body = longest_body});
  const auto answer = exchange(*transport, {.method = "POST", .body = "x"});
  SCOPED_TRACE(raw.bytes.substr(0, 60));
  expect_error(answer, code, server.host(), cause);
}

RawAnswer closing(std::string bytes) {
  return {.bytes = std::move(bytes), .then = RawAnswer::Then::kClose};
}

TEST(CurlFailure, Refused) {
  const std::string host = "127.0.0.1:" + std::to_string(testing::closed_port());
  expect_error(exchange(*connect_with({.endpoint = "http://" + host}), {}), ErrorCode::kNetwork, host,
               "Connection refused");
}

TEST(CurlFailure, NameThatDoesNotResolve) {
  // An empty label: the resolver gives up without asking anyone.
  expect_error(exchange(*connect_with({.endpoint = "http://no..where"}), {}), ErrorCode::kNetwork, "no..where",
               "resolve");
}

TEST(CurlFailure, ConnectingTakesTooLong) {
  const testing::DeafListener deaf;
  const auto transport = connect_with({.endpoint = deaf.endpoint(), .connect_timeout = std::chrono::milliseconds{50}});
  expect_error(exchange(*transport, {}), ErrorCode::kTimeout, "127.0.0.1", "while connecting");
}

TEST(CurlFailure, AnswerTakesTooLong) {
  for (const char* begun : {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive."}) {
    LoopbackServer server([begun](const ReceivedRequest&) { return RawAnswer{.bytes = begun}; });
    const auto transport =
        connect_with({.endpoint = server.endpoint(), .request_timeout = std::chrono::milliseconds{50}});
    expect_error(exchange(*transport, {}), ErrorCode::kTimeout, server.host(), "no complete answer");
  }
}

TEST(CurlFailure, ClosedWithoutAnAnswer) {
  expect_failure(closing(""), ErrorCode::kNetwork, "before an answer");
}

TEST(CurlFailure, ResetWithoutAnAnswer) {
  expect_failure({.bytes = "", .then = RawAnswer::Then::kReset}, ErrorCode::kNetwork, "reset");
}

TEST(CurlFailure, CutOffAmongTheHeaders) {
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\nContent-Type: appl", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n"}) {
    expect_failure(closing(bytes), ErrorCode::kNetwork, "cut off");
  }
}

TEST(CurlFailure, CutOffInTheStatusLine) {
  LoopbackServer server([](const ReceivedRequest&) { return closing("HTT"); });
  EXPECT_FALSE(exchange(*connect_with({.endpoint = server.endpoint()}), {}));
}

TEST(CurlFailure, CutOffInTheBody) {
  expect_failure(closing("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive."), ErrorCode::kNetwork, "cut off");
  expect_failure(closing("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"), ErrorCode::kNetwork, "cut off");
}

TEST(CurlFailure, CutOffAmongTheChunks) {
  for (const char* chunks : {"", "5\r\nab", "5\r\nabcde\r\n", "5\r\nabcde\r\n0\r\n"}) {
    expect_failure(closing(std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") + chunks),
                   ErrorCode::kNetwork, "cut off");
  }
}

TEST(CurlFailure, ResetInTheBody) {
  expect_failure({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.", .then = RawAnswer::Then::kReset},
                 ErrorCode::kNetwork, "");
}

TEST(CurlFailure, NotHttp) {
  for (const char* bytes : {"220 mail.example ESMTP ready\r\n", "<html>hello</html>", "HTTP/7.3 200 OK\r\n\r\n",
                            "HTTP/1.1 two hundred\r\n\r\n", "\x15\x03\x01\x02\x02"}) {
    expect_failure(closing(bytes), ErrorCode::kBadAnswer, "not HTTP");
  }
}

TEST(CurlFailure, BodyAboveTheLimit) {
  const std::string body(1001, 'x');
  expect_failure({.bytes = to_bytes({.status = 200, .headers = {}, .body = body})}, ErrorCode::kBadAnswer,
                 "larger than 1000 bytes", 1000);
  LoopbackServer server([&](const ReceivedRequest&) {
    return RawAnswer{.bytes = to_bytes({.status = 200, .headers = {}, .body = body})};
  });
  const auto answer = exchange(*connect_with({.endpoint = server.endpoint(), .longest_body = 1001}), {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.size(), 1001U);
}

TEST(CurlFailure, TheLimitCountsDecodedBytes) {
  const std::string bomb = testing::gzip(std::string(10U << 20U, '\0'));
  ASSERT_LT(bomb.size(), 100'000U);
  expect_failure({.bytes = to_bytes({.status = 200, .headers = {{"Content-Encoding", "gzip"}}, .body = bomb})},
                 ErrorCode::kBadAnswer, "larger than 1048576 bytes");
}

TEST(CurlFailure, HeadersWithoutEnd) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 10'000; ++i) many += "X-Many: " + std::string(90, 'h') + "\r\n";
  expect_failure(closing(many), ErrorCode::kBadAnswer, "headers are too large");
}

TEST(CurlFailure, OneHeaderWithoutEnd) {
  LoopbackServer server(
      [](const ReceivedRequest&) { return closing("HTTP/1.1 200 OK\r\nX-Long: " + std::string(1U << 20U, 'h')); });
  EXPECT_FALSE(exchange(*connect_with({.endpoint = server.endpoint()}), {}));
}

TEST(CurlFailure, BrokenOrUnknownEncoding) {
  for (const char* encoding : {"gzip", "x-made-up"}) {
    expect_failure(
        {.bytes = to_bytes({.status = 200, .headers = {{"Content-Encoding", encoding}}, .body = "not packed"})},
        ErrorCode::kBadAnswer, "content encoding");
  }
}

TEST(CurlFailure, ATransportGoesOnAfterEveryFailure) {
  int count = 0;
  LoopbackServer server([&count](const ReceivedRequest&) {
    const bool fine = ++count % 2 == 0;
    return fine ? RawAnswer{.bytes = to_bytes({.status = 200, .headers = {}, .body = "fine"})} : closing("rubbish");
  });
  const auto transport = connect_with({.endpoint = server.endpoint()});
  for (int i = 0; i < 6; ++i) EXPECT_EQ(exchange(*transport, {}).has_value(), i % 2 == 1);
}

TEST(CurlFailure, RequestsThatWouldSmuggleAreNotSent) {
  LoopbackServer server([](const ReceivedRequest&) { return closing(""); });
  const auto transport = connect_with({.endpoint = server.endpoint()});
  for (const HttpRequest& request :
       {HttpRequest{.path = "/a b"}, HttpRequest{.path = "/a?b"}, HttpRequest{.path = "/a#b"}, HttpRequest{.path = "a"},
        HttpRequest{.path = "/\r\n"}, HttpRequest{.path = "/\xC3\xA9"}, HttpRequest{.method = "GET /x"},
        HttpRequest{.method = ""}, HttpRequest{.headers = {{"X", "a\r\nY: b"}}},
        HttpRequest{.headers = {{"X", std::string("a\0b", 3)}}}, HttpRequest{.headers = {{"X: Y", "b"}}},
        HttpRequest{.headers = {{"", "b"}}}}) {
    const auto answer = exchange(*transport, request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST(CurlFailure, OptionsThatMakeNoSense) {
  EXPECT_EQ(make_curl_transport({.endpoint = "nowhere"}).error().code, ErrorCode::kInvalidArgument);
  for (const std::int64_t wrong : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40U}) {
    const std::chrono::milliseconds time{wrong};
    const auto connecting = make_curl_transport({.endpoint = "http://127.0.0.1", .connect_timeout = time});
    ASSERT_FALSE(connecting);
    EXPECT_THAT(connecting.error().message, HasSubstr("connect time-out"));
    const auto asking = make_curl_transport({.endpoint = "http://127.0.0.1", .request_timeout = time});
    ASSERT_FALSE(asking);
    EXPECT_THAT(asking.error().message, HasSubstr("request time-out"));
  }
}

}  // namespace
}  // namespace syncline::net
