#include "service/sqlite_outbox.h"

#include <algorithm>
#include <utility>

#include "service/sqlite_rows.h"
#include "wire/messages.h"

namespace syncline::service {

namespace {

std::int64_t number_of(OutboxKind kind) {
  return static_cast<std::int64_t>(kind);
}

wire::Target target_at(const Query& row, int column) {
  return wire::Target{.pool = IdentityPoolId::parse(row.text(column)).value_or(IdentityPoolId()),
                      .identity = IdentityId::parse(row.text(column + 1)).value_or(IdentityId()),
                      .dataset = DatasetName::parse(row.text(column + 2)).value_or(DatasetName())};
}

// The lane's row, made if there is none.
constexpr const char* kTakeLane =
    "INSERT INTO outbox_lanes (kind, pool, identity, dataset, device, due_at, attempts)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)"
    " ON CONFLICT (identity, dataset, kind, device, pool) DO UPDATE SET kind = kind RETURNING id";
constexpr const char* kAddMessage =
    "INSERT INTO outbox (lane_id, bulk, sync_count, modified_at, removal, records, created_at)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr const char* kDueLanes =
    "SELECT id FROM outbox_lanes WHERE kind = ?1 AND due_at <= ?2 ORDER BY due_at, id LIMIT ?3";
constexpr const char* kFirstOfLane =
    "SELECT l.pool, l.identity, l.dataset, l.device, l.attempts, o.id, o.bulk, o.sync_count, o.modified_at, o.removal,"
    " o.records, o.created_at FROM outbox_lanes l JOIN outbox o ON o.lane_id = l.id WHERE l.id = ?1 ORDER BY o.id"
    " LIMIT 1";

std::int64_t flag(bool value) {
  return value ? 1 : 0;
}

WaitingMessage message_at(const Query& row, OutboxKind kind, std::int64_t lane) {
  return WaitingMessage{.id = row.integer(5),
                        .lane = lane,
                        .kind = kind,
                        .target = target_at(row, 0),
                        .device = std::string(row.text(3)),
                        .message = {.count = SyncCount{row.integer(7)},
                                    .modified_at = time_of(row.integer(8)),
                                    .removal = row.integer(9) != 0,
                                    .records = std::string(row.text(10))},
                        .bulk = row.integer(6) != 0,
                        .created_at = time_of(row.integer(11)),
                        .attempts = static_cast<int>(row.integer(4))};
}

Result<void> bury(Connection& connection, const Settlement& dead, std::int64_t time) {
  auto buried = run_once(connection,
                         "INSERT INTO dead_letters (kind, pool, identity, dataset, device, sync_count, modified_at,"
                         " removal, records, created_at, died_at, attempts, failure)"
                         " SELECT l.kind, l.pool, l.identity, l.dataset, l.device, o.sync_count, o.modified_at,"
                         " o.removal, o.records, o.created_at, ?2, l.attempts + 1, ?3"
                         " FROM outbox o JOIN outbox_lanes l ON l.id = o.lane_id WHERE o.id = ?1",
                         dead.id, time, dead.failure);
  if (!buried) return buried;
  return run_once(connection,
                  "UPDATE bulk_publishes SET failure = ?2 WHERE pool = (SELECT l.pool FROM outbox o JOIN outbox_lanes l"
                  " ON l.id = o.lane_id WHERE o.id = ?1 AND o.bulk = 1)",
                  dead.id, dead.failure);
}

// The next of the lane is due; a lane without one is over.
Result<void> end_message(Connection& connection, const Settlement& settlement, std::int64_t time) {
  return run_once(connection, "DELETE FROM outbox WHERE id = ?1", settlement.id)
      .and_then([&] {
        return run_once(connection, "UPDATE outbox_lanes SET attempts = 0, due_at = ?2 WHERE id = ?1", settlement.lane,
                        time);
      })
      .and_then([&] {
        return run_once(connection,
                        "DELETE FROM outbox_lanes WHERE id = ?1"
                        " AND NOT EXISTS (SELECT 1 FROM outbox WHERE lane_id = ?1)",
                        settlement.lane);
      });
}

Result<void> write_settlement(Connection& connection, const Settlement& settlement, std::int64_t time) {
  if (settlement.kind == Settlement::Kind::kRetry) {
    const std::int64_t due_at = milliseconds(settlement.due_at);
    return run_once(connection, "UPDATE outbox_lanes SET attempts = attempts + 1, due_at = ?2 WHERE id = ?1",
                    settlement.lane, due_at);
  }
  if (settlement.kind == Settlement::Kind::kDead) {
    if (auto buried = bury(connection, settlement, time); !buried) return buried;
  }
  return end_message(connection, settlement, time);
}

}  // namespace

Result<void> write_message(Connection& connection, OutboxKind kind, const wire::Target& target, std::string_view device,
                           const OutgoingMessage& message, bool bulk, Timestamp now) {
  const std::int64_t time = milliseconds(now);
  const std::int64_t kind_number = number_of(kind);
  auto take_lane = connection.keep(kTakeLane);
  if (!take_lane) return std::move(take_lane).error();
  std::int64_t lane = 0;
  {
    Query taken(**take_lane, kind_number, target.pool.text(), target.identity.text(), target.dataset.text(), device,
                time);
    auto row = taken.next();
    if (!row) return std::move(row).error();
    lane = taken.integer(0);
    if (auto ended = taken.run(); !ended) return ended;
  }
  auto add = connection.keep(kAddMessage);
  if (!add) return std::move(add).error();
  const std::int64_t modified_at = milliseconds(message.modified_at);
  const std::int64_t is_bulk = flag(bulk);
  const std::int64_t removal = flag(message.removal);
  return Query(**add, lane, is_bulk, message.count.value, modified_at, removal, message.records, time).run();
}

Result<std::vector<WaitingMessage>> read_due_messages(Connection& connection, OutboxKind kind, Timestamp now,
                                                      std::size_t limit, const std::set<std::int64_t>& busy) {
  std::vector<std::int64_t> lanes;
  const std::int64_t kind_number = number_of(kind);
  const std::int64_t time = milliseconds(now);
  const auto most = static_cast<std::int64_t>(limit + busy.size());
  auto due = connection.keep(kDueLanes);
  if (!due) return std::move(due).error();
  Query lane_rows(**due, kind_number, time, most);
  while (lanes.size() < limit) {
    auto row = lane_rows.next();
    if (!row) return std::move(row).error();
    if (!*row) break;
    if (!busy.contains(lane_rows.integer(0))) lanes.push_back(lane_rows.integer(0));
  }
  auto first = connection.keep(kFirstOfLane);
  if (!first) return std::move(first).error();
  std::vector<WaitingMessage> messages;
  for (const std::int64_t lane : lanes) {
    Query message(**first, lane);
    auto row = message.next();
    if (!row) return std::move(row).error();
    if (*row) messages.push_back(message_at(message, kind, lane));
  }
  return messages;
}

Result<void> write_settlements(Connection& connection, const std::vector<Settlement>& settlements, Timestamp now) {
  const std::int64_t time = milliseconds(now);
  for (const Settlement& settlement : settlements) {
    if (auto written = write_settlement(connection, settlement, time); !written) return written;
  }
  return {};
}

Result<void> tidy_messages(Connection& connection, Timestamp oldest, Timestamp latest) {
  const std::int64_t first = milliseconds(oldest);
  const std::int64_t last = milliseconds(latest);
  return run_once(connection, "DELETE FROM dead_letters WHERE died_at < ?1", first).and_then([&] {
    return run_once(connection, "UPDATE outbox_lanes SET due_at = ?1 WHERE due_at > ?1", last);
  });
}

Result<OutboxFigures> read_outbox_figures(Connection& connection) {
  OutboxFigures figures;
  auto read = read_rows(
      connection,
      "SELECT coalesce(sum(l.kind = 1), 0), coalesce(sum(l.kind = 2), 0), min(o.created_at),"
      " (SELECT count(*) FROM dead_letters) FROM outbox o JOIN outbox_lanes l ON l.id = o.lane_id",
      [&](const Query& row) {
        figures = {.pushes = row.integer(0), .streams = row.integer(1), .dead_letters = row.integer(3), .oldest = {}};
        if (!row.is_null(2)) figures.oldest = time_of(row.integer(2));
      });
  if (!read) return std::move(read).error();
  return figures;
}

Result<std::optional<PushAddress>> read_push_address(Connection& connection, const wire::Target& target,
                                                     std::string_view device) {
  std::optional<PushAddress> address;
  auto read = read_rows(
      connection,
      "SELECT v.platform, v.token, v.application, v.endpoint FROM devices v JOIN identities i ON i.id = v.identity_id"
      " JOIN pools p ON p.id = i.pool_id WHERE v.name = ?1 AND i.name = ?2 AND p.name = ?3",
      [&](const Query& row) {
        address = PushAddress{.platform = std::string(row.text(0)),
                              .token = std::string(row.text(1)),
                              .application = std::string(row.text(2)),
                              .endpoint = std::string(row.text(3))};
      },
      device, target.identity.text(), target.pool.text());
  if (!read) return std::move(read).error();
  return address;
}

Result<void> write_push_endpoint(Connection& connection, std::string_view device, std::string_view application,
                                 std::string_view endpoint) {
  return run_once(connection, "UPDATE devices SET application = ?2, endpoint = ?3 WHERE name = ?1", device, application,
                  endpoint);
}

// --- OutboxWriter ---------------------------------------------------------------------------------------------------

Result<void> OutboxWriter::queue_update(Connection& connection, const wire::Target& target, std::int64_t dataset_id,
                                        const UpdateDecision& decision) {
  if (options_.pushes) {
    if (auto queued = queue_pushes(connection, target, dataset_id, decision); !queued) return queued;
  }
  if (!options_.streams) return {};
  auto enabled = stream_is_enabled(connection, target.pool);
  if (!enabled) return std::move(enabled).error();
  if (!*enabled) return {};
  return queue(connection, OutboxKind::kStream, target, {},
               OutgoingMessage{.count = decision.after.count,
                               .modified_at = decision.after.modified_at,
                               .records = stream_records(decision.written)},
               decision.after.modified_at);
}

Result<void> OutboxWriter::queue_deletion(Connection& connection, const wire::Target& target,
                                          const DatasetState& deleted, Timestamp now) {
  if (!options_.streams) return {};
  auto enabled = stream_is_enabled(connection, target.pool);
  if (!enabled) return std::move(enabled).error();
  if (!*enabled) return {};
  return queue(
      connection, OutboxKind::kStream, target, {},
      OutgoingMessage{.count = deleted.count, .modified_at = now, .removal = true, .records = stream_records({})}, now);
}

void OutboxWriter::announce() {
  if (queued_.exchange(false) && listener_) listener_();
}

Result<void> OutboxWriter::queue_pushes(Connection& connection, const wire::Target& target, std::int64_t dataset_id,
                                        const UpdateDecision& decision) {
  auto find = connection.keep(
      "SELECT v.name FROM subscriptions s JOIN devices v ON v.id = s.device_id WHERE s.dataset_id = ?1 AND v.name != ?2"
      " ORDER BY v.id");
  if (!find) return std::move(find).error();
  std::vector<std::string> devices;
  {
    Query others(**find, dataset_id, decision.after.modified_by);
    for (auto row = others.next(); !row || *row; row = others.next()) {
      if (!row) return std::move(row).error();
      devices.emplace_back(others.text(0));
    }
  }
  const OutgoingMessage message{
      .count = decision.after.count, .modified_at = decision.after.modified_at, .records = {}};
  for (const std::string& device : devices) {
    auto queued = queue(connection, OutboxKind::kPush, target, device, message, message.modified_at);
    if (!queued) return queued;
  }
  return {};
}

// Asked for each write: the configuration is parsed anew only if it has changed.
Result<bool> OutboxWriter::stream_is_enabled(Connection& connection, const IdentityPoolId& pool) {
  auto find = connection.keep(
      "SELECT d.body FROM pools p JOIN pool_documents d ON d.pool_id = p.id AND d.kind = 'configuration'"
      " WHERE p.name = ?1");
  if (!find) return std::move(find).error();
  Query document(**find, pool.text());
  auto row = document.next();
  if (!row) return std::move(row).error();
  if (!*row) return false;
  Stream& known = streams_[pool.text()];
  const std::string_view body = document.text(0);
  if (known.configuration == body) return known.enabled;
  auto configuration = wire::decode_identity_pool_configuration(body);
  if (!configuration) {
    return Error{.code = ErrorCode::kCorrupt, .message = "a pool's configuration: " + configuration.error().message};
  }
  known.configuration = body;
  known.enabled = configuration->streams && configuration->streams->status == wire::StreamingStatus::kEnabled;
  return known.enabled;
}

Result<void> OutboxWriter::queue(Connection& connection, OutboxKind kind, const wire::Target& target,
                                 std::string_view device, const OutgoingMessage& message, Timestamp now) {
  auto written = write_message(connection, kind, target, device, message, false, now);
  if (written) queued_ = true;
  return written;
}

}  // namespace syncline::service
