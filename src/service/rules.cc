#include "service/rules.h"

#include <algorithm>
#include <utility>

#include "service/refusal.h"

namespace syncline::service {

namespace {

Error stale(const Patch& patch, SyncCount current) {
  return refused(ErrorCode::kResourceConflict, "Current SyncCount for: " + patch.key +
                                                   " is: " + std::to_string(current.value) +
                                                   " not: " + std::to_string(patch.expected.value));
}

// Two patches of one key can't both have the record's current count, and which of them should win is not said.
Result<void> check_distinct(const std::vector<Patch>& patches) {
  std::vector<std::string_view> keys;
  keys.reserve(patches.size());
  for (const Patch& patch : patches) keys.emplace_back(patch.key);
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice == keys.end()) return {};
  return refused(ErrorCode::kInvalidParameter, "RecordPatches holds key " + std::string(*twice) + " more than once");
}

// A call that found no dataset may make one, or write to the one that was made since; but if that is gone as well, it
// is a late copy of a call that had its effect on it (D4).
bool deleted_since_listed(const DatasetState& state, const UpdateCall& call) {
  // Listed in a history that was lost when the service was restored: its writer must hear of that first.
  if (call.listed > state.count) return true;
  if (call.listed.value > 0) return from_before_deletion(state, call.listed);
  if (!call.gone) return false;
  return state.exists ? state.first_count != call.gone->next() : state.count != *call.gone;
}

Result<void> check_counts(const DatasetState& state, const std::vector<CurrentRecord>& current,
                          const UpdateCall& call) {
  for (std::size_t i = 0; i < call.patches.size(); ++i) {
    if (call.patches[i].expected != current[i].count) return stale(call.patches[i], current[i].count);
  }
  // Without this, a device that has seen the deleted incarnation could write a new key, get its own count + 1, and
  // conclude that nothing else had happened: it would never hear of the deletion.
  if (deleted_since_listed(state, call)) {
    return refused(ErrorCode::kResourceConflict, "Dataset was deleted or lost after it was listed at SyncCount: " +
                                                     std::to_string(call.listed.value));
  }
  return {};
}

// A call that makes a dataset smaller passes even where a quota was lowered below what is stored.
Result<void> check_quota(std::int64_t before, std::int64_t after, std::int64_t quota, std::string_view what) {
  if (after <= quota || after <= before) return {};
  return refused(ErrorCode::kLimitExceeded, "The call would leave " + std::to_string(after) + " " + std::string(what) +
                                                ", more than the quota of " + std::to_string(quota));
}

Result<void> check_quotas(const DatasetState& before, const DatasetState& after, std::int64_t datasets_of_identity,
                          const Quotas& quotas) {
  if (!before.exists) {
    auto datasets = check_quota(datasets_of_identity, datasets_of_identity + 1, quotas.datasets_per_identity,
                                "datasets in the identity");
    if (!datasets) return datasets;
  }
  auto records = check_quota(before.records, after.records, quotas.records_per_dataset, "records in the dataset");
  if (!records) return records;
  return check_quota(before.bytes, after.bytes, quotas.bytes_per_dataset, "bytes of keys and values in the dataset");
}

DatasetState next_state(const DatasetState& state, const std::vector<CurrentRecord>& current, const UpdateCall& call) {
  DatasetState after = state;
  after.count = state.count.next();
  if (!state.exists) {
    after = DatasetState{.exists = true, .count = after.count, .first_count = after.count, .created_at = call.now};
  }
  after.modified_at = call.now;
  after.modified_by = call.writer;
  for (std::size_t i = 0; i < call.patches.size(); ++i) {
    const Patch& patch = call.patches[i];
    after.records += (patch.value ? 1 : 0) - (current[i].present ? 1 : 0);
    after.bytes -= current[i].bytes;
    if (patch.value) after.bytes += static_cast<std::int64_t>(patch.key.size() + patch.value->size());
  }
  return after;
}

std::vector<RemoteRecord> written_records(UpdateCall call, SyncCount count) {
  std::vector<RemoteRecord> written;
  written.reserve(call.patches.size());
  for (Patch& patch : call.patches) {
    written.push_back(
        RemoteRecord{.key = std::move(patch.key),
                     .version = Version{.value = std::move(patch.value),
                                        .count = count,
                                        .modified_by = call.writer,
                                        .modified_at = call.now,
                                        .device_modified_at = patch.device_modified_at.value_or(call.now)}});
  }
  return written;
}

}  // namespace

bool from_before_deletion(const DatasetState& state, SyncCount count) {
  if (count.value <= 0) return false;
  return state.exists ? count < state.first_count : count <= state.count;
}

Result<UpdateDecision> decide_update(const DatasetState& state, const std::vector<CurrentRecord>& current,
                                     std::int64_t datasets_of_identity, UpdateCall call, const Quotas& quotas) {
  if (call.patches.empty()) return UpdateDecision{.after = state, .written = {}};
  if (auto distinct = check_distinct(call.patches); !distinct) return std::move(distinct).error();
  if (auto counts = check_counts(state, current, call); !counts) return std::move(counts).error();
  DatasetState after = next_state(state, current, call);
  if (auto fits = check_quotas(state, after, datasets_of_identity, quotas); !fits) return std::move(fits).error();
  const SyncCount count = after.count;
  return UpdateDecision{.after = std::move(after), .written = written_records(std::move(call), count)};
}

Result<ListDecision> decide_list(const DatasetState& state, SyncCount last_sync_count) {
  if (last_sync_count.value < 0) {
    return refused(ErrorCode::kInvalidParameter, "LastSyncCount must not be negative");
  }
  if (!state.exists) return ListDecision{};
  const bool lost = std::any_of(state.lost.begin(), state.lost.end(), [last_sync_count](const LostCounts& counts) {
    return counts.last_known < last_sync_count && last_sync_count < counts.next_known;
  });
  if (lost || last_sync_count > state.count) {
    return refused(ErrorCode::kNoSuchSyncCount,
                   "No such SyncCount: " + std::to_string(last_sync_count.value) + " exists for this Dataset");
  }
  return ListDecision{
      .exists = true, .deleted_after_requested = from_before_deletion(state, last_sync_count), .count = state.count};
}

Result<std::size_t> page_size(std::optional<int> max_results, std::size_t most) {
  if (!max_results) return most;
  if (*max_results < 1) return refused(ErrorCode::kInvalidParameter, "MaxResults must be at least 1");
  return std::min(static_cast<std::size_t>(*max_results), most);
}

}  // namespace syncline::service
