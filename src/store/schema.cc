#include "store/schema.h"

namespace syncline::store {

namespace {

constexpr std::int64_t kApplicationId = 0x53594E4C;  // "SYNL"

// Ordinary tables with a unique index and an integer dataset id: measured twice as fast as WITHOUT ROWID keyed by text.
// checksum: row_sum() of the table's letter and the row's other columns (checksum.h); each statement that changes a row
// makes it anew, and each that believes a row compares it. Values are blobs because length() of a blob is its size in
// bytes, read without loading it.
constexpr const char* kTablesToJournal = R"sql(
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  checksum INTEGER NOT NULL
);
CREATE TABLE dataset (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL,        -- '' until the first identity is known
  name TEXT NOT NULL,
  phase INTEGER NOT NULL,        -- DatasetPhase
  sync_count INTEGER NOT NULL,   -- every remote change up to here is in record or conflict
  newest INTEGER NOT NULL,       -- the greatest count that the service told of; a list with less: it was restored
  generation INTEGER NOT NULL,   -- grows with each protocol transaction
  checksum INTEGER NOT NULL,     -- not of the generation
  UNIQUE (identity, name)
);
CREATE TABLE record (            -- the base: what the service is known to hold
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB,                    -- NULL: a tombstone
  sync_count INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,  -- milliseconds since 1970
  device_modified_at INTEGER NOT NULL,
  revision INTEGER NOT NULL,     -- the last one of this key whose pending change has ended
  checksum INTEGER NOT NULL,
  UNIQUE (dataset, key)
);
CREATE TABLE journal (           -- pending changes, at most one a key
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB,                    -- NULL: a removal
  revision INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (dataset, key)
);
)sql";
constexpr const char* kTableSent = R"sql(
CREATE TABLE sent (              -- pushes whose answer may never come; each can still take effect on its base
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB,
  revision INTEGER NOT NULL,
  base INTEGER NOT NULL,         -- the base's count
  written_at INTEGER NOT NULL,   -- 0: not known; versions before 4 did not write it down
  checksum INTEGER NOT NULL,
  UNIQUE (dataset, key, revision, base)
);
)sql";
constexpr const char* kTablesAfterSent = R"sql(
CREATE TABLE conflict (          -- the remote side of conflicts that wait
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB,
  sync_count INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (dataset, key)
);
CREATE TABLE staged (            -- pages of a list that is not complete yet
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB,
  sync_count INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (dataset, key)
);
)sql";

// What version 3 has beyond version 2. Written without a space too many: SQLite keeps the text, and the list of tables
// has to stay on the file's first page, which is all that can be replaced should it be damaged (salvage.cc).
constexpr const char* kAddedIn3[] = {
    // What the app wants to hear of (device is ''), and the DeviceIds that the service was asked to subscribe to it;
    // confirmed: it has said yes.
    "CREATE TABLE push_subscription(id INTEGER PRIMARY KEY,identity TEXT NOT NULL,dataset TEXT NOT NULL,"
    "device TEXT NOT NULL,confirmed INTEGER NOT NULL,checksum INTEGER NOT NULL,UNIQUE(identity,dataset,device))",
    // What is known of identities, the current one's and others'. kind: IdentityKind. Of kMerged: the heir, who gets
    // its
    // data, and how (GuestData).
    "CREATE TABLE identity(id INTEGER PRIMARY KEY,identity TEXT NOT NULL UNIQUE,kind INTEGER NOT NULL,"
    "heir TEXT NOT NULL,guest_data INTEGER NOT NULL,checksum INTEGER NOT NULL)",
    // Merged datasets that the service told of, and the app has answered for. doomed: to be deleted at the service.
    "CREATE TABLE twin(id INTEGER PRIMARY KEY,dataset INTEGER NOT NULL,name TEXT NOT NULL,doomed INTEGER NOT NULL,"
    "checksum INTEGER NOT NULL,UNIQUE(dataset,name))",
};

// Version 1 had no checksums. The tables are made anew rather than added to: a process with an older Syncline that has
// the file open must not go on writing rows without one.
constexpr const char* kMoveAside[] = {
    "ALTER TABLE meta RENAME TO old_meta",     "ALTER TABLE dataset RENAME TO old_dataset",
    "ALTER TABLE record RENAME TO old_record", "ALTER TABLE journal RENAME TO old_journal",
    "ALTER TABLE sent RENAME TO old_sent",     "ALTER TABLE conflict RENAME TO old_conflict",
};
constexpr const char* kFromVersion1[] = {
    "DROP TABLE staged",  // the pages of a list that will start again
    kTablesToJournal,
    kTableSent,
    kTablesAfterSent,
    "INSERT INTO meta SELECT name, value, row_sum('m', name, value) FROM old_meta",
    "INSERT INTO dataset SELECT id, identity, name, phase, sync_count, newest, generation, "
    "row_sum('d', id, identity, name, phase, sync_count, newest) FROM (SELECT *, max(sync_count, "
    "(SELECT coalesce(max(r.sync_count), 0) FROM old_record AS r WHERE r.dataset = d.id)) AS newest FROM old_dataset "
    "AS d)",
    "INSERT INTO record SELECT id, dataset, key, value, sync_count, modified_by, modified_at, device_modified_at, "
    "revision, row_sum('r', dataset, key, value, sync_count, modified_by, modified_at, device_modified_at, revision) "
    "FROM old_record",
    "INSERT INTO journal SELECT id, dataset, key, value, revision, written_at, "
    "row_sum('j', dataset, key, value, revision, written_at) FROM old_journal",
    "INSERT INTO sent SELECT id, dataset, key, value, revision, base_count, 0, "
    "row_sum('o', dataset, key, value, revision, base_count, 0) FROM old_sent",
    "INSERT INTO conflict SELECT id, dataset, key, value, sync_count, modified_by, modified_at, device_modified_at, "
    "row_sum('c', dataset, key, value, sync_count, modified_by, modified_at, device_modified_at) FROM old_conflict",
    "DROP TABLE old_meta",
    "DROP TABLE old_dataset",
    "DROP TABLE old_record",
    "DROP TABLE old_journal",
    "DROP TABLE old_sent",
    "DROP TABLE old_conflict",
};

// Made anew in its old place, where salvage looks for it. A process with an older Syncline that has the file open must
// not go on writing rows without the date: it knows base as base_count, and fails.
constexpr const char* kSentFrom3[] = {
    "CREATE TEMP TABLE moved AS SELECT * FROM sent",
    "DROP TABLE sent",
    kTableSent,
    "INSERT INTO sent SELECT id, dataset, key, value, revision, base_count, 0, "
    "row_sum('o', dataset, key, value, revision, base_count, 0) FROM moved",
    "DROP TABLE moved",
};

// One transaction: unless all of `change` works, the file stays what it was.
template <typename Change>
void in_transaction(Connection& connection, Change&& change) {
  connection.begin("BEGIN IMMEDIATE");
  try {
    change();
    connection.execute("PRAGMA user_version = " + std::to_string(kSchemaVersion));
    connection.execute("COMMIT");
  } catch (const StoreFailure&) {
    connection.roll_back();
    throw;
  }
}

void add_tables_of_3(Connection& connection) {
  for (const char* sql : kAddedIn3) connection.execute(sql);
}

// A new sum over a damaged row would call it sound for ever.
void check_sent_of_3(Connection& connection) {
  check_structure(connection, "PRAGMA integrity_check(sent)");
  auto damaged = connection.use(
      "SELECT id FROM sent WHERE row_sum('o', dataset, key, value, revision, base_count) IS NOT checksum LIMIT 1");
  if (damaged.step()) fail_sum(connection);
}

void migrate_from_2_or_3(Connection& connection, bool has_tables_of_3) {
  check_sent_of_3(connection);
  in_transaction(connection, [&] {
    for (const char* sql : kSentFrom3) connection.execute(sql);
    if (!has_tables_of_3) add_tables_of_3(connection);
  });
}

void migrate_from_1(Connection& connection) {
  // A sum over a damaged row would call it sound for ever.
  check_structure(connection, "PRAGMA integrity_check(1)");
  in_transaction(connection, [&] {
    for (const char* sql : kMoveAside) connection.execute(sql);
    for (const char* sql : kFromVersion1) connection.execute(sql);
    add_tables_of_3(connection);
  });
}

// Whether this was once a store of ours, whatever its header says now.
bool has_our_tables(Connection& connection) {
  return connection.number(
             "SELECT count(*) FROM sqlite_schema WHERE name IN ('dataset', 'journal', 'record', 'sent')") == 4;
}

}  // namespace

void create_schema(Connection& connection) {
  in_transaction(connection, [&] {
    for (const char* sql : {kTablesToJournal, kTableSent, kTablesAfterSent}) connection.execute(sql);
    add_tables_of_3(connection);
    connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
  });
}

void prepare_schema(Connection& connection, const std::string& path) {
  const auto version = connection.number("PRAGMA user_version");
  const auto application = connection.number("PRAGMA application_id");
  const auto tables = connection.number("SELECT count(*) FROM sqlite_schema");
  if (version == 0 && application == 0 && tables == 0) return create_schema(connection);
  if (application != kApplicationId) {
    const Error error{.code = ErrorCode::kCorrupt, .message = path + ": is a database, but not one of Syncline's"};
    throw StoreFailure{.error = error, .not_ours = !has_our_tables(connection)};
  }
  if (version < 1) fail(ErrorCode::kCorrupt, path + ": has no schema version");
  if (version > kSchemaVersion) {
    fail(ErrorCode::kSchemaTooNew, path + ": has schema version " + std::to_string(version) +
                                       "; this Syncline knows up to " + std::to_string(kSchemaVersion));
  }
  if (version == 1) migrate_from_1(connection);
  if (version == 2 || version == 3) migrate_from_2_or_3(connection, version == 3);
}

void check_structure(Connection& connection, const char* pragma) {
  auto row = connection.use(pragma);
  if (row.step() && row.text(0) == "ok") return;
  fail(ErrorCode::kCorrupt, connection.path() + ": is damaged: " + row.text(0));
}

namespace {

void check_sums(Connection& connection, bool whole) {
  static constexpr const char* kSmall[] = {
      "SELECT name FROM meta WHERE row_sum('m', name, value) IS NOT checksum LIMIT 1",
      R"sql(SELECT id FROM dataset
        WHERE row_sum('d', id, identity, name, phase, sync_count, newest) IS NOT checksum LIMIT 1)sql",
      "SELECT id FROM journal WHERE row_sum('j', dataset, key, value, revision, written_at) IS NOT checksum LIMIT 1",
      R"sql(SELECT id FROM sent
        WHERE row_sum('o', dataset, key, value, revision, base, written_at) IS NOT checksum LIMIT 1)sql",
      R"sql(SELECT id FROM conflict
        WHERE row_sum('c', dataset, key, value, sync_count, modified_by, modified_at, device_modified_at)
              IS NOT checksum LIMIT 1)sql",
      "SELECT id FROM identity WHERE row_sum('i', identity, kind, heir, guest_data) IS NOT checksum LIMIT 1",
      "SELECT id FROM twin WHERE row_sum('t', dataset, name, doomed) IS NOT checksum LIMIT 1",
      R"sql(SELECT id FROM push_subscription
        WHERE row_sum('u', identity, dataset, device, confirmed) IS NOT checksum LIMIT 1)sql"};
  static constexpr const char* kLarge[] = {
      R"sql(SELECT id FROM record
        WHERE row_sum('r', dataset, key, value, sync_count, modified_by, modified_at, device_modified_at, revision)
              IS NOT checksum LIMIT 1)sql",
      R"sql(SELECT id FROM staged
        WHERE row_sum('s', dataset, key, value, sync_count, modified_by, modified_at, device_modified_at)
              IS NOT checksum LIMIT 1)sql"};
  const auto check = [&](const char* sql) {
    if (connection.use(sql).step()) fail_sum(connection);
  };
  for (const char* sql : kSmall) check(sql);
  if (!whole) return;
  for (const char* sql : kLarge) check(sql);
}

}  // namespace

void check_small_tables(Connection& connection) {
  for (const char* pragma :
       {"PRAGMA integrity_check(meta)", "PRAGMA integrity_check(dataset)", "PRAGMA integrity_check(journal)",
        "PRAGMA integrity_check(sent)", "PRAGMA integrity_check(conflict)", "PRAGMA integrity_check(identity)",
        "PRAGMA integrity_check(twin)", "PRAGMA integrity_check(push_subscription)"}) {
    check_structure(connection, pragma);
  }
  check_sums(connection, false);
}

void check_everything(Connection& connection) {
  check_structure(connection, "PRAGMA integrity_check(1)");
  check_sums(connection, true);
}

void fail_sum(Connection& connection) {
  fail(ErrorCode::kCorrupt, connection.path() + ": is damaged: a row does not match its checksum");
}

}  // namespace syncline::store
