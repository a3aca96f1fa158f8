#include "service/rules.h"

#include <gtest/gtest.h>

#include <limits>

namespace syncline::service {
namespace {

constexpr Timestamp kNow{std::chrono::milliseconds(5'000)};

DatasetState existing(std::int64_t count, std::int64_t records = 1, std::int64_t bytes = 10) {
  return DatasetState{.exists = true,
                      .count = SyncCount{count},
                      .first_count = SyncCount{1},
                      .records = records,
                      .bytes = bytes,
                      .created_at = Timestamp(std::chrono::milliseconds(1'000)),
                      .modified_at = Timestamp(std::chrono::milliseconds(2'000)),
                      .modified_by = "before"};
}

DatasetState deleted(std::int64_t count) {
  DatasetState state = existing(count, 0, 0);
  state.exists = false;
  return state;
}

Patch patch(std::string key, std::optional<std::string> value, std::int64_t expected) {
  return Patch{.key = std::move(key),
               .value = std::move(value),
               .expected = SyncCount{expected},
               .device_modified_at = std::nullopt};
}

CurrentRecord current(std::int64_t count, bool present = true, std::int64_t bytes = 4) {
  return CurrentRecord{.count = SyncCount{count}, .present = present, .bytes = present ? bytes : 0};
}

UpdateCall call(std::vector<Patch> patches, std::int64_t listed = 0) {
  return UpdateCall{.patches = std::move(patches), .writer = "phone", .listed = SyncCount{listed}, .now = kNow};
}

Result<UpdateDecision> decide(const DatasetState& state, const std::vector<CurrentRecord>& records, UpdateCall update,
                              std::int64_t datasets = 1, const Quotas& quotas = {}) {
  return decide_update(state, records, datasets, std::move(update), quotas);
}

// --- counts ---------------------------------------------------------------------------------------------------------

struct CountCase {
  const char* name;
  std::int64_t is;
  bool present;
  std::int64_t says;
  const char* message;  // null: accepted
};

// Without it GoogleTest names a case after the bytes of its pointers.
void PrintTo(const CountCase& row, std::ostream* out) {
  *out << row.name;
}

class Counts : public ::testing::TestWithParam<CountCase> {};

TEST_P(Counts, AreComparedExactly) {
  const CountCase& row = GetParam();
  const auto decision = decide(existing(9), {current(row.is, row.present)}, call({patch("KEY", "v", row.says)}));
  if (row.message == nullptr) {
    ASSERT_TRUE(decision) << decision.error().message;
    EXPECT_EQ(decision->after.count, SyncCount{10});
    return;
  }
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().code, ErrorCode::kResourceConflict);
  EXPECT_EQ(decision.error().message, row.message);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Counts,
    ::testing::Values(CountCase{"right", 5, true, 5, nullptr},
                      CountCase{"stale", 5, true, 4, "Current SyncCount for: KEY is: 5 not: 4"},
                      CountCase{"future", 5, true, 6, "Current SyncCount for: KEY is: 5 not: 6"},
                      CountCase{"zero_for_an_existing_one", 5, true, 0, "Current SyncCount for: KEY is: 5 not: 0"},
                      CountCase{"tombstone_right", 7, false, 7, nullptr},
                      CountCase{"tombstone_forgotten", 7, false, 0, "Current SyncCount for: KEY is: 7 not: 0"},
                      CountCase{"new_right", 0, false, 0, nullptr},
                      CountCase{"new_but_believed_known", 0, false, 3, "Current SyncCount for: KEY is: 0 not: 3"},
                      CountCase{"largest", 5, true, std::numeric_limits<std::int64_t>::max(),
                                "Current SyncCount for: KEY is: 5 not: 9223372036854775807"}),
    [](const auto& row) { return row.param.name; });

TEST(Rules, OneStalePatchRejectsAllS2) {
  const auto decision = decide(existing(9), {current(5), current(0, false), current(8)},
                               call({patch("a", "1", 5), patch("b", "2", 0), patch("c", "3", 7)}));
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().message, "Current SyncCount for: c is: 8 not: 7");
}

TEST(Rules, TheFirstStaleKeyIsNamed) {
  const auto decision = decide(existing(9), {current(5), current(8)}, call({patch("a", "1", 4), patch("c", "3", 7)}));
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().message, "Current SyncCount for: a is: 5 not: 4");
}

TEST(Rules, AKeyPatchedTwiceIsRefused) {
  const auto decision =
      decide(existing(9), {current(0, false), current(0, false)}, call({patch("a", "1", 0), patch("a", "2", 0)}));
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().code, ErrorCode::kInvalidParameter);
}

// --- what a dataset becomes -----------------------------------------------------------------------------------------

TEST(Rules, AnUpdateRaisesTheCountByOneAndEveryRecordGetsItS1) {
  const auto decision =
      decide(existing(9, 2, 20), {current(5), current(0, false)}, call({patch("a", "12345", 5), patch("bb", "", 0)}));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->after.count, SyncCount{10});
  EXPECT_EQ(decision->after.records, 3);
  EXPECT_EQ(decision->after.bytes, 20 - 4 + 6 + 2);
  EXPECT_EQ(decision->after.modified_by, "phone");
  EXPECT_EQ(decision->after.modified_at, kNow);
  EXPECT_EQ(decision->after.created_at, Timestamp(std::chrono::milliseconds(1'000)));
  ASSERT_EQ(decision->written.size(), 2U);
  for (const RemoteRecord& record : decision->written) {
    EXPECT_EQ(record.version.count, SyncCount{10});
    EXPECT_EQ(record.version.modified_by, "phone");
    EXPECT_EQ(record.version.modified_at, kNow);
  }
  EXPECT_EQ(decision->written[1].version.value, "");  // "" is a value
}

TEST(Rules, AnEmptyListWritesNothing) {
  const auto decision = decide(existing(9), {}, call({}));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->after, existing(9));
  EXPECT_TRUE(decision->written.empty());
  const auto absent = decide(DatasetState{}, {}, call({}), 20);
  ASSERT_TRUE(absent);
  EXPECT_FALSE(absent->after.exists);
}

TEST(Rules, ARemovalLeavesATombstone) {
  const auto decision = decide(existing(9, 2, 20), {current(5)}, call({patch("a", std::nullopt, 5)}));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->after.records, 1);
  EXPECT_EQ(decision->after.bytes, 16);
  EXPECT_EQ(decision->written[0].version.value, std::nullopt);
}

TEST(Rules, RemovingWhatNeverWasLeavesATombstoneToo) {
  const auto decision = decide(existing(9, 2, 20), {current(0, false)}, call({patch("a", std::nullopt, 0)}));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->after.records, 2);
  EXPECT_EQ(decision->after.bytes, 20);
  EXPECT_EQ(decision->after.count, SyncCount{10});
}

TEST(Rules, TheDevicesDateIsKeptElseOurs) {
  UpdateCall update = call({patch("a", "1", 0), patch("b", "2", 0)});
  update.patches[0].device_modified_at = Timestamp(std::chrono::milliseconds(77));
  const auto decision = decide(existing(9), {current(0, false), current(0, false)}, std::move(update));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->written[0].version.device_modified_at, Timestamp(std::chrono::milliseconds(77)));
  EXPECT_EQ(decision->written[1].version.device_modified_at, kNow);
}

TEST(Rules, TheFirstUpdateCreates) {
  const auto decision = decide(DatasetState{}, {current(0, false)}, call({patch("a", "1", 0)}), 0);
  ASSERT_TRUE(decision);
  EXPECT_TRUE(decision->after.exists);
  EXPECT_EQ(decision->after.count, SyncCount{1});
  EXPECT_EQ(decision->after.first_count, SyncCount{1});
  EXPECT_EQ(decision->after.created_at, kNow);
}

TEST(Rules, ARecreatedDatasetGoesOnCounting) {
  const auto decision = decide(deleted(9), {current(0, false)}, call({patch("a", "1", 0)}), 0);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->after.count, SyncCount{10});
  EXPECT_EQ(decision->after.first_count, SyncCount{10});
  EXPECT_EQ(decision->after.records, 1);
  EXPECT_EQ(decision->after.created_at, kNow);
}

// Else the writer would see its own count + 1, and never hear of the deletion (D9, D12).
TEST(Rules, ASessionFromBeforeTheDeletionIsInConflict) {
  const auto while_deleted = decide(deleted(9), {current(0, false)}, call({patch("a", "1", 0)}, 9), 0);
  ASSERT_FALSE(while_deleted);
  EXPECT_EQ(while_deleted.error().code, ErrorCode::kResourceConflict);
  DatasetState recreated = existing(10);
  recreated.first_count = SyncCount{10};
  EXPECT_FALSE(decide(recreated, {current(0, false)}, call({patch("a", "1", 0)}, 9)));
  EXPECT_TRUE(decide(recreated, {current(0, false)}, call({patch("a", "1", 0)}, 10)));
  EXPECT_TRUE(decide(recreated, {current(0, false)}, call({patch("a", "1", 0)}, 0)));
}

// Restored to before that list: the writer must list before it writes, else it may come to the very count that it knew.
TEST(Rules, ASessionOfALostHistoryIsInConflict) {
  EXPECT_EQ(decide(existing(9), {current(0, false)}, call({patch("a", "1", 0)}, 10)).error().code,
            ErrorCode::kResourceConflict);
  EXPECT_TRUE(decide(existing(9), {current(0, false)}, call({patch("a", "1", 0)}, 9)));
}

// --- quotas (S5) ----------------------------------------------------------------------------------------------------

TEST(Quota, RecordsAreExactS5) {
  for (const auto& [before, fits] : {std::pair{1022, true}, std::pair{1023, true}, std::pair{1024, false}}) {
    const auto decision = decide(existing(9, before), {current(0, false)}, call({patch("a", "1", 0)}));
    EXPECT_EQ(decision.has_value(), fits) << before;
    if (fits) continue;
    EXPECT_EQ(decision.error().code, ErrorCode::kLimitExceeded);
    EXPECT_EQ(decision.error().message,
              "The call would leave 1025 records in the dataset, more than the quota of 1024");
  }
}

TEST(Quota, AFullDatasetTakesOverwritesRemovalsAndSwaps) {
  const DatasetState full = existing(9, 1024, 10'000);
  EXPECT_TRUE(decide(full, {current(5)}, call({patch("a", "1", 5)})));
  EXPECT_TRUE(decide(full, {current(5)}, call({patch("a", std::nullopt, 5)})));
  EXPECT_TRUE(decide(full, {current(0, false)}, call({patch("a", std::nullopt, 0)})));  // tombstones do not count
  EXPECT_TRUE(decide(full, {current(5), current(0, false)}, call({patch("a", std::nullopt, 5), patch("b", "1", 0)})));
  EXPECT_FALSE(decide(full, {current(5, false)}, call({patch("a", "1", 5)})));  // a tombstone comes back to life
}

TEST(Quota, BytesAreExactS5) {
  for (const auto& [size, fits] : {std::pair{1, true}, std::pair{2, true}, std::pair{3, false}}) {
    const std::string value(static_cast<std::size_t>(size), 'x');
    const auto decision = decide(existing(9, 3, 1'048'576 - 3), {current(0, false)}, call({patch("k", value, 0)}));
    EXPECT_EQ(decision.has_value(), fits) << size;
    if (fits) continue;
    EXPECT_EQ(decision.error().code, ErrorCode::kLimitExceeded);
    EXPECT_NE(decision.error().message.find("bytes of keys and values"), std::string::npos);
  }
}

TEST(Quota, DatasetsAreExactS5) {
  for (const auto& [before, fits] : {std::pair{18, true}, std::pair{19, true}, std::pair{20, false}}) {
    const auto decision = decide(DatasetState{}, {current(0, false)}, call({patch("a", "1", 0)}), before);
    EXPECT_EQ(decision.has_value(), fits) << before;
    if (fits) continue;
    EXPECT_EQ(decision.error().code, ErrorCode::kLimitExceeded);
    EXPECT_EQ(decision.error().message, "The call would leave 21 datasets in the identity, more than the quota of 20");
  }
  EXPECT_TRUE(decide(existing(9), {current(5)}, call({patch("a", "1", 5)}), 20));
}

TEST(Quota, ALoweredOneStillLetsADatasetShrink) {
  const Quotas small{.datasets_per_identity = 1, .records_per_dataset = 2, .bytes_per_dataset = 8};
  EXPECT_TRUE(decide(existing(9, 5, 50), {current(5)}, call({patch("a", std::nullopt, 5)}), 3, small));
  EXPECT_FALSE(decide(existing(9, 5, 50), {current(0, false)}, call({patch("a", "1", 0)}), 3, small));
}

TEST(Quota, AStaleCountIsToldBeforeAQuota) {
  const auto decision = decide(existing(9, 1024), {current(0, false)}, call({patch("a", "1", 3)}));
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().code, ErrorCode::kResourceConflict);
}

// --- lists ----------------------------------------------------------------------------------------------------------

TEST(ListRule, AMissingDatasetAlwaysAnswers) {
  for (const DatasetState& state : {DatasetState{}, deleted(9)}) {
    for (const std::int64_t since : {0, 5, 9, 37}) {
      const auto decision = decide_list(state, SyncCount{since});
      ASSERT_TRUE(decision);
      EXPECT_FALSE(decision->exists);
      EXPECT_EQ(decision->count, SyncCount{0});
      EXPECT_FALSE(decision->deleted_after_requested);
    }
  }
}

TEST(ListRule, ACountThatWasNotReachedIsRefused) {
  EXPECT_TRUE(decide_list(existing(36), SyncCount{36}));
  const auto decision = decide_list(existing(36), SyncCount{37});
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().code, ErrorCode::kNoSuchSyncCount);
  EXPECT_EQ(decision.error().message, "No such SyncCount: 37 exists for this Dataset");
  EXPECT_EQ(decide_list(existing(36), SyncCount{-1}).error().code, ErrorCode::kInvalidParameter);
}

TEST(ListRule, ARecreatedDatasetTellsWhoeverKnewTheOldOne) {
  DatasetState recreated = existing(12);
  recreated.first_count = SyncCount{10};
  for (const auto& [since, told] :
       {std::pair{0, false}, std::pair{1, true}, std::pair{9, true}, std::pair{10, false}, std::pair{12, false}}) {
    const auto decision = decide_list(recreated, SyncCount{since});
    ASSERT_TRUE(decision);
    EXPECT_EQ(decision->deleted_after_requested, told) << since;
    EXPECT_EQ(decision->count, SyncCount{12});
  }
}

TEST(ListRule, PagesHoldWhatWasAskedForWithinBounds) {
  EXPECT_EQ(page_size(std::nullopt, 1024).value(), 1024U);
  EXPECT_EQ(page_size(1, 1024).value(), 1U);
  EXPECT_EQ(page_size(5000, 1024).value(), 1024U);
  EXPECT_EQ(page_size(0, 1024).error().code, ErrorCode::kInvalidParameter);
  EXPECT_EQ(page_size(-3, 1024).error().code, ErrorCode::kInvalidParameter);
}

}  // namespace
}  // namespace syncline::service
