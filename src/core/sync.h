// What the rooms below client tell each other about one dataset: what came in, what goes out, and what the planner is
// asked. std only; the engine, the store and the wire share these values and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "syncline/limits.h"
#include "syncline/sync_messages.h"
#include "syncline/values.h"

namespace syncline {

// One patch of UpdateRecords, with the revision that it came from.
struct OutgoingChange {
  std::string key = {};
  std::optional<std::string> value = {};  // absent: remove
  SyncCount base_count = {};
  Revision revision = {};
  Timestamp written_at{};
};

// What one UpdateRecords takes (inferred: as many as a dataset has records).
inline constexpr std::size_t kMaxPatchesPerPush = kMaxRecordsPerDataset;

// A dataset's life on this device.
enum class DatasetPhase : std::uint8_t {
  kActive = 0,
  kDeleting = 1,  // deleted here, the service still has to be told
};

// Where a session starts from.
struct SyncStart {
  DatasetPhase phase = DatasetPhase::kActive;
  SyncCount sync_count = {};
  bool has_records = false;  // any record or tombstone of the service's is known here
  // The greatest count that the service told of: above sync_count after a push that somebody else came before.
  SyncCount newest = {};
  // What waits here, as far as it decides whether a push may go out before a list.
  bool pending = false;         // anything is to be pushed
  bool pending_known = false;   // and some of it changes a record that the service is known to hold
  bool unanswered = false;      // and of some of it only a list tells: sent and not answered, or removed in vain
  bool open_conflicts = false;  // a question to the app waits
};

// What a list covers, and so what it means that a record is not in it.
enum class PullKind : std::uint8_t {
  kIncremental,  // it starts at the sync count: what is not in it has not changed
  kComplete,     // it starts at 0: what is not in it was deleted with its dataset
  kRestored,     // it starts at 0 because the service has forgotten what it knew (restored from a backup): what is not
                 // in it, or older in it than here, was lost there
};

// What the planner sees of one key.
struct PlanInput {
  enum class Local : std::uint8_t {
    kNone,
    kClean,
    kPending,
    kPendingRemoval
  };  // kNone: nothing to see, nothing pending
  enum class Base : std::uint8_t { kNone, kValue, kTombstone };
  enum class Incoming : std::uint8_t { kValue, kTombstone, kAbsent };  // kAbsent: not in a list that is all there is
  Local local = Local::kNone;
  Base base = Base::kNone;
  Incoming incoming = Incoming::kValue;
  PullKind kind = PullKind::kIncremental;
  bool same_version = false;  // incoming is the base: same count, same value
  bool equals_base = false;   // incoming has the base's value
  bool behind_base = false;   // incoming's count is at most the base's
  bool equals_local = false;  // incoming has the pending value
  bool equals_sent = false;   // incoming has a value that was sent and whose answer never came
};

enum class PlanAction : std::uint8_t {
  kIgnore,    // nothing new
  kAdopt,     // the base becomes the incoming version; nothing was pending
  kConverge,  // the base becomes the incoming version; the pending change ends, it says the same
  kRebase,    // the base becomes the incoming version; the pending change stays
  kRevive,    // the base becomes the incoming version; what the base held becomes pending again, the service lost it
  kForget,    // the base goes; nothing was pending
  kConflict,  // the base stays, the incoming version is kept beside it, the app is asked
};

using Planner = std::function<PlanAction(const PlanInput&)>;

}  // namespace syncline
