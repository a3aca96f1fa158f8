// Conflicts that wait, and their resolution.
#include "store/rows.h"
#include "store/schema.h"
#include "syncline/values.h"

namespace syncline::store {

namespace {

std::vector<Conflict> load_conflicts(Connection& connection, DatasetId dataset) {
  std::vector<Conflict> conflicts;
  auto row = connection.use(R"sql(
    SELECT key, value, sync_count, modified_by, modified_at, device_modified_at,
           row_sum('c', dataset, key, value, sync_count, modified_by, modified_at, device_modified_at) = checksum
    FROM conflict
    WHERE dataset = ? ORDER BY key)sql");
  row.bind(dataset);
  while (row.step()) {
    if (row.number(6) == 0) fail_sum(connection);
    Conflict conflict{.key = row.text(0)};
    conflict.remote = read_version(row, 1);
    conflicts.push_back(std::move(conflict));
  }
  for (auto& conflict : conflicts) {
    auto state = load_key(connection, dataset, conflict.key);
    conflict.base = std::move(state.base);
    if (!state.pending) continue;
    conflict.local = std::move(state.pending->value);
    conflict.local_revision = state.pending->revision;
    conflict.local_written_at = state.pending->written_at;
  }
  return conflicts;
}

// What the key shall hold from now on.
std::optional<std::string> settled_value(const Conflict& shown, const Resolution& resolution) {
  switch (resolution.choice()) {
    case Resolution::Choice::kLocal:
    case Resolution::Choice::kLater:
      return shown.local;
    case Resolution::Choice::kRemote:
      return shown.remote.value;
    case Resolution::Choice::kValue:
      return resolution.value();
    case Resolution::Choice::kRemove:
      return std::nullopt;
  }
  return shown.local;
}

// D8: an answer counts for the versions that were shown. The value is compared as well as the revision: a dataset that
// was deleted here begins to count its keys anew.
void check_shown(const KeyState& state, const std::optional<Version>& remote, const Conflict& shown) {
  if (!remote) fail(ErrorCode::kNotFound, "no conflict is open for this key");
  const bool same_local =
      state.pending && state.pending->revision == shown.local_revision && state.pending->value == shown.local;
  if (!same_local || *remote != shown.remote) {
    fail(ErrorCode::kOutdated, "the conflict has changed since it was shown; list the conflicts again");
  }
}

}  // namespace

Result<std::vector<Conflict>> Store::conflicts(DatasetId dataset) {
  return reading_snapshot(*impl_, [&](Connection& connection) { return load_conflicts(connection, dataset); });
}

Result<KeyChanges> Store::resolve(DatasetId dataset, const Conflict& shown, const Resolution& resolution,
                                  Timestamp now) {
  const bool new_value = resolution.choice() == Resolution::Choice::kValue;
  if (new_value) {
    if (auto checked = check_value(resolution.value()); !checked) return std::move(checked).error();
  }
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    check_not_wiped(connection, dataset);
    const auto before = transaction.totals_before(dataset);
    const auto state = load_key(connection, dataset, shown.key);
    const auto remote = load_conflict(connection, dataset, shown.key);
    check_shown(state, remote, shown);
    KeyChanges changes;
    if (resolution.choice() == Resolution::Choice::kLater) return changes;

    const auto settled = settled_value(shown, resolution);
    set_base(connection, dataset, shown.key, *remote, state.last_revision());
    end_conflict(connection, dataset, shown.key);
    if (settled == remote->value) {
      end_pending(connection, dataset, shown.key);
    } else if (settled != state.pending->value) {
      set_pending(connection, dataset, shown.key, settled, Revision{state.last_revision().value + 1}, now);
    }
    note_change(transaction, dataset, shown.key, state.visible(), settled, changes);
    // A remote value may be larger than the local one, but it is at the service already: only a new value is refused.
    if (new_value) check_quotas(transaction, before);
    transaction.changed(dataset, changes);
    transaction.commit();
    return changes;
  });
}

}  // namespace syncline::store
