#include "net/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "support/exchange.h"
#include "support/loopback_server.h"

namespace syncline::net {
namespace {

using ::testing::ElementsAre;
using testing::exchange;
using testing::finish_all;
using testing::LoopbackServer;
using testing::RawAnswer;
using testing::ReceivedRequest;
using testing::to_bytes;

RawAnswer ok(std::string body = "{}") {
  return RawAnswer{.bytes = to_bytes({.status = 200, .headers = {}, .body = std::move(body)})};
}

LoopbackServer::Handler always(RawAnswer answer) {
  return [answer](const ReceivedRequest&) { return answer; };
}

std::unique_ptr<HttpTransport> connect_to(const std::string& endpoint) {
  return std::move(make_curl_transport({.endpoint = endpoint})).value();
}

std::string header_of(const ReceivedRequest& request, std::string_view name) {
  const std::string* value = find_header(request.headers, name);
  return value == nullptr ? "(none)" : *value;
}

TEST(CurlTransport, SendsPathAndQueryAsTheyWereSigned) {
  LoopbackServer server(always(ok()));
  const auto transport = connect_to(server.endpoint());
  const HttpRequest request{.path = "/identitypools/us-east-1%3Aab/%2f/../x/./y~",
                            .query = {{"nextToken", "a+/=b c&d"}, {"empty", ""}, {"\xC3\xA9", "100%"}}};
  ASSERT_TRUE(exchange(*transport, request));
  EXPECT_EQ(server.requests()[0].target,
            "/identitypools/us-east-1%3Aab/%2f/../x/./y~?nextToken=a%2B%2F%3Db%20c%26d&empty=&%C3%A9=100%25");
}

TEST(CurlTransport, ARequestCanGoToAnotherEndpoint) {
  LoopbackServer own(always(ok("own")));
  LoopbackServer other(always(ok("other")));
  const auto transport = connect_to(own.endpoint());
  EXPECT_EQ(exchange(*transport, {.endpoint = other.endpoint()})->body, "other");
  EXPECT_EQ(exchange(*transport, {})->body, "own");
  EXPECT_EQ(exchange(*transport, {.endpoint = other.endpoint()})->body, "other");
  EXPECT_EQ(own.requests().size(), 1U);
  ASSERT_EQ(other.requests().size(), 2U);
  EXPECT_EQ(header_of(other.requests()[0], "Host"), other.endpoint().substr(std::string("http://").size()));
  const auto nowhere = exchange(*transport, {.endpoint = "gopher://x"});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kInvalidArgument);
}

TEST(CurlTransport, SendsItsOwnHeadersAndNoneThatNobodyAskedFor) {
  LoopbackServer server(always(ok()));
  const auto transport = connect_to(server.endpoint());
  const HttpRequest request{
      .method = "POST",
      .headers = {{"Host", "elsewhere.example"}, {"X-Amz-Date", "20240101T000000Z"}, {"X-Empty", ""}},
      .body = std::string(5000, 'b')};
  ASSERT_TRUE(exchange(*transport, request));
  const ReceivedRequest received = server.requests()[0];
  EXPECT_EQ(received.method, "POST");
  EXPECT_EQ(received.body, request.body);
  EXPECT_EQ(header_of(received, "Host"), server.host());
  EXPECT_EQ(*endpoint_host(server.endpoint()), server.host());
  EXPECT_EQ(header_of(received, "X-Amz-Date"), "20240101T000000Z");
  EXPECT_EQ(header_of(received, "X-Empty"), "");
  EXPECT_EQ(header_of(received, "Accept-Encoding"), "gzip");
  EXPECT_TRUE(header_of(received, "User-Agent").starts_with("syncline/0.")) << header_of(received, "User-Agent");
  EXPECT_EQ(header_of(received, "Expect"), "(none)");
  EXPECT_EQ(header_of(received, "Content-Type"), "(none)");
  EXPECT_EQ(std::count_if(received.headers.begin(), received.headers.end(),
                          [](const Header& header) { return header.name == "Host"; }),
            1);
}

TEST(CurlTransport, ReusedHandlesForgetTheRequestBefore) {
  LoopbackServer server(always(ok()));
  const auto transport = connect_to(server.endpoint());
  const std::vector<HttpRequest> requests = {{.method = "POST", .headers = {{"X-Once", "1"}}, .body = "body"},
                                             {.method = "GET"},
                                             {.method = "DELETE"},
                                             {.method = "POST"},
                                             {.method = "PUT", .body = "more"},
                                             {.method = "GET"}};
  for (const HttpRequest& request : requests) ASSERT_TRUE(exchange(*transport, request));
  const auto received = server.requests();
  ASSERT_EQ(received.size(), requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(received[i].method, requests[i].method);
    EXPECT_EQ(received[i].body, requests[i].body);
    EXPECT_EQ(header_of(received[i], "X-Once"), i == 0 ? "1" : "(none)");
  }
  EXPECT_EQ(header_of(received[1], "Content-Length"), "(none)");
  EXPECT_EQ(header_of(received[3], "Content-Length"), "0");
}

TEST(CurlTransport, AnswersHaveStatusHeadersAndBody) {
  LoopbackServer server(always({.bytes = to_bytes({.status = 409,
                                                   .headers = {{"x-amzn-ErrorType", "ResourceConflictException"},
                                                               {"Date", "Mon, 01 Jan 2024 00:00:00 GMT"}},
                                                   .body = R"({"message":"m"})"})}));
  const auto answer = exchange(*connect_to(server.endpoint()), {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 409);
  EXPECT_EQ(*find_header(answer->headers, "X-Amzn-Errortype"), "ResourceConflictException");
  EXPECT_EQ(*find_header(answer->headers, "date"), "Mon, 01 Jan 2024 00:00:00 GMT");
  EXPECT_EQ(answer->body, R"({"message":"m"})");
}

TEST(CurlTransport, InterimAnswersAndTrailersAreNotTheAnswer) {
  LoopbackServer server(always({.bytes = "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
                                         "HTTP/1.1 200 OK\r\nX-Final: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                                         "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"}));
  const auto answer = exchange(*connect_to(server.endpoint()), {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "abcde");
  EXPECT_EQ(find_header(answer->headers, "X-Early"), nullptr);
  EXPECT_EQ(find_header(answer->headers, "X-Trailer"), nullptr);
  EXPECT_NE(find_header(answer->headers, "X-Final"), nullptr);
}

TEST(CurlTransport, UndoesGzip) {
  const std::string body(100'000, 'z');
  LoopbackServer server(always(
      {.bytes = to_bytes({.status = 200, .headers = {{"Content-Encoding", "gzip"}}, .body = testing::gzip(body)})}));
  const auto answer = exchange(*connect_to(server.endpoint()), {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, body);
}

TEST(CurlTransport, CarriesBodiesOfAMegabyteBothWays) {
  const std::string body(1U << 20U, 'm');
  LoopbackServer server([](const ReceivedRequest& request) { return ok(request.body); });
  const auto answer = exchange(*connect_to(server.endpoint()), {.method = "POST", .body = body});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, body);
}

TEST(CurlTransport, DoesNotFollowRedirects) {
  LoopbackServer target(always(ok()));
  LoopbackServer server(
      always({.bytes = to_bytes({.status = 302, .headers = {{"Location", target.endpoint() + "/"}}, .body = ""})}));
  const auto answer = exchange(*connect_to(server.endpoint()), {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(target.connections(), 0U);
}

TEST(CurlTransport, AWarmTransportOpensNoNewConnection) {
  LoopbackServer server(always(ok()));
  const auto transport = connect_to(server.endpoint());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(exchange(*transport, {.method = i % 2 == 0 ? "GET" : "POST", .body = i % 2 == 0 ? "" : "x"}));
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(CurlTransport, AnswersWithErrorStatusKeepTheConnectionToo) {
  LoopbackServer server(always({.bytes = to_bytes({.status = 500, .headers = {}, .body = "no"})}));
  const auto transport = connect_to(server.endpoint());
  for (int i = 0; i < 5; ++i) ASSERT_EQ(exchange(*transport, {})->status, 500);
  EXPECT_EQ(server.connections(), 1U);
}

TEST(CurlTransport, AConnectionThatTheServerClosedIsReplacedUnseen) {
  LoopbackServer server(always({.bytes = ok().bytes, .then = RawAnswer::Then::kClose}));
  const auto transport = connect_to(server.endpoint());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(exchange(*transport, {.method = "POST", .body = "x"}));
  EXPECT_EQ(server.connections(), 5U);
}

TEST(CurlTransport, RequestsRunSideBySideOnFewConnections) {
  LoopbackServer server([](const ReceivedRequest& request) { return ok(request.target); });
  const auto transport = connect_to(server.endpoint());
  std::vector<std::string> bodies(100);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    transport->start({.path = "/" + std::to_string(i)},
                     [&bodies, i](Result<HttpResponse> answer) { bodies[i] = answer ? answer->body : "error"; });
  }
  finish_all(*transport);
  for (std::size_t i = 0; i < bodies.size(); ++i) EXPECT_EQ(bodies[i], "/" + std::to_string(i));
  EXPECT_LE(server.connections(), 20U);
}

TEST(CurlTransport, DestroyingCompletesWhatIsUnderWayAsCancelled) {
  LoopbackServer server(always({.bytes = ok().bytes, .hold = true}));
  std::vector<ErrorCode> codes;
  const auto note = [&codes](Result<HttpResponse> answer) { codes.push_back(answer.error().code); };
  {
    const auto transport = connect_to(server.endpoint());
    transport->start({}, note);
    transport->start({.path = "no path"}, note);
    transport->step();
    transport->start({}, note);
  }
  EXPECT_THAT(codes, ElementsAre(ErrorCode::kInvalidArgument, ErrorCode::kCancelled, ErrorCode::kCancelled));
}

class WithProxyVariable : public ::testing::Test {
 protected:
  ~WithProxyVariable() override { ::unsetenv("http_proxy"); }
};

TEST_F(WithProxyVariable, ProxiesAreNeverUsedForLoopback) {
  LoopbackServer server(always(ok()));
  LoopbackServer proxy(always(ok()));
  ::setenv("http_proxy", proxy.endpoint().c_str(), 1);
  ASSERT_TRUE(exchange(*connect_to(server.endpoint()), {}));
  EXPECT_EQ(proxy.connections(), 0U);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(WithProxyVariable, ProxiesOfTheEnvironmentAreUsedForOtherHosts) {
  LoopbackServer proxy(always(ok()));
  ::setenv("http_proxy", proxy.endpoint().c_str(), 1);
  ASSERT_TRUE(exchange(*connect_to("http://sync.example:8080"), {.path = "/a%3Ab/../c", .query = {{"q", "1"}}}));
  EXPECT_EQ(proxy.requests()[0].target, "http://sync.example:8080/a%3Ab/../c?q=1");
  EXPECT_EQ(header_of(proxy.requests()[0], "Host"), "sync.example:8080");
}

TEST(CurlTransportTest, WaitsForSeveralFilesAtOnceAndNoLongerForThoseThatWereTakenBack) {
  const auto transport = connect_to("http://127.0.0.1:1");
  std::array<std::array<int, 2>, 2> pipes{};
  for (auto& ends : pipes) {
    ASSERT_EQ(::pipe(ends.data()), 0);
    EXPECT_TRUE((*transport).also_wait_for(ends[0]));
  }
  const auto waits = [&](std::chrono::milliseconds longest) {
    const auto from = std::chrono::steady_clock::now();
    (*transport).wait(longest);
    return std::chrono::steady_clock::now() - from >= longest;
  };
  for (const auto& ends : pipes) {
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    EXPECT_FALSE(waits(std::chrono::seconds{20}));
    (*transport).no_longer_wait_for(ends[0]);
  }
  EXPECT_TRUE(waits(std::chrono::milliseconds{5}));
  for (const auto& ends : pipes) {
    for (const int end : ends) ::close(end);
  }
}

}  // namespace
}  // namespace syncline::net
