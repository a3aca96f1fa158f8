// Stores as released versions wrote them, as SQL that makes such a file.
#pragma once

namespace syncline::testing {

// What version 1 wrote, with some of everything. Frozen: it was released. Never change it.
inline constexpr const char* kStoreVersion1 = R"sql(
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE dataset (id INTEGER PRIMARY KEY, identity TEXT NOT NULL, name TEXT NOT NULL, phase INTEGER NOT NULL,
  sync_count INTEGER NOT NULL, generation INTEGER NOT NULL, UNIQUE (identity, name));
CREATE TABLE record (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  sync_count INTEGER NOT NULL, modified_by TEXT NOT NULL, modified_at INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL, revision INTEGER NOT NULL, UNIQUE (dataset, key));
CREATE TABLE journal (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  revision INTEGER NOT NULL, written_at INTEGER NOT NULL, UNIQUE (dataset, key));
CREATE TABLE sent (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  revision INTEGER NOT NULL, base_count INTEGER NOT NULL, UNIQUE (dataset, key, revision, base_count));
CREATE TABLE conflict (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  sync_count INTEGER NOT NULL, modified_by TEXT NOT NULL, modified_at INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL, UNIQUE (dataset, key));
CREATE TABLE staged (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  sync_count INTEGER NOT NULL, modified_by TEXT NOT NULL, modified_at INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL, UNIQUE (dataset, key));
PRAGMA application_id = 0x53594E4C;
PRAGMA user_version = 1;
INSERT INTO meta VALUES ('identity', 'identity');
INSERT INTO dataset VALUES (1, 'identity', 'save', 0, 7, 12), (2, '', 'early', 0, 0, 0), (3, 'identity', 'gone', 1, 4, 2);
INSERT INTO record VALUES (1, 1, 'clean', X'31', 5, 'other', 1000, 900, 0),
  (2, 1, 'edited', X'32', 6, 'this', 1001, 901, 3), (3, 1, 'tomb', NULL, 7, 'other', 1002, 902, 1),
  (4, 1, 'torn', X'34', 4, 'this', 1003, 903, 1);
INSERT INTO journal VALUES (1, 1, 'edited', X'3939', 4, 2000), (2, 1, 'new', X'', 1, 2001), (3, 1, 'torn', NULL, 2, 2002),
  (5, 2, 'k', X'6561726C79', 1, 2003);
INSERT INTO sent VALUES (1, 1, 'new', X'6F6C64', 1, 0);
INSERT INTO conflict VALUES (1, 1, 'torn', X'746865697273', 7, 'other', 1004, 904);
INSERT INTO staged VALUES (1, 1, 'page', X'31', 9, 'other', 1005, 905);
COMMIT;
)sql";

}  // namespace syncline::testing
