#include "store/schema.h"

namespace syncline::store {

namespace {

constexpr std::int64_t kApplicationId = 0x53594E4C;  // "SYNL"

// Ordinary tables with a unique index and an integer dataset id: measured twice as fast as WITHOUT ROWID keyed by text.
// Values are blobs because length() of a blob is its size in bytes, read without loading it.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE dataset (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL,        -- '' until the first identity is known
  name TEXT NOT NULL,
  phase INTEGER NOT NULL,        -- DatasetPhase
  sync_count INTEGER NOT NULL,   -- every remote change up to here is in record or conflict
  generation INTEGER NOT NULL,   -- grows with each protocol transaction
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
  UNIQUE (dataset, key)
);
CREATE TABLE journal (           -- pending changes, at most one a key
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB,                    -- NULL: a removal
  revision INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  UNIQUE (dataset, key)
);
CREATE TABLE sent (              -- pushes whose answer may never come; each can still take effect at its base count
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB,
  revision INTEGER NOT NULL,
  base_count INTEGER NOT NULL,
  UNIQUE (dataset, key, revision, base_count)
);
CREATE TABLE conflict (          -- the remote side of conflicts that wait
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB,
  sync_count INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL,
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
  UNIQUE (dataset, key)
);
)sql";

void create(Connection& connection) {
  connection.execute("BEGIN IMMEDIATE");
  connection.execute(kVersion1);
  connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
  connection.execute("PRAGMA user_version = " + std::to_string(kSchemaVersion));
  connection.execute("COMMIT");
}

}  // namespace

void prepare_schema(Connection& connection, const std::string& path) {
  const auto version = connection.number("PRAGMA user_version");
  const auto application = connection.number("PRAGMA application_id");
  const auto tables = connection.number("SELECT count(*) FROM sqlite_schema");
  if (version == 0 && application == 0 && tables == 0) return create(connection);
  if (application != kApplicationId) fail(ErrorCode::kCorrupt, path + ": is a database, but not one of Syncline's");
  if (version < 1) fail(ErrorCode::kCorrupt, path + ": has no schema version");
  if (version > kSchemaVersion) {
    fail(ErrorCode::kSchemaTooNew, path + ": has schema version " + std::to_string(version) +
                                       "; this Syncline knows up to " + std::to_string(kSchemaVersion));
  }
}

}  // namespace syncline::store
