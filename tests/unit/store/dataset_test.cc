// Identities, and the life of a dataset on this device (D14, D15).
#include <gmock/gmock.h>

#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr const char* kAnna = "us-east-1:00000000-0000-4000-8000-00000000000a";
constexpr const char* kBert = "us-east-1:00000000-0000-4000-8000-00000000000b";

class DatasetTest : public StoreTest {};

TEST_F(DatasetTest, OneNameIsOneDatasetAcrossRestartsAndStores) {
  EXPECT_EQ(store_->open_dataset("identity", "save").value(), id_);
  const auto other = open_store(directory());
  EXPECT_EQ(other->open_dataset("identity", "save").value(), id_);
  EXPECT_NE(store_->open_dataset("identity", "Save").value(), id_);
  EXPECT_NE(store_->open_dataset("someone else", "save").value(), id_);
  EXPECT_THAT(store_->dataset_names("identity").value(), ElementsAre("Save", "save"));
  EXPECT_TRUE(store_->dataset_names("nobody").value().empty());
}

// Case 20: what was written before any identity was known is the first one's.
TEST_F(DatasetTest, D15TheFirstIdentityClaimsWhatWasThereBefore) {
  EXPECT_EQ(store_->adopt_identity("").value(), "");
  const auto early = store_->open_dataset("", "save").value();
  ASSERT_TRUE(store_->put(early, "k", "v", at(1)));
  EXPECT_EQ(store_->adopt_identity(kAnna).value(), kAnna);
  EXPECT_EQ(store_->open_dataset(kAnna, "save").value(), early);
  EXPECT_EQ(store_->pending_count(kAnna).value(), 1U);
}

// A second process, opened before the first identity was known, makes a dataset after it was.
TEST_F(DatasetTest, D15WhoWasOpenedBeforeTheFirstIdentityWorksForIt) {
  const auto early = open_store(directory());
  EXPECT_EQ(early->adopt_identity("").value(), "");
  EXPECT_EQ(store_->adopt_identity(kAnna).value(), kAnna);
  const auto late = early->open_dataset("", "late").value();
  ASSERT_TRUE(early->put(late, "k", "v", at(1)));
  EXPECT_THAT(early->dataset_names("").value(), ElementsAre("late"));
  EXPECT_EQ(store_->open_dataset(kAnna, "late").value(), late);
  EXPECT_EQ(store_->pending_count(kAnna).value(), 1U);
  ASSERT_TRUE(store_->adopt_identity(kBert));
  EXPECT_EQ(store_->pending_count(kBert).value(), 0U);
}

TEST_F(DatasetTest, D15AStartWithoutAnIdentityUsesTheLastOne) {
  ASSERT_TRUE(store_->adopt_identity(kAnna));
  ASSERT_TRUE(store_->adopt_identity(kBert));
  reopen();
  EXPECT_EQ(store_->adopt_identity("").value(), kBert);
  EXPECT_EQ(store_->adopt_identity(kAnna).value(), kAnna);
  reopen();
  EXPECT_EQ(store_->adopt_identity("").value(), kAnna);
}

// Case 18.
TEST_F(DatasetTest, D15ALaterIdentityClaimsNothing) {
  ASSERT_TRUE(store_->adopt_identity(kAnna));
  const auto annas = store_->open_dataset(kAnna, "save").value();
  ASSERT_TRUE(store_->put(annas, "k", "anna's", at(1)));
  ASSERT_TRUE(store_->adopt_identity(kBert));
  const auto berts = store_->open_dataset(kBert, "save").value();
  EXPECT_NE(annas, berts);
  EXPECT_EQ(store_->get(berts, "k").value(), std::nullopt);
  EXPECT_EQ(store_->pending_count(kBert).value(), 0U);
  EXPECT_EQ(store_->get(annas, "k").value(), "anna's");
}

// --- deletion -----------------------------------------------------------------------------------------------------

TEST_F(DatasetTest, D14DeletingEmptiesItHereAndRemembersTheSeenIncarnation) {
  pull({remote("clean", "1", 3), remote("edited", "1", 3), remote("tomb", std::nullopt, 3), remote("cut", "1", 3)}, 3);
  put("edited", "2");
  put("new", "1");
  remove("cut");
  pull({remote("edited", "x", 4)}, 4);
  auto running = begin();
  const auto changes = store_->begin_deletion(id_).value();
  EXPECT_THAT(changes.removed, UnorderedElementsAre("clean", "edited", "new"));
  EXPECT_TRUE(store_->records(id_).value().empty());
  EXPECT_TRUE(pending().empty());
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(info().bytes, 0U);
  EXPECT_FALSE(store_->apply_pull(running, {.sync_count = SyncCount{5}}, engine::plan)) << "a sync that was running";
  reopen();
  auto lease = begin();
  EXPECT_EQ(lease.start.phase, DatasetPhase::kDeleting);
  EXPECT_EQ(lease.start.sync_count, SyncCount{4});
  ASSERT_TRUE(store_->finish_deletion(lease));
  EXPECT_EQ(lease.start.phase, DatasetPhase::kActive);
  EXPECT_EQ(begin().start.sync_count, SyncCount{0});
  EXPECT_FALSE(begin().start.has_records);
}

TEST_F(DatasetTest, D14WhatTheServiceNeverKnewIsNotDeletedThere) {
  put("k", "1");
  ASSERT_TRUE(store_->begin_deletion(id_));
  EXPECT_EQ(begin().start.phase, DatasetPhase::kActive);
}

TEST_F(DatasetTest, WritesAfterADeletionStartANewIncarnation) {
  pull({remote("k", "1", 3)}, 3);
  ASSERT_TRUE(store_->begin_deletion(id_));
  put("k", "2");
  auto lease = begin();
  EXPECT_EQ(lease.start.phase, DatasetPhase::kDeleting);
  ASSERT_TRUE(store_->finish_deletion(lease));
  const auto sent = prepare(lease);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].base_count, SyncCount{0});
  EXPECT_EQ(sent[0].value, "2");
}

TEST_F(DatasetTest, DeletingTwiceIsDeletingOnce) {
  pull({remote("k", "1", 3)}, 3);
  ASSERT_TRUE(store_->begin_deletion(id_));
  put("k", "2");
  EXPECT_THAT(store_->begin_deletion(id_).value().removed, ElementsAre("k"));
  EXPECT_EQ(begin().start.phase, DatasetPhase::kDeleting);
  EXPECT_EQ(begin().start.sync_count, SyncCount{3});
}

TEST_F(DatasetTest, OnlyTheNamedDatasetIsDeleted) {
  const auto other = store_->open_dataset("identity", "other").value();
  ASSERT_TRUE(store_->put(other, "k", "v", at(1)));
  put("k", "1");
  ASSERT_TRUE(store_->begin_deletion(id_));
  EXPECT_EQ(store_->get(other, "k").value(), "v");
}

TEST_F(DatasetTest, ADatasetThatIsNotThereIsAnError) {
  EXPECT_EQ(store_->begin_sync(4711).error().code, ErrorCode::kIdentityChanged);
}

}  // namespace
}  // namespace syncline::store
