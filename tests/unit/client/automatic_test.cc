// Automatic syncs, carried out: the real client without a thread, on injected time and chance. What is due when is the
// engine's table (tests/unit/engine/automatic_sync_test.cc); here it happens.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "device.h"

namespace syncline::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = Connectivity::State;

constexpr Connectivity kOffline{.state = State::kOffline};
constexpr Connectivity kOnline{.state = State::kOnline};

class AutomaticTest : public ::testing::Test {
 protected:
  AutomaticTest() {
    phone.options.automatic_sync = {.enabled = true,
                                    .settle = milliseconds{100},
                                    .longest_settle = milliseconds{350},
                                    .on_start = false,
                                    .jitter = milliseconds{0}};
  }

  [[nodiscard]] std::size_t pushes() const {
    const auto log = phone.transport->log();
    return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), is_push));
  }
  // When it wants to be called again, with nothing under way.
  std::optional<MonotonicTime> timer() {
    phone.settle();
    return phone.client->tick(phone.clock->monotonic());
  }
  std::optional<std::string> at_the_service(std::string_view key) {
    laptop.sync_well();
    return laptop.get(key);
  }

  Backend backend;
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
};

TEST_F(AutomaticTest, AWriteGoesOutWhenItHasSettledAndThenNoTimerRuns) {
  phone.put("level", "12");
  phone.pass(milliseconds{99});
  EXPECT_EQ(phone.transport->requests(), 0U);
  phone.pass(milliseconds{1});
  EXPECT_EQ(at_the_service("level"), "12");
  EXPECT_EQ(timer(), std::nullopt) << "an idle client holds no timer";
}

TEST_F(AutomaticTest, AnIdleClientHoldsNoTimer) {
  phone.dataset();
  EXPECT_EQ(timer(), std::nullopt);
  EXPECT_EQ(phone.transport->requests(), 0U);
}

TEST_F(AutomaticTest, SwitchedOffNothingHappens) {
  phone.options.automatic_sync.enabled = false;
  phone.put("level", "12");
  EXPECT_FALSE(ClientImpl::of(*phone.client).leave_to_autopilot(*DatasetName::parse("game")));
  phone.client->network_changed(kOffline);
  phone.client->network_changed(kOnline);
  phone.client->entered_background();
  phone.client->entered_foreground();
  phone.client->credentials_changed();
  EXPECT_EQ(timer(), std::nullopt);
  phone.pass(std::chrono::hours{1});
  EXPECT_EQ(phone.transport->requests(), 0U);
}

TEST_F(AutomaticTest, WritesInARowGoOutTogether) {
  for (int i = 0; i < 20; ++i) {
    phone.put("level", std::to_string(i));
    phone.pass(milliseconds{3});
  }
  EXPECT_EQ(pushes(), 0U);
  phone.pass(milliseconds{200});
  EXPECT_EQ(pushes(), 1U);
  EXPECT_EQ(at_the_service("level"), "19");
}

TEST_F(AutomaticTest, ASteadyWriterSyncsAllTheSame) {
  for (int i = 0; i < 100; ++i) {
    phone.put("level", std::to_string(i));
    phone.pass(milliseconds{20});
  }
  EXPECT_GE(pushes(), 4U) << "2 s of writes, at most 350 ms each";
  EXPECT_LE(pushes(), 6U);
}

TEST_F(AutomaticTest, D5AWriteDuringTheSyncGoesOutWithTheNext) {
  phone.put("level", "1");
  phone.pass(milliseconds{99});
  phone.transport->fault_when(is_push, Fault::hold_answer(), 1);
  phone.pass(milliseconds{0});
  phone.clock->advance(milliseconds{1});
  phone.run_until([&] { return phone.transport->held() == 1; });
  phone.put("level", "2");
  phone.transport->release();
  phone.pass(seconds{1});
  EXPECT_EQ(pushes(), 2U);
  EXPECT_EQ(at_the_service("level"), "2");
}

// Case 13: the service took it and said nothing of it. No write will come to find that out.
TEST_F(AutomaticTest, D1WhatWasNotAnsweredForIsFoundOut) {
  phone.open();
  phone.transport->fault_when(is_push, Fault::replace(json_answer(R"({"Records":[]})")), 1);
  phone.put("level", "1");
  phone.pass(seconds{10});
  EXPECT_EQ(phone.dataset().info()->pending, 0U);
  EXPECT_EQ(timer(), std::nullopt);
  EXPECT_EQ(laptop.sync_well().pulled, 1U);
}

TEST_F(AutomaticTest, RemovalsDeletionsAndResolutionsAreWrites) {
  collide(phone, laptop, "level", "1", "2", "3");
  phone.pass(seconds{1});
  const auto conflicts = *phone.dataset().conflicts();
  ASSERT_EQ(conflicts.size(), 1U);
  ASSERT_TRUE(phone.dataset().resolve(conflicts[0], Resolution::keep_local()));
  phone.pass(seconds{1});
  EXPECT_EQ(at_the_service("level"), "2");
  ASSERT_TRUE(phone.dataset().remove("level"));
  phone.pass(seconds{1});
  EXPECT_EQ(at_the_service("level"), std::nullopt);
  ASSERT_TRUE(phone.dataset().delete_dataset());
  const auto before = phone.transport->requests();
  phone.pass(seconds{1});
  EXPECT_GT(phone.transport->requests(), before);
}

TEST_F(AutomaticTest, OnStartWhatAnEarlierRunLeftGoesOutThoughTheAppOpensNothing) {
  phone.options.automatic_sync.enabled = false;
  phone.put("level", "12");
  for (const bool on_start : {false, true}) {
    phone.client.reset();
    phone.options.automatic_sync.enabled = true;
    phone.options.automatic_sync.on_start = on_start;
    phone.open();
    phone.pass(seconds{1});
    EXPECT_EQ(at_the_service("level"), "12");
  }
  EXPECT_EQ(phone.transport->requests(), 1U) << "on start also with nothing to send: one list";
}

TEST_F(AutomaticTest, APeriodHoldsOneTimerAndPullsWhatOthersWrote) {
  phone.options.automatic_sync.period = seconds{60};
  phone.dataset();
  phone.settle();
  EXPECT_EQ(timer(), phone.clock->monotonic() + seconds{60});
  laptop.put("level", "7");
  laptop.sync_well();
  phone.pass(seconds{60});
  EXPECT_EQ(phone.get("level"), "7");
  phone.client->entered_background();
  EXPECT_EQ(timer(), std::nullopt) << "not while nobody looks";
}

TEST_F(AutomaticTest, AHintPullsAtOnce) {
  phone.dataset();
  laptop.put("level", "7");
  laptop.sync_well();
  EXPECT_TRUE(ClientImpl::of(*phone.client).leave_to_autopilot(*DatasetName::parse("game")));
  phone.settle();
  EXPECT_EQ(phone.get("level"), "7");
  EXPECT_EQ(timer(), std::nullopt);
}

TEST_F(AutomaticTest, OfflineItWaitsWithoutATimerAndGoesOutWhenTheNetworkIsBack) {
  phone.dataset();
  phone.client->network_changed(kOffline);
  phone.put("level", "12");
  EXPECT_EQ(timer(), std::nullopt);
  phone.pass(seconds{10});
  EXPECT_EQ(phone.transport->requests(), 0U);
  phone.client->network_changed(kOnline);
  phone.settle();
  EXPECT_EQ(at_the_service("level"), "12");
}

TEST_F(AutomaticTest, AServiceOnThisMachineIsReachedOffline) {
  for (const auto* endpoint : {"http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"}) {
    phone.client.reset();
    phone.options.endpoint = endpoint;
    phone.open();
    phone.client->network_changed({.state = State::kOffline, .metered = true});
    phone.put("level", "12");
    phone.pass(seconds{1});
    EXPECT_GT(phone.transport->requests(), 0U) << endpoint;
  }
}

TEST_F(AutomaticTest, NeverOverAMeteredNetworkIfTheAppSaysSo) {
  phone.options.automatic_sync.over_metered = false;
  phone.dataset();
  phone.client->network_changed({.state = State::kOnline, .metered = true});
  phone.put("level", "12");
  ClientImpl::of(*phone.client).leave_to_autopilot(*DatasetName::parse("game"));
  phone.pass(seconds{10});
  EXPECT_EQ(phone.transport->requests(), 0U);
  EXPECT_EQ(phone.client->status().state, SyncState::kWaiting);
  EXPECT_EQ(phone.sync_well().pushed, 1U) << "but if the app asks";
}

TEST_F(AutomaticTest, RetryAfterIsObeyedHoweverLong) {
  auto busy = refusal(429, "TooManyRequestsException", "later");
  busy.headers.push_back({"Retry-After", "600"});
  phone.open();
  phone.transport->fault_when(is_list, Fault::replace(busy), 1);
  phone.put("level", "12");
  phone.pass(seconds{600});
  EXPECT_EQ(phone.transport->requests(), 1U);
  phone.pass(seconds{1});
  EXPECT_EQ(at_the_service("level"), "12");
}

// However long the service is gone: the requests become few, and it does come back.
TEST_F(AutomaticTest, FailuresBackOff) {
  phone.open();
  phone.transport->fault_when(is_list, Fault::drop_request());
  phone.put("level", "12");
  phone.pass(std::chrono::hours{10});
  EXPECT_GT(phone.transport->requests(), 10U);
  EXPECT_LT(phone.transport->requests(), 200U);
  phone.transport->clear_faults();
  phone.pass(milliseconds{15 * 60'000});
  EXPECT_EQ(at_the_service("level"), "12");
}

TEST_F(AutomaticTest, Case22RefusedCredentialsStopItUntilThereAreOthers) {
  phone.options.credentials = static_credentials({.access_key_id = "AKIDNOBODY", .secret_access_key = "x"});
  phone.put("level", "12");
  phone.pass(seconds{10});
  const auto requests = phone.transport->requests();
  EXPECT_GT(requests, 0U);
  EXPECT_EQ(timer(), std::nullopt);
  EXPECT_EQ(phone.client->status().state, SyncState::kNeedsSignIn);
  EXPECT_EQ(phone.client->status().error->code, ErrorCode::kNotAuthorized);
  phone.put("level", "13");
  phone.pass(std::chrono::hours{1});
  EXPECT_EQ(phone.transport->requests(), requests);
  phone.client->credentials_changed();
  phone.settle();
  EXPECT_GT(phone.transport->requests(), requests) << "one try for each change";
}

TEST_F(AutomaticTest, WhatTheAppHasToMendStopsItAndSaysSo) {
  phone.options.credentials = nullptr;
  phone.put("level", "12");
  phone.pass(seconds{10});
  EXPECT_EQ(timer(), std::nullopt);
  const auto status = phone.client->status();
  EXPECT_EQ(status.state, SyncState::kError);
  ASSERT_TRUE(status.error);
  EXPECT_NE(status.error->message.find("credentials"), std::string::npos) << status.error->message;
}

// Whatever it was, the next write may have mended it; so may one that was made while the answer was on its way.
TEST_F(AutomaticTest, AfterAnErrorForGoodAWriteIsTriedAgain) {
  phone.open();
  phone.transport->fault_when(is_list, Fault::replace(refusal(400, "InvalidParameterException", "no")), 2);
  phone.put("level", "1");
  phone.pass(seconds{10});
  EXPECT_EQ(phone.client->status().state, SyncState::kError);
  EXPECT_EQ(phone.transport->requests(), 1U);
  phone.put("level", "2");
  phone.pass(seconds{10});
  EXPECT_EQ(phone.transport->requests(), 2U);
  phone.put("level", "3");
  phone.pass(seconds{10});
  EXPECT_EQ(at_the_service("level"), "3");
}

TEST_F(AutomaticTest, D5AWriteDuringASyncThatFailsForGoodIsTriedAgain) {
  phone.put("level", "1");
  phone.transport->fault_when(is_list, Fault::hold_answer(), 1);
  phone.pass(milliseconds{99});
  phone.clock->advance(milliseconds{1});
  phone.run_until([&] { return phone.transport->held() == 1; });
  phone.put("level", "2");
  phone.transport->fault_when(is_push, Fault::replace(refusal(400, "InvalidParameterException", "no")), 1);
  phone.transport->release();
  phone.pass(seconds{10});
  EXPECT_EQ(at_the_service("level"), "2");
}

TEST_F(AutomaticTest, WhatCouldNotBeBegunIsBegunWithTheNextWrite) {
  phone.options.credentials = nullptr;
  phone.put("level", "12");
  phone.pass(seconds{10});
  int told = 0;
  const auto listening = phone.client->on_status([&](const SyncStatus&) { ++told; });
  phone.put("level", "13");
  phone.pass(seconds{10});
  EXPECT_GT(told, 0) << "waiting, and the same error again";
}

// Who logs in to a portal on the way tells nobody of it.
TEST_F(AutomaticTest, AWrongCertificateIsTriedAgain) {
  phone.network = [through = phone.network, first = true](const HttpRequest& request) mutable -> Result<HttpResponse> {
    if (std::exchange(first, false)) return Error{.code = ErrorCode::kTls, .message = "a portal's certificate"};
    return through(request);
  };
  phone.open();
  phone.put("level", "12");
  phone.pass(seconds{100});
  EXPECT_EQ(at_the_service("level"), "12");
}

TEST_F(AutomaticTest, WithoutADelayItIsNoBusyLoop) {
  phone.options.automatic_sync.first_delay = milliseconds{0};
  phone.options.automatic_sync.longest_delay = milliseconds{0};
  phone.open();
  phone.transport->fault_when(is_list, Fault::drop_request());
  phone.put("level", "12");
  phone.pass(seconds{10});
  EXPECT_LE(phone.transport->requests(), 101U);
  EXPECT_GT(phone.transport->requests(), 10U);
}

TEST_F(AutomaticTest, D14ADeletionThatAnEarlierRunLeftGoesOut) {
  phone.options.automatic_sync.enabled = false;
  phone.put("level", "12");
  phone.sync_well();
  ASSERT_TRUE(phone.dataset().delete_dataset());
  phone.client.reset();
  phone.options.automatic_sync.enabled = true;
  phone.open();
  phone.dataset();
  phone.pass(seconds{1});
  EXPECT_EQ(at_the_service("level"), std::nullopt);
}

// What a switch of identities calls: nothing of the one before is due any more, what the new one has is found.
TEST_F(AutomaticTest, D15ForAnotherIdentityItStartsOver) {
  phone.options.credentials = nullptr;
  phone.put("level", "12");
  phone.pass(seconds{10});
  ASSERT_EQ(phone.client->status().state, SyncState::kError);
  auto& impl = ClientImpl::of(*phone.client);
  impl.driver().post([&] { impl.start_automatic_syncs_over(); });
  EXPECT_NE(timer(), std::nullopt) << "what is pending counts as just written";
  EXPECT_EQ(phone.client->status().state, SyncState::kWaiting);
}

TEST_F(AutomaticTest, LocalOnlyThereIsNothingToDo) {
  phone.options.endpoint = "";
  phone.put("level", "12");
  phone.pass(seconds{10});
  EXPECT_EQ(phone.client->status().state, SyncState::kIdle);
  EXPECT_EQ(timer(), std::nullopt);
}

TEST_F(AutomaticTest, TheAppsOwnSyncRetriesAsAlwaysWhileAutomaticOnesDoNot) {
  phone.open();
  phone.transport->fault_when(is_list, Fault::drop_request(), 3);
  EXPECT_EQ(phone.sync_well().requests, 4U);
}

TEST_F(AutomaticTest, ShutdownLetsAnAutomaticSyncEnd) {
  phone.put("level", "12");
  phone.pass(milliseconds{99});
  phone.clock->advance(milliseconds{1});
  phone.client->tick(phone.clock->monotonic());
  const auto report = phone.client->shutdown(seconds{30});
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.pending, 0U);
}

TEST_F(AutomaticTest, BadInputTimesOutOfRangeAreRefused) {
  auto& automatic = phone.options.automatic_sync;
  for (auto* time : {&automatic.settle, &automatic.longest_settle, &automatic.period, &automatic.jitter,
                     &automatic.hint_jitter, &automatic.first_delay, &automatic.longest_delay}) {
    const auto good = *time;
    for (const auto bad : {milliseconds{-1}, milliseconds{std::chrono::hours{25}}, milliseconds::max()}) {
      *time = bad;
      auto opened = open_with(phone.options, Ports{.clock = phone.clock,
                                                   .random = std::make_unique<FakeRandom>(),
                                                   .transport = std::make_unique<FakeTransport>(phone.network)});
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
    }
    *time = good;
  }
}

// --- a monitor ----------------------------------------------------------------------------------------------------

class FakeMonitor final : public ConnectivityMonitor {
 public:
  void start(Callback changed) override {
    if (throws) throw std::runtime_error("no such bus");
    tell = std::move(changed);
  }
  void stop() override { ++stops; }

  Callback tell;
  bool throws = false;
  int stops = 0;
};

// The system's monitor does not know what a network costs.
TEST_F(AutomaticTest, WhatTheAppSaysOfTheCostHoldsUntilItSaysElse) {
  const auto monitor = std::make_shared<FakeMonitor>();
  phone.options.connectivity = monitor;
  phone.options.automatic_sync.over_metered = false;
  phone.dataset();
  phone.settle();
  phone.client->network_changed({.state = State::kOnline, .metered = true});
  monitor->tell(kOffline);
  monitor->tell(kOnline);
  phone.put("level", "12");
  phone.pass(seconds{10});
  EXPECT_EQ(phone.transport->requests(), 0U);
  phone.client->network_changed(kOnline);
  phone.pass(seconds{10});
  EXPECT_EQ(at_the_service("level"), "12");
}

TEST_F(AutomaticTest, AMonitorIsListenedToUntilShutdown) {
  const auto monitor = std::make_shared<FakeMonitor>();
  phone.options.connectivity = monitor;
  phone.dataset();
  phone.settle();
  ASSERT_TRUE(monitor->tell);
  monitor->tell(kOffline);
  phone.put("level", "12");
  phone.pass(seconds{1});
  EXPECT_EQ(phone.client->status().state, SyncState::kOffline);
  EXPECT_EQ(phone.transport->requests(), 0U);
  monitor->tell(kOnline);
  phone.settle();
  EXPECT_EQ(at_the_service("level"), "12");
  phone.client->shutdown(milliseconds{0});
  EXPECT_EQ(monitor->stops, 1);
  phone.client.reset();
  monitor->tell(kOffline);  // one that does not stop when it should
}

TEST_F(AutomaticTest, D13AMonitorThatThrowsCountsAsNone) {
  const auto monitor = std::make_shared<FakeMonitor>();
  monitor->throws = true;
  phone.options.connectivity = monitor;
  phone.put("level", "12");
  phone.pass(seconds{1});
  EXPECT_EQ(at_the_service("level"), "12");
}

}  // namespace
}  // namespace syncline::testing
