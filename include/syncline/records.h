// What a dataset holds, what changed, and what collided.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "syncline/values.h"

namespace syncline {

enum class RecordState : std::uint8_t {
  kClean,       // as the service holds it, as far as this device knows
  kPending,     // written here, not yet acknowledged
  kConflicted,  // written here and by somebody else; waits for a resolution, blocks only this key
};

// A record as the app sees it: a local write hides what the service holds.
struct Record {
  std::string key = {};
  std::string value = {};
  RecordState state = RecordState::kClean;
  SyncCount sync_count = {};       // of the base; 0: the service does not know the key yet
  std::string modified_by = {};    // of the base; empty for a record that was only written here
  Timestamp modified_at{};         // of the base, the service's clock
  Timestamp device_modified_at{};  // of what is seen, the writing device's clock
};

// A local write that the service has not acknowledged. An absent value is a removal.
struct PendingChange {
  std::string key = {};
  std::optional<std::string> value = {};
  Revision revision = {};
  SyncCount base_count = {};  // what the write was made on; 0: the service had no such record
  Timestamp written_at{};
  bool conflicted = false;
};

// One write of put_all(). An absent value removes the key.
struct Change {
  std::string key = {};
  std::optional<std::string> value = {};
};

struct DatasetInfo {
  std::size_t records = 0;  // present ones
  std::size_t bytes = 0;    // of their keys and values
  std::size_t pending = 0;
  std::size_t conflicts = 0;
  bool deletion_pending = false;  // delete_dataset() was called, and the service does not know yet
  SyncCount sync_count = {};      // up to which every remote change is known here
};

// A key that was written here and, on the same base, by somebody else.
struct Conflict {
  std::string key = {};
  std::optional<Version> base = {};       // the common ancestor; absent: neither side knew the key
  std::optional<std::string> local = {};  // absent: removed here
  Revision local_revision = {};
  Timestamp local_written_at{};
  Version remote = {};
};

// The answer to a conflict. It applies to the versions that were shown; if either has changed since, it is asked again.
class Resolution {
 public:
  static Resolution keep_local() { return Resolution(Choice::kLocal); }
  static Resolution keep_remote() { return Resolution(Choice::kRemote); }
  // Something third, such as the sum of both.
  static Resolution use(std::string value) {
    Resolution result(Choice::kValue);
    result.value_ = std::move(value);
    return result;
  }
  static Resolution remove() { return Resolution(Choice::kRemove); }
  // Changes nothing; the same conflict is offered again with the next sync, and stays listed over restarts.
  static Resolution later() { return Resolution(Choice::kLater); }

  enum class Choice : std::uint8_t { kLocal, kRemote, kValue, kRemove, kLater };
  [[nodiscard]] Choice choice() const noexcept { return choice_; }
  [[nodiscard]] const std::string& value() const noexcept { return value_; }

 private:
  explicit Resolution(Choice choice) : choice_(choice) {}
  Choice choice_;
  std::string value_ = {};
};

// [dispatcher] Answers one conflict. Throwing is taken as later(). Without a handler conflicts wait (later()).
using ConflictHandler = std::function<Resolution(const Conflict&)>;

// Ready-made handlers.
namespace conflict_policy {
inline Resolution keep_local(const Conflict& /*conflict*/) {
  return Resolution::keep_local();
}
inline Resolution keep_remote(const Conflict& /*conflict*/) {
  return Resolution::keep_remote();
}
inline Resolution later(const Conflict& /*conflict*/) {
  return Resolution::later();
}
// The later write wins, on the service's clock: the remote's service date against the local write's date, which the
// client has already corrected by the clock difference it measured. A tie keeps the remote.
inline Resolution newest(const Conflict& conflict) {
  return conflict.local_written_at > conflict.remote.modified_at ? Resolution::keep_local() : Resolution::keep_remote();
}
}  // namespace conflict_policy

enum class ChangeSource : std::uint8_t {
  kLocal,       // put, remove, put_all on this client
  kRemote,      // a pull, or the service's answer to a push
  kResolution,  // a conflict was settled
  // Another process, or another client of this one, changed the same data directory in any of these ways. Several of
  // its transactions may be told as one; what was undone in between is not told.
  kOtherProcess,
};

// What one transaction changed in what the app sees.
struct DatasetChange {
  std::string dataset = {};
  ChangeSource source = ChangeSource::kLocal;
  std::vector<std::string> added = {};
  std::vector<std::string> updated = {};
  std::vector<std::string> removed = {};
};

using ChangeCallback = std::function<void(const DatasetChange&)>;

enum class SyncOutcome : std::uint8_t {
  kSuccess,
  kConflictsPending,  // all else is synchronized; some keys wait for a resolution
};

struct SyncReport {
  SyncOutcome outcome = SyncOutcome::kSuccess;
  std::size_t pulled = 0;     // records of others that were applied
  std::size_t pushed = 0;     // local changes that the service acknowledged
  std::size_t resolved = 0;   // conflicts that the handler settled
  std::size_t conflicts = 0;  // conflicts that wait
  std::size_t requests = 0;   // HTTP requests sent for it
  SyncCount sync_count = {};
};

// [dispatcher] Called exactly once for each synchronize().
using SyncCallback = std::function<void(const Result<SyncReport>&)>;

// What became of a damaged store file. It is kept, beside the new one that took its place.
struct RecoveryReport {
  std::string set_aside = {};  // the path of the damaged file
  std::string reason = {};     // what was found
  std::size_t saved = 0;       // pending changes that could be read, and are in the new file
  bool complete = false;       // false: some pending changes may be missing
  bool at_this_open = false;   // false: in an earlier run, or by another process
};

// A dataset as the service describes it.
struct RemoteDataset {
  std::string name = {};
  std::size_t records = 0;
  std::size_t bytes = 0;
  Timestamp created_at{};
  Timestamp modified_at{};
  std::string modified_by = {};
};

}  // namespace syncline
