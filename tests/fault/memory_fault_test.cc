// SQLite's allocator, and operator new, fail at allocation 1, 2, 3, ... of each call of the store, once and for good:
// an Error, nothing half done and no wrong answer (D3, D10, D17), no exception, and the same store goes on once there
// is memory again.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <ostream>
#include <tuple>

#include "fault/failing_allocator.h"
#include "fault/fault_points.h"
#include "fault/store_rig.h"

namespace syncline::fault {

void PrintTo(const StoreCase& one, std::ostream* out) {
  *out << one.name;
}

namespace {

// Before the first use of SQLite, which the static list of cases below is not.
const bool kInstalled = (install_sqlite_allocator(), true);

struct Shortage {
  AllocationFaults& allocations;
  const char* whose;
  bool for_good;
  std::uint64_t at = 1;
};

std::ostream& operator<<(std::ostream& out, const Shortage& shortage) {
  return out << "no memory for " << shortage.whose << " at allocation " << shortage.at
             << (shortage.for_good ? " and after it" : "");
}

// The one that the next watched call meets, and whether it did.
const Shortage* next_shortage = nullptr;
bool met = false;

void begin_shortage() {
  if (next_shortage == nullptr) return;
  const auto last = next_shortage->for_good ? std::numeric_limits<std::uint64_t>::max() : next_shortage->at;
  next_shortage->allocations.arm(next_shortage->at, last);
}

void end_shortage() {
  if (next_shortage == nullptr) return;
  met = next_shortage->allocations.disarm();
  next_shortage = nullptr;
}

// Calls `body`, which is short of memory all the time.
template <typename Body>
auto short_of_memory(const Shortage& shortage, Body&& body) {
  next_shortage = &shortage;
  begin_shortage();
  auto answer = body();
  end_shortage();
  return answer;
}

const bool kWatched = (watch_calls({begin_shortage, end_shortage}), true);

// The kinds of shortage a test goes through.
std::vector<Shortage> shortages() {
  return {{sqlite_allocations(), "SQLite", false},
          {sqlite_allocations(), "SQLite", true},
          {new_allocations(), "operator new", false},
          {new_allocations(), "operator new", true}};
}

// D19: no memory must not pass for damage.
void expect_memory_error(const Error& error, const Shortage& shortage) {
  EXPECT_TRUE(error.code == ErrorCode::kStorage || error.code == ErrorCode::kInternal)
      << shortage << ": " << static_cast<int>(error.code) << " " << error.message;
  EXPECT_FALSE(error.message.empty()) << shortage;
}

bool survives(const StoreCase& one, const Shortage& shortage) {
  const auto& expected = reference(one);
  StoreRig rig(one);
  next_shortage = &shortage;
  const auto answer = rig.act();
  EXPECT_EQ(contents(), answer ? expected.after : expected.before) << shortage;
  if (answer) {
    EXPECT_EQ(*answer, expected.answer) << shortage;
    return met;
  }
  const bool failed = met;
  expect_memory_error(answer.error(), shortage);
  const auto again = rig.act();
  EXPECT_TRUE(again) << shortage << ", again: " << again.error().message;
  EXPECT_EQ(again.value_or(""), expected.answer) << shortage;
  EXPECT_EQ(contents(), expected.after) << shortage << ", again";
  return failed;
}

class MemoryFaultTest : public ::testing::TestWithParam<StoreCase> {};

TEST_P(MemoryFaultTest, D3AllOrNothing) {
  std::uint64_t points = 0;
  for (auto shortage : shortages()) {
    for (; survives(GetParam(), shortage) && !HasFailure(); shortage.at = next_point(shortage.at)) ++points;
  }
  EXPECT_GT(points, 10U);
  RecordProperty("failure_points", std::to_string(points));
}

std::vector<StoreCase> small_cases() {
  std::vector<StoreCase> small;
  for (const auto& one : store_cases()) {
    if (!one.full_wal) small.push_back(one);
  }
  return small;
}

INSTANTIATE_TEST_SUITE_P(Store, MemoryFaultTest, ::testing::ValuesIn(small_cases()),
                         [](const auto& instance) { return case_name(instance.param); });

bool opening_survives(Start start, const Shortage& shortage, const std::string& expected) {
  StoreRig rig(start);
  const store::StoreOptions how{.directory = store_directory()};
  auto opened = short_of_memory(shortage, [&] { return store::Store::open(how); });
  const bool failed = met;
  if (!opened) {
    expect_memory_error(opened.error(), shortage);
    opened = rig.open();
  }
  EXPECT_TRUE(opened) << shortage;
  if (!opened) return false;
  rig.store = std::move(*opened);
  EXPECT_FALSE(rig.store->recovery()) << shortage << ": D19: no memory is no damage";
  EXPECT_EQ(contents(), expected) << shortage;
  EXPECT_TRUE(rig.store->open_dataset(kIdentity, kDataset)) << shortage;
  return failed;
}

// A migration makes SQLite allocate thousands of times, as it reads the statements of a whole schema again for each
// table that it moves: every 13th fails in turn, or every one with SYNCLINE_FAULTS=all.
std::uint64_t stride(Start start, std::size_t kind) {
  return !all_points() && start == Start::kVersion1 && kind < 2 ? 13 : 1;
}

class OpeningMemoryTest : public ::testing::TestWithParam<std::tuple<Start, std::size_t>> {};

TEST_P(OpeningMemoryTest, D19FailsWithAnErrorAndWorksLater) {
  const auto [start, kind] = GetParam();
  const auto expected = contents_once_open(start);
  std::uint64_t points = 0;
  const auto step = stride(start, kind);
  auto shortage = shortages().at(kind);
  shortage.at += kind % step;  // not the same ones for each kind
  for (; opening_survives(start, shortage, expected) && !HasFailure(); shortage.at = next_point(shortage.at) + step - 1)
    ++points;
  EXPECT_GT(points, 10U);
  RecordProperty("failure_points", std::to_string(points));
}

std::string shortage_name(std::size_t kind) {
  return std::string(kind < 2 ? "Sqlite" : "New") + (kind % 2 == 0 ? "Once" : "ForGood");
}

INSTANTIATE_TEST_SUITE_P(Store, OpeningMemoryTest,
                         ::testing::Combine(::testing::Values(Start::kNew, Start::kExisting, Start::kVersion1),
                                            ::testing::Range<std::size_t>(0, 4)),
                         [](const auto& instance) {
                           return start_name(std::get<0>(instance.param)) + shortage_name(std::get<1>(instance.param));
                         });

TEST(MemoryTest, ClosingLosesNothing) {
  const auto& put = store_cases().front();
  const auto& expected = reference(put);
  std::uint64_t points = 0;
  for (auto shortage : shortages()) {
    for (met = true; met && !HasFailure(); ++shortage.at, ++points) {
      StoreRig rig(put);
      ASSERT_TRUE(rig.act());
      rig.act = {};
      short_of_memory(shortage, [&] { return rig.store.reset(), true; });
      rig.restart();
      EXPECT_EQ(contents(), expected.after) << shortage;
    }
  }
  RecordProperty("failure_points", std::to_string(points));
}

// What others wrote is looked at once the transaction has begun: where that fails, the transaction has to end.
TEST(MemoryTest, D18AWriteThatFailsLeavesTheStoreToOthers) {
  std::uint64_t points = 0;
  for (auto shortage : shortages()) {
    for (met = true; met && !::testing::Test::HasFailure(); shortage.at = next_point(shortage.at), ++points) {
      StoreRig rig(Start::kExisting);
      rig.store = rig.open().value();
      const auto id = rig.store->open_dataset(kIdentity, kDataset).value();
      ASSERT_TRUE(rig.store->watch(id));
      rig.disk.run_as(kOther);
      auto other =
          store::Store::open({.directory = store_directory(), .lock_timeout = std::chrono::milliseconds{0}}).value();
      ASSERT_TRUE(other->put(id, "theirs", "1", Timestamp{}));
      rig.disk.run_as(kWorker);
      (void)short_of_memory(shortage, [&] { return rig.store->put(id, "mine", "1", Timestamp{}); });
      rig.disk.run_as(kOther);
      const auto written = other->put(id, "theirs", "2", Timestamp{});
      EXPECT_TRUE(written) << shortage << ": " << written.error().message;
      other.reset();
      rig.disk.run_as(kWorker);
    }
  }
  RecordProperty("failure_points", std::to_string(points));
}

}  // namespace
}  // namespace syncline::fault
