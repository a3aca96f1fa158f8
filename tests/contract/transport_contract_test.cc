// What core/http.h promises of an HttpTransport, on libcurl against a real server and on the fake that tests use
// instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/http.h"
#include "net/curl_transport.h"
#include "support/exchange.h"
#include "support/fake_transport.h"
#include "support/loopback_server.h"
#include "support/pieces.h"

namespace syncline {
namespace {

using ::testing::ElementsAre;
using testing::exchange;
using testing::finish_all;
using namespace std::chrono_literals;

constexpr auto kHours = std::chrono::hours{5};

// The service of all tests here: says what it was asked; to paths below /held only after release().
HttpResponse echo(const HttpRequest& request) {
  return {.status = 200, .headers = {{"X-Method", request.method}}, .body = request.path + "|" + request.body};
}

// Paths below /stream are answered without an end, below /refused with a 403.
bool is_stream(const std::string& path) {
  return path.starts_with("/stream");
}

HttpResponse answer_to(const HttpRequest& request) {
  if (request.path.starts_with("/refused")) return {.status = 403, .body = "no"};
  if (is_stream(request.path)) return {.status = 200, .headers = {{"X-Method", request.method}}, .body = {}};
  return echo(request);
}

bool is_held(const std::string& path) {
  return path.starts_with("/held");
}

class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;
  virtual HttpTransport& transport() = 0;
  virtual void release() = 0;
  virtual void destroy_transport() = 0;
  // Of the one stream that is open.
  virtual void send_part(std::string bytes) = 0;
  virtual void end_stream() = 0;
};

class CurlWorld final : public World {
 public:
  HttpTransport& transport() override { return *transport_; }
  void release() override { server_.release(); }
  void destroy_transport() override { transport_.reset(); }
  void send_part(std::string bytes) override { pieces_.send(std::move(bytes)); }
  void end_stream() override { pieces_.end(); }

 private:
  testing::RawAnswer respond(const testing::ReceivedRequest& request) {
    if (!is_stream(request.target)) {
      return {.bytes = testing::to_bytes(answer_to(request.parsed())), .hold = is_held(request.target)};
    }
    return {.bytes = "HTTP/1.1 200 OK\r\nX-Method: " + request.method + "\r\nConnection: close\r\n\r\n",
            .then = testing::RawAnswer::Then::kClose,
            .more = pieces_.more()};
  }

  testing::LoopbackServer server_{[this](const testing::ReceivedRequest& request) { return respond(request); }};
  testing::Pieces pieces_;
  std::unique_ptr<HttpTransport> transport_ = net::make_curl_transport({.endpoint = server_.endpoint()}).value();
};

class FakeWorld final : public World {
 public:
  FakeWorld() {
    transport_->fault_when([](const HttpRequest& request) { return is_held(request.path); },
                           testing::Fault::hold_answer());
  }
  HttpTransport& transport() override { return *transport_; }
  void release() override { transport_->release(); }
  void destroy_transport() override { transport_.reset(); }
  void send_part(std::string bytes) override { transport_->send_part(std::move(bytes)); }
  void end_stream() override { transport_->end_streams(); }

 private:
  std::unique_ptr<testing::FakeTransport> transport_ = std::make_unique<testing::FakeTransport>(answer_to);
};

struct TransportUnderTest {
  std::string name;
  std::function<std::unique_ptr<World>()> make;
};

class TransportContract : public ::testing::TestWithParam<TransportUnderTest> {
 protected:
  HttpTransport& transport() { return world_->transport(); }

  // Counts completions and keeps what they said.
  HttpTransport::Completion note(const std::string& name) {
    return [this, name](const Result<HttpResponse>& answer) {
      done_.push_back(name + ":" + (answer ? answer->body : std::string(to_string(answer.error().code))));
    };
  }

  // Likewise of parts.
  HttpTransport::OnPart note_parts() {
    return [this](const HttpResponse& head, std::string_view bytes) {
      if (bytes.empty()) heads_.push_back(head);
      EXPECT_EQ(head.status, 200);
      EXPECT_EQ(head.body, "");
      parts_ += bytes;
    };
  }

  void run_until(const std::function<bool()>& reached) {
    while (!reached()) {
      transport().step();
      if (!reached()) transport().wait(30s);
    }
  }

  // Drives everything until `count` calls are complete.
  void run_until_done(std::size_t count) {
    while (done_.size() < count) {
      transport().step();
      if (done_.size() < count) transport().wait(30s);
    }
  }

  std::vector<HttpResponse> heads_;
  std::string parts_;
  std::vector<std::string> done_;  // outlives the world, which completes what is left
  const std::unique_ptr<World> world_ = GetParam().make();
};

TEST_P(TransportContract, AnswersAreWhatTheServiceSaid) {
  const auto answer = exchange(transport(), {.method = "POST", .path = "/a%3Ab", .body = "hello"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "/a%3Ab|hello");
  ASSERT_NE(find_header(answer->headers, "x-method"), nullptr);
  EXPECT_EQ(*find_header(answer->headers, "x-method"), "POST");
}

TEST_P(TransportContract, StartNeverCompletes) {
  transport().start({}, note("good"));
  transport().start({.path = "/held"}, note("held"));
  EXPECT_THAT(done_, ElementsAre());
  EXPECT_TRUE(transport().busy());
}

TEST_P(TransportContract, EachCallIsCompletedOnce) {
  static constexpr std::size_t kCalls = 20;
  for (std::size_t i = 0; i < kCalls; ++i) transport().start({.path = "/" + std::to_string(i)}, note("call"));
  finish_all(transport());
  for (int i = 0; i < 10; ++i) transport().step();
  EXPECT_EQ(done_.size(), kCalls);
}

TEST_P(TransportContract, IdsAreDifferent) {
  const auto first = transport().start({}, note("a"));
  const auto second = transport().start({}, note("b"));
  EXPECT_NE(first, second);
  finish_all(transport());
  EXPECT_NE(transport().start({}, note("c")), first);
}

TEST_P(TransportContract, BusyFromStartToCompletion) {
  EXPECT_FALSE(transport().busy());
  bool busy_inside = true;
  transport().start({}, [&](const Result<HttpResponse>&) { busy_inside = transport().busy(); });
  EXPECT_TRUE(transport().busy());
  finish_all(transport());
  EXPECT_FALSE(transport().busy());
  EXPECT_FALSE(busy_inside);
}

TEST_P(TransportContract, CancelCompletesAtOnceAndForGood) {
  const auto call = transport().start({.path = "/held"}, note("held"));
  transport().step();
  EXPECT_THAT(done_, ElementsAre());
  transport().cancel(call);
  EXPECT_THAT(done_, ElementsAre("held:cancelled"));
  EXPECT_FALSE(transport().busy());
  world_->release();
  transport().cancel(call);
  transport().step();
  EXPECT_THAT(done_, ElementsAre("held:cancelled"));
}

TEST_P(TransportContract, CancelBeforeTheFirstStep) {
  transport().cancel(transport().start({}, note("early")));
  EXPECT_THAT(done_, ElementsAre("early:cancelled"));
}

TEST_P(TransportContract, CancelOfACompleteOrUnknownCallDoesNothing) {
  const auto call = transport().start({.path = "/x"}, note("x"));
  finish_all(transport());
  transport().cancel(call);
  transport().cancel(call + 1000);
  EXPECT_THAT(done_, ElementsAre("x:/x|"));
}

TEST_P(TransportContract, OneCancelledCallLeavesTheOthersAlone) {
  transport().start({.path = "/held/1"}, note("1"));
  const auto second = transport().start({.path = "/held/2"}, note("2"));
  transport().step();
  transport().cancel(second);
  world_->release();
  finish_all(transport());
  EXPECT_THAT(done_, ElementsAre("2:cancelled", "1:/held/1|"));
}

TEST_P(TransportContract, CompletionsMayStartTheNextRequest) {
  std::function<void(int)> chain = [&](int left) {
    transport().start({.path = "/" + std::to_string(left)}, [&, left](const Result<HttpResponse>& answer) {
      note("link")(answer);
      if (left > 1) chain(left - 1);
    });
  };
  chain(3);
  finish_all(transport());
  EXPECT_THAT(done_, ElementsAre("link:/3|", "link:/2|", "link:/1|"));
}

TEST_P(TransportContract, CompletionsMayCancelOthersAndThemselves) {
  const auto held = transport().start({.path = "/held"}, note("held"));
  HttpTransport::CallId own = 0;
  own = transport().start({.path = "/x"}, [&](const Result<HttpResponse>& answer) {
    note("own")(answer);
    transport().cancel(own);
    transport().cancel(held);
  });
  run_until_done(2);
  EXPECT_THAT(done_, ElementsAre("own:/x|", "held:cancelled"));
  EXPECT_FALSE(transport().busy());
}

TEST_P(TransportContract, ACompletionOfACancelledCallMayStartAnother) {
  const auto call = transport().start(
      {.path = "/held"}, [&](const Result<HttpResponse>&) { transport().start({.path = "/again"}, note("again")); });
  transport().cancel(call);
  EXPECT_TRUE(transport().busy());
  finish_all(transport());
  EXPECT_THAT(done_, ElementsAre("again:/again|"));
}

TEST_P(TransportContract, CompletionsMayStep) {
  transport().start({.path = "/1"}, [&](const Result<HttpResponse>& answer) {
    note("1")(answer);
    transport().step();
  });
  transport().start({.path = "/2"}, note("2"));
  finish_all(transport());
  EXPECT_EQ(done_.size(), 2U);
}

TEST_P(TransportContract, WakeFromAnotherThreadEndsAWaitWithNothingUnderWay) {
  std::thread other([this] { transport().wake(); });
  transport().wait(kHours);
  other.join();
}

TEST_P(TransportContract, WakeFromAnotherThreadEndsAWaitForAHeldAnswer) {
  transport().start({.path = "/held"}, note("held"));
  std::atomic<bool> woken = false;
  std::thread other([this, &woken] {
    woken = true;
    transport().wake();
  });
  while (!woken) {
    transport().step();
    transport().wait(kHours);
  }
  other.join();
  EXPECT_THAT(done_, ElementsAre());
}

TEST_P(TransportContract, AWakeBeforehandEndsTheNextWait) {
  transport().wake();
  transport().wait(kHours);
}

TEST_P(TransportContract, ManyWakesAreAsGoodAsOne) {
  for (int i = 0; i < 100'000; ++i) transport().wake();
  transport().wait(kHours);
}

TEST_P(TransportContract, WaitWithoutWakeLastsAsLongAsItWasTold) {
  const auto start = std::chrono::steady_clock::now();
  transport().wait(30ms);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
}

TEST_P(TransportContract, WaitTakesAnyLength) {
  transport().wait(0ms);
  transport().wait(-5ms);
  transport().wake();
  transport().wait(std::chrono::milliseconds::max());
}

TEST_P(TransportContract, WaitEndsWhenARequestWasStarted) {
  transport().start({}, note("x"));
  transport().wait(kHours);
  finish_all(transport());
  EXPECT_EQ(done_.size(), 1U);
}

TEST_P(TransportContract, WaitEndsWhenAnAnswerComes) {
  transport().start({.path = "/held"}, note("held"));
  transport().step();
  std::thread other([this] { world_->release(); });
  while (done_.empty()) {
    transport().wait(kHours);
    transport().step();
  }
  other.join();
  EXPECT_THAT(done_, ElementsAre("held:/held|"));
}

TEST_P(TransportContract, DestroyingCompletesWhatIsUnderWay) {
  transport().start({.path = "/held"}, note("1"));
  transport().step();
  transport().start({.path = "/held"}, note("2"));
  world_->destroy_transport();
  EXPECT_THAT(done_, ElementsAre("1:cancelled", "2:cancelled"));
}

// --- streams --------------------------------------------------------------------------------------------------------

TEST_P(TransportContract, AStreamIsHandedOnAsItComes) {
  transport().start_stream({.method = "GET", .path = "/stream"}, note_parts(), note("stream"));
  EXPECT_TRUE(transport().busy());
  run_until([&] { return !heads_.empty(); });
  ASSERT_EQ(heads_.size(), 1U);
  EXPECT_EQ(*find_header(heads_[0].headers, "x-method"), "GET");
  EXPECT_EQ(parts_, "");
  world_->send_part("one ");
  run_until([&] { return parts_ == "one "; });
  world_->send_part("two ");
  world_->send_part("three");
  run_until([&] { return parts_ == "one two three"; });
  EXPECT_THAT(done_, ElementsAre());
  world_->send_part("!");
  world_->end_stream();
  run_until_done(1);
  EXPECT_EQ(parts_, "one two three!");
  EXPECT_THAT(done_, ElementsAre("stream:"));
  EXPECT_EQ(heads_.size(), 1U);
}

TEST_P(TransportContract, AStreamThatRestsIsNoWork) {
  transport().start_stream({.path = "/stream"}, note_parts(), note("stream"));
  run_until([&] { return !heads_.empty(); });
  EXPECT_FALSE(transport().busy());
  for (int i = 0; i < 3; ++i) transport().step();
  const auto start = std::chrono::steady_clock::now();
  transport().wait(100ms);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 100ms);
}

TEST_P(TransportContract, WaitEndsWhenAPartComes) {
  transport().start_stream({.path = "/stream"}, note_parts(), note("stream"));
  run_until([&] { return !heads_.empty(); });
  std::thread other([this] { world_->send_part("x"); });
  while (parts_.empty()) {
    transport().wait(kHours);
    transport().step();
  }
  other.join();
}

TEST_P(TransportContract, OtherCallsGoOnBesideAStream) {
  transport().start_stream({.path = "/stream"}, note_parts(), note("stream"));
  run_until([&] { return !heads_.empty(); });
  transport().start({.path = "/x"}, note("x"));
  EXPECT_TRUE(transport().busy());
  run_until_done(1);
  EXPECT_THAT(done_, ElementsAre("x:/x|"));
  EXPECT_FALSE(transport().busy());
}

TEST_P(TransportContract, AStreamThatIsRefusedIsAnAnswerAsAnyOther) {
  std::optional<Result<HttpResponse>> answer;
  transport().start_stream({.path = "/refused"}, note_parts(),
                           [&](const Result<HttpResponse>& outcome) { answer = outcome; });
  run_until([&] { return answer.has_value(); });
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 403);
  EXPECT_EQ((*answer)->body, "no");
  EXPECT_EQ(heads_.size(), 0U);
}

TEST_P(TransportContract, AStreamCanBeCancelledFromItsOwnPart) {
  HttpTransport::CallId stream = 0;
  stream = transport().start_stream(
      {.path = "/stream"},
      [&](const HttpResponse& head, std::string_view bytes) {
        note_parts()(head, bytes);
        if (!bytes.empty()) transport().cancel(stream);
      },
      note("stream"));
  run_until([&] { return !heads_.empty(); });
  world_->send_part("a");
  run_until_done(1);
  world_->send_part("b");
  transport().step();
  EXPECT_EQ(parts_, "a");
  EXPECT_THAT(done_, ElementsAre("stream:cancelled"));
  EXPECT_FALSE(transport().busy());
}

TEST_P(TransportContract, AStreamCanBeCancelledAsItBegins) {
  HttpTransport::CallId stream = 0;
  stream = transport().start_stream(
      {.path = "/stream"},
      [&](const HttpResponse& head, std::string_view bytes) {
        note_parts()(head, bytes);
        transport().cancel(stream);
      },
      note("stream"));
  run_until_done(1);
  EXPECT_THAT(done_, ElementsAre("stream:cancelled"));
}

TEST_P(TransportContract, PartsAreKeptWhateverTheirSize) {
  transport().start_stream({.path = "/stream"}, note_parts(), note("stream"));
  run_until([&] { return !heads_.empty(); });
  std::string sent;
  for (int i = 0; i < 64; ++i) sent += std::string(std::size_t{1} << 16U, static_cast<char>('a' + i % 26));
  world_->send_part(sent);
  world_->end_stream();
  run_until_done(1);
  EXPECT_TRUE(parts_ == sent) << parts_.size();
}

TEST_P(TransportContract, DestroyingCompletesAnOpenStream) {
  transport().start_stream({.path = "/stream"}, note_parts(), note("stream"));
  run_until([&] { return !heads_.empty(); });
  world_->destroy_transport();
  EXPECT_THAT(done_, ElementsAre("stream:cancelled"));
}

INSTANTIATE_TEST_SUITE_P(Transports, TransportContract,
                         ::testing::Values(TransportUnderTest{"Curl", [] { return std::make_unique<CurlWorld>(); }},
                                           TransportUnderTest{"Fake", [] { return std::make_unique<FakeWorld>(); }}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace syncline
