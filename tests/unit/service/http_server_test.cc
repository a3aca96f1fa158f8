// The HTTP front on a real socket, with a handler that says what it was given.
#include "service/http_server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "raw_client.h"

namespace syncline::service {
namespace {

using std::chrono::milliseconds;

class Front : public ::testing::Test {
 protected:
  void start(HttpLimits limits = {}) {
    HttpServerOptions options;
    options.limits = limits;
    auto started = HttpServer::start(options, [this](const HttpRequest& request, std::string_view) {
      {
        const std::lock_guard lock(mutex_);
        last_ = request;
        ++handled_;
      }
      arrived_.notify_all();
      if (request.path == "/wait") released_.get_future().wait();
      std::string body = request.path == "/large" ? std::string(50'000, 'x') : request.method + " " + request.path;
      for (const auto& [name, value] : request.query) body += " " + name + "=" + value;
      if (!request.body.empty()) body += " body:" + std::to_string(request.body.size());
      return HttpResponse{.status = 200, .headers = {{"x-test", "yes"}}, .body = std::move(body)};
    });
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }

  RawClient client() { return RawClient(server_->port()); }

  static std::string get(std::string_view target, std::string_view headers = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n";
  }

  static void expect_error(const std::optional<HttpResponse>& response, int status, std::string_view type) {
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, status) << response->body;
    ASSERT_NE(find_header(response->headers, "x-amzn-ErrorType"), nullptr);
    EXPECT_EQ(*find_header(response->headers, "x-amzn-ErrorType"), type);
    EXPECT_NE(find_header(response->headers, "x-amzn-RequestId"), nullptr);
    EXPECT_NE(find_header(response->headers, "Date"), nullptr);
    EXPECT_EQ(*find_header(response->headers, "Content-Type"), "application/json");
    EXPECT_TRUE(response->body.starts_with("{\"message\":\"")) << response->body;
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  HttpRequest last_;
  int handled_ = 0;
  std::promise<void> released_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Front, HandsOnWhatWasSent) {
  start();
  auto one = client();
  one.send(get("/a%2Fb%253A?x=1%202&plus=a+b&empty&e=&x=again", "X-Thing: some value\r\n"));
  const auto response = one.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "GET /a%2Fb%253A x=1 2 plus=a+b empty= e= x=again");
  EXPECT_EQ(*find_header(response->headers, "x-test"), "yes");
  EXPECT_EQ(*find_header(last_.headers, "x-thing"), "some value");
  EXPECT_EQ(*find_header(last_.headers, "host"), "h");
}

TEST_F(Front, KeepsAConnectionForManyRequests) {
  start();
  auto one = client();
  for (int i = 0; i < 50; ++i) {
    one.send(i % 2 == 0 ? get("/" + std::to_string(i))
                        : "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    const auto response = one.receive();
    ASSERT_TRUE(response) << i;
    EXPECT_EQ(response->status, 200);
  }
}

TEST_F(Front, PipelinedRequestsAreAnsweredInOrder) {
  start();
  auto one = client();
  one.send(get("/1") + "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx" + get("/3"));
  EXPECT_EQ(one.receive()->body, "GET /1");
  EXPECT_EQ(one.receive()->body, "POST /2 body:1");
  EXPECT_EQ(one.receive()->body, "GET /3");
}

TEST_F(Front, ClosesWhenAskedTo) {
  start();
  auto one = client();
  one.send(get("/1", "Connection: close\r\n"));
  const auto response = one.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(*find_header(response->headers, "Connection"), "close");
  EXPECT_TRUE(one.closed());
  auto old = client();
  old.send("GET /1 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.receive()->status, 200);
  EXPECT_TRUE(old.closed());
}

TEST_F(Front, AnswersHeadWithoutABody) {
  start();
  auto one = client();
  one.send("HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\n" + get("/2"));
  const auto response = one.receive(true);
  ASSERT_TRUE(response);
  EXPECT_EQ(*find_header(response->headers, "Content-Length"), "7");
  EXPECT_EQ(one.receive()->body, "GET /2");
}

TEST_F(Front, CompressesLargeAnswersForWhoeverTakesIt) {
  start();
  auto one = client();
  one.send(get("/large", "Accept-Encoding: gzip, deflate\r\n"));
  const auto packed = one.receive();
  ASSERT_TRUE(packed);
  EXPECT_EQ(*find_header(packed->headers, "Content-Encoding"), "gzip");
  EXPECT_LT(packed->body.size(), 1'000U);
  one.send(get("/large"));
  const auto plain = one.receive();
  EXPECT_EQ(find_header(plain->headers, "Content-Encoding"), nullptr);
  EXPECT_EQ(plain->body.size(), 50'000U);
  one.send(get("/small", "Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(find_header(one.receive()->headers, "Content-Encoding"), nullptr);
}

TEST_F(Front, SaysContinueToWhoeverWaitsForIt) {
  start();
  auto one = client();
  one.send("POST /1 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(one.receive()->status, 100);
  one.send("abc");
  EXPECT_EQ(one.receive()->body, "POST /1 body:3");
}

TEST_F(Front, ReadsChunkedBodies) {
  start();
  auto one = client();
  one.send("POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(one.receive()->body, "POST /1 body:5");
}

// --- bad input (S6) -------------------------------------------------------------------------------------------------

TEST_F(Front, AnnouncedBodiesThatAreTooLargeAreRefusedUnreadS6) {
  start();
  auto one = client();
  one.send("POST /1 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 33554432\r\n\r\n");
  expect_error(one.receive(), 413, "RequestEntityTooLargeException");
  EXPECT_EQ(handled_, 0);
}

TEST_F(Front, ALargeBodyThatIsSentAnywayStillHearsTheAnswerS6) {
  start();
  auto one = client();
  one.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 12582912\r\n\r\n");
  const std::string piece(1U << 20U, 'x');
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(one.send(piece)) << i;
  expect_error(one.receive(), 413, "RequestEntityTooLargeException");
}

TEST_F(Front, EndlessBodiesAreCutOffS6) {
  start();
  auto one = client();
  one.send("POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "100000\r\n" + std::string(1U << 20U, 'x') + "\r\n";
  int sent = 0;
  while (sent < 1000 && one.send(chunk)) ++sent;
  EXPECT_LT(sent, 200);  // the lingering close takes 64 MiB, the sockets a few more
  EXPECT_EQ(handled_, 0);
}

TEST_F(Front, TheBodyLimitIsExactS6) {
  HttpLimits limits;
  limits.body_bytes = 1000;
  start(limits);
  for (const auto& [size, status] : {std::pair{999, 200}, std::pair{1000, 200}, std::pair{1001, 413}}) {
    auto one = client();
    one.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
             std::string(static_cast<std::size_t>(size), 'x'));
    EXPECT_EQ(one.receive()->status, status) << size;
  }
}

TEST_F(Front, HeadersThatAreTooLargeAreRefusedS6) {
  start();
  auto one = client();
  one.send(get("/1", "X-Long: " + std::string(70'000, 'x') + "\r\n"));
  expect_error(one.receive(), 431, "RequestHeaderFieldsTooLargeException");
  auto fits = client();
  fits.send(get("/1", "X-Long: " + std::string(60'000, 'x') + "\r\n"));
  EXPECT_EQ(fits.receive()->status, 200);
}

TEST_F(Front, WhatIsNotHttpIs400S6) {
  start();
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\x00", 7), std::string("nonsense\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("GET /\0 HTTP/1.1\r\n\r\n", 20),
        std::string("GET / HTTP/1.1\r\nNo colon\r\n\r\n"), std::string("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), get("/a?x=%zz"), get("/a?%"),
        get("/a?x=%4")}) {
    auto one = client();
    one.send(bytes);
    one.end_sending();
    expect_error(one.receive(), 400, "InvalidParameterException");
    EXPECT_TRUE(one.closed());
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(Front, AmbiguousLengthsAreRefusedS6) {
  start();
  for (const char* headers :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"}) {
    auto one = client();
    one.send(std::string("POST /1 HTTP/1.1\r\nHost: h\r\n") + headers + "\r\n0\r\n\r\n" + get("/smuggled"));
    expect_error(one.receive(), 400, "InvalidParameterException");
    EXPECT_TRUE(one.closed());
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(Front, RandomBytesNeverEndTheServerS6) {
  start();
  std::uint32_t seed = 1;
  for (int round = 0; round < 200; ++round) {
    std::string bytes = round % 2 == 0 ? "POST /1 HTTP/1.1\r\n" : "";
    for (int i = 0; i < 300; ++i) {
      seed = seed * 1'664'525U + 1'013'904'223U;
      bytes += static_cast<char>(seed >> 24U);
    }
    auto one = client();
    one.send(bytes);
    one.end_sending();
    const auto response = one.receive();
    EXPECT_TRUE(!response || response->status < 500);
  }
  auto one = client();
  one.send(get("/alive"));
  EXPECT_EQ(one.receive()->body, "GET /alive");
}

// --- limits ---------------------------------------------------------------------------------------------------------

TEST_F(Front, ASlowHeaderIsCutOff) {
  HttpLimits limits;
  limits.header_timeout = milliseconds(50);
  start(limits);
  auto one = client();
  one.send("GET / HT");
  EXPECT_TRUE(one.closed());
}

TEST_F(Front, ASlowBodyIsCutOff) {
  HttpLimits limits;
  limits.body_timeout = milliseconds(50);
  start(limits);
  auto one = client();
  one.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(one.closed());
  EXPECT_EQ(handled_, 0);
}

TEST_F(Front, OneConnectionTooManyIsTurnedAway) {
  HttpLimits limits;
  limits.connections = 2;
  start(limits);
  auto one = client();
  auto two = client();
  for (auto* held : {&one, &two}) {
    held->send(get("/1"));
    EXPECT_EQ(held->receive()->status, 200);
  }
  auto three = client();
  const auto response = three.receive();
  expect_error(response, 503, "ServiceUnavailableException");
  EXPECT_EQ(*find_header(response->headers, "Retry-After"), "1");
}

TEST_F(Front, ThoseTurnedAwayAtOnceAreBoundedS10) {
  HttpLimits limits;
  limits.connections = 1;
  start(limits);
  auto held = client();
  held.send(get("/1"));
  EXPECT_EQ(held.receive()->status, 200);
  std::deque<RawClient> more;
  for (int i = 0; i < 65; ++i) more.emplace_back(server_->port());
  EXPECT_TRUE(more.back().closed());  // without a word
  more.pop_back();
  for (RawClient& one : more) expect_error(one.receive(), 503, "ServiceUnavailableException");
}

TEST_F(Front, BodiesTogetherAreBounded) {
  HttpLimits limits;
  limits.all_bodies_bytes = 1500;
  start(limits);
  auto holder = client();
  holder.send("POST /wait HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return handled_ == 1; });
  }
  auto other = client();
  other.send("POST /2 HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  expect_error(other.receive(), 503, "ServiceUnavailableException");
  released_.set_value();
  EXPECT_EQ(holder.receive()->status, 200);
}

TEST_F(Front, S10WhatABodyAnnouncesButDoesNotSendTakesNothingFromOthers) {
  HttpLimits limits;
  limits.all_bodies_bytes = 1500;
  start(limits);
  std::deque<RawClient> dribblers;
  for (const auto* announced :
       {"Content-Length: 1400", "Transfer-Encoding: chunked", "Content-Encoding: gzip\r\nContent-Length: 9"}) {
    dribblers.emplace_back(server_->port());
    dribblers.back().send("POST /1 HTTP/1.1\r\nExpect: 100-continue\r\n" + std::string(announced) + "\r\n\r\n");
    EXPECT_EQ(dribblers.back().receive()->status, 100);
  }
  auto other = client();
  other.send("POST /2 HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(other.receive()->status, 200);
}

// S10: what waits is bounded, and whoever is turned away hears it at once and may go on.
TEST_F(Front, S10_RequestsThatWouldWaitTooLongAreShed) {
  HttpLimits limits;
  limits.worker_threads = 1;
  limits.queue = 2;
  start(limits);
  const std::string wait = "POST /wait HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
  const std::string next = "POST /next HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
  auto holder = client();
  holder.send(wait);
  {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return handled_ == 1; });
  }
  auto first = client();
  auto second = client();
  first.send(next);
  second.send(next);
  while (server_->figures().queued < 2) std::this_thread::yield();
  auto third = client();
  third.send(next);
  const auto shed = third.receive();
  expect_error(shed, 503, "ServiceUnavailableException");
  EXPECT_EQ(*find_header(shed->headers, "Retry-After"), "1");
  EXPECT_EQ(server_->figures().shed, 1U);
  third.send(get("/read"));
  EXPECT_EQ(third.receive()->status, 200) << "the connection stays, and reads wait for no worker";
  released_.set_value();
  for (auto* waiting : {&holder, &first, &second}) EXPECT_EQ(waiting->receive()->status, 200);
}

// --- start and stop -------------------------------------------------------------------------------------------------

TEST_F(Front, StopLetsARequestUnderWayEnd) {
  start();
  auto one = client();
  one.send("POST /wait HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return handled_ == 1; });
  }
  std::thread stopping([this] { server_->stop(); });
  released_.set_value();
  const auto response = one.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "POST /wait");
  EXPECT_TRUE(one.closed());
  stopping.join();
}

TEST_F(Front, StopEndsIdleConnectionsAtOnce) {
  start();
  auto one = client();
  one.send(get("/1"));
  EXPECT_EQ(one.receive()->status, 200);
  auto silent = client();
  const auto before = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
  EXPECT_TRUE(one.closed());
  EXPECT_TRUE(silent.closed());
  server_->stop();  // again is harmless
}

TEST_F(Front, APortInUseIsAnError) {
  start();
  HttpServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(server_->port());
  const auto second = HttpServer::start(options, [](const HttpRequest&, std::string_view) { return HttpResponse{}; });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kNetwork);
  EXPECT_NE(second.error().message.find(options.listen), std::string::npos) << second.error().message;
  options.listen = "nonsense";
  EXPECT_FALSE(HttpServer::start(options, [](const HttpRequest&, std::string_view) { return HttpResponse{}; }));
}

TEST_F(Front, AThrowingHandlerEndsOnlyItsConnection) {
  auto started = HttpServer::start({}, [](const HttpRequest& request, std::string_view) -> HttpResponse {
    if (request.path == "/throw") throw std::runtime_error("no");
    return HttpResponse{.status = 200, .headers = {}, .body = "fine"};
  });
  ASSERT_TRUE(started);
  for (const char* method : {"GET", "POST"}) {
    RawClient one((*started)->port());
    one.send(std::string(method) + " /throw HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(one.closed());
  }
  RawClient two((*started)->port());
  two.send(get("/"));
  EXPECT_EQ(two.receive()->body, "fine");
}

}  // namespace
}  // namespace syncline::service
