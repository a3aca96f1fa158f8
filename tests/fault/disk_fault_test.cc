// The disk fails at operation 1, 2, 3, ... of each call of the store, once and for good: an Error, nothing half done
// (D3, D10), and the same store goes on once the fault is gone, as does one that is opened anew.
#include <gtest/gtest.h>

#include <limits>
#include <ostream>

#include "fault/fault_points.h"
#include "fault/store_rig.h"

namespace syncline::fault {

void PrintTo(const StoreCase& one, std::ostream* out) {
  *out << one.name;
}

namespace {

using testing::DiskVerdict;

constexpr auto kForGood = std::numeric_limits<std::uint64_t>::max();

struct Fault {
  DiskVerdict verdict;
  bool for_good;
  std::uint64_t at;
  [[nodiscard]] std::uint64_t last() const { return for_good ? kForGood : at; }
};

std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << (fault.verdict == DiskVerdict::kFull ? "disk full" : "I/O error") << " at operation " << fault.at
             << (fault.for_good ? " and after it" : "");
}

// An I/O error must not pass for damage (D19): a damaged file is set aside.
void expect_storage_error(const Error& error, const Fault& fault) {
  EXPECT_TRUE(error.code == ErrorCode::kStorage || error.code == ErrorCode::kStorageFull)
      << fault << ": " << static_cast<int>(error.code) << " " << error.message;
  EXPECT_FALSE(error.message.empty()) << fault;
}

void expect_store_works(StoreRig& rig, const Fault& fault) {
  const auto id = rig.store->open_dataset(kIdentity, kDataset);
  ASSERT_TRUE(id) << fault << ": " << id.error().message;
  const auto put = rig.store->put(*id, "afterwards", "a", Timestamp{});
  ASSERT_TRUE(put) << fault << ": " << put.error().message;
  EXPECT_EQ(rig.store->get(*id, "afterwards").value(), "a") << fault;
}

// The call under a fault, again without it, and what a restart finds. False: it passed without meeting the fault.
bool survives(const StoreCase& one, const Fault& fault) {
  const auto& expected = reference(one);
  StoreRig rig(one);
  rig.fail(fault.verdict, fault.at, fault.last());
  const auto answer = rig.act();
  const bool failed = rig.stop_failing();
  EXPECT_EQ(contents(), answer ? expected.after : expected.before) << fault;
  if (answer) {
    EXPECT_EQ(*answer, expected.answer) << fault;
  } else {
    expect_storage_error(answer.error(), fault);
    const auto again = rig.act();
    EXPECT_TRUE(again) << fault << ", again: " << again.error().message;
    EXPECT_EQ(again.value_or(""), expected.answer) << fault;
    EXPECT_EQ(contents(), expected.after) << fault << ", again";
  }
  rig.restart();
  EXPECT_EQ(contents(), expected.after) << fault << ", restarted";
  expect_store_works(rig, fault);
  return failed;
}

// As survives(), with the restart right after the error.
void survives_with_restart(const StoreCase& one, const Fault& fault) {
  const auto& expected = reference(one);
  StoreRig rig(one);
  rig.fail(fault.verdict, fault.at, fault.last());
  const auto answer = rig.act();
  rig.stop_failing();
  rig.restart();
  const auto found = contents();
  EXPECT_TRUE(found == expected.after || (!answer && found == expected.before)) << fault << ": " << found;
  expect_store_works(rig, fault);
}

class DiskFaultTest : public ::testing::TestWithParam<StoreCase> {};

TEST_P(DiskFaultTest, D3AllOrNothing) {
  std::uint64_t points = 0;
  for (const auto verdict : {DiskVerdict::kFail, DiskVerdict::kFull}) {
    for (const bool for_good : {false, true}) {
      // The longest one, on the largest files: each point once with each kind of fault.
      if (GetParam().full_wal && for_good != (verdict == DiskVerdict::kFull)) continue;
      for (Fault fault{verdict, for_good, 1}; survives(GetParam(), fault) && !HasFailure();
           fault.at = next_point(fault.at)) {
        if (!GetParam().full_wal) survives_with_restart(GetParam(), fault);
        ++points;
      }
    }
  }
  EXPECT_GT(points, 0U);
  RecordProperty("failure_points", std::to_string(points));
}

TEST(StoreCasesTest, OneCaseFoldsTheWalIntoTheFile) {
  std::uint64_t writes = 0;
  for (const auto& one : store_cases()) {
    if (!one.full_wal) continue;
    StoreRig rig(one);
    rig.disk.set_judge([&](const testing::DiskOperation& operation) {
      const bool folding = operation.kind == testing::DiskOperation::Kind::kWrite && operation.path == database_path();
      writes += folding ? 1U : 0U;
      return DiskVerdict::kProceed;
    });
    EXPECT_TRUE(rig.act());
    rig.disk.set_judge({});
  }
  EXPECT_GT(writes, 50U);
}

INSTANTIATE_TEST_SUITE_P(Store, DiskFaultTest, ::testing::ValuesIn(store_cases()),
                         [](const auto& instance) { return case_name(instance.param); });

// --- opening and closing

bool opening_survives(Start start, const Fault& fault, const std::string& expected) {
  StoreRig rig(start);
  rig.fail(fault.verdict, fault.at, fault.last());
  auto opened = rig.open();
  const bool failed = rig.stop_failing();
  if (opened) {
    rig.store = std::move(*opened);
  } else {
    expect_storage_error(opened.error(), fault);
    rig.restart();
    EXPECT_TRUE(rig.store) << fault;
    if (!rig.store) return false;
  }
  EXPECT_FALSE(rig.store->recovery()) << fault << ": D19: a fault is no damage";
  EXPECT_EQ(contents(), expected) << fault;
  expect_store_works(rig, fault);
  return failed;
}

class OpeningTest : public ::testing::TestWithParam<Start> {};

TEST_P(OpeningTest, D19FailsWithAnErrorAndWorksLater) {
  const auto expected = contents_once_open(GetParam());
  std::uint64_t points = 0;
  for (const auto verdict : {DiskVerdict::kFail, DiskVerdict::kFull}) {
    for (const bool for_good : {false, true}) {
      Fault fault{verdict, for_good, 1};
      for (; opening_survives(GetParam(), fault, expected) && !HasFailure(); fault.at = next_point(fault.at)) ++points;
    }
  }
  EXPECT_GT(points, 10U);
  RecordProperty("failure_points", std::to_string(points));
}

INSTANTIATE_TEST_SUITE_P(Store, OpeningTest, ::testing::ValuesIn(kStarts),
                         [](const auto& instance) { return start_name(instance.param); });

// The last one out folds the WAL into the file, which can fail at any point.
TEST(ClosingTest, FailingLosesNothing) {
  static const auto kPut = store_cases().front();
  const auto& expected = reference(kPut);
  std::uint64_t points = 0;
  for (const auto verdict : {DiskVerdict::kFail, DiskVerdict::kFull}) {
    for (const bool for_good : {false, true}) {
      for (Fault fault{verdict, for_good, 1}; !HasFailure(); ++fault.at, ++points) {
        StoreRig rig(kPut);
        ASSERT_TRUE(rig.act());
        rig.fail(fault.verdict, fault.at, fault.last());
        rig.act = {};
        rig.store.reset();
        if (!rig.stop_failing()) break;
        rig.restart();
        EXPECT_EQ(contents(), expected.after) << fault;
      }
    }
  }
  EXPECT_GT(points, 10U);
  RecordProperty("failure_points", std::to_string(points));
}

}  // namespace
}  // namespace syncline::fault
