// What the app reads and writes: values byte for byte, quotas to the byte, all or nothing (D1, D3, D17).
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "syncline/limits.h"
#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LocalTest : public StoreTest {};

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Case 7.
TEST_F(LocalTest, D17AbsentRemovedAndEmptyAreThreeThings) {
  EXPECT_EQ(get("k"), std::nullopt);
  EXPECT_TRUE(pending().empty());
  put("k", "");
  EXPECT_EQ(get("k"), "");
  remove("k");
  EXPECT_EQ(get("k"), std::nullopt);
  ASSERT_EQ(pending().size(), 1U);
  EXPECT_EQ(pending()[0].value, std::nullopt);
  reopen();
  EXPECT_EQ(get("k"), std::nullopt);
}

TEST_F(LocalTest, D17KeysAndValuesRoundTripByteForByte) {
  const std::string nul("a\0b", 3);
  const std::string texts[] = {nul,
                               std::string(1, '\0'),
                               std::string("\0\0", 2),
                               "a",
                               "\xF0\x9F\x8E\xAE",
                               "\xC3\xA9",
                               "e\xCC\x81",
                               "A",
                               "line\r\nbreak\t\x7F",
                               "' OR 1=1; --",
                               std::string(kMaxKeyCharacters, 'k'),
                               repeated("\xF0\x9F\x8E\xAE", kMaxKeyCharacters)};
  for (const auto& text : texts) put(text, text);
  const auto check = [&] {
    for (const auto& text : texts) EXPECT_EQ(get(text), text);
    const auto records = store_->records(id_).value();
    ASSERT_EQ(records.size(), std::size(texts));
    EXPECT_TRUE(std::is_sorted(records.begin(), records.end(),
                               [](const auto& left, const auto& right) { return left.key < right.key; }));
    for (const auto& record : records) EXPECT_EQ(record.key, record.value);
  };
  check();
  push(0);
  check();
  reopen();
  check();
}

TEST_F(LocalTest, D17TheLargestValueRoundTrips) {
  const std::string value(kMaxValueCharacters, 'v');
  put("k", value);
  push(0);
  reopen();
  EXPECT_EQ(get("k"), value);
  EXPECT_EQ(info().bytes, kMaxDatasetBytes);
}

TEST_F(LocalTest, ChangesSayWhatTheAppSees) {
  EXPECT_THAT(put("k", "1").added, ElementsAre("k"));
  EXPECT_THAT(put("k", "2").updated, ElementsAre("k"));
  EXPECT_THAT(remove("k").removed, ElementsAre("k"));
  EXPECT_TRUE(remove("k").empty());
  EXPECT_THAT(put("k", "3").added, ElementsAre("k"));
}

TEST_F(LocalTest, RemovingWhatIsAbsentWritesNothing) {
  EXPECT_TRUE(remove("k").empty());
  EXPECT_TRUE(pending().empty());
}

// The last change of a key counts, also in what is reported: a listener that works off added, updated and removed in
// that order must not end up without a key that is there.
TEST_F(LocalTest, ABatchReportsItsNetChange) {
  put("there", "old");
  const std::vector<Change> changes{{"there", std::nullopt}, {"there", "new"},       {"new", "1"}, {"new", "2"},
                                    {"brief", "1"},          {"brief", std::nullopt}};
  const auto changed = store_->write(id_, changes, at(1)).value();
  EXPECT_THAT(changed.added, ElementsAre("new"));
  EXPECT_THAT(changed.updated, ElementsAre("there"));
  EXPECT_THAT(changed.removed, IsEmpty());
  EXPECT_EQ(get("there"), "new");
  EXPECT_EQ(get("new"), "2");
  EXPECT_EQ(get("brief"), std::nullopt);
}

// A large batch learns what is there in another way than a small one.
TEST_F(LocalTest, D3ALargeBatchComesToTheSameAsItsChangesOneByOne) {
  constexpr int kKeys = 900;
  const auto one_by_one = store_->open_dataset("identity", "one by one").value();
  std::vector<RemoteRecord> known;
  std::vector<Change> first;
  std::vector<Change> batch;
  for (int i = 0; i < kKeys; ++i) {
    const auto key = "key" + std::to_string(i);
    if (i % 5 == 0) known.push_back(remote(key, i % 10 == 0 ? std::optional<std::string>("known") : std::nullopt, 1));
    if (i % 3 == 0) first.push_back({.key = key, .value = i % 2 == 0 ? std::optional<std::string>("") : std::nullopt});
    batch.push_back({.key = key, .value = i % 7 == 0 ? std::nullopt : std::optional(std::to_string(i))});
  }
  for (const auto dataset : {id_, one_by_one}) {
    auto lease = store_->begin_sync(dataset).value();
    const Pull pull{.kind = PullKind::kComplete, .sync_count = SyncCount{1}, .records = known};
    ASSERT_TRUE(store_->apply_pull(lease, pull, engine::plan));
    ASSERT_TRUE(store_->write(dataset, first, at(1)));
  }
  const auto together = store_->write(id_, batch, at(2)).value();
  KeyChanges in_turn;
  for (const auto& change : batch) {
    const auto changed = store_->write(one_by_one, {&change, 1}, at(2)).value();
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(in_turn.added, changed.added);
    append(in_turn.updated, changed.updated);
    append(in_turn.removed, changed.removed);
  }
  EXPECT_EQ(together.added, in_turn.added);
  EXPECT_EQ(together.updated, in_turn.updated);
  EXPECT_EQ(together.removed, in_turn.removed);
  const auto pending = store_->pending_changes(id_).value();
  const auto expected = store_->pending_changes(one_by_one).value();
  ASSERT_EQ(pending.size(), expected.size());
  for (std::size_t i = 0; i < pending.size(); ++i) {
    EXPECT_EQ(pending[i].key, expected[i].key);
    EXPECT_EQ(pending[i].value, expected[i].value);
    EXPECT_EQ(pending[i].revision, expected[i].revision) << pending[i].key;
  }
  EXPECT_EQ(info().bytes, store_->info(one_by_one).value().bytes);
  EXPECT_EQ(info().records, store_->info(one_by_one).value().records);
}

// Case 6.
TEST_F(LocalTest, D1TheLastOfSeveralWritesIsPending) {
  put("a", "1");
  remove("a");
  put("a", "2");
  put("b", "new");
  put("b", "old");
  put("c", "1");
  push(0);
  remove("c");
  put("c", "1");
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(get("b"), "old");
  ASSERT_EQ(pending().size(), 1U);
  EXPECT_EQ(pending()[0].value, "1");
  remove("b");
  put("b", "new");
  remove("b");
  auto lease = begin();
  const auto sent = prepare(lease);
  ASSERT_EQ(sent.size(), 2U);
  for (const auto& change : sent) EXPECT_EQ(change.value, change.key == "b" ? std::nullopt : std::optional("1"));
}

TEST_F(LocalTest, RevisionsOnlyGrow) {
  std::int64_t last = 0;
  const auto grown = [&] {
    const auto revision = pending().at(0).revision.value;
    EXPECT_GT(revision, last);
    last = revision;
  };
  put("k", "1");
  grown();
  remove("k");
  grown();
  put("k", "2");
  push(0);
  put("k", "3");
  grown();
  push(1);
  remove("k");
  grown();
}

TEST_F(LocalTest, RecordsShowTheirStateAndBase) {
  put("clean", "1");
  put("edited", "1");
  push(0);
  put("edited", "2");
  put("new", "1");
  pull({remote("edited", "3", 2)}, 2);
  const auto records = store_->records(id_).value();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].state, RecordState::kClean);
  EXPECT_EQ(records[0].sync_count, SyncCount{1});
  EXPECT_EQ(records[0].modified_by, "this");
  EXPECT_EQ(records[1].state, RecordState::kConflicted);
  EXPECT_EQ(records[1].value, "2");
  EXPECT_EQ(records[1].sync_count, SyncCount{1});
  EXPECT_EQ(records[2].state, RecordState::kPending);
  EXPECT_EQ(records[2].sync_count, SyncCount{0});
  for (const auto& record : records) {
    const auto single = store_->record(id_, record.key).value();
    ASSERT_TRUE(single);
    EXPECT_EQ(single->value, record.value);
    EXPECT_EQ(single->state, record.state);
    EXPECT_EQ(single->sync_count, record.sync_count);
    EXPECT_EQ(single->modified_at, record.modified_at);
    EXPECT_EQ(single->device_modified_at, record.device_modified_at);
  }
  EXPECT_EQ(store_->record(id_, "absent").value(), std::nullopt);
  EXPECT_EQ(store_->pending_count("identity").value(), 2U);
  EXPECT_EQ(store_->pending_count("nobody").value(), 0U);
}

// --- quotas -------------------------------------------------------------------------------------------------------

std::vector<Change> many(std::size_t count, const std::string& value = "v") {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < count; ++i) changes.push_back({"key" + std::to_string(i), value});
  return changes;
}

TEST_F(LocalTest, D17RecordsAreLimitedExactly) {
  ASSERT_TRUE(store_->write(id_, many(kMaxRecordsPerDataset - 1), at(1)));
  put("last", "v");
  const auto refused = store_->put(id_, "one too many", "v", at(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimitExceeded);
  EXPECT_NE(refused.error().message.find("1025"), std::string::npos);
  EXPECT_EQ(info().records, kMaxRecordsPerDataset);
  EXPECT_EQ(get("one too many"), std::nullopt);
  put("last", "an update is no new record");
  remove("last");
  put("one too many", "v");
  EXPECT_EQ(info().records, kMaxRecordsPerDataset);
}

TEST_F(LocalTest, D17ABatchBeyondTheRecordLimitChangesNothing) {
  ASSERT_FALSE(store_->write(id_, many(kMaxRecordsPerDataset + 1), at(1)));
  EXPECT_EQ(info().records, 0U);
  EXPECT_TRUE(pending().empty());
  ASSERT_TRUE(store_->write(id_, many(kMaxRecordsPerDataset), at(1)));
  // What is removed in the same batch makes room, wherever it stands in it.
  ASSERT_TRUE(store_->write(id_, std::vector<Change>{{"new", "v"}, {"key0", std::nullopt}}, at(1)));
  EXPECT_EQ(info().records, kMaxRecordsPerDataset);
}

TEST_F(LocalTest, D17BytesAreLimitedExactly) {
  put("rest", std::string(1'000, 'r'));
  const std::size_t room = kMaxDatasetBytes - 1'004 - 1;  // for a value under a key of one byte
  put("k", std::string(room - 1, 'v'));
  EXPECT_EQ(info().bytes, kMaxDatasetBytes - 1);
  put("k", std::string(room, 'v'));
  EXPECT_EQ(info().bytes, kMaxDatasetBytes);
  const auto refused = store_->put(id_, "k", std::string(room + 1, 'w'), at(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(refused.error().message.find("www"), std::string::npos) << "no value in a message";
  EXPECT_EQ(get("k"), std::string(room, 'v'));
  ASSERT_FALSE(store_->put(id_, "x", "", at(1))) << "a key has its size, too";
  put("rest", std::string(999, 'r'));
  put("x", "");
  EXPECT_EQ(info().bytes, kMaxDatasetBytes);
}

// The totals that are kept in memory must stay right over failures, other writers, pulls, pushes and resolutions.
TEST_F(LocalTest, D17QuotasCountWhatEveryOtherTransactionDid) {
  put("k", std::string(1'000, 'v'));
  ASSERT_FALSE(store_->put(id_, "huge", std::string(kMaxDatasetBytes, 'v'), at(1)));
  pull({remote("from pull", std::string(2'000, 'p'), 1), remote("gone", std::nullopt, 1)}, 1);
  auto other = open_store(directory());
  ASSERT_TRUE(other->put(id_, "by another process", std::string(4'000, 'o'), at(1)));
  {
    auto lease = begin();
    const auto sent = prepare(lease);
    acknowledge(lease, sent, {remote("k", std::string(500, 't'), 2), remote("trigger", std::string(100, 't'), 2)}, 1);
  }
  put("from pull", "local");
  pull({remote("from pull", std::string(8'000, 'c'), 3)}, 3);
  ASSERT_TRUE(store_->resolve(id_, conflicts().at(0), Resolution::keep_remote(), at(1)));
  pull({remote("from pull", std::string(9'000, 'd'), 4), remote("trigger", std::nullopt, 4)}, 4);

  const auto used = info().bytes;
  EXPECT_EQ(used, 1U + 500 + 9 + 9'000 + 18 + 4'000);
  ASSERT_FALSE(store_->put(id_, "x", std::string(kMaxDatasetBytes - used, 'x'), at(1)));
  put("x", std::string(kMaxDatasetBytes - used - 1, 'x'));
  EXPECT_EQ(info().bytes, kMaxDatasetBytes);
}

// Others may have filled the dataset beyond what is allowed: it can be looked at, changed and shrunk, not grown.
TEST_F(LocalTest, ADatasetOverItsQuotaMayShrink) {
  std::vector<RemoteRecord> records;
  for (int i = 0; i < 1'030; ++i) records.push_back(remote("key" + std::to_string(i), "v", 1));
  pull(records, 1);
  ASSERT_FALSE(store_->put(id_, "new", "v", at(1)));
  put("key1", "w");
  remove("key2");
  EXPECT_EQ(info().records, 1'029U);
}

TEST_F(LocalTest, DatasetsHaveQuotasOfTheirOwn) {
  ASSERT_TRUE(store_->write(id_, many(kMaxRecordsPerDataset), at(1)));
  const auto other = store_->open_dataset("identity", "other").value();
  EXPECT_TRUE(store_->put(other, "k", "v", at(1)));
  EXPECT_EQ(store_->get(other, "key1").value(), std::nullopt);
}

// --- threads ------------------------------------------------------------------------------------------------------

TEST_F(LocalTest, D3AReaderNeverSeesHalfABatch) {
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::atomic<int> reads{0};
  ASSERT_TRUE(store_->write(id_, many(20, "0"), at(1)));
  std::thread reader([&] {
    while (!done || reads < 10) {
      const auto records = store_->records(id_).value();
      for (const auto& record : records) torn += record.value == records.front().value ? 0 : 1;
      ++reads;
    }
  });
  for (int i = 1; i <= 200; ++i) EXPECT_TRUE(store_->write(id_, many(20, std::to_string(i)), at(1)));
  done = true;
  reader.join();
  EXPECT_EQ(torn, 0);
}

TEST_F(LocalTest, ManyThreadsWriteAndRead) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const auto key = "thread" + std::to_string(t);
      for (int i = 0; i < 100; ++i) {
        const auto value = std::to_string(i);
        EXPECT_TRUE(store_->put(id_, key, value, at(i)));
        EXPECT_EQ(store_->get(id_, key).value(), value);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pending().size(), 4U);
  for (const auto& change : pending()) EXPECT_EQ(change.revision, Revision{100});
}

}  // namespace
}  // namespace syncline::store
