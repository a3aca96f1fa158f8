// What comes in: pulls, staged pages, leases, deletions and restores at the service (D3, D9, D10, D12).
#include <gmock/gmock.h>

#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class PullTest : public StoreTest {};

TEST_F(PullTest, RecordsAndSyncCountMoveTogether) {
  const auto outcome = pull({remote("a", "1", 3), remote("b", "2", 5), remote("c", std::nullopt, 4)}, 5);
  EXPECT_THAT(outcome.changes.added, UnorderedElementsAre("a", "b"));
  EXPECT_EQ(sync_count(), 5);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("c"), std::nullopt);
  const auto again = pull({remote("a", "1", 3), remote("b", std::nullopt, 6), remote("c", "3", 7)}, 7);
  EXPECT_THAT(again.changes.added, ElementsAre("c"));
  EXPECT_THAT(again.changes.removed, ElementsAre("b"));
  EXPECT_THAT(again.changes.updated, IsEmpty()) << "the same version is no news";
  EXPECT_EQ(again.applied, 2U);
}

TEST_F(PullTest, VersionsAreKeptWhole) {
  const auto version = remote("k", std::string("\0v", 2), 3).version;
  pull({RemoteRecord{"k", version}}, 3);
  put("k", "local");
  pull({remote("k", "other", 4)}, 4);
  const auto conflict = conflicts().at(0);
  EXPECT_EQ(conflict.base, version);
  EXPECT_EQ(conflict.remote, remote("k", "other", 4).version);
}

TEST_F(PullTest, ALocalChangeHidesWhatComesIn) {
  put("k", "local");
  const auto outcome = pull({remote("k", "remote", 1)}, 1);
  EXPECT_TRUE(outcome.changes.empty());
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(get("k"), "local");
}

// D6: both wrote the same.
TEST_F(PullTest, D6TheSameValueEndsThePendingChange) {
  put("k", "same");
  EXPECT_TRUE(pull({remote("k", "same", 1)}, 1).changes.empty());
  EXPECT_TRUE(pending().empty());
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(get("k"), "same");
  pull({remote("gone", "v", 2)}, 2);
  remove("gone");
  pull({remote("gone", std::nullopt, 3)}, 3);
  EXPECT_TRUE(pending().empty());
}

// Case 5: a write between the list and its application.
TEST_F(PullTest, D1AWriteDuringTheListIsKept) {
  auto lease = begin();
  put("k", "local");
  pull(lease, {remote("k", "remote", 1), remote("x", "1", 1)}, 1);
  EXPECT_EQ(get("k"), "local");
  EXPECT_EQ(get("x"), "1");
  ASSERT_EQ(conflicts().size(), 1U);
}

TEST_F(PullTest, StagedPagesAreInvisibleUntilTheyAreApplied) {
  auto lease = begin();
  ASSERT_TRUE(store_->stage_page(lease, {remote("old", "from an earlier list", 1)}, true));
  ASSERT_TRUE(store_->stage_page(lease, {remote("a", "1", 1), remote("b", "", 2)}, true));
  ASSERT_TRUE(store_->stage_page(lease, {remote("b", std::nullopt, 3), remote("c", std::string("\0", 1), 3)}, false));
  EXPECT_EQ(get("a"), std::nullopt);
  EXPECT_EQ(sync_count(), 0);
  const Pull all{.sync_count = SyncCount{4}, .with_staged = true, .records = {remote("d", "4", 4)}};
  const auto outcome = store_->apply_pull(lease, all, engine::plan).value();
  EXPECT_THAT(outcome.changes.added, UnorderedElementsAre("a", "c", "d"));
  EXPECT_EQ(get("old"), std::nullopt);
  EXPECT_EQ(get("b"), std::nullopt) << "the later page's word counts";
  EXPECT_EQ(get("c"), std::string("\0", 1));
  EXPECT_EQ(sync_count(), 4);
}

TEST_F(PullTest, WhatWasStagedIsAppliedOnce) {
  auto lease = begin();
  ASSERT_TRUE(store_->stage_page(lease, {remote("a", "1", 1)}, true));
  ASSERT_TRUE(store_->apply_pull(lease, {.sync_count = SyncCount{1}, .with_staged = true}, engine::plan));
  pull(lease, {remote("a", "2", 2)}, 2);
  const auto again = store_->apply_pull(lease, {.sync_count = SyncCount{2}, .with_staged = true}, engine::plan).value();
  EXPECT_EQ(again.applied, 0U);
  EXPECT_EQ(get("a"), "2");
}

// An attempt that was killed while it staged leaves nothing that a later one would take for its own.
TEST_F(PullTest, D10PagesOfAKilledAttemptAreNotApplied) {
  auto lease = begin();
  ASSERT_TRUE(store_->stage_page(lease, {remote("a", "1", 1)}, true));
  reopen();
  pull({remote("b", "2", 2)}, 2);
  EXPECT_EQ(get("a"), std::nullopt);
  auto next = begin();
  ASSERT_TRUE(store_->stage_page(next, {remote("c", "3", 3)}, true));
  ASSERT_TRUE(store_->apply_pull(next, {.sync_count = SyncCount{3}, .with_staged = true}, engine::plan));
  EXPECT_EQ(get("a"), std::nullopt);
  EXPECT_EQ(get("c"), "3");
}

// Case 16: two sessions on one dataset.
TEST_F(PullTest, D10AnOvertakenLeaseIsOutdatedEverywhereAndChangesNothing) {
  put("k", "local");
  auto stale = begin();
  auto fresh = begin();
  pull(fresh, {remote("a", "1", 1)}, 1);
  const auto outdated = [](const auto& result) { return !result && result.error().code == ErrorCode::kOutdated; };
  EXPECT_TRUE(outdated(store_->stage_page(stale, {remote("a", "0", 1)}, true)));
  EXPECT_TRUE(outdated(store_->apply_pull(stale, {.sync_count = SyncCount{0}}, engine::plan)));
  EXPECT_TRUE(outdated(store_->prepare_push(stale)));
  EXPECT_TRUE(outdated(store_->acknowledge_push(stale, {{}, {}, SyncCount{7}}, engine::plan)));
  EXPECT_TRUE(outdated(store_->finish_deletion(stale)));
  EXPECT_EQ(sync_count(), 1);
  EXPECT_EQ(get("a"), "1");
  ASSERT_EQ(prepare(fresh).size(), 1U);
}

TEST_F(PullTest, D3APlannerThatFailsChangesNothing) {
  auto lease = begin();
  int asked = 0;
  const Planner breaks = [&](const PlanInput& input) {
    if (++asked == 2) throw std::runtime_error("a defect");
    return engine::plan(input);
  };
  const Pull two{.sync_count = SyncCount{1}, .records = {remote("a", "1", 1), remote("b", "1", 1)}};
  const auto failed = store_->apply_pull(lease, two, breaks);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kInternal);
  EXPECT_EQ(get("a"), std::nullopt);
  EXPECT_EQ(sync_count(), 0);
}

// A transaction that failed has not used up the session's right to write.
TEST_F(PullTest, AFailedTransactionLeavesTheLeaseAsItWas) {
  auto lease = begin();
  const Planner breaks = [](const PlanInput&) -> PlanAction { throw std::runtime_error("a defect"); };
  ASSERT_FALSE(store_->apply_pull(lease, {.sync_count = SyncCount{1}, .records = {remote("a", "1", 1)}}, breaks));
  pull(lease, {remote("a", "1", 1)}, 1);
  EXPECT_EQ(get("a"), "1");
}

// --- the dataset was deleted at the service -----------------------------------------------------------------------

TEST_F(PullTest, D14ADeletedDatasetTakesWhatWasCleanAndKeepsWhatIsPending) {
  pull({remote("clean", "1", 1), remote("edited", "1", 1), remote("removed", "1", 1), remote("tomb", std::nullopt, 1)},
       1);
  put("edited", "2");
  remove("removed");
  put("new", "1");
  const auto outcome = pull({}, 0, PullKind::kComplete);
  EXPECT_THAT(outcome.changes.removed, ElementsAre("clean"));
  EXPECT_EQ(get("edited"), "2");
  EXPECT_EQ(get("new"), "1");
  auto lease = begin();
  const auto sent = prepare(lease);
  ASSERT_EQ(sent.size(), 2U) << "nothing is left to remove";
  for (const auto& change : sent) EXPECT_EQ(change.base_count, SyncCount{0});
}

TEST_F(PullTest, ACompleteListReplacesWhatWasKnown) {
  pull({remote("a", "1", 1), remote("b", "1", 2)}, 2);
  const auto outcome = pull({remote("b", "1", 2), remote("c", "1", 9)}, 9, PullKind::kComplete);
  EXPECT_THAT(outcome.changes.removed, ElementsAre("a"));
  EXPECT_THAT(outcome.changes.added, ElementsAre("c"));
  EXPECT_EQ(get("b"), "1");
}

TEST_F(PullTest, ACompleteListCountsItsStagedPagesToo) {
  pull({remote("a", "1", 1), remote("b", "1", 2)}, 2);
  auto lease = begin();
  ASSERT_TRUE(store_->stage_page(lease, {remote("a", "1", 1)}, true));
  const Pull all{
      .kind = PullKind::kComplete, .sync_count = SyncCount{2}, .with_staged = true, .records = {remote("b", "1", 2)}};
  EXPECT_TRUE(store_->apply_pull(lease, all, engine::plan).value().changes.empty());
}

// D12: a conflict that waits for a version which is deleted with its dataset must not bring that version back.
TEST_F(PullTest, D12AConflictGoesWithTheDatasetOfItsRemoteSide) {
  put("k", "local");
  pull({remote("k", "remote", 1)}, 1);
  ASSERT_EQ(conflicts().size(), 1U);
  const auto shown = conflicts().at(0);
  EXPECT_TRUE(begin().start.has_records) << "or the session would see nothing to apply";
  pull({}, 0, PullKind::kComplete);
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(store_->resolve(id_, shown, Resolution::keep_remote(), at(1)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(get("k"), "local");
  EXPECT_EQ(push_without_answer().at(0).base_count, SyncCount{0});
}

// --- the service was restored from an older backup (case 12) ------------------------------------------------------

// A push that somebody came before leaves its record above the sync count, and the session must know.
TEST_F(PullTest, D12ASessionIsToldTheNewestCountThatTheServiceToldOf) {
  EXPECT_EQ(begin().start.newest, SyncCount{0});
  pull({remote("a", "1", 1), remote("b", "1", 7)}, 7);
  EXPECT_EQ(begin().start.newest, SyncCount{7});
  put("a", "local");
  auto lease = begin();
  const auto sent = prepare(lease);
  acknowledge(lease, sent, answer_to(sent, 9), 7);
  EXPECT_EQ(sync_count(), 7) << "somebody else's 8 is not applied";
  EXPECT_EQ(begin().start.newest, SyncCount{9});
  pull({remote("c", "1", 4)}, 4, PullKind::kRestored);
  EXPECT_EQ(begin().start.newest, SyncCount{4}) << "what the service lost it no longer tells of";
}

// protocol.md, section 8: the records of a merged dataset keep counts above the dataset's. That is no restored service.
TEST_F(PullTest, D12RecordsAboveTheDatasetsCountAreNotWhatTheServiceTold) {
  pull({remote("a", "1", 5)}, 1);
  EXPECT_EQ(begin().start.newest, SyncCount{1});
}

TEST_F(PullTest, D12WhatTheServiceLostIsPushedAgain) {
  pull({remote("lost", "1", 8), remote("went back", "new", 9), remote("kept", "1", 2),
        remote("undead", std::nullopt, 7)},
       9);
  put("edited", "local");
  const auto outcome =
      pull({remote("went back", "old", 3), remote("kept", "1", 2), remote("undead", "1", 4)}, 4, PullKind::kRestored);
  EXPECT_TRUE(outcome.changes.empty()) << "the app sees what it saw";
  EXPECT_EQ(sync_count(), 4);
  auto lease = begin();
  auto sent = prepare(lease);
  std::vector<std::pair<std::string, std::int64_t>> bases;
  for (const auto& change : sent) bases.emplace_back(change.key, change.base_count.value);
  EXPECT_THAT(bases, UnorderedElementsAre(std::pair("edited", 0), std::pair("lost", 0), std::pair("went back", 3),
                                          std::pair("undead", 4)));
  acknowledge(lease, sent, answer_to(sent, 5), 4);
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(get("went back"), "new");
  EXPECT_EQ(get("undead"), std::nullopt);
}

TEST_F(PullTest, D12NewsAfterARestoreIsStillNews) {
  pull({remote("a", "1", 3), remote("b", "1", 3)}, 9);
  put("b", "local");
  pull({remote("a", "2", 5), remote("b", "2", 5)}, 5, PullKind::kRestored);
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(conflicts().size(), 1U);
}

// The version that a conflict showed was lost in the restore: choosing it would make this device differ for good.
TEST_F(PullTest, D12AConflictGoesIfTheServiceIsBackAtTheBase) {
  pull({remote("k", "base", 3)}, 3);
  put("k", "local");
  pull({remote("k", "remote", 8)}, 8);
  ASSERT_EQ(conflicts().size(), 1U);
  pull({remote("k", "base", 3)}, 3, PullKind::kRestored);
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(push_without_answer().at(0).base_count, SyncCount{3});
}

TEST_F(PullTest, D12AConflictOnANewKeyGoesIfTheServiceHasLostIt) {
  put("k", "local");
  put("removed", "local");
  pull({remote("k", "remote", 8), remote("removed", "remote", 8)}, 8);
  remove("removed");
  ASSERT_EQ(conflicts().size(), 2U);
  pull({}, 3, PullKind::kRestored);
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(push_without_answer().size(), 1U) << "nothing is left to remove";
}

}  // namespace
}  // namespace syncline::store
