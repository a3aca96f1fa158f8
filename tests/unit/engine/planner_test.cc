// The merge planner, cell by cell: every combination of what the store can see of a key, with the action it must get.
#include "engine/planner.h"

#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <set>
#include <string>
#include <tuple>

namespace syncline {
namespace {

using Action = PlanAction;
using Base = PlanInput::Base;
using Incoming = PlanInput::Incoming;
using Local = PlanInput::Local;

// How the incoming version stands to the base: its count, and whether the value is the same one.
enum class Seen : std::uint8_t { kUnknown, kSame, kOlderEqual, kOlderOther, kNewerEqual, kNewerOther };
// How it stands to what this device wrote: the pending value, a value sent whose answer was lost, both, neither.
enum class Own : std::uint8_t { kOther, kSent, kLocal, kLocalSent };

struct Cell {
  Local local;
  Base base;
  Incoming incoming;
  Seen seen;
  Own own;
  Action incremental;
  Action complete;
  Action restored;
};

// clang-format off
constexpr Cell kTable[] = {
    // None here, base None, incoming Value
    {Local::kNone, Base::kNone, Incoming::kValue, Seen::kUnknown, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kAdopt},
    // None here, base None, incoming Tombstone
    {Local::kNone, Base::kNone, Incoming::kTombstone, Seen::kUnknown, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kAdopt},
    // None here, base None, incoming Absent
    {Local::kNone, Base::kNone, Incoming::kAbsent, Seen::kUnknown, Own::kOther, Action::kIgnore, Action::kIgnore, Action::kIgnore},
    // None here, base Tombstone, incoming Value
    {Local::kNone, Base::kTombstone, Incoming::kValue, Seen::kOlderOther, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kRevive},
    {Local::kNone, Base::kTombstone, Incoming::kValue, Seen::kNewerOther, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kAdopt},
    // None here, base Tombstone, incoming Tombstone
    {Local::kNone, Base::kTombstone, Incoming::kTombstone, Seen::kSame, Own::kOther, Action::kIgnore, Action::kIgnore, Action::kIgnore},
    {Local::kNone, Base::kTombstone, Incoming::kTombstone, Seen::kOlderEqual, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kAdopt},
    {Local::kNone, Base::kTombstone, Incoming::kTombstone, Seen::kNewerEqual, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kAdopt},
    // None here, base Tombstone, incoming Absent
    {Local::kNone, Base::kTombstone, Incoming::kAbsent, Seen::kUnknown, Own::kOther, Action::kIgnore, Action::kForget, Action::kForget},
    // Clean here, base Value, incoming Value
    {Local::kClean, Base::kValue, Incoming::kValue, Seen::kSame, Own::kOther, Action::kIgnore, Action::kIgnore, Action::kIgnore},
    {Local::kClean, Base::kValue, Incoming::kValue, Seen::kOlderEqual, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kAdopt},
    {Local::kClean, Base::kValue, Incoming::kValue, Seen::kOlderOther, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kRevive},
    {Local::kClean, Base::kValue, Incoming::kValue, Seen::kNewerEqual, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kAdopt},
    {Local::kClean, Base::kValue, Incoming::kValue, Seen::kNewerOther, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kAdopt},
    // Clean here, base Value, incoming Tombstone
    {Local::kClean, Base::kValue, Incoming::kTombstone, Seen::kOlderOther, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kRevive},
    {Local::kClean, Base::kValue, Incoming::kTombstone, Seen::kNewerOther, Own::kOther, Action::kAdopt, Action::kAdopt, Action::kAdopt},
    // Clean here, base Value, incoming Absent
    {Local::kClean, Base::kValue, Incoming::kAbsent, Seen::kUnknown, Own::kOther, Action::kIgnore, Action::kForget, Action::kRevive},
    // Pending here, base None, incoming Value
    {Local::kPending, Base::kNone, Incoming::kValue, Seen::kUnknown, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPending, Base::kNone, Incoming::kValue, Seen::kUnknown, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kNone, Incoming::kValue, Seen::kUnknown, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kNone, Incoming::kValue, Seen::kUnknown, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    // Pending here, base None, incoming Tombstone
    {Local::kPending, Base::kNone, Incoming::kTombstone, Seen::kUnknown, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPending, Base::kNone, Incoming::kTombstone, Seen::kUnknown, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    // Pending here, base None, incoming Absent
    {Local::kPending, Base::kNone, Incoming::kAbsent, Seen::kUnknown, Own::kOther, Action::kIgnore, Action::kRebase, Action::kRebase},
    // Pending here, base Value, incoming Value
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kSame, Own::kOther, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kSame, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kSame, Own::kLocal, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kSame, Own::kLocalSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kOlderEqual, Own::kOther, Action::kConflict, Action::kConflict, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kOlderEqual, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kOlderEqual, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kOlderEqual, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kOlderOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kOlderOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kOlderOther, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kOlderOther, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kNewerEqual, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kNewerEqual, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kNewerEqual, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kNewerEqual, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kNewerOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kNewerOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kNewerOther, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kValue, Incoming::kValue, Seen::kNewerOther, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    // Pending here, base Value, incoming Tombstone
    {Local::kPending, Base::kValue, Incoming::kTombstone, Seen::kOlderOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kTombstone, Seen::kOlderOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kValue, Incoming::kTombstone, Seen::kNewerOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPending, Base::kValue, Incoming::kTombstone, Seen::kNewerOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    // Pending here, base Value, incoming Absent
    {Local::kPending, Base::kValue, Incoming::kAbsent, Seen::kUnknown, Own::kOther, Action::kIgnore, Action::kRebase, Action::kRebase},
    // Pending here, base Tombstone, incoming Value
    {Local::kPending, Base::kTombstone, Incoming::kValue, Seen::kOlderOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kRebase},
    {Local::kPending, Base::kTombstone, Incoming::kValue, Seen::kOlderOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kTombstone, Incoming::kValue, Seen::kOlderOther, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kTombstone, Incoming::kValue, Seen::kOlderOther, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kTombstone, Incoming::kValue, Seen::kNewerOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPending, Base::kTombstone, Incoming::kValue, Seen::kNewerOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kTombstone, Incoming::kValue, Seen::kNewerOther, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPending, Base::kTombstone, Incoming::kValue, Seen::kNewerOther, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    // Pending here, base Tombstone, incoming Tombstone
    {Local::kPending, Base::kTombstone, Incoming::kTombstone, Seen::kSame, Own::kOther, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kTombstone, Incoming::kTombstone, Seen::kSame, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kTombstone, Incoming::kTombstone, Seen::kOlderEqual, Own::kOther, Action::kConflict, Action::kConflict, Action::kRebase},
    {Local::kPending, Base::kTombstone, Incoming::kTombstone, Seen::kOlderEqual, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPending, Base::kTombstone, Incoming::kTombstone, Seen::kNewerEqual, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPending, Base::kTombstone, Incoming::kTombstone, Seen::kNewerEqual, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    // Pending here, base Tombstone, incoming Absent
    {Local::kPending, Base::kTombstone, Incoming::kAbsent, Seen::kUnknown, Own::kOther, Action::kIgnore, Action::kRebase, Action::kRebase},
    // PendingRemoval here, base None, incoming Value
    {Local::kPendingRemoval, Base::kNone, Incoming::kValue, Seen::kUnknown, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPendingRemoval, Base::kNone, Incoming::kValue, Seen::kUnknown, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    // PendingRemoval here, base None, incoming Tombstone
    {Local::kPendingRemoval, Base::kNone, Incoming::kTombstone, Seen::kUnknown, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPendingRemoval, Base::kNone, Incoming::kTombstone, Seen::kUnknown, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    // PendingRemoval here, base None, incoming Absent
    {Local::kPendingRemoval, Base::kNone, Incoming::kAbsent, Seen::kUnknown, Own::kOther, Action::kIgnore, Action::kRebase, Action::kRebase},
    // PendingRemoval here, base Value, incoming Value
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kSame, Own::kOther, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kSame, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kOlderEqual, Own::kOther, Action::kConflict, Action::kConflict, Action::kRebase},
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kOlderEqual, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kOlderOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kRebase},
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kOlderOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kNewerEqual, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kNewerEqual, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kNewerOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPendingRemoval, Base::kValue, Incoming::kValue, Seen::kNewerOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    // PendingRemoval here, base Value, incoming Tombstone
    {Local::kPendingRemoval, Base::kValue, Incoming::kTombstone, Seen::kOlderOther, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPendingRemoval, Base::kValue, Incoming::kTombstone, Seen::kOlderOther, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPendingRemoval, Base::kValue, Incoming::kTombstone, Seen::kNewerOther, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPendingRemoval, Base::kValue, Incoming::kTombstone, Seen::kNewerOther, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    // PendingRemoval here, base Value, incoming Absent
    {Local::kPendingRemoval, Base::kValue, Incoming::kAbsent, Seen::kUnknown, Own::kOther, Action::kIgnore, Action::kConverge, Action::kConverge},
    // PendingRemoval here, base Tombstone, incoming Value
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kValue, Seen::kOlderOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kRebase},
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kValue, Seen::kOlderOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kValue, Seen::kNewerOther, Own::kOther, Action::kConflict, Action::kConflict, Action::kConflict},
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kValue, Seen::kNewerOther, Own::kSent, Action::kRebase, Action::kRebase, Action::kRebase},
    // PendingRemoval here, base Tombstone, incoming Tombstone
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kTombstone, Seen::kSame, Own::kLocal, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kTombstone, Seen::kSame, Own::kLocalSent, Action::kRebase, Action::kRebase, Action::kRebase},
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kTombstone, Seen::kOlderEqual, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kTombstone, Seen::kOlderEqual, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kTombstone, Seen::kNewerEqual, Own::kLocal, Action::kConverge, Action::kConverge, Action::kConverge},
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kTombstone, Seen::kNewerEqual, Own::kLocalSent, Action::kConverge, Action::kConverge, Action::kConverge},
    // PendingRemoval here, base Tombstone, incoming Absent
    {Local::kPendingRemoval, Base::kTombstone, Incoming::kAbsent, Seen::kUnknown, Own::kOther, Action::kIgnore, Action::kConverge, Action::kConverge},
};
// clang-format on

PlanInput input_of(const Cell& cell, PullKind kind) {
  const bool older = cell.seen == Seen::kSame || cell.seen == Seen::kOlderEqual || cell.seen == Seen::kOlderOther;
  const bool equal = cell.seen == Seen::kSame || cell.seen == Seen::kOlderEqual || cell.seen == Seen::kNewerEqual;
  return PlanInput{.local = cell.local,
                   .base = cell.base,
                   .incoming = cell.incoming,
                   .kind = kind,
                   .same_version = cell.seen == Seen::kSame,
                   .equals_base = equal,
                   .behind_base = older,
                   .equals_local = cell.own == Own::kLocal || cell.own == Own::kLocalSent,
                   .equals_sent = cell.own == Own::kSent || cell.own == Own::kLocalSent};
}

using Key = std::tuple<Local, Base, Incoming, bool, bool, bool, bool, bool>;

Key key_of(const PlanInput& in) {
  return {in.local,       in.base,        in.incoming,     in.same_version,
          in.equals_base, in.behind_base, in.equals_local, in.equals_sent};
}

// Every input, whether a store could see it or not.
template <typename Visit>
void for_every_input(Visit visit) {
  for (int i = 0; i < 4 * 3 * 3 * 3 * 32; ++i) {
    const int flags = i % 32;
    const int rest = i / 32;
    visit(PlanInput{.local = static_cast<Local>(rest % 4),
                    .base = static_cast<Base>(rest / 4 % 3),
                    .incoming = static_cast<Incoming>(rest / 12 % 3),
                    .kind = static_cast<PullKind>(rest / 36),
                    .same_version = (flags & 1) != 0,
                    .equals_base = (flags & 2) != 0,
                    .behind_base = (flags & 4) != 0,
                    .equals_local = (flags & 8) != 0,
                    .equals_sent = (flags & 16) != 0});
  }
}

bool pending(const PlanInput& in) {
  return in.local == Local::kPending || in.local == Local::kPendingRemoval;
}

// Whether the flags can be true together: what describing two versions of one key can come to.
bool consistent(const PlanInput& in) {
  const bool removed = in.incoming == Incoming::kTombstone;
  const bool any_flag = in.same_version || in.equals_base || in.behind_base || in.equals_local || in.equals_sent;
  if (in.local == Local::kClean && in.base != Base::kValue) return false;
  if (in.local == Local::kNone && in.base == Base::kValue) return false;
  if (in.incoming == Incoming::kAbsent) return !any_flag;
  if (in.base == Base::kNone && (in.same_version || in.equals_base || in.behind_base)) return false;
  if (in.base == Base::kTombstone && in.equals_base != removed) return false;
  if (in.base == Base::kValue && in.equals_base && removed) return false;
  if (in.same_version && !(in.equals_base && in.behind_base)) return false;
  if (!pending(in)) return !in.equals_local && !in.equals_sent;
  if (in.local == Local::kPending && in.equals_local && removed) return false;
  return in.local != Local::kPendingRemoval || in.equals_local == removed;
}

std::string describe(const PlanInput& in) {
  const auto number = [](auto value) { return std::to_string(static_cast<int>(value)); };
  return "local " + number(in.local) + " base " + number(in.base) + " incoming " + number(in.incoming) + " kind " +
         number(in.kind) + " same_version " + number(in.same_version) + " equals_base " + number(in.equals_base) +
         " behind_base " + number(in.behind_base) + " equals_local " + number(in.equals_local) + " equals_sent " +
         number(in.equals_sent);
}

TEST(Planner, EveryCellHasItsAction) {
  for (const auto& cell : kTable) {
    const std::array expected{std::pair{PullKind::kIncremental, cell.incremental},
                              std::pair{PullKind::kComplete, cell.complete},
                              std::pair{PullKind::kRestored, cell.restored}};
    for (const auto& [kind, action] : expected) {
      const auto input = input_of(cell, kind);
      EXPECT_EQ(engine::plan(input), action) << describe(input);
    }
  }
}

TEST(Planner, TheTableIsWhole) {
  std::set<Key> cells;
  for (const auto& cell : kTable) {
    const auto input = input_of(cell, PullKind::kIncremental);
    EXPECT_TRUE(consistent(input)) << describe(input);
    EXPECT_TRUE(cells.insert(key_of(input)).second) << "twice: " << describe(input);
  }
  for_every_input([&](const PlanInput& input) {
    if (consistent(input)) {
      EXPECT_TRUE(cells.contains(key_of(input))) << "missing: " << describe(input);
    }
  });
}

// A value that no store gives: nothing is done to the key.
TEST(Planner, AnUnknownLocalStateIsLeftAlone) {
  const PlanInput input{
      .local = static_cast<Local>(9), .base = Base::kValue, .incoming = Incoming::kAbsent, .kind = PullKind::kComplete};
  EXPECT_EQ(engine::plan(input), Action::kIgnore);
}

// D6: the app is asked only about a change of its own, and only about what somebody else wrote.
TEST(Planner, D6AsksOnlyAboutAnotherWritersVersion) {
  for_every_input([](const PlanInput& input) {
    if (engine::plan(input) != Action::kConflict) return;
    EXPECT_TRUE(pending(input)) << describe(input);
    EXPECT_NE(input.incoming, Incoming::kAbsent) << describe(input);
    EXPECT_FALSE(input.same_version || input.equals_local || input.equals_sent) << describe(input);
  });
}

// D7: a newer version that is neither ours nor what we want to write is never passed over.
TEST(Planner, D7NeverPassesOverAnotherWritersVersion) {
  for_every_input([](const PlanInput& input) {
    if (!consistent(input) || !pending(input) || input.incoming == Incoming::kAbsent) return;
    if (input.behind_base || input.equals_local || input.equals_sent) return;
    EXPECT_EQ(engine::plan(input), Action::kConflict) << describe(input);
  });
}

// D1: a pending change ends only if the service holds the same, or if it removes what is gone.
TEST(Planner, D1EndsAPendingChangeOnlyIfItIsDone) {
  for_every_input([](const PlanInput& input) {
    const auto action = engine::plan(input);
    if (!pending(input)) return;
    EXPECT_NE(action, Action::kAdopt) << describe(input);
    EXPECT_NE(action, Action::kForget) << describe(input);
    EXPECT_NE(action, Action::kRevive) << describe(input);
    if (action != Action::kConverge) return;
    const bool removes_what_is_gone = input.incoming == Incoming::kAbsent && input.local == Local::kPendingRemoval;
    EXPECT_TRUE(input.equals_local || removes_what_is_gone) << describe(input);
  });
}

// D12: what the service lost in a restore is written again, never dropped; without one, nothing is revived.
TEST(Planner, D12RevivesOnlyAfterARestore) {
  for_every_input([](const PlanInput& input) {
    if (engine::plan(input) != Action::kRevive) return;
    EXPECT_EQ(input.kind, PullKind::kRestored) << describe(input);
    EXPECT_NE(input.base, Base::kNone) << describe(input);
  });
}

}  // namespace
}  // namespace syncline
