// How far a bulk publish is: a cursor over the pool's datasets, and what of them still waits in the outbox.
#include <utility>

#include "service/sqlite_outbox.h"
#include "service/sqlite_rows.h"
#include "wire/messages.h"

namespace syncline::service {

namespace {

// What one transaction copies: the writers wait for it.
constexpr std::size_t kMostBytes = std::size_t{2} << 20U;

struct Cursor {
  std::int64_t last_id = 0;
  std::string failure;
};

// Of a publish that began at another time: from the first dataset on.
Result<Cursor> take_cursor(Connection& connection, const IdentityPoolId& pool, std::int64_t started_at) {
  Cursor cursor;
  auto taken =
      run_once(connection,
               "INSERT INTO bulk_publishes (pool, started_at, last_id, failure) VALUES (?1, ?2, 0, '')"
               " ON CONFLICT (pool) DO UPDATE SET started_at = ?2, last_id = 0, failure = ''"
               " WHERE started_at != ?2",
               pool.text(), started_at)
          .and_then([&] {
            return read_rows(
                connection, "SELECT last_id, failure FROM bulk_publishes WHERE pool = ?1",
                [&](const Query& row) { cursor = {.last_id = row.integer(0), .failure = std::string(row.text(1))}; },
                pool.text());
          });
  if (!taken) return std::move(taken).error();
  return cursor;
}

Result<std::int64_t> count_waiting(Connection& connection, const IdentityPoolId& pool) {
  std::int64_t count = 0;
  auto read = read_rows(
      connection,
      "SELECT count(*) FROM outbox o JOIN outbox_lanes l ON l.id = o.lane_id WHERE o.bulk = 1 AND l.pool = ?1",
      [&](const Query& row) { count = row.integer(0); }, pool.text());
  if (!read) return std::move(read).error();
  return count;
}

struct Published {
  std::int64_t id = 0;
  wire::Target target;
  OutgoingMessage message;
};

Result<std::vector<Published>> next_datasets(Connection& connection, const IdentityPoolId& pool, std::int64_t behind,
                                             std::size_t limit) {
  std::vector<Published> datasets;
  const auto most = static_cast<std::int64_t>(limit);
  auto read = read_rows(
      connection,
      "SELECT d.id, i.name, d.name, d.sync_count, d.modified_at FROM datasets d JOIN identities i"
      " ON i.id = d.identity_id JOIN pools p ON p.id = i.pool_id"
      " WHERE d.id > ?2 AND d.present = 1 AND p.name = ?1 ORDER BY d.id LIMIT ?3",
      [&](const Query& row) {
        datasets.push_back(
            {.id = row.integer(0),
             .target = {.pool = pool,
                        .identity = IdentityId::parse(row.text(1)).value_or(IdentityId()),
                        .dataset = DatasetName::parse(row.text(2)).value_or(DatasetName())},
             .message = {.count = SyncCount{row.integer(3)}, .modified_at = time_of(row.integer(4)), .records = {}}});
      },
      pool.text(), behind, most);
  if (!read) return std::move(read).error();
  return datasets;
}

Result<void> add_records(Connection& connection, Published& dataset) {
  std::vector<RemoteRecord> records;
  auto read = read_rows(
      connection,
      "SELECT key, value, sync_count, modified_by, modified_at, device_modified_at FROM records WHERE dataset_id = ?1"
      " ORDER BY sync_count, id",
      [&](const Query& row) {
        RemoteRecord& record = records.emplace_back();
        record.key = row.text(0);
        if (!row.is_null(1)) record.version.value = std::string(row.text(1));
        record.version.count = SyncCount{row.integer(2)};
        record.version.modified_by = row.text(3);
        record.version.modified_at = time_of(row.integer(4));
        record.version.device_modified_at = time_of(row.integer(5));
      },
      dataset.id);
  dataset.message.records = stream_records(records);
  return read;
}

}  // namespace

Result<std::vector<IdentityPoolId>> read_publishing_pools(Connection& connection) {
  std::vector<IdentityPoolId> pools;
  auto read = read_rows(
      connection,
      "SELECT p.name, d.body FROM pool_documents d JOIN pools p ON p.id = d.pool_id WHERE d.kind = 'bulk_publish'",
      [&](const Query& row) {
        const auto details = wire::decode_bulk_publish_details(row.text(1));
        if (!details || details->status != wire::BulkPublishStatus::kInProgress) return;
        if (auto pool = IdentityPoolId::parse(row.text(0))) pools.push_back(std::move(*pool));
      });
  if (!read) return std::move(read).error();
  return pools;
}

Result<BulkProgress> advance_bulk(Connection& connection, const IdentityPoolId& pool, Timestamp started_at,
                                  std::size_t limit, Timestamp now) {
  const std::int64_t begun = milliseconds(started_at);
  auto cursor = take_cursor(connection, pool, begun);
  if (!cursor) return std::move(cursor).error();
  auto waiting = count_waiting(connection, pool);
  if (!waiting) return std::move(waiting).error();
  BulkProgress progress{.complete = false, .waiting = *waiting, .failure = std::move(cursor->failure)};
  if (!progress.failure.empty() || *waiting >= static_cast<std::int64_t>(limit)) return progress;
  auto datasets = next_datasets(connection, pool, cursor->last_id, limit);
  if (!datasets) return std::move(datasets).error();
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (Published& dataset : *datasets) {
    if (bytes >= kMostBytes) break;
    auto queued = add_records(connection, dataset).and_then([&] {
      return write_message(connection, OutboxKind::kStream, dataset.target, {}, dataset.message, true, now);
    });
    if (!queued) return std::move(queued).error();
    cursor->last_id = dataset.id;
    bytes += dataset.message.records.size();
    dataset.message.records.clear();
    ++count;
  }
  progress.complete = count == datasets->size() && count < limit;
  progress.waiting += static_cast<std::int64_t>(count);
  auto moved =
      run_once(connection, "UPDATE bulk_publishes SET last_id = ?2 WHERE pool = ?1", pool.text(), cursor->last_id);
  if (!moved) return std::move(moved).error();
  return progress;
}

Result<void> end_bulk(Connection& connection, const IdentityPoolId& pool) {
  return run_once(connection,
                  "DELETE FROM outbox WHERE bulk = 1 AND lane_id IN (SELECT id FROM outbox_lanes WHERE pool = ?1)",
                  pool.text())
      .and_then([&] {
        return run_once(connection,
                        "DELETE FROM outbox_lanes WHERE pool = ?1"
                        " AND NOT EXISTS (SELECT 1 FROM outbox WHERE lane_id = outbox_lanes.id)",
                        pool.text());
      })
      .and_then([&] { return run_once(connection, "DELETE FROM bulk_publishes WHERE pool = ?1", pool.text()); });
}

}  // namespace syncline::service
