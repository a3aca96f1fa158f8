// SQLite's allocator, and operator new, fail at allocation 1, 2, 3, ... of each call of the store, once and for good:
// an Error, nothing half done and no wrong answer (D3, D10, D17), no exception, and the same store goes on once there
// is memory again.
#include <gtest/gtest.h>

#include <limits>
#include <ostream>

#include "fault/failing_allocator.h"
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
    for (; survives(GetParam(), shortage) && !HasFailure(); ++shortage.at) ++points;
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

// Opening and closing; `before` makes the disk, which is then closed.
bool opening_survives(const StoreRig::Options& options, const Shortage& shortage, const std::string& expected) {
  StoreRig rig(store_cases().front(), options);
  rig.act = {};
  rig.store.reset();
  const store::StoreOptions how{.directory = store_directory()};
  auto opened = short_of_memory(shortage, [&] { return store::Store::open(how); });
  if (!opened) {
    expect_memory_error(opened.error(), shortage);
    opened = rig.open();
  }
  EXPECT_TRUE(opened) << shortage;
  if (!opened) return false;
  EXPECT_EQ(contents(), expected) << shortage;
  rig.store = std::move(*opened);
  const bool failed = met;
  EXPECT_TRUE(rig.store->open_dataset(kIdentity, kDataset)) << shortage;
  return failed;
}

std::string contents_once_open(const StoreRig::Options& options) {
  StoreRig rig(store_cases().front(), options);
  rig.restart();
  return contents();
}

class OpeningMemoryTest : public ::testing::TestWithParam<bool> {};

TEST_P(OpeningMemoryTest, FailsWithAnErrorAndWorksLater) {
  const StoreRig::Options options{.empty_disk = GetParam()};
  const auto expected = contents_once_open(options);
  std::uint64_t points = 0;
  for (auto shortage : shortages()) {
    for (; opening_survives(options, shortage, expected) && !HasFailure(); ++shortage.at) ++points;
  }
  EXPECT_GT(points, 100U);
  RecordProperty("failure_points", std::to_string(points));
}

INSTANTIATE_TEST_SUITE_P(Store, OpeningMemoryTest, ::testing::Bool(),
                         [](const auto& instance) { return instance.param ? "New" : "Existing"; });

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

}  // namespace
}  // namespace syncline::fault
