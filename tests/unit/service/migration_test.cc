// A store file of an older version opens, and keeps what is in it.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "service_fixture.h"

namespace syncline::service {
namespace {

// As version 1 wrote it, word for word.
constexpr const char* kFirstSchema = R"sql(
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

constexpr const char* kContent = R"sql(
PRAGMA application_id = 0x534C7376;
PRAGMA user_version = 1;
INSERT INTO installation (name, value) VALUES ('region', 'us-east-1'), ('token_key', 'aa');
INSERT INTO pools (id, name, created_at) VALUES (1, 'us-east-1:01', 1);
INSERT INTO developer_keys VALUES (1, 1, 'SLDKTEST', 'secret', 1);
INSERT INTO identities VALUES (1, 1, 'us-east-1:11111111-2222-3333-4444-555555555555');
INSERT INTO datasets VALUES (1, 1, 'save', 1, 7, 3, 1, 6, 1000, 2000, 'phone'), (2, 1, 'gone', 0, 4, 4, 0, 0, 1, 2, 'x');
INSERT INTO records VALUES (1, 1, 'k', 'value', 7, 'phone', 2000, 1999);
)sql";

class OldFile : public ServiceTest {
 protected:
  void SetUp() override {
    close();
    sqlite3* handle = nullptr;
    std::filesystem::remove(dir.file("service.db"));
    ASSERT_EQ(sqlite3_open(dir.file("service.db").c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, kFirstSchema, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    EXPECT_EQ(sqlite3_exec(handle, kContent, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
    open();
  }
};

TEST_F(OldFile, OpensWithWhatIsInIt) {
  EXPECT_EQ(text_of(caller().list("save").value().records), "k=value@7");
  ASSERT_TRUE(caller().update("save", {put("k", "w", 7)}));
  EXPECT_EQ(caller().list("save").value().dataset_count, SyncCount{8});
}

TEST_F(OldFile, CountsUsageFromWhatIsThere) {
  const auto response = caller().send(
      wire::encode(wire::DescribeIdentityPoolUsageRequest{IdentityPoolId::parse("us-east-1:01").value()}));
  ASSERT_EQ(response.status, 200) << response.body;
  const auto usage = wire::decode_describe_identity_pool_usage(response.body).value().usage;
  EXPECT_EQ(usage.bytes, 6);
  EXPECT_EQ(usage.modified_at, Timestamp(std::chrono::milliseconds(2000)));
}

TEST_F(OldFile, OpensAgainOnceItIsNew) {
  close();
  open();
  EXPECT_EQ(text_of(caller().list("save").value().records), "k=value@7");
}

}  // namespace
}  // namespace syncline::service
