// What the app reads and writes.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "store/impl.h"
#include "store/rows.h"
#include "store/schema.h"

namespace syncline::store {

namespace {

// What the app sees of a key, as far as a write needs to know it.
struct Seen {
  std::optional<std::int64_t> journal_row = {};  // absent: nothing is pending
  std::optional<std::int64_t> value_bytes = {};  // absent: the key reads as absent
  Revision last_revision = {};
};

std::optional<std::int64_t> bytes_in(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.number(column));
}

// A journal's id, length(value), revision.
Seen pending_in(const Statement& row, int first) {
  return {
      .journal_row = row.number(first), .value_bytes = bytes_in(row, first + 1), .last_revision{row.number(first + 2)}};
}

// Plain look-ups by index, each only if those before it find nothing: half the time of one statement with joins, which
// is what put_all spends most of its time on. What was sent outlasts a deletion, and its revisions are not given again.
std::optional<Seen> look_at_pending(Connection& connection, DatasetId dataset, std::string_view key) {
  auto row = connection.use("SELECT id, length(value), revision FROM journal WHERE dataset = ? AND key = ?");
  if (!row.bind(dataset).bind(key).step()) return std::nullopt;
  return pending_in(row, 0);
}

Seen look_at_base(Connection& connection, DatasetId dataset, std::string_view key, bool any_sent) {
  auto base = connection.use("SELECT length(value), revision FROM record WHERE dataset = ? AND key = ?");
  if (base.bind(dataset).bind(key).step()) {
    return {.value_bytes = bytes_in(base, 0), .last_revision{base.number(1)}};
  }
  if (!any_sent) return {};
  auto sent = connection.use("SELECT max(revision) FROM sent WHERE dataset = ? AND key = ?");
  sent.bind(dataset).bind(key).step();
  return {.last_revision{sent.number(0)}};
}

// A batch as large as this asks for all that is pending at once: a row of a scan takes about a quarter of a look-up's
// instructions, and a dataset holds about a thousand keys.
constexpr std::size_t kLargeBatch = 512;

std::unordered_map<std::string, Seen> look_at_all_pending(Connection& connection, DatasetId dataset) {
  std::unordered_map<std::string, Seen> pending;
  auto row = connection.use("SELECT key, id, length(value), revision FROM journal WHERE dataset = ?");
  row.bind(dataset);
  while (row.step()) pending.emplace(row.text(0), pending_in(row, 1));
  return pending;
}

void replace_pending(Connection& connection, std::int64_t journal_row, std::optional<std::string_view> value,
                     Revision revision, Timestamp written_at) {
  connection
      .use(
          "UPDATE journal SET value = ?1, revision = ?2, written_at = ?3, "
          "checksum = row_sum('j', dataset, key, ?1, ?2, ?3) WHERE id = ?4")
      .bind_blob(value)
      .bind(revision.value)
      .bind(to_millis(written_at))
      .bind(journal_row)
      .run();
}

bool any_conflict(Connection& connection, DatasetId dataset) {
  return connection.use("SELECT 1 FROM conflict WHERE dataset = ? LIMIT 1").bind(dataset).step();
}

bool any_sent(Connection& connection, DatasetId dataset) {
  return connection.use("SELECT 1 FROM sent WHERE dataset = ? LIMIT 1").bind(dataset).step();
}

// D6: once the app has written what the other side of a conflict holds, there is nothing left to ask.
bool settle_if_equal(Connection& connection, DatasetId dataset, std::string_view key,
                     std::optional<std::string_view> value, Revision revision) {
  const auto remote = load_conflict(connection, dataset, key);
  if (!remote || remote->value != value) return false;
  set_base(connection, dataset, key, *remote, revision);
  end_pending(connection, dataset, key);
  end_conflict(connection, dataset, key);
  return true;
}

// Puts and removes within a transaction. The base is not touched: the journal is what the app sees first.
class Writer {
 public:
  Writer(WriteTransaction& transaction, DatasetId dataset, Timestamp now, std::size_t keys)
      : transaction_(transaction),
        dataset_(dataset),
        now_(now),
        any_conflict_(any_conflict(transaction.connection(), dataset)),
        any_sent_(any_sent(transaction.connection(), dataset)) {
    check_not_wiped(transaction.connection(), dataset);
    if (keys >= kLargeBatch) all_pending_ = look_at_all_pending(transaction.connection(), dataset);
  }

  // Each key once.
  void write(std::string_view key, std::optional<std::string_view> value, KeyChanges& changes) {
    const auto before = look(key);
    if (!value && !before.value_bytes) return;
    journal(before, key, value);
    const auto after = value ? std::optional(static_cast<std::int64_t>(value->size())) : std::nullopt;
    transaction_.count(dataset_, with_key(key, before.value_bytes), with_key(key, after));
    auto& list = !before.value_bytes ? changes.added : (value ? changes.updated : changes.removed);
    list.emplace_back(key);
  }

 private:
  Seen look(std::string_view key) {
    auto& connection = transaction_.connection();
    if (!all_pending_) {
      if (const auto pending = look_at_pending(connection, dataset_, key)) return *pending;
    } else if (const auto pending = all_pending_->find(std::string(key)); pending != all_pending_->end()) {
      return pending->second;
    }
    return look_at_base(connection, dataset_, key, any_sent_);
  }

  void journal(const Seen& before, std::string_view key, std::optional<std::string_view> value) {
    auto& connection = transaction_.connection();
    const Revision revision{before.last_revision.value + 1};
    if (any_conflict_ && settle_if_equal(connection, dataset_, key, value, revision)) return;
    if (before.journal_row) {
      replace_pending(connection, *before.journal_row, value, revision, now_);
    } else {
      set_pending(connection, dataset_, key, value, revision, now_);
    }
  }

  static std::optional<std::int64_t> with_key(std::string_view key, std::optional<std::int64_t> value_bytes) {
    if (!value_bytes) return std::nullopt;
    return static_cast<std::int64_t>(key.size()) + *value_bytes;
  }

  WriteTransaction& transaction_;
  DatasetId dataset_;
  Timestamp now_;
  bool any_conflict_;
  bool any_sent_;
  std::optional<std::unordered_map<std::string, Seen>> all_pending_;  // absent: each key is looked up
};

// The last change of each key, in the order given: what a batch comes to.
std::vector<const Change*> net_changes(std::span<const Change> changes) {
  std::unordered_set<std::string_view> keys;
  keys.reserve(changes.size());
  std::vector<const Change*> net;
  net.reserve(changes.size());
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (keys.insert(change->key).second) net.push_back(&*change);
  }
  std::reverse(net.begin(), net.end());
  return net;
}

constexpr const char* kVisibleRecords = R"sql(
  SELECT key, value, pending, conflicted, sync_count, modified_by, modified_at, seen_at, sound FROM (
    SELECT j.key AS key, j.value AS value, 1 AS pending,
           EXISTS (SELECT 1 FROM conflict AS c WHERE c.dataset = j.dataset AND c.key = j.key) AS conflicted,
           coalesce(r.sync_count, 0) AS sync_count, coalesce(r.modified_by, '') AS modified_by,
           coalesce(r.modified_at, 0) AS modified_at, j.written_at AS seen_at,
           row_sum('j', j.dataset, j.key, j.value, j.revision, j.written_at) = j.checksum AS sound
    FROM journal AS j LEFT JOIN record AS r ON r.dataset = j.dataset AND r.key = j.key
    WHERE j.dataset = ?1 AND j.value IS NOT NULL
    UNION ALL
    SELECT r.key, r.value, 0, 0, r.sync_count, r.modified_by, r.modified_at, r.device_modified_at,
           row_sum('r', r.dataset, r.key, r.value, r.sync_count, r.modified_by, r.modified_at, r.device_modified_at,
                   r.revision) = r.checksum
    FROM record AS r
    WHERE r.dataset = ?1 AND r.value IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM journal AS j WHERE j.dataset = r.dataset AND j.key = r.key))
  ORDER BY key)sql";

Record read_record(const Statement& row) {
  RecordState state = RecordState::kClean;
  if (row.number(2) != 0) state = row.number(3) != 0 ? RecordState::kConflicted : RecordState::kPending;
  return Record{.key = row.text(0),
                .value = row.blob(1).value_or(std::string()),
                .state = state,
                .sync_count = SyncCount{row.number(4)},
                .modified_by = row.text(5),
                .modified_at = from_millis(row.number(6)),
                .device_modified_at = from_millis(row.number(7))};
}

}  // namespace

Result<std::optional<std::string>> Store::get(DatasetId dataset, std::string_view key) {
  return reading(*impl_, [&](Connection& connection) {
    auto row = connection.use(R"sql(
      SELECT CASE WHEN j.id IS NULL THEN r.value ELSE j.value END,
        CASE
          WHEN j.id IS NOT NULL THEN row_sum('j', ?1, ?2, j.value, j.revision, j.written_at) = j.checksum
          WHEN r.id IS NOT NULL THEN row_sum('r', ?1, ?2, r.value, r.sync_count, r.modified_by, r.modified_at,
                                             r.device_modified_at, r.revision) = r.checksum
          ELSE 1
        END
      FROM (SELECT 1)
      LEFT JOIN journal AS j ON j.dataset = ?1 AND j.key = ?2
      LEFT JOIN record AS r ON r.dataset = ?1 AND r.key = ?2)sql");
    row.bind(dataset).bind(key).step();
    if (row.number(1) == 0) fail_sum(connection);
    return row.blob(0);
  });
}

Result<KeyChanges> Store::write(DatasetId dataset, std::span<const Change> changes, Timestamp now) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    const auto before = transaction.totals_before(dataset);
    KeyChanges changed;
    const auto net = net_changes(changes);
    Writer writer(transaction, dataset, now, net.size());
    for (const auto* change : net) writer.write(change->key, change->value, changed);
    check_quotas(transaction, before);
    transaction.changed(dataset, changed);
    transaction.commit();
    return changed;
  });
}

Result<KeyChanges> Store::put(DatasetId dataset, std::string_view key, std::string_view value, Timestamp now) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    const auto before = transaction.totals_before(dataset);
    KeyChanges changed;
    Writer(transaction, dataset, now, 1).write(key, value, changed);
    check_quotas(transaction, before);
    transaction.changed(dataset, changed);
    transaction.commit();
    return changed;
  });
}

Result<std::optional<Record>> Store::record(DatasetId dataset, std::string_view key) {
  return reading(*impl_, [&](Connection& connection) -> std::optional<Record> {
    const auto state = load_key(connection, dataset, key);
    const auto& seen = state.visible();
    if (!seen) return std::nullopt;
    Record record{.key = std::string(key), .value = *seen};
    if (state.pending) record.state = state.conflicted ? RecordState::kConflicted : RecordState::kPending;
    if (state.base) {
      record.sync_count = state.base->count;
      record.modified_by = state.base->modified_by;
      record.modified_at = state.base->modified_at;
    }
    record.device_modified_at = state.pending ? state.pending->written_at : state.base->device_modified_at;
    return record;
  });
}

Result<std::vector<Record>> Store::records(DatasetId dataset) {
  return reading(*impl_, [&](Connection& connection) {
    auto row = connection.use(kVisibleRecords);
    row.bind(dataset);
    std::vector<Record> records;
    while (row.step()) {
      if (row.number(8) == 0) fail_sum(connection);
      records.push_back(read_record(row));
    }
    return records;
  });
}

Result<std::vector<PendingChange>> Store::pending_changes(DatasetId dataset) {
  return reading(*impl_, [&](Connection& connection) {
    auto row = connection.use(R"sql(
      SELECT j.key, j.value, j.revision, coalesce(r.sync_count, 0), j.written_at,
             EXISTS (SELECT 1 FROM conflict AS c WHERE c.dataset = j.dataset AND c.key = j.key),
             row_sum('j', j.dataset, j.key, j.value, j.revision, j.written_at) = j.checksum
      FROM journal AS j LEFT JOIN record AS r ON r.dataset = j.dataset AND r.key = j.key
      WHERE j.dataset = ? ORDER BY j.key)sql");
    row.bind(dataset);
    std::vector<PendingChange> changes;
    while (row.step()) {
      if (row.number(6) == 0) fail_sum(connection);
      changes.push_back(PendingChange{.key = row.text(0),
                                      .value = row.blob(1),
                                      .revision = Revision{row.number(2)},
                                      .base_count = SyncCount{row.number(3)},
                                      .written_at = from_millis(row.number(4)),
                                      .conflicted = row.number(5) != 0});
    }
    return changes;
  });
}

Result<DatasetInfo> Store::info(DatasetId dataset) {
  return reading_snapshot(*impl_, [&](Connection& connection) {
    const auto totals = load_totals(connection, dataset);
    DatasetInfo info{.records = static_cast<std::size_t>(totals.records),
                     .bytes = static_cast<std::size_t>(totals.bytes)};
    auto row = connection.use(R"sql(
      SELECT (SELECT count(*) FROM journal WHERE dataset = ?1), (SELECT count(*) FROM conflict WHERE dataset = ?1),
             sync_count, phase FROM dataset WHERE id = ?1)sql");
    row.bind(dataset).step();
    info.pending = static_cast<std::size_t>(row.number(0));
    info.conflicts = static_cast<std::size_t>(row.number(1));
    info.sync_count = SyncCount{row.number(2)};
    info.deletion_pending = static_cast<DatasetPhase>(row.number(3)) == DatasetPhase::kDeleting;
    return info;
  });
}

Result<std::size_t> Store::pending_count(const std::string& identity) {
  return reading(*impl_, [&](Connection& connection) {
    auto row = connection.use(R"sql(
      WITH RECURSIVE own (identity) AS (
        SELECT ?1 UNION SELECT i.identity FROM identity AS i JOIN own ON i.heir = own.identity WHERE i.kind = ?2)
      SELECT count(*) FROM journal
      WHERE dataset IN (SELECT d.id FROM dataset AS d JOIN own ON d.identity = own.identity))sql");
    row.bind(std::string_view(identity)).bind(static_cast<std::int64_t>(IdentityKind::kMerged)).step();
    return static_cast<std::size_t>(row.number(0));
  });
}

}  // namespace syncline::store
