// What an interface is shown: status and progress, told on the dispatcher, changes only (D13).
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using States = std::vector<std::string>;

class StatusTest : public ::testing::Test {
 protected:
  StatusCallback note() {
    return [this](const SyncStatus& status) { told.emplace_back(to_string(status.state)); };
  }
  void switch_on() {
    phone.options.automatic_sync = {
        .enabled = true, .settle = milliseconds{100}, .on_start = false, .jitter = milliseconds{0}};
  }

  Backend backend;
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
  States told;
};

TEST_F(StatusTest, ASyncIsShownFromItsBeginToItsEnd) {
  phone.put("level", "1");
  const auto listening = phone.client->on_status(note());
  EXPECT_EQ(phone.client->status().state, SyncState::kIdle);
  phone.sync_well();
  phone.settle();
  EXPECT_EQ(told, (States{"syncing", "idle"}));
}

TEST_F(StatusTest, AnAutomaticSyncIsWaitedForFirst) {
  switch_on();
  phone.open();
  const auto listening = phone.client->on_status(note());
  phone.put("level", "1");
  phone.pass(seconds{1});
  EXPECT_EQ(told, (States{"waiting", "syncing", "idle"}));
}

TEST_F(StatusTest, AConflictIsShownUntilItIsSettled) {
  collide(phone, laptop, "level", "1", "2", "3");
  const auto listening = phone.client->on_status(note());
  phone.sync_well();
  phone.settle();
  EXPECT_EQ(told.back(), "conflict");
  EXPECT_EQ(phone.client->status().conflicts, 1U);
  const auto conflicts = *phone.dataset().conflicts();
  ASSERT_TRUE(phone.dataset().resolve(conflicts.at(0), Resolution::keep_remote()));
  phone.settle();
  EXPECT_EQ(told.back(), "idle");
}

TEST_F(StatusTest, AConflictOfASyncThatFailedIsCounted) {
  collide(phone, laptop, "level", "1", "2", "3");
  phone.put("another", "1");
  std::ignore = phone.client->status();
  phone.settle();
  phone.transport->fault_when(is_push, Fault::replace(refusal(400, "InvalidParameterException", "no")));
  EXPECT_FALSE(phone.sync());
  phone.settle();
  EXPECT_EQ(phone.client->status().conflicts, 1U);
}

TEST_F(StatusTest, AConflictThatIsSettledDuringTheSyncIsNotCounted) {
  collide(phone, laptop, "level", "1", "2", "3");
  std::ignore = phone.client->status();
  phone.sync_well();
  phone.put("another", "1");
  phone.transport->fault_when(is_push, Fault::hold_answer(), 1);
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  phone.run_until([&] { return phone.transport->held() == 1; });
  ASSERT_TRUE(phone.dataset().resolve(phone.dataset().conflicts()->at(0), Resolution::keep_remote()));
  phone.transport->release();
  phone.run_until([&] { return answers.count() == 1; });
  phone.settle();
  EXPECT_EQ(phone.client->status().conflicts, 0U);
}

TEST_F(StatusTest, AWriteThatSettlesAConflictIsShownAtOnce) {
  collide(phone, laptop, "level", "1", "2", "3");
  std::ignore = phone.client->status();
  phone.sync_well();
  phone.settle();
  ASSERT_EQ(phone.client->status().conflicts, 1U);
  phone.put("level", "3");
  phone.settle();
  EXPECT_EQ(phone.client->status().conflicts, 0U) << "what the other side holds";
}

TEST_F(StatusTest, TheConflictsOfADeletedDatasetAreGoneAtOnceAndThoseOfOthersStay) {
  collide(phone, laptop, "level", "1", "2", "3");
  std::ignore = phone.client->status();
  phone.sync_well();
  auto second = phone.dataset("second");
  ASSERT_TRUE(second.put("k", "1"));
  ASSERT_TRUE(laptop.dataset("second").put("k", "2"));
  laptop.sync_well("second");
  phone.sync_well("second");
  phone.settle();
  ASSERT_EQ(phone.client->status().conflicts, 2U);
  ASSERT_TRUE(second.delete_dataset());
  phone.settle();
  EXPECT_EQ(phone.client->status().conflicts, 1U);
}

TEST_F(StatusTest, AConflictOfAnEarlierRunIsShown) {
  collide(phone, laptop, "level", "1", "2", "3");
  phone.sync_well();
  for (const bool automatic : {false, true}) {
    phone.client.reset();
    if (automatic) switch_on();
    phone.open();
    if (!automatic) phone.dataset();
    std::ignore = phone.client->status();
    phone.settle();
    EXPECT_EQ(phone.client->status().state, SyncState::kConflict) << automatic;
  }
}

TEST_F(StatusTest, FailuresAreShownWithTheirError) {
  struct Row {
    HttpResponse answer;
    SyncState state;
    ErrorCode code;
  };
  phone.open();
  const std::vector<Row> rows = {
      {refusal(400, "NotAuthorizedException", "no"), SyncState::kNeedsSignIn, ErrorCode::kNotAuthorized},
      {refusal(400, "InvalidParameterException", "no"), SyncState::kError, ErrorCode::kInvalidParameter},
      {refusal(500, "InternalErrorException", "no"), SyncState::kError, ErrorCode::kServiceFailure},
  };
  for (const auto& row : rows) {
    phone.transport->fault_when(is_list, Fault::replace(row.answer));
    EXPECT_FALSE(phone.sync());
    phone.settle();
    EXPECT_EQ(phone.client->status().state, row.state);
    ASSERT_TRUE(phone.client->status().error);
    EXPECT_EQ(phone.client->status().error->code, row.code);
    phone.transport->clear_faults();
    phone.sync_well();
    EXPECT_EQ(phone.client->status().state, SyncState::kIdle);
    EXPECT_FALSE(phone.client->status().error);
  }
  phone.transport->fault_when(is_list, Fault::drop_request());
  EXPECT_FALSE(phone.sync());
  EXPECT_EQ(phone.client->status().state, SyncState::kOffline);
}

TEST_F(StatusTest, D13ACallbackThatThrowsHarmsNobody) {
  phone.put("level", "1");
  const auto one = phone.client->on_status([](const SyncStatus&) { throw std::runtime_error("app"); });
  const auto two = phone.client->on_status(note());
  const auto three = phone.client->on_progress([](const SyncProgress&) { throw std::runtime_error("app"); });
  EXPECT_EQ(phone.sync_well().pushed, 1U);
  phone.settle();
  EXPECT_EQ(told, (States{"syncing", "idle"}));
}

TEST_F(StatusTest, NobodyIsToldInsideAnotherCallOfTheApps) {
  phone.put("level", "1");
  bool inside = false;
  int nested = 0;
  const auto listening = phone.client->on_status([&](const SyncStatus&) { nested += inside ? 1 : 0; });
  const auto changes = phone.dataset().on_change([&](const DatasetChange&) {
    inside = true;
    phone.dataset().synchronize([](const auto&) {});
    phone.client->network_changed({.state = Connectivity::State::kOffline});
    inside = false;
  });
  phone.put("level", "2");
  phone.sync_well();
  phone.settle();
  EXPECT_EQ(nested, 0);
}

TEST_F(StatusTest, ADispatcherThatIsSlowHearsOfTheLatest) {
  phone.options.dispatcher = phone.queue = std::make_shared<QueueDispatcher>();
  phone.put("level", "1");
  const auto listening = phone.client->on_status(note());
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  for (int i = 0; i < 100; ++i) phone.client->tick(phone.clock->monotonic());
  EXPECT_TRUE(told.empty());
  phone.settle();
  EXPECT_EQ(answers.count(), 1U);
  EXPECT_EQ(told, States{}) << "it was idle before, and is again";
}

TEST_F(StatusTest, WhoeverEndedTheSubscriptionHearsNothing) {
  phone.put("level", "1");
  auto listening = phone.client->on_status(note());
  listening.reset();
  phone.sync_well();
  phone.settle();
  EXPECT_TRUE(told.empty());
}

TEST_F(StatusTest, NothingIsToldAfterShutdown) {
  phone.options.dispatcher = phone.queue = std::make_shared<QueueDispatcher>();
  phone.put("level", "1");
  const auto listening = phone.client->on_status(note());
  phone.dataset().synchronize([](const auto&) {});
  for (int i = 0; i < 3; ++i) phone.client->tick(phone.clock->monotonic());
  phone.client->shutdown(milliseconds{0});
  told.clear();
  phone.queue->poll();
  EXPECT_TRUE(told.empty());
}

TEST_F(StatusTest, AStatusCallbackMayEndTheClient) {
  phone.put("level", "1");
  const auto listening = phone.client->on_status([&](const SyncStatus&) { phone.client.reset(); });
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  phone.run_until([&] { return answers.count() == 1; });
  EXPECT_EQ(outcome_of(answers.at(0)), "cancelled");
}

TEST_F(StatusTest, ProgressEndsWithAllThatWasDone) {
  laptop.put("theirs", "12345");
  laptop.sync_well();
  phone.put("ours", "123");
  SyncProgress latest;
  int calls = 0;
  const auto listening = phone.client->on_progress([&](const SyncProgress& progress) {
    EXPECT_FALSE(progress == latest) << "only changes are told";
    EXPECT_LE(progress.records_done, progress.records_total);
    EXPECT_LE(progress.bytes_done, progress.bytes_total);
    EXPECT_LE(progress.datasets_done, progress.datasets_total);
    latest = progress;
    ++calls;
  });
  phone.sync_well();
  phone.settle();
  EXPECT_GT(calls, 2);
  EXPECT_EQ(latest, (SyncProgress{.datasets_done = 1,
                                  .datasets_total = 1,
                                  .records_done = 2,
                                  .records_total = 2,
                                  .bytes_done = 11 + 7,
                                  .bytes_total = 11 + 7}));
}

TEST_F(StatusTest, ProgressCountsDatasetsSideBySideAndWhatFailedAsDone) {
  for (const auto* name : {"one", "two", "three"}) ASSERT_TRUE(phone.dataset(name).put("k", "v"));
  SyncProgress latest;
  const auto listening = phone.client->on_progress([&](const SyncProgress& progress) { latest = progress; });
  phone.transport->fault_when([](const HttpRequest& request) { return request.path.find("two") != std::string::npos; },
                              Fault::replace(refusal(400, "InvalidParameterException", "no")));
  SyncAnswers answers;
  for (const auto* name : {"one", "two", "three"}) phone.dataset(name).synchronize(answers.callback());
  phone.run_until([&] { return answers.count() == 3; });
  phone.settle();
  EXPECT_EQ(latest.datasets_done, 3U);
  EXPECT_EQ(latest.datasets_total, 3U);
  EXPECT_EQ(latest.records_done, latest.records_total);
  EXPECT_EQ(latest.records_done, 2U) << "nothing of the one that failed";
}

}  // namespace
}  // namespace syncline::testing
