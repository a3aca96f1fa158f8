#include "service/sqlite_writer.h"

#include <string_view>
#include <utility>

namespace syncline::service {

Result<void> Writer::prepare() {
  struct Entry {
    Statement Writer::*member;
    std::string_view sql;
  };
  static constexpr Entry kStatements[] = {
      {&Writer::find_dataset_, kFindDataset},
      {&Writer::find_standing_, kFindStanding},
      {&Writer::count_datasets_, "SELECT count(*) FROM datasets WHERE identity_id = ?1 AND present = 1"},
      {&Writer::find_record_, "SELECT id, sync_count, value FROM records WHERE dataset_id = ?1 AND key = ?2"},
      {&Writer::add_identity_, "INSERT INTO identities (pool_id, name) SELECT p.id, ?2 FROM pools p WHERE p.name = ?1"},
      {&Writer::add_dataset_,
       "INSERT INTO datasets (present, sync_count, first_count, records, bytes, created_at, modified_at, modified_by,"
       " identity_id, name, change_number) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
      // Made after a restore: whatever a device has seen of it before was lost.
      {&Writer::add_lost_counts_, "INSERT INTO lost_counts (dataset_id, last_known, next_known) VALUES (?1, 0, ?2)"},
      {&Writer::change_dataset_,
       "UPDATE datasets SET present = 1, sync_count = ?1, first_count = ?2, records = ?3, bytes = ?4, created_at = ?5,"
       " modified_at = ?6, modified_by = ?7, change_number = ?9,"
       " change_by_others = CASE WHEN modified_by = ?7 THEN change_by_others ELSE change_number END WHERE id = ?8"},
      {&Writer::add_record_,
       "INSERT INTO records (value, sync_count, modified_by, modified_at, device_modified_at, dataset_id, key)"
       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
      {&Writer::change_record_,
       "UPDATE records SET value = ?1, sync_count = ?2, modified_by = ?3, modified_at = ?4, device_modified_at = ?5"
       " WHERE id = ?6"},
      {&Writer::keep_version_,
       "INSERT INTO history (dataset_id, record_id, key, value, sync_count, modified_by, modified_at,"
       " device_modified_at, superseded_count, superseded_at)"
       " SELECT dataset_id, id, key, value, sync_count, modified_by, modified_at, device_modified_at, ?2, ?3"
       " FROM records WHERE id = ?1"},
      {&Writer::keep_all_versions_,
       "INSERT INTO history (dataset_id, record_id, key, value, sync_count, modified_by, modified_at,"
       " device_modified_at, superseded_count, superseded_at)"
       " SELECT dataset_id, id, key, value, sync_count, modified_by, modified_at, device_modified_at, ?2, ?3"
       " FROM records WHERE dataset_id = ?1"},
      {&Writer::remove_records_, "DELETE FROM records WHERE dataset_id = ?1"},
      {&Writer::end_dataset_,
       "UPDATE datasets SET present = 0, records = 0, bytes = 0, modified_at = ?2, twin_of = NULL WHERE id = ?1"},
      {&Writer::end_subscriptions_, "DELETE FROM subscriptions WHERE dataset_id = ?1"},
      {&Writer::change_pool_,
       "UPDATE pools SET bytes = bytes + ?2, modified_at = ?3, sync_sessions = ?4, changes = changes + ?5"
       " WHERE name = ?1 RETURNING changes"},
      // Bounded, so that the first write after a quiet time does not pay for all of it; more than any call adds.
      {&Writer::forget_,
       "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE superseded_at < ?1 ORDER BY superseded_at"
       " LIMIT 2048)"},
  };
  for (const Entry& entry : kStatements) {
    auto statement = connection_.prepare(entry.sql);
    if (!statement) return std::move(statement).error();
    this->*entry.member = std::move(*statement);
  }
  return {};
}

Result<UpdateDecision> Writer::update_records(const wire::Target& target, UpdateCall call, const UpdateRule& rule) {
  if (auto checked = check_standing(target, call.by_identity); !checked) return std::move(checked).error();
  auto row = find_dataset(find_dataset_, target, floor_);
  if (!row) return std::move(row).error();
  auto rows = find_records(row->dataset_id, call.patches);
  if (!rows) return std::move(rows).error();
  auto datasets = count_datasets(row->identity_id);
  if (!datasets) return std::move(datasets).error();

  std::vector<CurrentRecord> current;
  current.reserve(rows->size());
  for (const CurrentRow& found : *rows) current.push_back(found.record);
  auto decision = rule(row->state, current, *datasets, std::move(call));
  if (!decision || decision->written.empty()) return decision;

  if (auto written = write(target, std::move(*row), *rows, *decision); !written) return std::move(written).error();
  return decision;
}

// Asked here as well as at the gate: a write that was let in and then waited for a merge or a deletion would be
// answered with success, and be nowhere, or with somebody else.
Result<void> Writer::check_standing(const wire::Target& target, bool by_identity) {
  auto standing = find_standing(find_standing_, target.pool, target.identity);
  if (!standing) return std::move(standing).error();
  if (by_identity ? standing->identity_enabled : standing->pool_exists) return {};
  return Error{.code = ErrorCode::kNotAuthorized,
               .message = by_identity ? "The security token included in the request is invalid."
                                      : "Access to this identity pool is forbidden"};
}

Result<std::vector<CurrentRow>> Writer::find_records(std::int64_t dataset_id, const std::vector<Patch>& patches) {
  std::vector<CurrentRow> rows(patches.size());
  for (std::size_t i = 0; dataset_id != 0 && i < patches.size(); ++i) {
    Query query(find_record_, dataset_id, patches[i].key);
    auto row = query.next();
    if (!row) return std::move(row).error();
    if (!*row) continue;
    rows[i].id = query.integer(0);
    rows[i].record.count = SyncCount{query.integer(1)};
    rows[i].record.present = !query.is_null(2);
    if (rows[i].record.present) {
      rows[i].record.bytes = static_cast<std::int64_t>(patches[i].key.size()) + query.bytes(2);
    }
  }
  return rows;
}

Result<std::int64_t> Writer::count_datasets(std::int64_t identity_id) {
  Query query(count_datasets_, identity_id);
  auto row = query.next();
  if (!row) return std::move(row).error();
  return query.integer(0);
}

Result<void> Writer::write(const wire::Target& target, DatasetRow row, const std::vector<CurrentRow>& current,
                           const UpdateDecision& decision) {
  const std::int64_t more_bytes = decision.after.bytes - row.state.bytes;
  auto change = change_pool(target.pool, more_bytes, 1, decision.after.modified_at);
  if (!change) return std::move(change).error();
  if (auto written = write_dataset(target, row, decision.after, *change); !written) return written;
  const std::int64_t now = milliseconds(decision.after.modified_at);
  for (std::size_t i = 0; i < current.size(); ++i) {
    if (current[i].id != 0) {
      auto kept = Query(keep_version_, current[i].id, decision.after.count.value, now).run();
      if (!kept) return kept;
    }
    auto written = write_record(row.dataset_id, current[i].id, decision.written[i]);
    if (!written) return written;
  }
  return outbox_.queue_update(connection_, target, row.dataset_id, decision).and_then([&] {
    return forget_history(decision.after.modified_at);
  });
}

Result<void> Writer::write_dataset(const wire::Target& target, DatasetRow& row, const DatasetState& after,
                                   std::int64_t change) {
  if (row.identity_id == 0) {
    if (auto added = Query(add_identity_, target.pool.text(), target.identity.text()).run(); !added) return added;
    row.identity_id = connection_.last_insert_id();
  }
  const std::int64_t created_at = milliseconds(after.created_at);
  const std::int64_t modified_at = milliseconds(after.modified_at);
  if (row.dataset_id != 0) {
    return Query(change_dataset_, after.count.value, after.first_count.value, after.records, after.bytes, created_at,
                 modified_at, after.modified_by, row.dataset_id, change)
        .run();
  }
  auto added = Query(add_dataset_, after.count.value, after.first_count.value, after.records, after.bytes, created_at,
                     modified_at, after.modified_by, row.identity_id, target.dataset.text(), change)
                   .run();
  row.dataset_id = connection_.last_insert_id();
  if (!added || floor_.value == 0) return added;
  return Query(add_lost_counts_, row.dataset_id, floor_.value).run();
}

Result<void> Writer::write_record(std::int64_t dataset_id, std::int64_t record_id, const RemoteRecord& record) {
  const Version& version = record.version;
  const std::int64_t modified_at = milliseconds(version.modified_at);
  const std::int64_t device_modified_at = milliseconds(version.device_modified_at);
  if (record_id != 0) {
    return Query(change_record_, version.value, version.count.value, version.modified_by, modified_at,
                 device_modified_at, record_id)
        .run();
  }
  return Query(add_record_, version.value, version.count.value, version.modified_by, modified_at, device_modified_at,
               dataset_id, record.key)
      .run();
}

Result<DatasetState> Writer::delete_dataset(const wire::Target& target, Timestamp now) {
  auto row = find_dataset(find_dataset_, target, floor_);
  if (!row) return std::move(row).error();
  if (!row->state.exists) return std::move(row->state);
  // A deletion has no count of its own: the next incarnation's first count is the one that comes after.
  const std::int64_t superseded_count = row->state.count.next().value;
  const std::int64_t time = milliseconds(now);
  auto deleted =
      Query(keep_all_versions_, row->dataset_id, superseded_count, time)
          .run()
          .and_then([&] { return Query(remove_records_, row->dataset_id).run(); })
          .and_then([&] { return Query(end_dataset_, row->dataset_id, time).run(); })
          .and_then([&] { return Query(end_subscriptions_, row->dataset_id).run(); })
          .and_then([&] { return change_pool(target.pool, -row->state.bytes, 0, now); })
          .and_then([&](std::int64_t) { return outbox_.queue_deletion(connection_, target, row->state, now); })
          .and_then([&] { return forget_history(now); });
  if (!deleted) return std::move(deleted).error();
  return std::move(row->state);
}

Result<std::int64_t> Writer::change_pool(const IdentityPoolId& pool, std::int64_t more_bytes, std::int64_t more_changes,
                                         Timestamp now) {
  const std::int64_t time = milliseconds(now);
  const std::int64_t sessions = sessions_.of(pool.text());
  Query query(change_pool_, pool.text(), more_bytes, time, sessions, more_changes);
  auto row = query.next();
  if (!row) return std::move(row).error();
  return query.integer(0);
}

Result<void> Writer::forget_history(Timestamp now) {
  const std::int64_t limit = milliseconds(now - history_);
  return Query(forget_, limit).run();
}

}  // namespace syncline::service
