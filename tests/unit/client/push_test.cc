// Push messages and registrations, on the real store and the real service; case 23 of guarantees.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <tuple>

#include "device.h"
#include "push_pool.h"

namespace syncline::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What became of a request, in a word each: "register", "subscribe game".
std::string name_of(const HttpRequest& request) {
  const auto route = wire::parse_route(request.method, request.path);
  if (!route) return request.path;
  switch (route->operation) {
    case wire::Operation::kRegisterDevice:
      return "register";
    case wire::Operation::kSubscribeToDataset:
      return "subscribe " + route->dataset;
    case wire::Operation::kUnsubscribeFromDataset:
      return "unsubscribe " + route->dataset;
    case wire::Operation::kListRecords:
      return "list " + route->dataset;
    case wire::Operation::kUpdateRecords:
      return "update " + route->dataset;
    default:
      return std::string(wire::to_string(route->operation));
  }
}

class PushTest : public ::testing::Test {
 protected:
  PushTest() {
    phone.options.device_id.clear();
    become(phone, me);
    become(laptop, me);
    const auto through = phone.network;
    phone.network = [this, through](const HttpRequest& request) -> Result<HttpResponse> {
      if (offline) return Error{.code = ErrorCode::kNetwork, .message = "offline"};
      sent.push_back(name_of(request));
      if (sent.back().starts_with("update")) last_update = request.body;
      return through(request);
    };
  }

  void become(Device& device, const PushPool::Guest& guest) {
    device.client.reset();
    device.options.identity_pool_id = pool.id();
    device.options.identity_id = guest.identity;
    device.options.credentials = static_credentials(guest.credentials);
    device.options.retry.attempts = 1;
    device.open();
  }
  void reopen() {
    phone.client.reset();
    phone.open();
    phone.settle();
  }

  // "ok", or the error's code.
  template <typename Start>
  std::string done(Start start) {
    Answers<void> answers;
    start(answers.callback());
    phone.run_until([&] { return answers.count() > 0; });
    phone.settle();
    EXPECT_EQ(answers.count(), 1U);
    return answers.at(0) ? "ok" : std::string(to_string(answers.at(0).error().code));
  }
  std::string subscribe(const std::string& name = "game") {
    return done([&](auto callback) { phone.dataset(name).subscribe(std::move(callback)); });
  }
  std::string unsubscribe(const std::string& name = "game") {
    return done([&](auto callback) { phone.dataset(name).unsubscribe(std::move(callback)); });
  }
  std::string unregister() {
    return done([&](auto callback) { phone.client->unregister_device(std::move(callback)); });
  }
  Result<std::string> register_device(const std::string& token = "token-1") {
    Answers<std::string> answers;
    phone.client->register_device(PushPlatform::kGcm, token, answers.callback());
    phone.run_until([&] { return answers.count() > 0; });
    phone.settle();
    EXPECT_EQ(answers.count(), 1U);
    return answers.at(0);
  }
  std::vector<std::string> take_sent() { return std::exchange(sent, {}); }

  // The dataset exists, the phone is subscribed and has all of it.
  void wake_up_for_game() {
    laptop.put("k", "1");
    laptop.sync_well();
    ASSERT_TRUE(register_device());
    ASSERT_EQ(subscribe(), "ok");
    phone.sync_well();
    take_sent();
  }
  std::string push(std::int64_t count, const std::string& name = "game") { return pool.push(me.identity, name, count); }
  // handle_push() to its end: the report's requests, or the error's code.
  std::string handle(const std::string& bytes) {
    SyncAnswers answers;
    const auto hint = phone.client->handle_push(bytes, answers.callback());
    EXPECT_EQ(answers.count(), 0U) << "not inside the call";
    phone.run_until([&] { return answers.count() > 0; });
    phone.settle();
    EXPECT_EQ(answers.count(), 1U);
    const auto answer = answers.at(0);
    if (!hint) {
      EXPECT_EQ(answer.error().message, hint.error().message);
      return std::string(to_string(hint.error().code));
    }
    if (!answer) return "sync: " + std::string(to_string(answer.error().code));
    return (hint->decision == HintDecision::kKnown ? "known " : "synced ") + std::to_string(answer->requests);
  }

  Backend backend;
  const PushPool pool{backend.access()};
  const PushPool::Guest me = pool.new_guest();
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
  bool offline = false;
  std::vector<std::string> sent;
  std::string last_update;
};

// --- registration ---------------------------------------------------------------------------------------------------

TEST_F(PushTest, ADeviceIsRegisteredOnceForAToken) {
  const auto id = register_device();
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_FALSE(id->empty());
  EXPECT_THAT(take_sent(), ElementsAre("register"));
  EXPECT_EQ(register_device().value(), *id);
  reopen();
  EXPECT_EQ(register_device().value(), *id);
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(PushTest, D20ItsIdGoesOutWithEveryPushOfRecords) {
  const auto id = register_device().value();
  phone.put("k", "1");
  phone.sync_well();
  EXPECT_THAT(last_update, HasSubstr("\"DeviceId\":\"" + id + "\""));
  reopen();
  phone.put("k", "2");
  phone.sync_well();
  EXPECT_THAT(last_update, HasSubstr("\"DeviceId\":\"" + id + "\""));
  EXPECT_EQ(unregister(), "ok");
  phone.put("k", "3");
  phone.sync_well();
  EXPECT_THAT(last_update, ::testing::Not(HasSubstr("DeviceId")));
}

TEST_F(PushTest, TheAppsOwnDeviceIdComesFirst) {
  phone.client.reset();
  phone.options.device_id = "mine";
  phone.open();
  ASSERT_TRUE(register_device());
  phone.put("k", "1");
  phone.sync_well();
  EXPECT_THAT(last_update, HasSubstr(R"("DeviceId":"mine")"));
}

TEST_F(PushTest, Case23ANewTokenTakesTheSubscriptionsOver) {
  wake_up_for_game();
  const auto second = register_device("token-2");
  ASSERT_TRUE(second);
  EXPECT_THAT(take_sent(), ElementsAre("register", "subscribe game", "unsubscribe game"));
  reopen();
  EXPECT_EQ(register_device("token-2").value(), *second);
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(PushTest, Case23ATokenThatChangesOfflineIsRegisteredOnItsOwn) {
  wake_up_for_game();
  offline = true;
  EXPECT_EQ(register_device("token-2").error().code, ErrorCode::kNetwork);
  offline = false;
  reopen();
  EXPECT_THAT(take_sent(), ElementsAre("register", "subscribe game", "unsubscribe game"));
}

TEST_F(PushTest, D15AnotherIdentityIsRegisteredOnItsOwnAndApart) {
  wake_up_for_game();
  const auto mine = register_device().value();
  const auto other = pool.new_guest();
  become(phone, other);
  phone.settle();
  EXPECT_THAT(take_sent(), ElementsAre("register"));
  EXPECT_NE(register_device().value(), mine);
  EXPECT_EQ(handle(push(9)), "not_found") << "of the identity before";
  EXPECT_EQ(handle(pool.push(other.identity, "game", 9)), "not_found") << "not subscribed";
  become(phone, me);
  phone.settle();
  EXPECT_EQ(register_device().value(), mine);
  EXPECT_EQ(handle(push(1)), "known 0");
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(PushTest, D15AHandleOfAnIdentityBeforeChangesNothing) {
  auto before = phone.dataset();
  Answers<void> wiped;
  phone.client->wipe(Whose::kThisIdentity, wiped.callback());
  phone.settle();
  ASSERT_TRUE(wiped.at(0));
  Answers<void> answers;
  before.subscribe(answers.callback());
  before.unsubscribe(answers.callback());
  phone.settle();
  for (const std::size_t each : {0U, 1U}) EXPECT_EQ(answers.at(each).error().code, ErrorCode::kIdentityChanged);
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(PushTest, BadInputATokenThatIsNone) {
  for (const std::string& token : {std::string(), std::string(4'097, 'x'), std::string("a b"), std::string("a\nb")}) {
    EXPECT_EQ(register_device(token).error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(PushTest, BadInputAServiceThatAnswersWithNoDeviceId) {
  const auto through = phone.network;
  phone.network = [through](const HttpRequest& request) -> Result<HttpResponse> {
    return name_of(request) == "register" ? json_answer(R"({"DeviceId":""})") : through(request);
  };
  EXPECT_EQ(register_device().error().code, ErrorCode::kBadAnswer);
}

// --- subscriptions --------------------------------------------------------------------------------------------------

TEST_F(PushTest, ASubscriptionIsToldToTheServiceOnce) {
  laptop.put("k", "1");
  laptop.sync_well();
  EXPECT_EQ(subscribe(), "ok") << "no device is registered: it is only noted here";
  EXPECT_THAT(take_sent(), IsEmpty());
  ASSERT_TRUE(register_device());
  EXPECT_THAT(take_sent(), ElementsAre("register", "subscribe game"));
  EXPECT_EQ(subscribe(), "ok");
  EXPECT_THAT(take_sent(), IsEmpty());
  EXPECT_EQ(unsubscribe(), "ok");
  EXPECT_THAT(take_sent(), ElementsAre("unsubscribe game"));
  EXPECT_EQ(unsubscribe(), "ok");
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(PushTest, ADatasetThatTheServiceDoesNotKnowIsSubscribedAfterItsFirstPush) {
  ASSERT_TRUE(register_device());
  EXPECT_EQ(subscribe(), "resource_not_found");
  take_sent();
  phone.put("k", "1");
  phone.sync_well();
  phone.settle();
  EXPECT_THAT(take_sent(), ElementsAre("list game", "update game", "subscribe game"));
}

TEST_F(PushTest, AllDatasetsAtOnce) {
  for (const char* name : {"a", "b"}) {
    std::ignore = laptop.dataset(name).put("k", "1");
    laptop.sync_well(name);
    phone.sync_well(name);
  }
  ASSERT_TRUE(register_device());
  take_sent();
  EXPECT_EQ(done([&](auto callback) { phone.client->subscribe_all(std::move(callback)); }), "ok");
  EXPECT_THAT(take_sent(), ElementsAre("subscribe a", "subscribe b"));
  EXPECT_EQ(done([&](auto callback) { phone.client->unsubscribe_all(std::move(callback)); }), "ok");
  EXPECT_THAT(take_sent(), ElementsAre("unsubscribe a", "unsubscribe b"));
}

TEST_F(PushTest, Case23UnregisteringEndsAllAndGoesOnAfterARestart) {
  wake_up_for_game();
  std::ignore = laptop.dataset("b").put("k", "1");
  laptop.sync_well("b");
  ASSERT_EQ(subscribe("b"), "ok");
  take_sent();
  offline = true;
  EXPECT_EQ(unregister(), "network");
  EXPECT_EQ(handle(push(9)), "not_found") << "at once, whatever the service still sends";
  offline = false;
  reopen();
  EXPECT_THAT(take_sent(), ElementsAre("unsubscribe b", "unsubscribe game"));
  EXPECT_EQ(unregister(), "ok");
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(PushTest, WhatTheServiceHasForgottenNeedsNoEnd) {
  wake_up_for_game();
  ASSERT_TRUE(laptop.dataset().delete_dataset());
  laptop.sync_well();
  EXPECT_EQ(unsubscribe(), "ok");
}

// --- messages -------------------------------------------------------------------------------------------------------

TEST_F(PushTest, D20AMessageBecomesAFinishedPullInOneRequest) {
  wake_up_for_game();
  laptop.put("k", "2");
  laptop.sync_well();
  EXPECT_EQ(handle(push(2)), "synced 1");
  EXPECT_EQ(phone.get("k"), "2");
  EXPECT_THAT(take_sent(), ElementsAre("list game"));
}

TEST_F(PushTest, D20ACountAlreadyKnownCostsNoRequest) {
  wake_up_for_game();
  EXPECT_EQ(handle(push(1)), "known 0");
  EXPECT_EQ(handle(push(0)), "known 0");
  EXPECT_EQ(handle(R"({"data":)" + push(1) + "}"), "known 0");
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(PushTest, D20ItsOwnChangeIsKnown) {
  wake_up_for_game();
  phone.put("k", "2");
  phone.sync_well();
  take_sent();
  EXPECT_EQ(handle(push(2)), "known 0");
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(PushTest, D20ManyMessagesDuringASyncAreOneSyncAtMost) {
  wake_up_for_game();
  laptop.put("k", "2");
  laptop.sync_well();
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(phone.client->handle_push(push(2), answers.callback()));
  phone.run_until([&] { return answers.count() == 51; });
  EXPECT_THAT(take_sent(), ElementsAre("list game")) << "the sync that ran has brought it";
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(phone.client->handle_push(push(9), answers.callback()));
  phone.run_until([&] { return answers.count() == 101; });
  EXPECT_LE(take_sent().size(), 2U) << "a count that never comes";
}

TEST_F(PushTest, D20ForgedForeignAndTruncatedOnesChangeNothing) {
  wake_up_for_game();
  const auto good = push(9);
  const auto with = [&](const std::string& from, const std::string& to) {
    auto bytes = good;
    return bytes.replace(bytes.find(from), from.size(), to);
  };
  EXPECT_EQ(handle(with("cognito-sync", "somebody")), "invalid_argument");
  EXPECT_EQ(handle(with(pool.id(), backend.pool())), "not_found");
  EXPECT_EQ(handle(with(me.identity, std::string(kIdentity))), "not_found");
  EXPECT_EQ(handle(with("\"game\"", "\"other\"")), "not_found");
  EXPECT_EQ(handle(with("\"game\"", "\"../game\"")), "invalid_argument");
  EXPECT_EQ(handle(""), "invalid_argument");
  EXPECT_EQ(handle(std::string(1'000'000, 'x')), "invalid_argument");
  for (std::size_t end = 0; end < good.size(); ++end) EXPECT_FALSE(phone.client->handle_push(good.substr(0, end)));
  phone.settle();
  EXPECT_THAT(take_sent(), IsEmpty());
  EXPECT_THAT(phone.client->dataset_names().value(), ElementsAre("game"));
}

TEST_F(PushTest, D20TheLargestCountIsOneSync) {
  wake_up_for_game();
  EXPECT_EQ(handle(push(std::numeric_limits<std::int64_t>::max())), "synced 1");
}

TEST_F(PushTest, D13AMessageOfflineIsAnErrorOnce) {
  wake_up_for_game();
  offline = true;
  EXPECT_EQ(handle(push(9)), "sync: network");
}

TEST_F(PushTest, D13AfterShutdownEachIsAnswered) {
  wake_up_for_game();
  SyncAnswers answers;
  ASSERT_TRUE(phone.client->handle_push(push(9), answers.callback()));
  phone.client->shutdown(std::chrono::milliseconds{0});
  EXPECT_EQ(answers.count(), 1U);
  EXPECT_EQ(phone.client->handle_push(push(9), answers.callback()).error().code, ErrorCode::kClosed);
  EXPECT_EQ(answers.count(), 2U);
  Answers<std::string> registered;
  phone.client->register_device(PushPlatform::kGcm, "token", registered.callback());
  EXPECT_EQ(registered.at(0).error().code, ErrorCode::kClosed);
}

TEST_F(PushTest, D13ShutdownAnswersARegistrationUnderWay) {
  phone.transport->fault_when([](const HttpRequest& request) { return name_of(request) == "register"; },
                              Fault::hold_request());
  Answers<std::string> registered;
  phone.client->register_device(PushPlatform::kGcm, "token", registered.callback());
  phone.settle();
  EXPECT_EQ(registered.count(), 0U);
  phone.client->shutdown(std::chrono::milliseconds{0});
  ASSERT_EQ(registered.count(), 1U);
  EXPECT_EQ(registered.at(0).error().code, ErrorCode::kCancelled);
}

TEST_F(PushTest, D13ShutdownAnswersThoseWhoWaitForARegistrationAndFreesAll) {
  phone.transport->fault_when([](const HttpRequest& request) { return name_of(request) == "register"; },
                              Fault::hold_request());
  Answers<std::string> registered;
  Answers<void> subscribed;
  phone.client->register_device(PushPlatform::kGcm, "token", registered.callback());
  phone.settle();
  phone.client->subscribe_all(subscribed.callback());
  phone.settle();
  const auto requests = phone.transport->requests();
  const auto impl = ClientImpl::of(*phone.client).weak_from_this();
  phone.client->shutdown(std::chrono::milliseconds{0});
  EXPECT_EQ(registered.count(), 1U);
  ASSERT_EQ(subscribed.count(), 1U);
  EXPECT_EQ(subscribed.at(0).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(phone.transport->requests(), requests);
  phone.client.reset();
  EXPECT_TRUE(impl.expired());
}

}  // namespace
}  // namespace syncline::testing
