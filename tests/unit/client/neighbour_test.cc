// Two clients on one data directory (D18): what one does is told, counted and answered for in the other.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

using std::chrono::milliseconds;
using Keys = std::vector<std::string>;

class NeighbourTest : public ::testing::Test {
 protected:
  NeighbourTest() { other.options.data_directory = phone.options.data_directory; }

  // Keys that another process added or changed.
  ChangeCallback note() {
    return [this](const DatasetChange& change) {
      if (change.source != ChangeSource::kOtherProcess) return;
      told.insert(told.end(), change.added.begin(), change.added.end());
      told.insert(told.end(), change.updated.begin(), change.updated.end());
    };
  }
  static void wipe(Device& device) {
    if (!device.client) device.open();
    Answers<void> wiped;
    device.client->wipe(Whose::kEverybody, wiped.callback());
    device.run_until([&] { return wiped.count() == 1; });
    ASSERT_TRUE(wiped.at(0)) << wiped.at(0).error().message;
  }

  Backend backend;
  Device phone{backend, "phone"};
  Device other{backend, "other"};
  Device laptop{backend, "laptop"};
  Keys told;
};

TEST_F(NeighbourTest, D18WhatOthersWroteIsToldThoughOnesOwnCallChangedNothing) {
  const auto listening = phone.dataset().on_change(note());
  phone.settle();
  other.put("k", "1");
  ASSERT_TRUE(phone.dataset().remove("never there"));
  phone.settle();
  EXPECT_EQ(told, Keys{"k"});
}

TEST_F(NeighbourTest, D18WhatOthersWroteIsToldThoughTheAnswerToAPushChangesNothing) {
  phone.network = [&, through = phone.network](const HttpRequest& request) {
    if (is_push(request)) other.put("theirs", "1");
    return through(request);
  };
  const auto listening = phone.dataset().on_change(note());
  phone.put("mine", "1");
  phone.sync_well();
  phone.settle();
  EXPECT_EQ(told, Keys{"theirs"});
}

TEST_F(NeighbourTest, D18ADatasetThatAnotherProcessWipedIsOpenedAnew) {
  phone.put("k", "1");
  auto before = phone.dataset();
  wipe(other);
  EXPECT_EQ(before.put("k", "2").error().code, ErrorCode::kIdentityChanged);
  EXPECT_EQ(before.delete_dataset().error().code, ErrorCode::kIdentityChanged);
  EXPECT_EQ(outcome_of(phone.sync()), "ok") << "opened anew by now";
  phone.put("k", "3");
  EXPECT_EQ(phone.sync_well().pushed, 1U);
  laptop.sync_well();
  EXPECT_EQ(laptop.get("k"), "3");
  SyncAnswers answers;
  before.synchronize(answers.callback());
  phone.run_until([&] { return answers.count() == 1; });
  EXPECT_EQ(outcome_of(answers.at(0)), "identity_changed");
}

TEST_F(NeighbourTest, D13ASyncOfADatasetThatAnotherProcessWipedEndsWhenItIsOpenedAnew) {
  phone.put("k", "1");
  phone.transport->fault_when(is_list, Fault::hold_answer(), 1);
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  phone.run_until([&] { return phone.transport->held() == 1; });
  wipe(other);
  phone.put("k", "2");
  phone.run_until([&] { return answers.count() == 1; });
  EXPECT_EQ(outcome_of(answers.at(0)), "identity_changed");
  EXPECT_EQ(phone.sync_well().pushed, 1U);
}

TEST_F(NeighbourTest, D18ConflictsThatAnotherProcessWipedAreNotCounted) {
  collide(phone, laptop, "level", "1", "2", "3");
  std::ignore = phone.client->status();
  phone.sync_well();
  phone.settle();
  ASSERT_EQ(phone.client->status().conflicts, 1U);
  wipe(other);
  phone.dataset();
  phone.settle();
  EXPECT_EQ(phone.client->status().conflicts, 0U);
}

TEST_F(NeighbourTest, D18AConflictThatAnotherProcessSettledIsNotCounted) {
  collide(phone, laptop, "level", "1", "2", "3");
  std::ignore = phone.client->status();
  const auto listening = phone.dataset().on_change(note());
  phone.sync_well();
  phone.settle();
  ASSERT_EQ(phone.client->status().conflicts, 1U);
  auto theirs = other.dataset();
  ASSERT_TRUE(theirs.resolve(theirs.conflicts()->at(0), Resolution::keep_remote()));
  phone.settle();
  EXPECT_EQ(told, Keys{"level"});
  EXPECT_EQ(phone.client->status().conflicts, 0U);
}

TEST_F(NeighbourTest, D18WhoeverCouldNotListenIsListenedForLater) {
  auto dataset = phone.dataset();
  other.put("before", "1");
  phone.settle();
  sqlite3_hard_heap_limit64(1);
  const auto listening = dataset.on_change(note());
  sqlite3_hard_heap_limit64(0);
  phone.pass(milliseconds{1'100});
  other.put("after", "1");
  phone.settle();
  EXPECT_EQ(told, Keys{"after"});
}

// --- one's own wipe
// ---------------------------------------------------------------------------------------------------

TEST_F(NeighbourTest, D15AHandleThatOutlivesAWipeWritesNothing) {
  phone.put("k", "1");
  auto before = phone.dataset();
  wipe(phone);
  const auto expect_refused = [](const auto& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kIdentityChanged);
  };
  expect_refused(before.put("k", "2"));
  expect_refused(before.get("k"));
  expect_refused(before.remove("k"));
  expect_refused(before.info());
  expect_refused(before.delete_dataset());
  EXPECT_FALSE(before.on_change(note()).active()) << "nothing of it will be told any more";
  SyncAnswers answers;
  before.synchronize(answers.callback());
  phone.run_until([&] { return answers.count() == 1; });
  EXPECT_EQ(outcome_of(answers.at(0)), "identity_changed");
  EXPECT_EQ(phone.values(), Values());
  EXPECT_EQ(phone.client->unsent(Whose::kEverybody)->size(), 0U);
}

}  // namespace
}  // namespace syncline::testing
