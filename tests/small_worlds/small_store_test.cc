// The small store keeps the real one's rules: the same calls, in random order, with the same answers.
#include "small_worlds/small_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/planner.h"
#include "store/store.h"
#include "support/temp_dir.h"

namespace syncline::small {
namespace {

constexpr Timestamp kNow{std::chrono::milliseconds{1'000}};

class Twins {
 public:
  Twins(store::Store& real, unsigned seed) : random_(seed), real_(real) {
    id_ = real_.open_dataset("identity", "twins" + std::to_string(seed)).value();
  }

  void act() {
    switch (below(8)) {
      case 0:
      case 1:
        return write();
      case 2:
        return pull();
      case 3:
        return stage();
      case 4:
      case 5:
        return push();
      case 6:
        return resolve();
      default:
        return below(4) == 0 ? erase() : write();
    }
  }

  void expect_equal() {
    const auto lease = real_.begin_sync(id_).value();
    const auto start = small_.start();
    EXPECT_EQ(lease.start.phase, start.phase);
    EXPECT_EQ(lease.start.sync_count, start.sync_count);
    EXPECT_EQ(lease.start.has_records, start.has_records);
    EXPECT_EQ(lease.start.newest, start.newest);
    EXPECT_EQ(lease.start.pending, start.pending);
    EXPECT_EQ(lease.start.pending_known, start.pending_known);
    EXPECT_EQ(lease.start.unanswered, start.unanswered);
    EXPECT_EQ(lease.start.open_conflicts, start.open_conflicts);
    expect_equal_pending();
    const auto conflicts = real_.conflicts(id_).value();
    EXPECT_EQ(conflicts.size(), small_.open_conflicts());
    for (const auto& conflict : conflicts) {
      const auto& entry = small_.keys[key_of(conflict.key)];
      EXPECT_EQ(from_record({conflict.key, conflict.remote}), entry.conflict);
      ASSERT_EQ(conflict.base.has_value(), entry.base.known);
      EXPECT_EQ(conflict.base ? from_record({conflict.key, *conflict.base}) : Held{}, entry.base);
    }
    for (std::size_t key = 0; key < kKeys; ++key) {
      EXPECT_EQ(from_text(real_.get(id_, key_name(key)).value()), small_.keys[key].visible());
    }
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  Byte any_value() { return below(4) == 0 ? kNoValue : static_cast<Byte>(1 + below(3)); }

  std::vector<RemoteRecord> any_records() {
    std::vector<RemoteRecord> records;
    for (std::size_t key = 0; key < kKeys; ++key) {
      if (below(3) == 0) continue;
      records.push_back(to_record(key, Held{.known = true,
                                            .value = any_value(),
                                            .count = static_cast<Byte>(1 + below(8)),
                                            .by = static_cast<Byte>(1 + below(2))}));
    }
    return records;
  }

  void expect_equal_pending() {
    const auto pending = real_.pending_changes(id_).value();
    std::size_t expected = 0;
    for (const auto& entry : small_.keys) expected += entry.pending ? 1 : 0;
    ASSERT_EQ(pending.size(), expected);
    for (const auto& change : pending) {
      const auto& entry = small_.keys[key_of(change.key)];
      EXPECT_TRUE(entry.pending);
      EXPECT_EQ(from_text(change.value), entry.pending_value);
      EXPECT_EQ(change.revision.value, entry.revision);
      EXPECT_EQ(change.base_count.value, entry.base.known ? entry.base.count : 0);
    }
  }

  void write() {
    const auto key = below(kKeys);
    const auto value = any_value();
    const Change change{.key = key_name(key), .value = to_text(value)};
    const auto changes = real_.write(id_, {&change, 1}, kNow).value();
    EXPECT_EQ(!changes.empty(), small_.write(key, value));
  }

  void stage() {
    auto lease = real_.begin_sync(id_).value();
    const auto records = any_records();
    const bool first = below(2) == 0;
    ASSERT_TRUE(real_.stage_page(lease, records, first));
    small_.stage(records, first);
  }

  void pull() {
    auto lease = real_.begin_sync(id_).value();
    const store::Pull pull{.kind = static_cast<PullKind>(below(3)),
                           .sync_count = SyncCount{static_cast<std::int64_t>(below(8))},
                           .with_staged = below(3) == 0,
                           .records = any_records()};
    ASSERT_TRUE(real_.apply_pull(lease, pull, engine::plan));
    small_.apply_pull(pull.kind, pull.sync_count, pull.with_staged, pull.records);
  }

  // Prepares a push; then its answer comes, comes short, says something else, or never comes.
  void push() {
    auto lease = real_.begin_sync(id_).value();
    const bool after_list = below(2) == 0;
    auto sent = real_.prepare_push(lease, after_list).value();
    const auto by_key = [](const OutgoingChange& a, const OutgoingChange& b) { return a.key < b.key; };
    std::sort(sent.begin(), sent.end(), by_key);
    const auto expected = small_.prepare_push(after_list);
    ASSERT_EQ(sent.size(), expected.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(sent[i].key, expected[i].key);
      EXPECT_EQ(sent[i].value, expected[i].value);
      EXPECT_EQ(sent[i].base_count, expected[i].base_count);
      EXPECT_EQ(sent[i].revision, expected[i].revision);
    }
    if (below(3) == 0) return;
    if (below(3) == 0) write();
    auto records = any_records();
    if (below(3) != 0) {
      records.clear();
      for (const auto& change : sent) {
        records.push_back({change.key, Version{.value = change.value, .count = SyncCount{6}, .modified_by = "A"}});
      }
    }
    const SyncCount listed{5};
    const auto outcome = real_.acknowledge_push(lease, {sent, records, listed}, engine::plan).value();
    EXPECT_EQ(outcome.nothing_between, small_.acknowledge(sent, records, listed));
  }

  void resolve() {
    const auto conflicts = real_.conflicts(id_).value();
    if (conflicts.empty()) return;
    const auto& conflict = conflicts[below(conflicts.size())];
    const auto key = key_of(conflict.key);
    const Resolution answers[] = {Resolution::keep_local(), Resolution::keep_remote(), Resolution::use("\x07"),
                                  Resolution::remove(), Resolution::later()};
    const auto& answer = answers[below(std::size(answers))];
    ASSERT_TRUE(real_.resolve(id_, conflict, answer, kNow));
    small_.resolve(key, answer.choice(), 7);
  }

  void erase() {
    ASSERT_TRUE(real_.begin_deletion(id_));
    small_.begin_deletion();
    if (below(2) == 0) return;
    auto lease = real_.begin_sync(id_).value();
    ASSERT_TRUE(real_.finish_deletion(lease));
    small_.finish_deletion();
  }

  std::mt19937 random_;
  store::Store& real_;
  store::DatasetId id_ = 0;
  SmallStore small_;
};

class SmallStoreTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(SmallStoreTest, KeepsTheRealStoresRules) {
  testing::TempDir temp;
  const auto real = store::Store::open({.directory = temp.file("store"), .survive_power_cut = false}).value();
  for (unsigned seed = GetParam(); seed < GetParam() + 100; ++seed) {
    Twins twins(*real, seed);
    for (int step = 0; step < 40; ++step) {
      twins.act();
      twins.expect_equal();
      ASSERT_FALSE(HasFailure()) << "seed " << seed << ", step " << step;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, SmallStoreTest, ::testing::Range(0U, 400U, 100U));

}  // namespace
}  // namespace syncline::small
