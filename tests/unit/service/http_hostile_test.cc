// Clients that do harm, by intent or not: smuggled requests, lengths without end, slow senders and readers, thousands
// of idle connections (S6, S10).
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "raw_client.h"
#include "service/http_server.h"

namespace syncline::service {
namespace {

using std::chrono::milliseconds;

std::int64_t resident_bytes() {
  std::ifstream status("/proc/self/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  status >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

class Hostile : public ::testing::Test {
 protected:
  void start(const HttpLimits& limits = {}) {
    auto started =
        HttpServer::start({.limits = limits}, [this](const HttpRequest& request, std::string_view) -> HttpResponse {
          ++handled_;
          if (request.path == "/smuggled") ++smuggled_;
          std::string body = request.path == "/large" ? std::string(4U << 20U, 'x') : request.path;
          return HttpResponse{.status = 200, .headers = {}, .body = std::move(body)};
        });
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }

  RawClient client() { return RawClient(server_->port()); }

  void expect_alive() {
    auto one = client();
    one.send("GET /alive HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto response = one.receive();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "/alive");
  }

  std::unique_ptr<HttpServer> server_;
  std::atomic<int> handled_{0};
  std::atomic<int> smuggled_{0};
};

constexpr std::string_view kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";

// --- requests within requests ---------------------------------------------------------------------------------------

// Whatever a proxy in front might take for the end of the body, what follows is never a request of its own.
TEST_F(Hostile, AmbiguousFramingIsRefusedS6) {
  start();
  const std::string begin = "POST /1 HTTP/1.1\r\nHost: h\r\n";
  for (const std::string& bytes : {
           begin + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           begin + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
           begin + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
           begin + "Content-Length: 0\r\nContent-Length: 35\r\n\r\n",
           begin + "Content-Length: 0, 0\r\n\r\n",
           begin + "Content-Length: +0\r\n\r\n",
           begin + "Content-Length: -0\r\n\r\n",
           begin + "Content-Length: 0x0\r\n\r\n",
           begin + "Content-Length: 99999999999999999999\r\n\r\n",
           begin + "Content-Length:\r\n\r\n",
           begin + "Content-Length: 0\r\n 0\r\n\r\n",
           begin + "Content-Length : 0\r\n\r\n",
           begin + "Transfer-Encoding: identity\r\n\r\n",
           begin + "Transfer-Encoding: gzip\r\n\r\n",
           begin + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           begin + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
           begin + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           begin + "Transfer-Encoding:\r\n\r\n",
           begin + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
           begin + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           begin + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           begin + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
           begin + "Transfer-Encoding:\x0b" + "chunked\r\n\r\n0\r\n\r\n",
           begin + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
           begin + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
           begin + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n",
           begin + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
           begin + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
           std::string("POST /1 HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
       }) {
    auto one = client();
    one.send(bytes + std::string(kSmuggled));
    one.end_sending();
    const auto response = one.receive();
    ASSERT_TRUE(response) << bytes;
    EXPECT_TRUE(response->status == 400 || response->status == 413) << response->status << "\n" << bytes;
    EXPECT_TRUE(one.closed()) << bytes;
    EXPECT_EQ(smuggled_, 0) << bytes;
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(Hostile, LineEndsAreStrictS6) {
  start();
  for (const std::string& bytes :
       {std::string("GET /1 HTTP/1.1\nHost: h\n\n"), std::string("GET /1 HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"),
        std::string("GET /1 HTTP/1.1\r\nHost: h\rX: y\r\n\r\n"), std::string("GET /1 HTTP/1.1\r\n Host: h\r\n\r\n"),
        "GET /1 HTTP/1.1\r\nX: a" + std::string(1, '\0') + "b\r\n\r\n", std::string("GET  /1 HTTP/1.1\r\n\r\n"),
        std::string("GET /1\tHTTP/1.1\r\n\r\n"), std::string("GET /1 /2 HTTP/1.1\r\n\r\n")}) {
    auto one = client();
    one.send(bytes);
    one.end_sending();
    const auto response = one.receive();
    EXPECT_TRUE(!response || response->status == 400) << bytes;
    EXPECT_TRUE(one.closed()) << bytes;
  }
  EXPECT_EQ(handled_, 0);
}

// A folded line is one value, never a header of its own.
TEST_F(Hostile, AFoldedLineIsPartOfItsHeaderS6) {
  start();
  auto one = client();
  one.send("GET /1 HTTP/1.1\r\nHost: h\r\nX: a\r\n Content-Length: 35\r\n\r\n" + std::string(kSmuggled));
  EXPECT_EQ(one.receive()->body, "/1");
  EXPECT_EQ(one.receive()->body, "/smuggled");
}

// --- without end ----------------------------------------------------------------------------------------------------

// Sends `begin`, then `more` for as long as it is taken; how many bytes that were.
std::size_t send_without_end(const RawClient& one, const std::string& begin, const std::string& more,
                             std::size_t most) {
  std::size_t sent = 0;
  one.send(begin);
  while (sent < most && one.send(more)) sent += more.size();
  return sent;
}

// What a process may have grown by while gigabytes were thrown at it. A sanitizer keeps what was freed for a while.
#ifdef SYNCLINE_SANITIZED
constexpr std::int64_t kSpare = std::int64_t{512} << 20U;
#else
constexpr std::int64_t kSpare = std::int64_t{64} << 20U;
#endif

TEST_F(Hostile, NothingWithoutEndIsKeptS6) {
  HttpLimits limits;
  limits.body_bytes = std::size_t{1} << 20U;  // in chunks of a byte, and parsed by a build that is not optimized
  start(limits);
  static constexpr std::size_t kMost = std::size_t{256} << 20U;
  const std::string chunked = "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string piece(1U << 16U, 'x');
  std::string chunks;
  while (chunks.size() < piece.size()) chunks += "1\r\nx\r\n";
  const std::int64_t before = resident_bytes();
  for (const auto& [begin, more] :
       {std::pair{std::string("GET /"), piece}, std::pair{std::string("GET / HTTP/1.1\r\nX: "), piece},
        std::pair{std::string("GET / HTTP/1.1\r\n"), "X" + piece + ": y\r\n"},
        std::pair{chunked + "1;extension=", piece}, std::pair{chunked + "0\r\nX: ", piece},
        std::pair{chunked + "0\r\n", "X: " + piece + "\r\n"}, std::pair{chunked, chunks}}) {
    auto one = client();
    // What is sent after the answer is dropped, up to what the lingering close takes.
    EXPECT_LT(send_without_end(one, begin, more, kMost), std::size_t{128} << 20U) << begin;
  }
  EXPECT_EQ(handled_, 0);
  EXPECT_LT(resident_bytes() - before, kSpare);
  expect_alive();
}

TEST_F(Hostile, PipeliningWithoutReadingIsCutS6) {
  HttpLimits limits;
  limits.body_timeout = milliseconds(100);
  start(limits);
  const std::int64_t before = resident_bytes();
  auto one = client();
  const std::string request = "GET /large HTTP/1.1\r\nHost: h\r\n\r\n";
  while (one.send(request)) {
  }
  EXPECT_LT(handled_, 50);
  EXPECT_LT(resident_bytes() - before, kSpare);
  expect_alive();
}

TEST_F(Hostile, ManyPipelinedRequestsAreAnsweredInOrder) {
  start();
  static constexpr int kRequests = 2000;
  auto one = client();
  std::string bytes;
  for (int i = 0; i < kRequests; ++i) bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  one.send(bytes);
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(one.receive()->body, "/" + std::to_string(i));
}

// --- slow -----------------------------------------------------------------------------------------------------------

// Each sends a byte now and then, which must not buy it more time; meanwhile others are served.
TEST_F(Hostile, ThoseWhoDribbleAreCutAndKeepNobodyWaitingS10) {
  HttpLimits limits;
  limits.io_threads = 1;
  limits.worker_threads = 1;
  limits.header_timeout = milliseconds(300);
  limits.body_timeout = milliseconds(300);
  start(limits);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    slow.back()->send(i % 2 == 0 ? "GET / HTTP/1.1\r\nX: " : "POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n");
  }
  while (!slow.empty()) {
    expect_alive();
    std::erase_if(slow, [](const auto& one) { return !one->send("x"); });
  }
}

TEST_F(Hostile, ThoseWhoDoNotReadAreCutS10) {
  HttpLimits limits;
  limits.connections = 1;
  limits.body_timeout = milliseconds(100);
  start(limits);
  auto one = client();
  one.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\nGET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  // Its place is free again once it is cut.
  int status = 0;
  while (status != 200) {
    auto next = client();
    next.send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto response = next.receive();
    status = response ? response->status : 0;
    EXPECT_TRUE(status == 200 || status == 503 || status == 0) << status;
  }
}

// --- many -----------------------------------------------------------------------------------------------------------

// Raises the limit of this process's files to `files`; how many it may have then.
std::size_t allow_files(std::size_t files) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < files) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, files);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < files) {
      const rlimit higher{.rlim_cur = files, .rlim_max = files};
      if (::setrlimit(RLIMIT_NOFILE, &higher) == 0) return files;
    }
  }
  return limit.rlim_cur;
}

// Connections of a process of their own, so that neither end's files count for the other. Made before the server's
// threads are.
class Crowd {
 public:
  explicit Crowd(int size) {
    if (::pipe(orders_) != 0 || ::pipe(reports_) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) stand(size);
    ::close(orders_[0]);
    ::close(reports_[1]);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() {
    ::close(orders_[1]);
    ::close(reports_[0]);
    ::waitpid(child_, nullptr, 0);
  }

  // Whether all are connected, and every other one has had an answer.
  bool connect(std::uint16_t port) {
    char done = 0;
    return ::write(orders_[1], &port, sizeof port) == sizeof port && ::read(reports_[0], &done, 1) == 1;
  }

 private:
  [[noreturn]] void stand(int size) {
    ::close(orders_[1]);
    std::uint16_t port = 0;
    if (::read(orders_[0], &port, sizeof port) != sizeof port) ::_exit(1);
    std::vector<std::unique_ptr<RawClient>> idle;
    for (int i = 0; i < size; ++i) {
      idle.push_back(std::make_unique<RawClient>(port));
      if (i % 2 == 0) continue;
      idle.back()->send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
      if (!idle.back()->receive()) ::_exit(1);
    }
    if (::write(reports_[1], "x", 1) != 1) ::_exit(1);
    char end = 0;
    static_cast<void>(::read(orders_[0], &end, 1));
    ::_exit(0);
  }

  int orders_[2] = {};
  int reports_[2] = {};
  pid_t child_ = 0;
};

TEST_F(Hostile, TenThousandIdleConnectionsAreHeldS10) {
  static constexpr int kIdle = 10'000;
  static constexpr std::size_t kFiles = kIdle + 200;
  if (allow_files(kFiles) < kFiles) GTEST_SKIP() << "needs " << kFiles << " files, more than this process may open";
  Crowd crowd(kIdle);
  HttpLimits limits;
  limits.connections = kIdle + 1;
  start(limits);
  const std::int64_t before = resident_bytes();
  ASSERT_TRUE(crowd.connect(server_->port()));
  const std::int64_t each = (resident_bytes() - before) / kIdle;
  RecordProperty("bytes_each", static_cast<int>(each));
  EXPECT_LT(each, 16 << 10U);
  expect_alive();
  const auto start_of_stop = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start_of_stop, std::chrono::seconds(5));
}

}  // namespace
}  // namespace syncline::service
