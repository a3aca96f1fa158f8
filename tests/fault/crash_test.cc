// A process that dies at each operation of each call of the store, and power cuts at the same moments: the store opens
// again and holds all of the call or nothing (D3, D10); with `full` what was answered is there, without it at most the
// newest calls are gone (D2). A second process goes on without a pause (D18).
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <vector>

#include "fault/fault_points.h"
#include "fault/store_rig.h"

namespace syncline::fault {

void PrintTo(const StoreCase& one, std::ostream* out) {
  *out << one.name;
}

namespace {

using testing::DiskVerdict;

const char* name_of(DiskVerdict verdict) {
  return verdict == DiskVerdict::kKillBefore ? "before" : (verdict == DiskVerdict::kKillAfter ? "after" : "within");
}

class CrashTest : public ::testing::TestWithParam<StoreCase> {};

// The worker dies at operation `at` of its call. False: the call has fewer.
bool dies(const StoreCase& one, DiskVerdict verdict, std::uint64_t at) {
  const auto& expected = reference(one);
  const auto where = std::string("killed ") + name_of(verdict) + " operation " + std::to_string(at);
  StoreRig rig(one);
  rig.fail(verdict, at, at);
  const auto answer = rig.act();
  const bool killed = rig.stop_failing();
  EXPECT_EQ(killed, rig.disk.killed(kWorker)) << where;
  rig.restart();
  EXPECT_TRUE(rig.store) << where;
  if (!rig.store) return false;
  const auto found = contents();
  EXPECT_TRUE(found == expected.after || (!answer && found == expected.before)) << where << ": " << found;
  return killed;
}

// As dies(), seen by a second process that has the store open all the time.
void dies_beside_another(const StoreCase& one, std::uint64_t at) {
  const auto& expected = reference(one);
  const auto where = "killed beside another, before operation " + std::to_string(at);
  StoreRig rig(one);
  rig.disk.run_as(kOther);
  auto other = rig.open().value();
  rig.disk.run_as(kWorker);
  rig.fail(DiskVerdict::kKillBefore, at, at);
  const auto answer = rig.act();
  rig.stop_failing();
  rig.disk.run_as(kOther);
  const auto found = contents();
  EXPECT_TRUE(found == expected.after || (!answer && found == expected.before)) << where << ": " << found;
  const auto put = other->put(1, "other", "goes on", Timestamp{});
  EXPECT_TRUE(put) << where << ": " << put.error().message;
  rig.restart();
  EXPECT_EQ(rig.store->get(1, "other").value(), "goes on") << where;
  rig.disk.run_as(kOther);
  other.reset();
}

TEST_P(CrashTest, D10AKillAtEachOperation) {
  std::uint64_t points = 0;
  for (const auto verdict : {DiskVerdict::kKillBefore, DiskVerdict::kKillAfter, DiskVerdict::kTear}) {
    if (GetParam().full_wal && verdict == DiskVerdict::kKillAfter) continue;
    for (std::uint64_t at = 1; dies(GetParam(), verdict, at) && !HasFailure(); at = next_point(at), ++points) {
      if (verdict == DiskVerdict::kKillBefore && !GetParam().full_wal) dies_beside_another(GetParam(), at);
    }
  }
  EXPECT_GT(points, 0U);
  RecordProperty("failure_points", std::to_string(points));
}

// Everything that a power cut may leave, oldest first, if nothing more than the newest calls go.
std::vector<std::string> history_of(const StoreCase& one, bool survive_power_cut) {
  std::vector<std::string> states;
  StoreRig rig(one, {.survive_power_cut = survive_power_cut});
  states.push_back(contents());
  EXPECT_TRUE(rig.store->put(1, "anchor", "answered", Timestamp{}));
  states.push_back(contents());
  EXPECT_TRUE(rig.act());
  states.push_back(contents());
  return states;
}

struct Cut {
  bool survive_power_cut;
  std::uint64_t at;
  std::uint64_t seed;
};

std::ostream& operator<<(std::ostream& out, const Cut& cut) {
  return out << (cut.survive_power_cut ? "full" : "process") << ", power cut at operation " << cut.at << ", seed "
             << cut.seed;
}

// An answered put, then the call, and the power goes at operation `at` of it. False: the call has fewer.
bool survives_cut(const StoreCase& one, const Cut& cut, const std::vector<std::string>& history) {
  StoreRig rig(one, {.seed = cut.seed, .survive_power_cut = cut.survive_power_cut});
  EXPECT_TRUE(rig.store->put(1, "anchor", "answered", Timestamp{})) << cut;
  rig.fail(DiskVerdict::kKillBefore, cut.at, cut.at);
  const auto answer = rig.act();
  const bool met = rig.stop_failing();
  rig.disk.power_cut(store_directory());
  rig.restart();
  EXPECT_TRUE(rig.store) << cut;
  if (!rig.store) return false;
  const auto found = contents();
  // The oldest state that is allowed.
  const std::size_t oldest = !cut.survive_power_cut ? 0 : (answer && one.lasting ? 2 : 1);
  const auto newest = std::find(history.begin() + static_cast<std::ptrdiff_t>(oldest), history.end(), found);
  EXPECT_NE(newest, history.end()) << cut << ": " << found;
  EXPECT_TRUE(rig.store->put(1, "afterwards", "a", Timestamp{})) << cut;
  return met;
}

TEST_P(CrashTest, D2APowerCutAtEachOperation) {
  const std::uint64_t seeds = GetParam().full_wal ? 1 : 6;
  std::uint64_t points = 0;
  for (const bool survive_power_cut : {true, false}) {
    const auto history = history_of(GetParam(), survive_power_cut);
    bool met = true;
    for (std::uint64_t at = 1; met && !HasFailure(); at = next_point(at)) {
      for (std::uint64_t seed = 1; seed <= seeds; ++seed, ++points) {
        met = survives_cut(GetParam(), {survive_power_cut, at, at * 1'000 + seed}, history);
      }
    }
  }
  EXPECT_GT(points, 0U);
  RecordProperty("failure_points", std::to_string(points));
}

// Reads have nothing to lose.
std::vector<StoreCase> writing_cases() {
  std::vector<StoreCase> writing;
  for (const auto& one : store_cases()) {
    if (reference(one).before != reference(one).after) writing.push_back(one);
  }
  return writing;
}

INSTANTIATE_TEST_SUITE_P(Store, CrashTest, ::testing::ValuesIn(writing_cases()),
                         [](const auto& instance) { return case_name(instance.param); });

// --- opening

struct Death {
  DiskVerdict verdict;
  bool power_cut;  // right after it
  std::uint64_t at;
  std::uint64_t seed;
};

std::ostream& operator<<(std::ostream& out, const Death& death) {
  return out << "killed " << name_of(death.verdict) << " operation " << death.at
             << (death.power_cut ? ", with a power cut of seed " : ", seed ") << death.seed;
}

// False: opening has fewer operations.
bool opening_survives(Start start, const Death& death, const std::string& expected) {
  StoreRig rig(start, death.seed);
  rig.fail(death.verdict, death.at, death.at);
  auto opened = rig.open();
  if (opened) rig.store = std::move(*opened);
  const bool met = rig.stop_failing();
  if (death.power_cut) rig.disk.power_cut(store_directory());
  rig.restart();
  EXPECT_TRUE(rig.store) << death;
  if (!rig.store) return false;
  EXPECT_FALSE(rig.store->recovery()) << death << ": D19: an interruption is no damage";
  EXPECT_EQ(contents(), expected) << death;
  return met;
}

class OpeningCrashTest : public ::testing::TestWithParam<Start> {};

TEST_P(OpeningCrashTest, D10KillsAndPowerCutsLeaveAStoreThatOpens) {
  const auto expected = contents_once_open(GetParam());
  std::uint64_t points = 0;
  for (const auto verdict : {DiskVerdict::kKillBefore, DiskVerdict::kKillAfter, DiskVerdict::kTear}) {
    for (const bool power_cut : {false, true}) {
      // The power doesn't tell the end of one operation from the beginning of the next.
      if (power_cut && verdict == DiskVerdict::kKillAfter) continue;
      bool met = true;
      for (std::uint64_t at = 1; met && !HasFailure(); at = next_point(at)) {
        for (std::uint64_t seed = 1; seed <= (power_cut ? 3U : 1U); ++seed, ++points) {
          met = opening_survives(GetParam(), {verdict, power_cut, at, at * 100 + seed}, expected);
        }
      }
    }
  }
  EXPECT_GT(points, 50U);
  RecordProperty("failure_points", std::to_string(points));
}

INSTANTIATE_TEST_SUITE_P(Store, OpeningCrashTest, ::testing::ValuesIn(kStarts),
                         [](const auto& instance) { return start_name(instance.param); });

// What the tests above compare with is worth something: nothing that version 1 had not sent is missing there.
TEST(MigrationTest, D19UnsentWritesOfVersion1AreKept) {
  for (const auto start : {Start::kVersion1, Start::kVersion1AfterAKill}) {
    StoreRig rig(start);
    rig.restart();
    ASSERT_TRUE(rig.store) << start_name(start);
    ASSERT_EQ(rig.store->adopt_identity("").value(), "identity");
    const auto save = rig.store->open_dataset("identity", "save").value();
    EXPECT_EQ(rig.store->get(save, "edited").value(), "99");
    EXPECT_EQ(rig.store->get(save, "new").value(), "");
    EXPECT_EQ(rig.store->get(save, "torn").value(), std::nullopt);
    EXPECT_EQ(rig.store->pending_changes(save).value().size(), 3U);
    const auto early = rig.store->open_dataset("identity", "early").value();
    EXPECT_EQ(rig.store->get(early, "k").value(), "early");
    EXPECT_EQ(rig.store->pending_changes(early).value().size(), 1U);
  }
}

}  // namespace
}  // namespace syncline::fault
