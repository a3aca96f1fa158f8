#include "store/rows.h"

#include "store/schema.h"
#include "syncline/limits.h"

namespace syncline::store {

const std::optional<std::string>& KeyState::visible() const {
  static const std::optional<std::string> nothing;
  if (pending) return pending->value;
  return base ? base->value : nothing;
}

std::int64_t to_millis(Timestamp time) {
  return time.time_since_epoch().count();
}

Timestamp from_millis(std::int64_t millis) {
  return Timestamp(std::chrono::milliseconds(millis));
}

Version read_version(const Statement& row, int first) {
  return Version{.value = row.blob(first),
                 .count = SyncCount{row.number(first + 1)},
                 .modified_by = row.text(first + 2),
                 .modified_at = from_millis(row.number(first + 3)),
                 .device_modified_at = from_millis(row.number(first + 4))};
}

void bind_version(Statement& statement, const Version& version) {
  statement.bind_blob(version.value)
      .bind(version.count.value)
      .bind(std::string_view(version.modified_by))
      .bind(to_millis(version.modified_at))
      .bind(to_millis(version.device_modified_at));
}

Totals load_totals(Connection& connection, DatasetId dataset) {
  auto query = connection.use(R"sql(
    SELECT count(*), coalesce(sum(bytes), 0) FROM (
      SELECT length(CAST(key AS BLOB)) + length(value) AS bytes FROM journal WHERE dataset = ?1 AND value IS NOT NULL
      UNION ALL
      SELECT length(CAST(key AS BLOB)) + length(value) FROM record AS r WHERE dataset = ?1 AND value IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM journal AS j WHERE j.dataset = r.dataset AND j.key = r.key)))sql");
  query.bind(dataset).step();
  return Totals{.records = query.number(0), .bytes = query.number(1)};
}

KeyState load_key(Connection& connection, DatasetId dataset, std::string_view key) {
  auto row = connection.use(R"sql(
    SELECT r.id, r.value, r.sync_count, r.modified_by, r.modified_at, r.device_modified_at, r.revision,
           j.id, j.value, j.revision, j.written_at, c.id,
           (r.id IS NULL OR row_sum('r', ?1, ?2, r.value, r.sync_count, r.modified_by, r.modified_at,
                                    r.device_modified_at, r.revision) = r.checksum)
           AND (j.id IS NULL OR row_sum('j', ?1, ?2, j.value, j.revision, j.written_at) = j.checksum)
    FROM (SELECT 1)
    LEFT JOIN record AS r ON r.dataset = ?1 AND r.key = ?2
    LEFT JOIN journal AS j ON j.dataset = ?1 AND j.key = ?2
    LEFT JOIN conflict AS c ON c.dataset = ?1 AND c.key = ?2)sql");
  row.bind(dataset).bind(key).step();
  if (row.number(12) == 0) fail_sum(connection);
  KeyState state;
  if (!row.is_null(0)) {
    state.base = read_version(row, 1);
    state.base_revision = Revision{row.number(6)};
  }
  if (!row.is_null(7)) {
    state.pending =
        Pending{.value = row.blob(8), .revision = Revision{row.number(9)}, .written_at = from_millis(row.number(10))};
  }
  state.conflicted = !row.is_null(11);
  return state;
}

void set_base(Connection& connection, DatasetId dataset, std::string_view key, const Version& version,
              Revision revision) {
  auto upsert = connection.use(R"sql(
    INSERT INTO record (dataset, key, value, sync_count, modified_by, modified_at, device_modified_at, revision,
                        checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, row_sum('r', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))
    ON CONFLICT (dataset, key) DO UPDATE SET value = excluded.value, sync_count = excluded.sync_count,
      modified_by = excluded.modified_by, modified_at = excluded.modified_at,
      device_modified_at = excluded.device_modified_at, revision = excluded.revision, checksum = excluded.checksum)sql");
  upsert.bind(dataset).bind(key);
  bind_version(upsert, version);
  upsert.bind(revision.value).run();
  connection.use("DELETE FROM sent WHERE dataset = ? AND key = ? AND base <> ?")
      .bind(dataset)
      .bind(key)
      .bind(version.count.value)
      .run();
}

void drop_base(Connection& connection, DatasetId dataset, std::string_view key) {
  connection.use("DELETE FROM record WHERE dataset = ? AND key = ?").bind(dataset).bind(key).run();
  connection.use("DELETE FROM sent WHERE dataset = ? AND key = ? AND base <> 0").bind(dataset).bind(key).run();
}

void set_pending(Connection& connection, DatasetId dataset, std::string_view key, std::optional<std::string_view> value,
                 Revision revision, Timestamp written_at) {
  connection
      .use(R"sql(
    INSERT INTO journal (dataset, key, value, revision, written_at, checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, row_sum('j', ?1, ?2, ?3, ?4, ?5))
    ON CONFLICT (dataset, key) DO UPDATE SET value = excluded.value, revision = excluded.revision,
      written_at = excluded.written_at, checksum = excluded.checksum)sql")
      .bind(dataset)
      .bind(key)
      .bind_blob(value)
      .bind(revision.value)
      .bind(to_millis(written_at))
      .run();
}

void end_pending(Connection& connection, DatasetId dataset, std::string_view key) {
  connection.use("DELETE FROM journal WHERE dataset = ? AND key = ?").bind(dataset).bind(key).run();
}

std::optional<Version> load_conflict(Connection& connection, DatasetId dataset, std::string_view key) {
  auto row = connection.use(R"sql(
    SELECT value, sync_count, modified_by, modified_at, device_modified_at,
           row_sum('c', ?1, ?2, value, sync_count, modified_by, modified_at, device_modified_at) = checksum
    FROM conflict WHERE dataset = ?1 AND key = ?2)sql");
  if (!row.bind(dataset).bind(key).step()) return std::nullopt;
  if (row.number(5) == 0) fail_sum(connection);
  return read_version(row, 0);
}

void set_conflict(Connection& connection, DatasetId dataset, std::string_view key, const Version& remote) {
  auto upsert = connection.use(R"sql(
    INSERT OR REPLACE INTO conflict (dataset, key, value, sync_count, modified_by, modified_at, device_modified_at,
                                     checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, row_sum('c', ?1, ?2, ?3, ?4, ?5, ?6, ?7)))sql");
  upsert.bind(dataset).bind(key);
  bind_version(upsert, remote);
  upsert.run();
}

void end_conflict(Connection& connection, DatasetId dataset, std::string_view key) {
  connection.use("DELETE FROM conflict WHERE dataset = ? AND key = ?").bind(dataset).bind(key).run();
}

bool was_sent(Connection& connection, DatasetId dataset, const RemoteRecord& incoming) {
  return connection
      .use(
          "SELECT 1 FROM sent WHERE dataset = ?1 AND key = ?2 AND value IS ?3 AND base <> ?4 "
          "AND (written_at IN (0, ?5) OR ?5 = 0 OR (?5 % 1000 = 0 AND abs(?5 - written_at) < 1000)) "
          "AND row_sum('o', dataset, key, value, revision, base, written_at) = checksum LIMIT 1")
      .bind(dataset)
      .bind(std::string_view(incoming.key))
      .bind_blob(incoming.version.value)
      .bind(incoming.version.count.value)
      .bind(to_millis(incoming.version.device_modified_at))
      .step();
}

void add_sent(Connection& connection, DatasetId dataset, std::string_view key, std::optional<std::string_view> value,
              Revision revision, SyncCount base_count, Timestamp written_at) {
  connection
      .use(
          "INSERT OR IGNORE INTO sent (dataset, key, value, revision, base, written_at, checksum) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, row_sum('o', ?1, ?2, ?3, ?4, ?5, ?6))")
      .bind(dataset)
      .bind(key)
      .bind_blob(value)
      .bind(revision.value)
      .bind(base_count.value)
      .bind(to_millis(written_at))
      .run();
}

void add_twin(Connection& connection, DatasetId dataset, std::string_view name, bool doomed) {
  connection
      .use(
          "INSERT OR IGNORE INTO twin (dataset, name, doomed, checksum) "
          "VALUES (?1, ?2, ?3, row_sum('t', ?1, ?2, ?3))")
      .bind(dataset)
      .bind(name)
      .bind(static_cast<std::int64_t>(doomed))
      .run();
}

std::optional<std::string> load_meta(Connection& connection, std::string_view name) {
  auto row = connection.use("SELECT value FROM meta WHERE name = ?");
  if (!row.bind(name).step()) return std::nullopt;
  return row.text(0);
}

void set_meta(Connection& connection, std::string_view name, std::string_view value) {
  connection
      .use(R"sql(
    INSERT INTO meta (name, value, checksum) VALUES (?1, ?2, row_sum('m', ?1, ?2))
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, checksum = excluded.checksum)sql")
      .bind(name)
      .bind(value)
      .run();
}

void note_change(WriteTransaction& transaction, DatasetId dataset, std::string_view key,
                 const std::optional<std::string>& before, const std::optional<std::string>& after,
                 KeyChanges& changes) {
  const auto size = [key](const std::optional<std::string>& value) -> std::optional<std::int64_t> {
    if (!value) return std::nullopt;
    return static_cast<std::int64_t>(key.size() + value->size());
  };
  if (before == after) return;
  transaction.count(dataset, size(before), size(after));
  auto& list = !before ? changes.added : (!after ? changes.removed : changes.updated);
  list.emplace_back(key);
}

void set_sync_count(Connection& connection, DatasetId dataset, SyncCount count) {
  connection
      .use(
          "UPDATE dataset SET sync_count = ?1, newest = ?1, checksum = row_sum('d', id, identity, name, phase, ?1, ?1) "
          "WHERE id = ?2")
      .bind(count.value)
      .bind(dataset)
      .run();
}

void note_newest(Connection& connection, DatasetId dataset, SyncCount count) {
  connection
      .use(
          "UPDATE dataset SET newest = ?1, checksum = row_sum('d', id, identity, name, phase, sync_count, ?1) "
          "WHERE id = ?2 AND newest < ?1")
      .bind(count.value)
      .bind(dataset)
      .run();
}

void check_quotas(const WriteTransaction& transaction, const Totals& before) {
  const auto& grown = transaction.grown();
  const auto records = before.records + grown.records;
  const auto bytes = before.bytes + grown.bytes;
  if (grown.records > 0 && records > static_cast<std::int64_t>(kMaxRecordsPerDataset)) {
    fail(ErrorCode::kLimitExceeded,
         "the dataset would hold " + std::to_string(records) + " records; at most 1024 are allowed");
  }
  if (grown.bytes > 0 && bytes > static_cast<std::int64_t>(kMaxDatasetBytes)) {
    fail(ErrorCode::kLimitExceeded,
         "the dataset would hold " + std::to_string(bytes) + " bytes; at most 1048576 are allowed");
  }
}

}  // namespace syncline::store
