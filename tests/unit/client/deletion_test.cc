// A dataset that somebody else deleted: the app is asked once, and a killed process decides nothing (D14).
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

class RemoteDeletionTest : public ::testing::Test {
 protected:
  // Both know two records; then the laptop deletes the dataset at the service.
  void SetUp() override {
    phone.options.deletion_handler = [this](const RemoteDeletion& deletion) {
      asked.push_back(deletion);
      return answer();
    };
    phone.put("a", "1");
    phone.put("b", "1");
    phone.sync_well();
    laptop.sync_well();
    ASSERT_TRUE(laptop.dataset().delete_dataset());
    laptop.sync_well();
  }
  void expect_both(const Values& values) {
    laptop.sync_well();
    EXPECT_EQ(phone.values(), values);
    EXPECT_EQ(laptop.values(), values);
    EXPECT_EQ(phone.dataset().info()->pending, 0U);
  }

  Backend backend;
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
  std::function<DeletionAnswer()> answer = [] { return DeletionAnswer::kForget; };
  std::vector<RemoteDeletion> asked;
};

TEST_F(RemoteDeletionTest, D14ForgottenAndAskedOnce) {
  phone.sync_well();
  expect_both({});
  phone.sync_well();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].dataset, "game");
  EXPECT_EQ(asked[0].records, 2U);
  EXPECT_EQ(asked[0].pending, 0U);
  EXPECT_FALSE(asked[0].made_anew);
}

TEST_F(RemoteDeletionTest, D14KeptAndUploadedAgain) {
  answer = [] { return DeletionAnswer::kKeep; };
  phone.put("a", "2");
  EXPECT_EQ(phone.sync_well().pushed, 2U);
  EXPECT_EQ(asked.at(0).pending, 1U);
  expect_both({{"a", "2"}, {"b", "1"}});
  phone.sync_well();
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(RemoteDeletionTest, D1UnsentWritesOutliveADeletionThatIsAccepted) {
  phone.put("c", "1");
  phone.sync_well();
  expect_both({{"c", "1"}});
}

TEST_F(RemoteDeletionTest, D14WhatWasMadeAnewWinsOverWhatIsKept) {
  answer = [] { return DeletionAnswer::kKeep; };
  laptop.put("a", "new");
  laptop.sync_well();
  phone.sync_well();
  EXPECT_TRUE(asked.at(0).made_anew);
  expect_both({{"a", "new"}, {"b", "1"}});
}

// Case 9: killed while it decides; meanwhile the laptop makes the dataset anew.
TEST_F(RemoteDeletionTest, D14Case9AnAppThatEndsWhileItIsAskedHasDecidedNothing) {
  answer = [this] {
    laptop.put("new", "1");
    laptop.sync_well();
    phone.client->shutdown(std::chrono::milliseconds{0});
    return DeletionAnswer::kForget;
  };
  EXPECT_EQ(outcome_of(phone.sync()), "cancelled");
  phone.client.reset();
  answer = [] { return DeletionAnswer::kForget; };
  EXPECT_EQ(phone.values().size(), 2U);
  phone.sync_well();
  EXPECT_EQ(asked.size(), 2U);
  expect_both({{"new", "1"}});
}

TEST_F(RemoteDeletionTest, D13AHandlerThatThrowsChangesNothing) {
  answer = []() -> DeletionAnswer { throw std::runtime_error("no idea"); };
  const auto report = phone.sync();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInternal);
  EXPECT_EQ(phone.values().size(), 2U);
  answer = [] { return DeletionAnswer::kForget; };
  phone.sync_well();
  EXPECT_EQ(asked.size(), 2U);
  expect_both({});
}

TEST_F(RemoteDeletionTest, D1AWriteInsideTheHandlerStays) {
  answer = [this] {
    phone.put("late", "1");
    return DeletionAnswer::kForget;
  };
  phone.sync_well();
  expect_both({{"late", "1"}});
}

TEST_F(RemoteDeletionTest, TheDispatcherOfTheAppAsks) {
  phone.queue = std::make_shared<QueueDispatcher>();
  phone.options.dispatcher = phone.queue;
  phone.client.reset();
  answer = [] { return DeletionAnswer::kKeep; };
  phone.sync_well();
  phone.queue.reset();
  expect_both({{"a", "1"}, {"b", "1"}});
}

TEST_F(RemoteDeletionTest, D14Case10NobodyIsAskedAboutWhatIsNewOrOnesOwn) {
  phone.sync_well();
  asked.clear();
  phone.sync_well();
  phone.put("a", "1");
  phone.sync_well();
  ASSERT_TRUE(phone.dataset().delete_dataset());
  phone.put("b", "1");
  phone.sync_well();
  phone.sync_well();
  EXPECT_TRUE(asked.empty());
  expect_both({{"b", "1"}});
}

}  // namespace
}  // namespace syncline::testing
