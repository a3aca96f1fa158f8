// The rules of sync counts and quotas: what a dataset becomes, decided from what it is (protocol.md, sections 2 and 3).
// Pure: no I/O, no clock, std and core only, so that every store gives the same answers (S9). [any thread]
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sync.h"
#include "syncline/limits.h"
#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::service {

struct Quotas {
  std::int64_t datasets_per_identity = kMaxDatasetsPerIdentity;
  std::int64_t records_per_dataset = kMaxRecordsPerDataset;  // tombstones not counted
  std::int64_t bytes_per_dataset = kMaxDatasetBytes;         // keys and values of present records
};

// Counts of a history that was lost when the store was restored from a backup: those between the two, both excluded.
struct LostCounts {
  SyncCount last_known;
  SyncCount next_known;
  bool operator==(const LostCounts&) const = default;
};

// A dataset between two calls. One that was deleted keeps its counts, so that a later incarnation goes on from them.
struct DatasetState {
  bool exists = false;
  SyncCount count;        // the last one given out; 0: never existed
  SyncCount first_count;  // given out by the first write of this incarnation
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  Timestamp created_at{};
  Timestamp modified_at{};
  std::string modified_by;
  std::vector<LostCounts> lost = {};  // for decide_list() only
  bool operator==(const DatasetState&) const = default;
};

// The current version of a record that a patch touches. Never written: count 0, absent.
struct CurrentRecord {
  SyncCount count;  // tombstones have one too
  bool present = false;
  std::int64_t bytes = 0;  // of key and value; 0 for a tombstone
};

struct Patch {
  std::string key;
  std::optional<std::string> value;  // absent: remove
  SyncCount expected;                // what the writer believes the record's count to be
  std::optional<Timestamp> device_modified_at;
};

struct UpdateCall {
  std::vector<Patch> patches;
  std::string writer;  // becomes LastModifiedBy: the device, else the identity
  SyncCount listed;    // the dataset's count in the list that the session began with; 0: it did not exist
  // If it did not: the last count of the one that was deleted before, 0 if there was none; absent: not known.
  std::optional<SyncCount> gone;
  bool by_identity = false;  // the identity itself writes: it must still be one when the write takes place
  Timestamp now{};
};

struct UpdateDecision {
  DatasetState after;
  std::vector<RemoteRecord> written;  // one for each patch, in the call's order; these are also the answer
};

// Whether `count` was given out before the dataset was last deleted (or re-created). 0 was never given out.
bool from_before_deletion(const DatasetState& state, SyncCount count);

// `current` has one entry for each patch, in order. All or nothing (S2). Errors: kResourceConflict for a count that is
// stale or from the future, naming the first such key, or if the dataset was deleted since it was listed;
// kLimitExceeded, naming the quota; kInvalidParameter for a key that is patched twice.
Result<UpdateDecision> decide_update(const DatasetState& state, const std::vector<CurrentRecord>& current,
                                     std::int64_t datasets_of_identity, UpdateCall call, const Quotas& quotas);

struct ListDecision {
  bool exists = false;
  bool deleted_after_requested = false;
  SyncCount count;  // the snapshot: DatasetSyncCount of all its pages
};

// Errors: kNoSuchSyncCount for a count that an existing dataset has not reached, or that was lost; kInvalidParameter
// for a negative one.
Result<ListDecision> decide_list(const DatasetState& state, SyncCount last_sync_count);

// How many entries a page holds: what was asked for within 1..`most`, `most` if nothing was. Error: kInvalidParameter.
Result<std::size_t> page_size(std::optional<int> max_results, std::size_t most);

}  // namespace syncline::service
