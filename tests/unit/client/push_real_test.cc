// Pushes and the stream of changes with nothing faked: clients with threads of their own, libcurl, the service on a
// real socket, and what stands for the vendor's push service. Run under the sanitizers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "device.h"
#include "net/curl_transport.h"
#include "push_pool.h"
#include "service/server.h"
#include "support/exchange.h"
#include "support/loopback_server.h"
#include "support/tls_identity.h"

namespace syncline::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// A provider that logs in anew each time.
class LogIn final : public CredentialsProvider {
 public:
  explicit LogIn(std::function<Credentials()> log_in) : log_in_(std::move(log_in)) {}
  void get_credentials(CredentialsCallback done) override { done(log_in_()); }

 private:
  const std::function<Credentials()> log_in_;
};

// The vendor's push service: keeps what it is to deliver, by token.
class Vendor {
 public:
  [[nodiscard]] std::string endpoint() const { return server_.endpoint(); }
  // The messages since the last call, as a device would get them.
  std::multimap<std::string, std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(delivered_, {});
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return delivered_.size();
  }

 private:
  static std::string field(const HttpRequest& form, std::string_view name) {
    const auto found =
        std::find_if(form.query.begin(), form.query.end(), [name](const auto& each) { return each.first == name; });
    return found == form.query.end() ? "" : found->second;
  }
  // {"GCM":"{\"data\":...}"} -> {"data":...}
  static std::string inner(std::string envelope) {
    const auto begin = envelope.find(":\"") + 2;
    std::string text = envelope.substr(begin, envelope.rfind('"') - begin);
    std::erase(text, '\\');
    return text;
  }
  RawAnswer answer(const ReceivedRequest& request) {
    const auto form =
        ReceivedRequest{.method = "GET", .target = "/?" + request.body, .headers = {}, .body = {}}.parsed();
    std::string body = "<PublishResponse><MessageId>1</MessageId></PublishResponse>";
    if (field(form, "Action") == "CreatePlatformEndpoint") {
      body = "<R><EndpointArn>arn:aws:sns:us-east-1:1:endpoint/GCM/game/" + field(form, "Token") + "</EndpointArn></R>";
    } else {
      const auto arn = field(form, "TargetArn");
      const std::lock_guard lock(mutex_);
      delivered_.emplace(arn.substr(arn.rfind('/') + 1), inner(field(form, "Message")));
    }
    return {.bytes = to_bytes({.status = 200, .headers = {{"Content-Type", "text/xml"}}, .body = body})};
  }

  mutable std::mutex mutex_;
  std::multimap<std::string, std::string> delivered_;
  LoopbackServer server_{[this](const ReceivedRequest& request) { return answer(request); }};
};

// Waits for a condition that another thread brings about.
template <typename Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class PushRealTest : public ::testing::Test {
 protected:
  PushRealTest() {
    start("127.0.0.1:0");
    pool.emplace(ServiceAccess{
        .administer = [this](const auto& request) { return server->administer(request); },
        .carry =
            [endpoint = server->endpoint()](const HttpRequest& request) {
              auto transport = net::make_curl_transport({.endpoint = endpoint}).value();
              return exchange(*transport, request).value();
            },
        .host = "127.0.0.1:" + std::to_string(server->port()),
        .developer = {.access_key_id = server->access_key_id(), .secret_access_key = server->secret_access_key()},
        .now = [] { return SystemClock().wall(); }});
    me = pool->new_guest();
  }

  void start(const std::string& listen, Clock* clock = nullptr) {
    auto started =
        service::Server::start({.data_dir = dir.file("service"),
                                .listen = listen,
                                .limits = {.heartbeat = 50ms},
                                .tls = tls,
                                .delivery = {.sns = vendor.endpoint(),
                                             .region = "us-east-1",
                                             .credentials = {.access_key_id = "key", .secret_access_key = "secret"}},
                                .clock = clock,
                                .request_log = [this](const service::RequestEntry& entry) {
                                  const std::lock_guard lock(mutex);
                                  ++operations[std::string(entry.operation)];
                                }});
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
  }
  void restart(Clock* clock = nullptr) {
    const auto listen = "127.0.0.1:" + std::to_string(server->port());
    server.reset();
    start(listen, clock);
  }

  ClientOptions options(const std::string& device) {
    return ClientOptions{.data_directory = dir.file(device),
                         .endpoint = server->endpoint(),
                         .region = server->region(),
                         .identity_pool_id = pool->id(),
                         .identity_id = me.identity,
                         .credentials = static_credentials(me.credentials),
                         .dispatcher = nullptr,
                         .conflict_handler = nullptr,
                         .durability = Durability::kProcess,
                         .retry = {.attempts = 20, .first_delay = 5ms},
                         .ca_file = {}};
  }
  static Client open(ClientOptions wanted) {
    auto opened = Client::open(std::move(wanted));
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  static void sync(Dataset dataset) {
    SyncAnswers answers;
    dataset.synchronize(answers.callback());
    ASSERT_TRUE(answers.wait_for(1));
    EXPECT_EQ(outcome_of(answers.at(0)), "ok");
  }
  static void write(Client& client, const std::string& value) {
    auto dataset = *client.dataset("game");
    ASSERT_TRUE(dataset.put("k", value));
    sync(dataset);
  }
  static void subscribe(Client& client) {
    Answers<void> answers;
    client.dataset("game")->subscribe(answers.callback());
    ASSERT_TRUE(answers.wait_for(1));
    EXPECT_TRUE(answers.at(0)) << answers.at(0).error().message;
  }
  static void register_device(Client& client, const std::string& token) {
    Answers<std::string> answers;
    client.register_device(PushPlatform::kGcm, token, answers.callback());
    ASSERT_TRUE(answers.wait_for(1));
    EXPECT_TRUE(answers.at(0)) << answers.at(0).error().message;
  }
  // The phone has what the laptop wrote, and holds the stream for what follows.
  static Subscription listen(Client& phone, Client& laptop) {
    write(laptop, "1");
    sync(*phone.dataset("game"));
    subscribe(phone);
    return phone.open_change_stream();
  }
  static bool hears(Client& client, const std::string& value) {
    return eventually([&] { return client.dataset("game")->get("k").value() == value; });
  }
  static bool is_open(Client& client) {
    return eventually([&] { return client.change_stream_status().state == ChangeStreamState::kOpen; });
  }
  int count(const std::string& operation) {
    const std::lock_guard lock(mutex);
    return operations[operation];
  }
  // The tokens that the vendor was told of since the last call, once there are `expected`.
  std::vector<std::string> woken(std::size_t expected) {
    EXPECT_TRUE(eventually([&] { return vendor.count() >= expected; }));
    std::vector<std::string> tokens;
    for (const auto& [token, message] : vendor.take()) tokens.push_back(token);
    return tokens;
  }

  TempDir dir;
  service::TlsFiles tls;  // of the next start()
  FakeClock service_clock{SystemClock().wall()};
  Vendor vendor;
  std::mutex mutex;
  std::map<std::string, int> operations;
  std::unique_ptr<service::Server> server;
  std::optional<PushPool> pool;
  PushPool::Guest me;
};

// D20, and the figure of issue 5: one request after the event, two allowed.
TEST_F(PushRealTest, TheLaptopsChangeWakesThePhoneThroughTheStream) {
  auto phone = open(options("phone"));
  auto laptop = open(options("laptop"));
  const auto stream = listen(phone, laptop);
  ASSERT_TRUE(is_open(phone));
  const int before = count("ListRecords");
  write(laptop, "2");
  EXPECT_TRUE(hears(phone, "2"));
  EXPECT_EQ(count("ListRecords") - before, 1) << "the phone's; the laptop's push went first";
  EXPECT_EQ(phone.change_stream_status().attempts, 1U);
}

// Between the last sync and the stream nobody listens.
TEST_F(PushRealTest, D20WhatWasWrittenBeforeTheStreamWasOpenIsHeardOf) {
  auto phone = open(options("phone"));
  auto laptop = open(options("laptop"));
  write(laptop, "1");
  sync(*phone.dataset("game"));
  subscribe(phone);
  write(laptop, "2");
  const int before = count("ListRecords");
  auto stream = phone.open_change_stream();
  EXPECT_TRUE(hears(phone, "2"));
  EXPECT_EQ(count("ListRecords") - before, 1);
}

TEST_F(PushRealTest, AStreamGoesOnWhereItBroke) {
  auto phone = open(options("phone"));
  auto laptop = open(options("laptop"));
  const auto stream = listen(phone, laptop);
  ASSERT_TRUE(is_open(phone));
  write(laptop, "2");
  ASSERT_TRUE(hears(phone, "2"));
  restart();
  write(laptop, "3");
  EXPECT_TRUE(hears(phone, "3"));
  EXPECT_GE(phone.change_stream_status().attempts, 2U);
}

TEST_F(PushRealTest, AStreamGoesOverTls) {
  const auto identity = make_tls_identity();
  tls = {.certificate = dir.file("certificate.pem"), .key = dir.file("key.pem")};
  write_file(tls.certificate, identity.certificate_pem);
  write_file(tls.key, identity.key_pem);
  restart();
  const auto trusting = [&](const std::string& device) {
    auto wanted = options(device);
    wanted.ca_file = tls.certificate;
    return open(wanted);
  };
  auto phone = trusting("phone");
  auto laptop = trusting("laptop");
  const auto stream = listen(phone, laptop);
  ASSERT_TRUE(is_open(phone));
  write(laptop, "2");
  EXPECT_TRUE(hears(phone, "2"));
  EXPECT_EQ(phone.change_stream_status().attempts, 1U);
}

// The service's clock goes on by an hour, so that D16 is seen as well: the device's is then wrong.
TEST_F(PushRealTest, Case22D16AStreamEndsWithItsCredentialsAndTheNextHasNewOnes) {
  restart(&service_clock);
  const auto provider = std::make_shared<LogIn>([this] { return pool->log_in(me.identity); });
  const auto logging_in = [&](const std::string& device) {
    auto wanted = options(device);
    wanted.credentials = provider;
    return open(std::move(wanted));
  };
  auto phone = logging_in("phone");
  auto laptop = logging_in("laptop");
  const auto stream = listen(phone, laptop);
  ASSERT_TRUE(is_open(phone));
  service_clock.advance(1h + 1s);
  ASSERT_TRUE(eventually([&] { return phone.change_stream_status().attempts >= 2; }));
  ASSERT_TRUE(is_open(phone));
  write(laptop, "2");
  EXPECT_TRUE(hears(phone, "2"));
}

TEST_F(PushRealTest, AStreamWorksFromTick) {
  auto wanted = options("phone");
  wanted.threading = Threading::kTick;
  auto phone = open(wanted);
  auto laptop = open(options("laptop"));
  write(laptop, "1");
  Answers<void> subscribed;
  phone.dataset("game")->subscribe(subscribed.callback());
  const auto stream = phone.open_change_stream();
  const auto ticks = [&](auto condition) {
    return eventually([&] {
      phone.tick(std::chrono::steady_clock::now());
      return condition();
    });
  };
  ASSERT_TRUE(
      ticks([&] { return subscribed.count() == 1 && phone.change_stream_status().state == ChangeStreamState::kOpen; }));
  write(laptop, "2");
  EXPECT_TRUE(ticks([&] { return phone.dataset("game")->get("k").value() == "2"; }));
}

TEST_F(PushRealTest, Case23TheVendorWakesTheOthersOnlyAndTheLatestTokenOnly) {
  auto phone = open(options("phone"));
  auto tablet = open(options("tablet"));
  write(phone, "1");
  sync(*tablet.dataset("game"));
  register_device(phone, "phone-1");
  register_device(tablet, "tablet-1");
  subscribe(phone);
  subscribe(tablet);

  write(phone, "2");
  ASSERT_TRUE(eventually([&] { return vendor.count() >= 1; }));
  const auto messages = vendor.take();
  ASSERT_EQ(messages.size(), 1U) << "its own change does not wake it";
  EXPECT_EQ(messages.begin()->first, "tablet-1");
  SyncAnswers answers;
  const auto hint = tablet.handle_push(messages.begin()->second, answers.callback());
  ASSERT_TRUE(hint) << hint.error().message << ": " << messages.begin()->second;
  ASSERT_TRUE(answers.wait_for(1));
  EXPECT_EQ(answers.at(0)->requests, 1U);
  EXPECT_EQ(tablet.dataset("game")->get("k").value(), "2");

  register_device(phone, "phone-2");
  write(tablet, "3");
  EXPECT_THAT(woken(1), ElementsAre("phone-2"));
  sync(*phone.dataset("game"));
  write(phone, "4");
  EXPECT_THAT(woken(1), ElementsAre("tablet-1"));

  Answers<void> gone;
  phone.unregister_device(gone.callback());
  ASSERT_TRUE(gone.wait_for(1));
  ASSERT_TRUE(gone.at(0));
  auto laptop = open(options("laptop"));
  sync(*laptop.dataset("game"));
  write(laptop, "5");
  write(laptop, "6");
  EXPECT_THAT(woken(2), ElementsAre("tablet-1", "tablet-1"));
}

// --- services that are none, or mean harm
// -----------------------------------------------------------------------------

class HostileStream : public PushRealTest {
 protected:
  // A phone whose stream comes from `bytes` and then, again and again, `more`.
  void expect_dropped(const std::string& bytes, const std::string& more) {
    LoopbackServer hostile([&](const ReceivedRequest&) {
      return RawAnswer{.bytes = bytes, .then = RawAnswer::Then::kClose, .more = [&]() {
                         return more.empty() ? std::nullopt : std::optional(more);
                       }};
    });
    auto wanted = options("phone");
    wanted.endpoint = hostile.endpoint();
    auto phone = open(wanted);
    const auto stream = phone.open_change_stream();
    EXPECT_TRUE(eventually([&] { return phone.change_stream_status().error.has_value(); })) << bytes;
    EXPECT_EQ(phone.change_stream_status().error->code, ErrorCode::kBadAnswer)
        << phone.change_stream_status().error->message;
    EXPECT_TRUE(phone.shutdown(0ms).clean);
  }
  const std::string head_ = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n";
};

TEST_F(HostileStream, D20EndlessOnesAreDropped) {
  const std::string block(65'536, 'x');
  expect_dropped(head_ + "\r\n", block);
  expect_dropped(head_ + "\r\nid: ", block);
  expect_dropped(head_ + "\r\ndata: x\n", "data: " + std::string(1'000, 'x') + "\n");
  expect_dropped(head_ + "Content-Encoding: gzip\r\n\r\n", gzip(block));
  expect_dropped("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", block);
}

TEST_F(HostileStream, ARedirectIsNotFollowed) {
  expect_dropped("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "");
}

TEST_F(HostileStream, AServiceWithoutStreamsIsAskedOnce) {
  LoopbackServer other([](const ReceivedRequest&) {
    return RawAnswer{.bytes = to_bytes({.status = 404, .headers = {}, .body = "{\"message\":\"unknown\"}"})};
  });
  auto wanted = options("phone");
  wanted.endpoint = other.endpoint();
  auto phone = open(wanted);
  const auto stream = phone.open_change_stream();
  EXPECT_TRUE(eventually([&] { return phone.change_stream_status().state == ChangeStreamState::kRefused; }));
  EXPECT_EQ(phone.change_stream_status().attempts, 1U);
}

}  // namespace
}  // namespace syncline::testing
