// What goes out: what is written down before sending, what an answer means, and what its loss means (D4, D5, D9, D11).
#include <gmock/gmock.h>

#include <filesystem>

#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

using ::testing::ElementsAre;

class PushTest : public StoreTest {};

TEST_F(PushTest, WhatIsPendingGoesOutWithItsBase) {
  pull({remote("known", "1", 3)}, 3);
  put("known", "2");
  put("new", "");
  auto lease = begin();
  const auto sent = prepare(lease);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].key, "known");
  EXPECT_EQ(sent[0].base_count, SyncCount{3});
  EXPECT_EQ(sent[0].written_at, at(101));
  EXPECT_EQ(sent[1].key, "new");
  EXPECT_EQ(sent[1].value, "");
  EXPECT_EQ(sent[1].base_count, SyncCount{0});
  const auto outcome = acknowledge(lease, sent, answer_to(sent, 4), 3);
  EXPECT_EQ(outcome.acknowledged, 2U);
  EXPECT_TRUE(outcome.changes.empty());
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(sync_count(), 4);
}

TEST_F(PushTest, NothingPendingIsNothingWritten) {
  auto lease = begin();
  auto other = begin();
  EXPECT_TRUE(prepare(lease).empty());
  EXPECT_EQ(begin().generation, other.generation);
}

// Case 4.
TEST_F(PushTest, D5AWriteWhileThePushIsOutStaysPendingOnTheAcknowledgedBase) {
  put("edited", "1");
  put("removed", "1");
  auto lease = begin();
  const auto sent = prepare(lease);
  put("edited", "2");
  remove("removed");
  put("late", "1");
  acknowledge(lease, sent, answer_to(sent, 1), 0);
  EXPECT_EQ(get("edited"), "2");
  EXPECT_EQ(get("removed"), std::nullopt);
  const auto again = prepare(lease);
  ASSERT_EQ(again.size(), 3U);
  for (const auto& change : again) EXPECT_EQ(change.base_count, SyncCount{change.key == "late" ? 0 : 1});
  EXPECT_TRUE(conflicts().empty());
}

// A write that puts the same value again is still a later write.
TEST_F(PushTest, D5TheSameValueWrittenAgainStaysPending) {
  put("k", "1");
  auto lease = begin();
  const auto sent = prepare(lease);
  put("k", "2");
  put("k", "1");
  acknowledge(lease, sent, answer_to(sent, 1), 0);
  ASSERT_EQ(pending().size(), 1U);
  EXPECT_EQ(pending()[0].base_count, SyncCount{1});
}

// --- the sync count -----------------------------------------------------------------------------------------------

TEST_F(PushTest, D9TheSyncCountStaysIfSomebodyCameBetween) {
  put("k", "1");
  auto lease = begin();
  const auto sent = prepare(lease);
  acknowledge(lease, sent, answer_to(sent, 2), 0);  // case 2: another device's write took 1
  EXPECT_EQ(sync_count(), 0);
  EXPECT_TRUE(pending().empty());
  const auto outcome = pull(lease, {remote("other", "1", 1), remote("k", "1", 2, "this")}, 2);
  EXPECT_THAT(outcome.changes.added, ElementsAre("other"));
  EXPECT_EQ(outcome.applied, 1U) << "our own version is no news";
}

// Case 3: the list returns our own older value at its own count.
TEST_F(PushTest, D6OurOwnOlderVersionIsNoConflict) {
  put("k", "1");
  {
    auto lease = begin();
    const auto sent = prepare(lease);
    acknowledge(lease, sent, answer_to(sent, 2), 0);
  }
  put("k", "2");
  pull({remote("other", "1", 1), remote("k", "1", 2, "this")}, 2);
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(get("k"), "2");
  EXPECT_EQ(push_without_answer().at(0).base_count, SyncCount{2});
}

TEST_F(PushTest, D9TheSyncCountStaysIfAnAnswerIsMissing) {
  put("a", "1");
  put("b", "1");
  auto lease = begin();
  const auto sent = prepare(lease);
  acknowledge(lease, sent, {remote("a", "1", 1, "this")}, 0);
  EXPECT_EQ(sync_count(), 0);
}

TEST_F(PushTest, D9TheSyncCountStaysIfARecordHasAnotherCount) {
  put("a", "1");
  put("b", "1");
  auto lease = begin();
  const auto sent = prepare(lease);
  acknowledge(lease, sent, {remote("a", "1", 1, "this"), remote("b", "1", 2, "this")}, 0);
  EXPECT_EQ(sync_count(), 0);
}

// --- case 13: a sync trigger at the service -----------------------------------------------------------------------

TEST_F(PushTest, D13AnEmptyAnswerLeavesEverythingPending) {
  put("k", "1");
  auto lease = begin();
  const auto sent = prepare(lease);
  EXPECT_EQ(acknowledge(lease, sent, {}, 0).acknowledged, 0U);
  EXPECT_EQ(pending().size(), 1U);
  // It was stored all the same, as the next list shows.
  pull({remote("k", "1", 1, "this")}, 1);
  EXPECT_TRUE(pending().empty());
}

TEST_F(PushTest, RecordsThatWereNeverSentAreTaken) {
  put("k", "1");
  put("open", "local");
  pull({remote("open", "remote", 1)}, 1);
  auto lease = begin();
  const auto sent = prepare(lease);
  put("late", "local");
  auto records = answer_to(sent, 2);
  records.push_back(remote("made by a trigger", "t", 2));
  records.push_back(remote("late", "t", 2));
  records.push_back(remote("open", "t", 2));
  const auto outcome = acknowledge(lease, sent, records, 1);
  EXPECT_THAT(outcome.changes.added, ElementsAre("made by a trigger"));
  EXPECT_EQ(outcome.acknowledged, 1U);
  EXPECT_EQ(outcome.new_conflicts, 1U) << "the conflict that was open before is not a new one";
  EXPECT_EQ(conflicts().size(), 2U);
  EXPECT_EQ(sync_count(), 2);
}

TEST_F(PushTest, AValueThatATriggerChangedIsTakenAndReported) {
  put("k", "mine");
  put("gone", "mine");
  auto lease = begin();
  const auto sent = prepare(lease);
  const auto outcome = acknowledge(lease, sent, {remote("k", "theirs", 1), remote("gone", std::nullopt, 1)}, 0);
  EXPECT_THAT(outcome.changes.updated, ElementsAre("k"));
  EXPECT_THAT(outcome.changes.removed, ElementsAre("gone"));
  EXPECT_EQ(get("k"), "theirs");
  EXPECT_TRUE(pending().empty());
}

TEST_F(PushTest, ARecordThatIsAnsweredTwiceCountsOnce) {
  put("k", "1");
  auto lease = begin();
  const auto sent = prepare(lease);
  const auto outcome = acknowledge(lease, sent, {remote("k", "1", 1, "this"), remote("k", "1", 1, "this")}, 0);
  EXPECT_EQ(outcome.acknowledged, 1U);
  EXPECT_EQ(outcome.new_conflicts, 0U);
  EXPECT_EQ(sync_count(), 1);
}

// --- D11: lost answers --------------------------------------------------------------------------------------------

TEST_F(PushTest, D11ALostAnswerIsRecognised) {
  put("k", "1");
  push_without_answer();
  reopen();
  const auto outcome = pull({remote("k", "1", 1, "this")}, 1);
  EXPECT_TRUE(outcome.changes.empty());
  EXPECT_TRUE(pending().empty());
  EXPECT_TRUE(conflicts().empty());
}

TEST_F(PushTest, D11ALostAnswerIsRecognisedWhenTheKeyWasWrittenAgain) {
  put("k", "1");
  put("r", "1");
  push_without_answer();
  put("k", "2");
  remove("r");
  reopen();
  pull({remote("k", "1", 1, "this"), remote("r", "1", 1, "this")}, 1);
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(get("k"), "2");
  auto lease = begin();
  const auto sent = prepare(lease);
  ASSERT_EQ(sent.size(), 2U);
  for (const auto& change : sent) EXPECT_EQ(change.base_count, SyncCount{1});
}

TEST_F(PushTest, D11EitherOfTwoLostSendsIsRecognised) {
  for (const auto& arrived : {"1", "2"}) {
    const auto key = std::string("key ") + arrived;
    put(key, "1");
    push_without_answer();
    put(key, "2");
    push_without_answer();
    put(key, "3");
    pull({remote(key, arrived, 1, "this")}, 1);
    EXPECT_TRUE(conflicts().empty()) << arrived;
    EXPECT_EQ(get(key), "3");
  }
}

// Both have revision 1 of their incarnation, and both may still arrive (tests/sim/found).
TEST_F(PushTest, D11ASendAfterADeletionIsRecognisedBesideOneBeforeIt) {
  put("k", "before");
  push_without_answer();
  ASSERT_TRUE(store_->begin_deletion(id_));
  put("k", "after");
  push_without_answer();
  remove("k");
  pull({remote("k", "after", 1, "this")}, 1);
  EXPECT_TRUE(conflicts().empty());
  ASSERT_EQ(pending().size(), 1U);
  EXPECT_EQ(pending()[0].base_count, SyncCount{1});
}

// The files as a power cut leaves them that took what prepare_push() wrote.
TEST_F(PushTest, D6APowerCutAfterTheSendMakesNoConflictWithOurselves) {
  put("k", "1");
  const testing::TempDir after_power_cut;
  std::filesystem::create_directories(after_power_cut.file("data"));
  for (const char* name : {"syncline.db", "syncline.db-wal"}) {
    std::filesystem::copy(directory() + "/" + name, after_power_cut.file("data") + "/" + name);
  }
  ASSERT_EQ(push_without_answer().size(), 1U);
  store_ = open_store(after_power_cut.file("data"));
  put("k", "2");
  pull({remote("k", "1", 1, "this")}, 1);
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(get("k"), "2");
  ASSERT_EQ(pending().size(), 1U);
  EXPECT_EQ(pending()[0].base_count, SyncCount{1});
}

TEST_F(PushTest, D7WhatIsPendingInAClosedStoreWasNotSent) {
  put("k", "1");
  reopen();
  put("k", "2");
  pull({remote("k", "1", 1)}, 1);
  EXPECT_EQ(conflicts().size(), 1U);
}

TEST_F(PushTest, D11ALostRemovalIsRecognised) {
  pull({remote("k", "1", 1)}, 1);
  remove("k");
  push_without_answer();
  put("k", "2");
  pull({remote("k", std::nullopt, 2, "this")}, 2);
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(get("k"), "2");
  EXPECT_EQ(push_without_answer().at(0).base_count, SyncCount{2});
}

TEST_F(PushTest, D7AnotherWritersVersionOverALostSendIsAConflict) {
  put("k", "1");
  push_without_answer();
  pull({remote("k", "theirs", 2)}, 2);
  EXPECT_EQ(conflicts().size(), 1U);
}

// By its value alone it would be the first of two lost sends, come late; the date tells that it is not.
TEST_F(PushTest, D7AnotherWritersVersionOverTheSecondOfTwoLostSendsIsAConflict) {
  put("k", "1");
  push_without_answer();
  put("k", "2");
  push_without_answer();
  pull({remote("k", "1", 2)}, 2);
  EXPECT_EQ(conflicts().size(), 1U);
}

TEST_F(PushTest, D11ALostSendIsRecognisedByItsDate) {
  for (const std::int64_t lost : {0, 999}) {  // what a service takes off that keeps whole seconds
    const auto key = "k" + std::to_string(lost);
    now_ = 6'999 + lost;  // the next put is a millisecond later
    put(key, "1");
    auto arrived = answer_to(push_without_answer(), 1);
    put(key, "2");
    arrived[0].version.device_modified_at = at(7'000);
    pull(arrived, 1);
    EXPECT_TRUE(conflicts().empty()) << lost;
    EXPECT_EQ(get(key), "2");
  }
}

// What was sent on a base that is past can't take effect any more, so its value is another writer's if it turns up.
TEST_F(PushTest, D7AnOldSendIsForgottenWithItsBase) {
  put("k", "1");
  push_without_answer();
  pull({remote("k", "1", 1, "this")}, 1);
  pull({remote("k", "2", 2)}, 2);
  put("k", "3");
  pull({remote("k", "1", 3)}, 3);
  EXPECT_EQ(conflicts().size(), 1U);
}

// protocol.md, section 8: a merged dataset counts from 1 while its records keep higher counts.
TEST_F(PushTest, D11ALostAnswerIsRecognisedInAMergedDataset) {
  pull({remote("k", "1", 7)}, 1);
  put("k", "2");
  push_without_answer();
  put("k", "3");
  pull({remote("k", "2", 2, "this")}, 2);
  EXPECT_TRUE(conflicts().empty());
}

// --- removals of what the service never had -----------------------------------------------------------------------

TEST_F(PushTest, ARemovalOfANeverPushedKeyIsNotSent) {
  put("k", "1");
  remove("k");
  auto lease = begin();
  EXPECT_TRUE(prepare(lease).empty());
  EXPECT_TRUE(pending().empty());
}

TEST_F(PushTest, D1ARemovalGoesOutIfAnUnansweredPutCouldBringTheKeyBack) {
  put("k", "1");
  push_without_answer();
  remove("k");
  auto lease = begin();
  const auto sent = prepare(lease);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].value, std::nullopt);
  EXPECT_EQ(sent[0].base_count, SyncCount{0});
  acknowledge(lease, sent, {remote("k", std::nullopt, 1, "this")}, 0);
  EXPECT_TRUE(pending().empty());
}

TEST_F(PushTest, ARemovalOfATombstoneIsNotSent) {
  pull({remote("k", std::nullopt, 1)}, 1);
  put("k", "1");
  remove("k");
  auto lease = begin();
  EXPECT_TRUE(prepare(lease).empty());
  EXPECT_TRUE(pending().empty());
  put("k", "2");
  EXPECT_EQ(prepare(lease).at(0).base_count, SyncCount{1});
}

// D1: a full dataset that was replaced by another needs two calls; the removals must come first to keep the quota
// there.
TEST_F(PushTest, MoreThanOneCallTakesGoesOutInTwoRemovalsFirst) {
  std::vector<Change> first;
  std::vector<Change> second;
  for (std::size_t i = 0; i < kMaxPatchesPerPush; ++i) {
    first.push_back({.key = "old" + std::to_string(i), .value = "1"});
    second.push_back({.key = "new" + std::to_string(i), .value = "2"});
  }
  ASSERT_TRUE(store_->write(id_, first, at(1)));
  EXPECT_TRUE(push(0).nothing_between);
  for (auto& change : first) change.value.reset();
  ASSERT_TRUE(store_->write(id_, first, at(2)));
  ASSERT_TRUE(store_->write(id_, second, at(3)));
  for (const bool removals : {true, false}) {
    auto lease = begin();
    const auto sent = prepare(lease);
    ASSERT_EQ(sent.size(), kMaxPatchesPerPush);
    for (const auto& change : sent) EXPECT_EQ(change.value.has_value(), !removals) << change.key;
    const auto listed = sync_count();
    acknowledge(lease, sent, answer_to(sent, listed + 1), listed);
  }
  EXPECT_TRUE(pending().empty());
}

// A device that saves again and again while no push comes through must not fill its disk with what it has sent.
TEST_F(PushTest, UnansweredSendsDoNotPileUp) {
  const auto size = [&] {
    reopen();
    return std::filesystem::file_size(directory() + "/syncline.db");
  };
  std::uintmax_t early = 0;
  for (int i = 0; i < 60; ++i) {
    put("k", std::string(20'000, static_cast<char>('a' + i % 26)) + std::to_string(i));
    push_without_answer();
    if (i == 20) early = size();
  }
  EXPECT_LE(size(), early);
  const auto newest = pending().at(0).value;
  put("k", "later");
  pull({remote("k", newest, 1, "this")}, 1);
  EXPECT_TRUE(conflicts().empty());
}

}  // namespace
}  // namespace syncline::store
