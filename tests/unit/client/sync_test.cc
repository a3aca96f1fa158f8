// synchronize() end to end with the real service, the real store and the real engine; only the network is a fake.
#include <gtest/gtest.h>

#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

class SyncTest : public ::testing::Test {
 protected:
  Backend backend;
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
};

std::vector<Change> many(std::size_t count, std::size_t bytes = 10) {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < count; ++i) {
    changes.push_back(Change{.key = "key" + std::to_string(i), .value = std::string(bytes, 'v')});
  }
  return changes;
}

// --- what a sync costs (the issue: "Requests a sync")
// -----------------------------------------------------------------

TEST_F(SyncTest, NothingChangedTakesOneRequest) {
  phone.put("level", "1");
  phone.sync_well();
  const auto before = phone.transport->requests();
  const auto report = phone.sync_well();
  EXPECT_EQ(report.requests, 1U);
  EXPECT_EQ(phone.transport->requests() - before, 1U);
  EXPECT_EQ(report.pulled + report.pushed, 0U);
}

TEST_F(SyncTest, ADatasetThatNobodyHasTakesOneRequest) {
  EXPECT_EQ(phone.sync_well().requests, 1U);
  EXPECT_EQ(phone.sync_well().sync_count, SyncCount{0});
}

TEST_F(SyncTest, TheFirstPushTakesTwoRequests) {
  phone.put("level", "1");
  const auto report = phone.sync_well();
  EXPECT_EQ(report.requests, 2U);
  EXPECT_EQ(report.pushed, 1U);
  EXPECT_EQ(report.sync_count, SyncCount{1});
  EXPECT_EQ(phone.dataset().info()->pending, 0U);
}

TEST_F(SyncTest, OneLocalChangeOfANewProcessTakesTwoRequests) {
  phone.put("level", "1");
  phone.sync_well();
  phone.put("level", "2");
  phone.client.reset();
  EXPECT_EQ(phone.sync_well().requests, 2U);
}

TEST_F(SyncTest, OneRemoteChangeTakesOneRequest) {
  phone.put("level", "1");
  phone.sync_well();
  const auto report = laptop.sync_well();
  EXPECT_EQ(report.requests, 1U);
  EXPECT_EQ(report.pulled, 1U);
  EXPECT_EQ(laptop.get("level"), "1");
}

TEST_F(SyncTest, AnEditHereSeenThereTakesTwoRequests) {
  phone.put("level", "1");
  phone.sync_well();
  laptop.sync_well();
  phone.put("level", "2");
  EXPECT_EQ(phone.sync_well().requests + laptop.sync_well().requests, 2U);
  EXPECT_EQ(laptop.get("level"), "2");
}

TEST_F(SyncTest, AThousandRecordsArePushedInTwoRequestsAndPulledInOne) {
  ASSERT_TRUE(phone.dataset().put_all(many(1'024, 100)));
  const auto pushed = phone.sync_well();
  EXPECT_EQ(pushed.requests, 2U);
  EXPECT_EQ(pushed.pushed, 1'024U);
  const auto pulled = laptop.sync_well();
  EXPECT_EQ(pulled.requests, 1U);
  EXPECT_EQ(pulled.pulled, 1'024U);
  EXPECT_EQ(laptop.values(), phone.values());
}

// --- what arrives
// -----------------------------------------------------------------------------------------------------

TEST_F(SyncTest, D17AbsentRemovedAndEmptyArriveAsSuch) {
  phone.put("empty", "");
  phone.put("gone", "1");
  phone.sync_well();
  laptop.sync_well();
  ASSERT_TRUE(phone.dataset().remove("gone"));
  phone.sync_well();
  laptop.sync_well();
  EXPECT_EQ(laptop.get("empty"), "");
  EXPECT_EQ(laptop.get("gone"), std::nullopt);
  EXPECT_EQ(laptop.get("never"), std::nullopt);
}

TEST_F(SyncTest, D17AnyKeyAndValueRoundTrips) {
  const Values odd = {{"a/b?c=d&e f", "\"\\\n\t"},
                      {"\xE2\x98\x83", "\xF0\x9F\x8E\xAE"},
                      {std::string("n\0l", 3), std::string("\0", 1)}};
  for (const auto& [key, value] : odd) phone.put(key, value);
  phone.sync_well();
  laptop.sync_well();
  EXPECT_EQ(laptop.values(), odd);
}

TEST_F(SyncTest, Case1WhatAnotherDeviceWroteComesWithOnesOwnPush) {
  phone.put("k0", "0");
  phone.sync_well();
  laptop.sync_well();
  laptop.put("k1", "laptop");
  laptop.put("k2", "laptop");
  laptop.sync_well();
  phone.options.conflict_handler = conflict_policy::keep_local;
  phone.client.reset();
  phone.put("k1", "phone");
  phone.sync_well();
  EXPECT_EQ(phone.get("k1"), "phone");
  EXPECT_EQ(phone.get("k2"), "laptop");
}

// D9: B writes between A's list and A's push.
TEST_F(SyncTest, Case2AWriteBetweenListAndPushComesWithTheNextSync) {
  phone.put("k1", "1");
  phone.sync_well();
  laptop.sync_well();
  laptop.put("k2", "laptop");
  phone.put("k1", "2");
  const auto straight = phone.network;
  phone.network = [&](const HttpRequest& request) {
    if (is_push(request)) laptop.sync_well();
    return straight(request);
  };
  phone.sync_well();
  phone.network = straight;
  phone.put("k1", "3");  // case 3: the list returns k1 as this device wrote it; the edit stays
  const auto report = phone.sync_well();
  EXPECT_EQ(report.conflicts, 0U);
  EXPECT_EQ(phone.values(), (Values{{"k1", "3"}, {"k2", "laptop"}}));
}

TEST_F(SyncTest, D5Case4AWriteDuringThePushStaysAndGoesOutNext) {
  phone.put("k", "1");
  const auto straight = phone.network;
  bool written = false;
  phone.network = [&](const HttpRequest& request) {
    if (is_push(request) && !std::exchange(written, true)) phone.put("k", "2");
    return straight(request);
  };
  phone.sync_well();
  EXPECT_EQ(phone.get("k"), "2");
  ASSERT_EQ(phone.dataset().pending_changes()->size(), 1U);
  EXPECT_EQ(phone.dataset().pending_changes()->at(0).base_count, SyncCount{1}) << "made on what was acknowledged";
  const auto next = phone.sync_well();
  EXPECT_EQ(next.requests, 1U);
  EXPECT_EQ(next.conflicts, 0U);
  laptop.sync_well();
  EXPECT_EQ(laptop.get("k"), "2");
}

TEST_F(SyncTest, Case6RemovePutAndPutPutBeforeASync) {
  phone.put("k", "1");
  phone.sync_well();
  ASSERT_TRUE(phone.dataset().remove("k"));
  phone.put("k", "2");
  phone.put("k", "1");
  phone.sync_well();
  laptop.sync_well();
  EXPECT_EQ(laptop.get("k"), "1");
}

TEST_F(SyncTest, PagesOfAListAreJoined) {
  ASSERT_TRUE(phone.dataset().put_all(many(25)));
  phone.sync_well();
  const auto straight = laptop.network;
  laptop.options.credentials = phone.options.credentials;
  // A service whose pages are small: sign a request of ours for fewer.
  laptop.network = [&](const HttpRequest& request) {
    if (!is_list(request)) return straight(request);
    auto smaller = request;
    std::erase_if(smaller.headers, [](const Header& header) { return header.name != "Host"; });
    smaller.query.emplace_back("maxResults", "10");
    auth::sign(smaller, "sync.test", {.region = "us-east-1", .service = "cognito-sync"}, backend.credentials(),
               backend.clock->wall());
    return straight(smaller);
  };
  const auto report = laptop.sync_well();
  EXPECT_EQ(report.requests, 3U);
  EXPECT_EQ(report.pulled, 25U);
  EXPECT_EQ(laptop.values(), phone.values());
}

// --- several at once
// --------------------------------------------------------------------------------------------------

TEST_F(SyncTest, D13SynchronizeWhileOneRunsSharesTheNextWithOneCompletionEach) {
  auto dataset = phone.dataset();
  SyncAnswers answers;
  phone.put("k", "1");
  dataset.synchronize(answers.callback());
  phone.client->tick(phone.clock->monotonic());
  phone.put("k", "2");
  for (int i = 0; i < 5; ++i) dataset.synchronize(answers.callback());
  phone.run_until([&] { return answers.count() >= 6; });
  phone.settle();
  EXPECT_EQ(answers.count(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(outcome_of(answers.at(i)), "ok");
  EXPECT_EQ(phone.transport->requests(), 3U) << "a sync that pushed both writes, and one for all who waited";
  EXPECT_EQ(dataset.info()->pending, 0U);
}

TEST_F(SyncTest, Case16TwoObjectsOfOneDatasetSyncAtOnce) {
  auto one = phone.dataset();
  auto other = phone.dataset();
  ASSERT_TRUE(one.put("a", "1"));
  ASSERT_TRUE(other.put("b", "2"));
  SyncAnswers answers;
  one.synchronize(answers.callback());
  other.synchronize(answers.callback());
  phone.run_until([&] { return answers.count() == 2; });
  EXPECT_EQ(outcome_of(answers.at(0)), "ok");
  EXPECT_EQ(outcome_of(answers.at(1)), "ok");
  laptop.sync_well();
  EXPECT_EQ(laptop.values(), (Values{{"a", "1"}, {"b", "2"}}));
}

// D18 in small: two clients, as two processes would have them, on one directory.
TEST_F(SyncTest, Case16TwoClientsOnOneDirectorySyncAtOnce) {
  Device same{backend, "phone"};
  same.options.data_directory = phone.options.data_directory;
  phone.put("a", "1");
  same.put("b", "2");
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  same.dataset().synchronize(answers.callback());
  for (int i = 0; i < 200 && answers.count() < 2; ++i) {
    for (auto* each : {&phone, &same}) {
      const auto again = each->client->tick(each->clock->monotonic());
      if (again && *again > each->clock->monotonic()) each->clock->advance(std::chrono::seconds{1});
    }
  }
  ASSERT_EQ(answers.count(), 2U);
  phone.sync_well();
  laptop.sync_well();
  EXPECT_EQ(laptop.values(), (Values{{"a", "1"}, {"b", "2"}}));
}

TEST_F(SyncTest, SeveralDatasetsSyncAtOnce) {
  SyncAnswers answers;
  for (const auto* name : {"one", "two", "three"}) {
    auto dataset = phone.dataset(name);
    ASSERT_TRUE(dataset.put("k", name));
    dataset.synchronize(answers.callback());
  }
  phone.run_until([&] { return answers.count() == 3; });
  for (const auto* name : {"one", "two", "three"}) {
    laptop.sync_well(name);
    EXPECT_EQ(*laptop.dataset(name).get("k"), name);
  }
}

TEST_F(SyncTest, D13SynchronizeFromItsOwnCompletionStartsANewOne) {
  auto dataset = phone.dataset();
  int completed = 0;
  SyncCallback again = [&](const Result<SyncReport>&) {
    if (++completed < 4) dataset.synchronize(again);
  };
  dataset.synchronize(again);
  phone.run_until([&] { return completed == 4; });
  EXPECT_EQ(phone.transport->requests(), 4U);
}

TEST_F(SyncTest, D13ACompletionThatThrowsOrIsEmptyHarmsNobody) {
  auto dataset = phone.dataset();
  SyncAnswers answers;
  dataset.synchronize([](const Result<SyncReport>&) { throw 7; });
  dataset.synchronize(nullptr);
  dataset.synchronize(answers.callback());
  phone.run_until([&] { return answers.count() == 1; });
  EXPECT_EQ(outcome_of(answers.at(0)), "ok");
}

TEST_F(SyncTest, TickDoesNotBlockAndSaysWhenItHasNothingToDo) {
  phone.open();
  EXPECT_EQ(phone.client->tick(phone.clock->monotonic()), std::nullopt);
  phone.sync_well();
  phone.settle();
  EXPECT_EQ(phone.client->tick(phone.clock->monotonic()), std::nullopt);
}

// --- deletion
// ---------------------------------------------------------------------------------------------------------

TEST_F(SyncTest, D14DeleteDatasetDeletesHereAtOnceAndThereWithTheNextSync) {
  phone.put("k", "1");
  phone.sync_well();
  laptop.sync_well();
  ASSERT_TRUE(phone.dataset().delete_dataset());
  EXPECT_EQ(phone.values(), Values{});
  EXPECT_EQ(laptop.sync_well().pulled, 0U) << "the service does not know yet";
  phone.sync_well();
  EXPECT_EQ(laptop.sync_well().sync_count, SyncCount{0});
  EXPECT_EQ(laptop.values(), Values{}) << "not resurrected";
}

TEST_F(SyncTest, D14AWriteAfterTheDeletionStartsANewDataset) {
  phone.put("old", "1");
  phone.sync_well();
  ASSERT_TRUE(phone.dataset().delete_dataset());
  phone.put("new", "2");
  phone.sync_well();
  laptop.sync_well();
  EXPECT_EQ(laptop.values(), (Values{{"new", "2"}}));
}

TEST_F(SyncTest, D14ALaterIncarnationIsNotDeleted) {
  phone.put("k", "1");
  phone.sync_well();
  laptop.sync_well();
  ASSERT_TRUE(phone.dataset().delete_dataset());
  ASSERT_TRUE(laptop.dataset().delete_dataset());
  laptop.sync_well();
  laptop.put("k", "of the second incarnation");
  laptop.sync_well();
  phone.sync_well();
  EXPECT_EQ(phone.get("k"), "of the second incarnation");
  laptop.sync_well();
  EXPECT_EQ(laptop.get("k"), "of the second incarnation");
}

TEST_F(SyncTest, D14ADeletionDuringASyncWins) {
  phone.put("k", "1");
  phone.sync_well();
  phone.put("k", "2");
  const auto straight = phone.network;
  bool deleted = false;
  phone.network = [&](const HttpRequest& request) {
    if (is_push(request) && !std::exchange(deleted, true)) {
      EXPECT_TRUE(phone.dataset().delete_dataset());
    }
    return straight(request);
  };
  phone.sync_well();
  phone.sync_well();
  EXPECT_EQ(phone.values(), Values{});
  EXPECT_EQ(phone.dataset().info()->pending, 0U);
}

}  // namespace
}  // namespace syncline::testing
