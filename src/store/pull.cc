// What came in: staging the pages of a list, and applying it.
#include <unordered_set>

#include "store/merge.h"
#include "store/schema.h"

namespace syncline::store {

namespace {

using Keys = std::unordered_set<std::string>;

void forget_staged(Connection& connection, DatasetId dataset) {
  connection.use("DELETE FROM staged WHERE dataset = ?").bind(dataset).run();
}

std::vector<RemoteRecord> staged_records(Connection& connection, DatasetId dataset) {
  auto row = connection.use(R"sql(
    SELECT key, value, sync_count, modified_by, modified_at, device_modified_at,
           row_sum('s', dataset, key, value, sync_count, modified_by, modified_at, device_modified_at) = checksum
    FROM staged
    WHERE dataset = ? ORDER BY id)sql");
  row.bind(dataset);
  std::vector<RemoteRecord> records;
  while (row.step()) {
    if (row.number(6) == 0) fail_sum(connection);
    records.push_back(RemoteRecord{.key = row.text(0), .version = read_version(row, 1)});
  }
  return records;
}

// Of the keys that the service was known to hold, in a base or in a conflict's remote side.
std::vector<std::string> keys_missing_in(Connection& connection, DatasetId dataset, const Keys& listed) {
  auto row = connection.use(
      "SELECT key FROM record WHERE dataset = ?1 UNION SELECT key FROM conflict WHERE dataset = ?1 ORDER BY key");
  row.bind(dataset);
  std::vector<std::string> missing;
  while (row.step()) {
    if (auto key = row.text(0); !listed.contains(key)) missing.push_back(std::move(key));
  }
  return missing;
}

bool counts_as_pulled(PlanAction action) {
  return action == PlanAction::kAdopt || action == PlanAction::kForget;
}

}  // namespace

Result<SyncLease> Store::begin_sync(DatasetId dataset) {
  return reading(*impl_, [&](Connection& connection) {
    auto row = connection.use(R"sql(
      SELECT phase, sync_count, generation, newest,
             row_sum('d', id, identity, name, phase, sync_count, newest) = checksum,
             EXISTS (SELECT 1 FROM record WHERE dataset = ?1) OR EXISTS (SELECT 1 FROM conflict WHERE dataset = ?1),
             EXISTS (SELECT 1 FROM journal WHERE dataset = ?1),
             EXISTS (SELECT 1 FROM journal AS j JOIN record AS r ON r.dataset = j.dataset AND r.key = j.key
                     WHERE j.dataset = ?1),
             EXISTS (SELECT 1 FROM journal AS j JOIN sent AS s ON s.dataset = j.dataset AND s.key = j.key
                     WHERE j.dataset = ?1),
             EXISTS (SELECT 1 FROM conflict WHERE dataset = ?1),
             EXISTS (SELECT 1 FROM journal AS j WHERE j.dataset = ?1 AND j.value IS NULL AND NOT EXISTS
                       (SELECT 1 FROM record AS r WHERE r.dataset = ?1 AND r.key = j.key AND r.value IS NOT NULL))
      FROM dataset WHERE id = ?1)sql");
    if (!row.bind(dataset).step()) fail_wiped();
    if (row.number(4) == 0) fail_sum(connection);
    return SyncLease{.dataset = dataset,
                     .generation = row.number(2),
                     .start = SyncStart{.phase = static_cast<DatasetPhase>(row.number(0)),
                                        .sync_count = SyncCount{row.number(1)},
                                        .has_records = row.number(5) != 0,
                                        .newest = SyncCount{row.number(3)},
                                        .pending = row.number(6) != 0,
                                        .pending_known = row.number(7) != 0,
                                        .unanswered = row.number(8) != 0 || row.number(10) != 0,
                                        .open_conflicts = row.number(9) != 0}};
  });
}

Result<SyncCount> Store::sync_count(DatasetId dataset) {
  return reading(*impl_, [&](Connection& connection) {
    auto row = connection.use(
        "SELECT sync_count, row_sum('d', id, identity, name, phase, sync_count, newest) = checksum FROM dataset WHERE "
        "id = ?");
    if (!row.bind(dataset).step()) fail_wiped();
    if (row.number(1) == 0) fail_sum(connection);
    return SyncCount{row.number(0)};
  });
}

Result<void> Store::stage_page(SyncLease& lease, const std::vector<RemoteRecord>& records, bool first) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kRepeatable);
    auto& connection = transaction.connection();
    transaction.renew(lease);
    if (first) forget_staged(connection, lease.dataset);
    for (const auto& record : records) {
      auto insert = connection.use(R"sql(
        INSERT OR REPLACE INTO staged (dataset, key, value, sync_count, modified_by, modified_at, device_modified_at,
                                       checksum)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, row_sum('s', ?1, ?2, ?3, ?4, ?5, ?6, ?7)))sql");
      insert.bind(lease.dataset).bind(std::string_view(record.key));
      bind_version(insert, record.version);
      insert.run();
    }
    transaction.commit();
  });
}

Result<PullOutcome> Store::apply_pull(SyncLease& lease, const Pull& pull, const Planner& planner) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kRepeatable);
    auto& connection = transaction.connection();
    transaction.renew(lease);
    PullOutcome outcome;
    Merge merge(transaction, lease.dataset, pull.kind, planner, outcome.changes);
    Keys listed;
    const auto take_all = [&](const std::vector<RemoteRecord>& records) {
      for (const auto& record : records) {
        if (counts_as_pulled(merge.take(record))) ++outcome.applied;
        if (pull.kind != PullKind::kIncremental) listed.insert(record.key);
      }
    };
    if (pull.with_staged) {
      take_all(staged_records(connection, lease.dataset));
      forget_staged(connection, lease.dataset);
    }
    take_all(pull.records);
    if (pull.kind != PullKind::kIncremental) {
      for (const auto& key : keys_missing_in(connection, lease.dataset, listed)) {
        if (counts_as_pulled(merge.miss(key))) ++outcome.applied;
      }
    }
    set_sync_count(connection, lease.dataset, pull.sync_count);
    transaction.changed(lease.dataset, outcome.changes);
    transaction.commit();
    return outcome;
  });
}

}  // namespace syncline::store
