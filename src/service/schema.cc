#include "service/schema.h"

#include <string>

namespace syncline::service {

namespace {

// Ordinary tables with a unique index, integer ids: half the time of tables keyed by text (design.md, section 4).
constexpr const char* kFirst = R"sql(
CREATE TABLE installation (
  name  TEXT NOT NULL UNIQUE,
  value TEXT NOT NULL
);
CREATE TABLE pools (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
);
CREATE TABLE developer_keys (
  id                INTEGER PRIMARY KEY,
  pool_id           INTEGER NOT NULL REFERENCES pools(id),
  access_key_id     TEXT NOT NULL UNIQUE,
  secret_access_key TEXT NOT NULL,
  created_at        INTEGER NOT NULL
);
CREATE TABLE identities (
  id      INTEGER PRIMARY KEY,
  pool_id INTEGER NOT NULL REFERENCES pools(id),
  name    TEXT NOT NULL,
  UNIQUE (pool_id, name)
);
-- A deleted dataset stays with its counts (present = 0), so that a later incarnation goes on from them.
CREATE TABLE datasets (
  id          INTEGER PRIMARY KEY,
  identity_id INTEGER NOT NULL REFERENCES identities(id),
  name        TEXT NOT NULL,
  present     INTEGER NOT NULL,
  sync_count  INTEGER NOT NULL,
  first_count INTEGER NOT NULL,
  records     INTEGER NOT NULL,
  bytes       INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  UNIQUE (identity_id, name)
);
CREATE INDEX present_datasets ON datasets (identity_id, name) WHERE present = 1;
-- A null value is a tombstone.
CREATE TABLE records (
  id                 INTEGER PRIMARY KEY,
  dataset_id         INTEGER NOT NULL REFERENCES datasets(id),
  key                TEXT NOT NULL,
  value              TEXT,
  sync_count         INTEGER NOT NULL,
  modified_by        TEXT NOT NULL,
  modified_at        INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL,
  UNIQUE (dataset_id, key)
);
CREATE INDEX records_by_count ON records (dataset_id, sync_count);
-- Versions that were overwritten, kept for as long as a page of a list that began before may be asked for.
CREATE TABLE history (
  id                 INTEGER PRIMARY KEY,
  dataset_id         INTEGER NOT NULL,
  record_id          INTEGER NOT NULL,
  key                TEXT NOT NULL,
  value              TEXT,
  sync_count         INTEGER NOT NULL,
  modified_by        TEXT NOT NULL,
  modified_at        INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL,
  superseded_count   INTEGER NOT NULL,
  superseded_at      INTEGER NOT NULL
);
CREATE INDEX history_by_count ON history (dataset_id, superseded_count);
CREATE INDEX history_by_time ON history (superseded_at);
)sql";

// Cognito Identity, devices, what a pool is told to do, and usage.
constexpr const char* kSecond = R"sql(
ALTER TABLE pools ADD COLUMN sync_sessions INTEGER NOT NULL DEFAULT 0;
-- Of all its datasets, kept up in each write's transaction: summing up a million identities takes seconds.
ALTER TABLE pools ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pools ADD COLUMN modified_at INTEGER;
UPDATE pools SET
  bytes = (SELECT coalesce(sum(d.bytes), 0) FROM identities i JOIN datasets d ON d.identity_id = i.id
           WHERE i.pool_id = pools.id AND d.present = 1),
  modified_at = (SELECT max(d.modified_at) FROM identities i JOIN datasets d ON d.identity_id = i.id
                 WHERE i.pool_id = pools.id);
-- A pool's definition, configuration, events and bulk publish, each as the JSON of the API; the revision tells writers
-- of each other.
CREATE TABLE pool_documents (
  id       INTEGER PRIMARY KEY,
  pool_id  INTEGER NOT NULL REFERENCES pools(id),
  kind     TEXT NOT NULL,
  body     TEXT NOT NULL,
  revision INTEGER NOT NULL,
  UNIQUE (pool_id, kind)
);
-- Null: never given out by Cognito Identity; a developer wrote data under it. Such a one has no credentials.
ALTER TABLE identities ADD COLUMN created_at INTEGER;
ALTER TABLE identities ADD COLUMN modified_at INTEGER;
-- Set: it was merged into another one, or lost its last login, and is nobody's any more.
ALTER TABLE identities ADD COLUMN disabled_at INTEGER;
CREATE INDEX identities_by_name ON identities (name) WHERE created_at IS NOT NULL;
-- Who an identity is elsewhere: a provider's name, and the user's there.
CREATE TABLE logins (
  id          INTEGER PRIMARY KEY,
  pool_id     INTEGER NOT NULL REFERENCES pools(id),
  provider    TEXT NOT NULL,
  user        TEXT NOT NULL,
  identity_id INTEGER NOT NULL REFERENCES identities(id),
  UNIQUE (pool_id, provider, user)
);
CREATE INDEX logins_of_identity ON logins (identity_id);
-- Of a merged twin: the name of the dataset that it is the twin of.
ALTER TABLE datasets ADD COLUMN twin_of TEXT;
CREATE INDEX twins ON datasets (identity_id, twin_of) WHERE twin_of IS NOT NULL;
CREATE TABLE devices (
  id          INTEGER PRIMARY KEY,
  identity_id INTEGER NOT NULL REFERENCES identities(id),
  name        TEXT NOT NULL UNIQUE,
  platform    TEXT NOT NULL,
  token       TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (identity_id, platform, token)
);
CREATE TABLE subscriptions (
  id         INTEGER PRIMARY KEY,
  dataset_id INTEGER NOT NULL REFERENCES datasets(id),
  device_id  INTEGER NOT NULL REFERENCES devices(id),
  UNIQUE (dataset_id, device_id)
);
CREATE INDEX subscriptions_of_device ON subscriptions (device_id);
-- Sync counts that a dataset's restored backup did not know (incarnation.h): those between the two, which it did.
CREATE TABLE lost_counts (
  id         INTEGER PRIMARY KEY,
  dataset_id INTEGER NOT NULL REFERENCES datasets(id),
  last_known INTEGER NOT NULL,
  next_known INTEGER NOT NULL
);
CREATE INDEX lost_counts_of_dataset ON lost_counts (dataset_id);

-- Writes of a pool are numbered, so that a stream of changes goes on where it broke off without a log of them. Of each
-- dataset: the number of its last write, and of the last one that was not by datasets.modified_by.
ALTER TABLE pools ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE datasets ADD COLUMN change_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE datasets ADD COLUMN change_by_others INTEGER NOT NULL DEFAULT 0;
)sql"
                                // What waits to leave the service, and what could not.
                                R"sql(
-- The name that SNS has given a device, and the application under which it has.
ALTER TABLE devices ADD COLUMN application TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN endpoint TEXT NOT NULL DEFAULT '';
-- What leaves in order: a dataset's stream records, or its pushes to one device. One that is empty is removed.
CREATE TABLE outbox_lanes (
  id       INTEGER PRIMARY KEY,
  kind     INTEGER NOT NULL,
  pool     TEXT NOT NULL,
  identity TEXT NOT NULL,
  dataset  TEXT NOT NULL,
  device   TEXT NOT NULL,
  due_at   INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  UNIQUE (identity, dataset, kind, device, pool)
);
CREATE INDEX outbox_lanes_by_time ON outbox_lanes (kind, due_at);
-- AUTOINCREMENT: an id is an order, and part of an object's name.
CREATE TABLE outbox (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  lane_id     INTEGER NOT NULL REFERENCES outbox_lanes(id),
  bulk        INTEGER NOT NULL,
  sync_count  INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  removal     INTEGER NOT NULL,
  records     TEXT NOT NULL,
  created_at  INTEGER NOT NULL
);
CREATE INDEX outbox_of_lane ON outbox (lane_id, id);
CREATE INDEX outbox_bulk ON outbox (lane_id) WHERE bulk = 1;
CREATE TABLE dead_letters (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        INTEGER NOT NULL,
  pool        TEXT NOT NULL,
  identity    TEXT NOT NULL,
  dataset     TEXT NOT NULL,
  device      TEXT NOT NULL,
  sync_count  INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  removal     INTEGER NOT NULL,
  records     TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  died_at     INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  failure     TEXT NOT NULL
);
CREATE INDEX dead_letters_by_time ON dead_letters (died_at);
-- How far the bulk publish of a pool is: the last dataset that was queued.
CREATE TABLE bulk_publishes (
  id         INTEGER PRIMARY KEY,
  pool       TEXT NOT NULL UNIQUE,
  started_at INTEGER NOT NULL,
  last_id    INTEGER NOT NULL,
  failure    TEXT NOT NULL
);
)sql";

// Each makes the version that is its place, counted from 1.
constexpr const char* kSteps[kSchemaVersion] = {kFirst, kSecond};

}  // namespace

Result<void> bring_up_to_date(Connection& writer, std::int64_t version) {
  if (version == kSchemaVersion) return {};
  for (std::int64_t step = version; step < kSchemaVersion; ++step) {
    if (auto made = writer.execute(kSteps[step]); !made) return made;
  }
  const std::string mark = "PRAGMA user_version = " + std::to_string(kSchemaVersion);
  return writer.execute(mark.c_str());
}

}  // namespace syncline::service
