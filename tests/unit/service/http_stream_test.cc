// Answers without an end: what the HTTP front does with a stream, and with a client that does not read it (S6, S10).
#include "service/http_stream.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "raw_client.h"
#include "service/http_server.h"

namespace syncline::service {
namespace {

using std::chrono::milliseconds;

// What a test puts in, a stream gives out.
class Source {
 public:
  void put(std::string piece) {
    const std::lock_guard lock(mutex_);
    pieces_.push_back(std::move(piece));
    if (wake_) wake_();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (wake_) wake_();
  }
  void wait_until_open(int streams) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_ == streams; });
  }
  [[nodiscard]] std::size_t left() {
    const std::lock_guard lock(mutex_);
    return pieces_.size();
  }

  class Stream final : public HttpStream {
   public:
    explicit Stream(Source& source) : source_(source) { source_.count(1); }
    ~Stream() override {
      {
        const std::lock_guard lock(source_.mutex_);
        source_.wake_ = nullptr;
      }
      source_.count(-1);
    }
    void listen(std::function<void()> wake) override {
      const std::lock_guard lock(source_.mutex_);
      source_.wake_ = std::move(wake);
    }
    std::optional<std::string> next(bool quiet) override {
      const std::lock_guard lock(source_.mutex_);
      if (!source_.pieces_.empty()) {
        std::string piece = std::move(source_.pieces_.front());
        source_.pieces_.pop_front();
        return piece;
      }
      if (source_.ended_) return std::nullopt;
      return quiet ? ":\n\n" : "";
    }

   private:
    Source& source_;
  };

 private:
  void count(int more) {
    const std::lock_guard lock(mutex_);
    open_ += more;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  std::function<void()> wake_;
  bool ended_ = false;
  int open_ = 0;
};

class HttpStreams : public ::testing::Test {
 protected:
  void start(const HttpLimits& limits = {}) {
    HttpServerOptions options;
    options.limits = limits;
    options.streams = [this](const HttpRequest& request, std::string_view) -> std::optional<StreamAnswer> {
      if (request.path == "/refused") return StreamAnswer{.response = {.status = 403, .headers = {}, .body = "no"}};
      if (request.path != "/stream") return std::nullopt;
      return StreamAnswer{.response = {.status = 200, .headers = {{"x-test", "yes"}}, .body = {}},
                          .stream = std::make_unique<Source::Stream>(source_)};
    };
    auto started = HttpServer::start(std::move(options), [](const HttpRequest& request, std::string_view) {
      return HttpResponse{.status = 200, .headers = {}, .body = request.path};
    });
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }

  RawClient client() { return RawClient(server_->port()); }
  // Opens a stream.
  static void listen(RawClient& one) {
    one.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto header = one.receive();
    ASSERT_TRUE(header);
    EXPECT_EQ(header->status, 200);
    EXPECT_NE(find_header(header->headers, "x-test"), nullptr);
    EXPECT_EQ(find_header(header->headers, "Content-Length"), nullptr);
  }

  Source source_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpStreams, PiecesArriveAsTheyCome) {
  start();
  auto one = client();
  listen(one);
  for (const char* piece : {"first;", "second;"}) {
    source_.put(piece);
    EXPECT_EQ(one.read_until(";"), piece);
  }
  source_.put("last;");
  source_.end();
  EXPECT_EQ(one.read_until(";"), "last;");
  EXPECT_TRUE(one.closed());
  source_.wait_until_open(0);
}

TEST_F(HttpStreams, WhatIsNoStreamIsAnsweredAsEver) {
  start();
  auto one = client();
  one.send("GET /refused HTTP/1.1\r\nHost: h\r\n\r\nGET /other HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(one.receive()->status, 403);
  EXPECT_EQ(one.receive()->body, "/other");
  one.send("POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(one.receive()->body, "/stream");
}

TEST_F(HttpStreams, ASilentOneHasAHeartbeat) {
  HttpLimits limits;
  limits.heartbeat = milliseconds(5);
  start(limits);
  auto one = client();
  listen(one);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(one.read_until("\n\n"), ":\n\n");
  source_.put("piece;");
  EXPECT_TRUE(one.read_until("piece;"));
  EXPECT_TRUE(one.read_until(":\n\n"));
}

TEST_F(HttpStreams, EndsWhenTheClientIsGoneS10) {
  start();
  {
    auto one = client();
    listen(one);
  }
  source_.wait_until_open(0);
  auto two = client();
  listen(two);
  two.end_sending();
  source_.wait_until_open(0);
}

TEST_F(HttpStreams, AClientThatGoesOnSendingIsCutS6) {
  start();
  auto one = client();
  listen(one);
  const std::string noise(1000, 'x');
  while (one.send(noise)) {
  }
  source_.wait_until_open(0);
}

TEST_F(HttpStreams, AClientThatDoesNotReadIsCutAndNothingIsKeptForItS10) {
  HttpLimits limits;
  limits.body_timeout = milliseconds(100);
  start(limits);
  auto one = client();
  listen(one);
  static constexpr int kPieces = 100;
  for (int i = 0; i < kPieces; ++i) source_.put(std::string(1U << 20U, 'x'));
  source_.wait_until_open(0);
  EXPECT_GT(source_.left(), std::size_t{kPieces / 2});
}

TEST_F(HttpStreams, LeaveAnEighthOfTheConnectionsToCallsS10) {
  HttpLimits limits;
  limits.connections = 8;
  start(limits);
  std::deque<RawClient> streams;
  for (int i = 0; i < 7; ++i) listen(streams.emplace_back(server_->port()));
  auto last = client();
  last.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto shed = last.receive();
  EXPECT_EQ(shed->status, 503);
  EXPECT_EQ(*find_header(shed->headers, "Retry-After"), "1");
  last.send("GET /call HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(last.receive()->body, "/call");
  streams.pop_front();
  source_.wait_until_open(6);
  while (true) {
    last.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    if (last.receive()->status == 200) break;  // the place is given back just after the stream
  }
}

TEST_F(HttpStreams, TheirRequestsBodiesAreNotKeptS10) {
  HttpLimits limits;
  limits.all_bodies_bytes = 1500;
  start(limits);
  auto one = client();
  one.send("GET /stream HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(one.receive()->status, 200);
  auto two = client();
  two.send("POST /call HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(two.receive()->status, 200);
}

TEST_F(HttpStreams, CountAsConnectionsS10) {
  HttpLimits limits;
  limits.connections = 2;
  start(limits);
  auto one = client();
  listen(one);
  auto two = client();
  listen(two);
  auto three = client();
  EXPECT_EQ(three.receive()->status, 503);
}

TEST_F(HttpStreams, StopEndsThemAtOnce) {
  start();
  auto one = client();
  listen(one);
  auto two = client();
  listen(two);
  const auto before = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(4));
  EXPECT_TRUE(one.closed());
  EXPECT_TRUE(two.closed());
  source_.wait_until_open(0);
}

}  // namespace
}  // namespace syncline::service
