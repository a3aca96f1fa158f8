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

// What version 3 wrote, with the same. Needs row_sum() (store/checksum.h). Frozen: it was released. Never change it.
inline constexpr const char* kStoreVersion3 = R"sql(
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE dataset (id INTEGER PRIMARY KEY, identity TEXT NOT NULL, name TEXT NOT NULL, phase INTEGER NOT NULL,
  sync_count INTEGER NOT NULL, newest INTEGER NOT NULL, generation INTEGER NOT NULL, checksum INTEGER NOT NULL,
  UNIQUE (identity, name));
CREATE TABLE record (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  sync_count INTEGER NOT NULL, modified_by TEXT NOT NULL, modified_at INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL, revision INTEGER NOT NULL, checksum INTEGER NOT NULL, UNIQUE (dataset, key));
CREATE TABLE journal (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  revision INTEGER NOT NULL, written_at INTEGER NOT NULL, checksum INTEGER NOT NULL, UNIQUE (dataset, key));
CREATE TABLE sent (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  revision INTEGER NOT NULL, base_count INTEGER NOT NULL, checksum INTEGER NOT NULL,
  UNIQUE (dataset, key, revision, base_count));
CREATE TABLE conflict (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  sync_count INTEGER NOT NULL, modified_by TEXT NOT NULL, modified_at INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL, checksum INTEGER NOT NULL, UNIQUE (dataset, key));
CREATE TABLE staged (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  sync_count INTEGER NOT NULL, modified_by TEXT NOT NULL, modified_at INTEGER NOT NULL,
  device_modified_at INTEGER NOT NULL, checksum INTEGER NOT NULL, UNIQUE (dataset, key));
CREATE TABLE push_subscription(id INTEGER PRIMARY KEY,identity TEXT NOT NULL,dataset TEXT NOT NULL,
  device TEXT NOT NULL,confirmed INTEGER NOT NULL,checksum INTEGER NOT NULL,UNIQUE(identity,dataset,device));
CREATE TABLE identity(id INTEGER PRIMARY KEY,identity TEXT NOT NULL UNIQUE,kind INTEGER NOT NULL,
  heir TEXT NOT NULL,guest_data INTEGER NOT NULL,checksum INTEGER NOT NULL);
CREATE TABLE twin(id INTEGER PRIMARY KEY,dataset INTEGER NOT NULL,name TEXT NOT NULL,doomed INTEGER NOT NULL,
  checksum INTEGER NOT NULL,UNIQUE(dataset,name));
PRAGMA application_id = 0x53594E4C;
PRAGMA user_version = 3;
INSERT INTO meta SELECT column1, column2, row_sum('m', column1, column2) FROM (VALUES ('identity', 'identity'));
INSERT INTO dataset SELECT *, row_sum('d', column1, column2, column3, column4, column5, column6) FROM (VALUES
  (1, 'identity', 'save', 0, 7, 7, 12), (2, '', 'early', 0, 0, 0, 0), (3, 'identity', 'gone', 1, 4, 4, 2));
INSERT INTO record SELECT *, row_sum('r', column2, column3, column4, column5, column6, column7, column8, column9)
  FROM (VALUES (1, 1, 'clean', X'31', 5, 'other', 1000, 900, 0), (2, 1, 'edited', X'32', 6, 'this', 1001, 901, 3),
    (3, 1, 'tomb', NULL, 7, 'other', 1002, 902, 1), (4, 1, 'torn', X'34', 4, 'this', 1003, 903, 1));
INSERT INTO journal SELECT *, row_sum('j', column2, column3, column4, column5, column6) FROM (VALUES
  (1, 1, 'edited', X'3939', 4, 2000), (2, 1, 'new', X'', 1, 2001), (3, 1, 'torn', NULL, 2, 2002),
  (5, 2, 'k', X'6561726C79', 1, 2003));
INSERT INTO sent SELECT *, row_sum('o', column2, column3, column4, column5, column6) FROM (VALUES
  (1, 1, 'new', X'6F6C64', 1, 0));
INSERT INTO conflict SELECT *, row_sum('c', column2, column3, column4, column5, column6, column7, column8)
  FROM (VALUES (1, 1, 'torn', X'746865697273', 7, 'other', 1004, 904));
INSERT INTO staged SELECT *, row_sum('s', column2, column3, column4, column5, column6, column7, column8)
  FROM (VALUES (1, 1, 'page', X'31', 9, 'other', 1005, 905));
COMMIT;
)sql";

// Makes a store of today's, in which nothing waits for an answer, one of version 2.
inline constexpr const char* kBackToVersion2 = R"sql(
DROP TABLE push_subscription; DROP TABLE identity; DROP TABLE twin; DROP TABLE sent;
CREATE TABLE sent (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
  revision INTEGER NOT NULL, base_count INTEGER NOT NULL, checksum INTEGER NOT NULL,
  UNIQUE (dataset, key, revision, base_count));
PRAGMA user_version = 2;
)sql";

}  // namespace syncline::testing
