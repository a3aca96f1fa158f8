// The store's files: what it makes, what it refuses, what it forgets.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "service/service_store.h"
#include "service_fixture.h"

namespace syncline::service {
namespace {

StoreOptions options(const TempDir& dir) {
  return {.data_dir = dir.path(), .region = "us-east-1", .readers = 2, .now = Timestamp(std::chrono::milliseconds(1))};
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run_sql(const std::string& path, const char* sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

std::int64_t query(const std::string& path, const char* sql) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  std::int64_t result = -1;
  const auto take = [](void* to, int, char** columns, char**) {
    *static_cast<std::int64_t*>(to) = std::stoll(columns[0]);
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(handle, sql, take, &result, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
  return result;
}

TEST(StoreFile, TheFirstStartMakesAnInstallationThatStays) {
  const TempDir dir;
  Installation first;
  {
    auto store = open_sqlite_store(options(dir));
    ASSERT_TRUE(store) << store.error().message;
    first = (*store)->installation();
  }
  EXPECT_TRUE(IdentityPoolId::parse(first.pool)) << first.pool;
  EXPECT_TRUE(first.pool.starts_with("us-east-1:"));
  ASSERT_EQ(first.developer_keys.size(), 1U);
  EXPECT_EQ(first.developer_keys[0].access_key_id.size(), 20U);
  EXPECT_EQ(first.developer_keys[0].secret_access_key.size(), 40U);
  EXPECT_EQ(first.token_key.size(), 64U);
  auto again = open_sqlite_store(options(dir));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->installation().pool, first.pool);
  ASSERT_EQ((*again)->developer_keys().size(), 1U);
  EXPECT_EQ((*again)->developer_keys()[0].access_key_id, first.developer_keys[0].access_key_id);
  EXPECT_EQ((*again)->developer_keys()[0].secret_access_key, first.developer_keys[0].secret_access_key);
  EXPECT_EQ((*again)->installation().token_key, first.token_key);
}

TEST(StoreFile, TwoInstallationsShareNothing) {
  const TempDir one;
  const TempDir two;
  const auto first = (*open_sqlite_store(options(one)))->installation();
  const auto second = (*open_sqlite_store(options(two)))->installation();
  EXPECT_NE(first.pool, second.pool);
  EXPECT_NE(first.developer_keys[0].access_key_id, second.developer_keys[0].access_key_id);
  EXPECT_NE(first.developer_keys[0].secret_access_key, second.developer_keys[0].secret_access_key);
  EXPECT_NE(first.token_key, second.token_key);
}

TEST(StoreFile, IsForItsOwnerOnly) {
  const TempDir parent;
  auto opts = options(parent);
  opts.data_dir = parent.file("new/deep");
  auto store = open_sqlite_store(opts);
  ASSERT_TRUE(store) << store.error().message;
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(opts.data_dir).permissions(), perms::owner_all);
  for (const char* name : {"/service.db", "/service.db-wal"}) {
    EXPECT_EQ(std::filesystem::status(opts.data_dir + name).permissions(), perms::owner_read | perms::owner_write)
        << name;
  }
}

TEST(StoreFile, OneServiceAtATime) {
  const TempDir dir;
  auto store = open_sqlite_store(options(dir));
  ASSERT_TRUE(store);
  auto second = open_sqlite_store(options(dir));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kStorage);
  EXPECT_NE(second.error().message.find("another service is running"), std::string::npos);
  store->reset();
  EXPECT_TRUE(open_sqlite_store(options(dir)));
}

TEST(StoreFile, AFileThatIsNoDatabaseIsRefusedAndLeft) {
  const TempDir dir;
  const std::string text(5000, 'x');
  std::ofstream(dir.file("service.db")) << text;
  auto store = open_sqlite_store(options(dir));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(store.error().message.find("service.db"), std::string::npos) << store.error().message;
  EXPECT_EQ(bytes_of(dir.file("service.db")), text);
}

TEST(StoreFile, AnotherProgramsDatabaseIsRefusedAndLeft) {
  const TempDir dir;
  run_sql(dir.file("service.db"), "CREATE TABLE theirs (x)");
  const std::string before = bytes_of(dir.file("service.db"));
  auto store = open_sqlite_store(options(dir));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(bytes_of(dir.file("service.db")), before);
}

TEST(StoreFile, ANewerSchemaIsRefusedAndLeft) {
  const TempDir dir;
  ASSERT_TRUE(open_sqlite_store(options(dir)));
  run_sql(dir.file("service.db"), "PRAGMA user_version = 99");
  const std::string before = bytes_of(dir.file("service.db"));
  auto store = open_sqlite_store(options(dir));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kSchemaTooNew);
  EXPECT_NE(store.error().message.find("schema 99"), std::string::npos);
  EXPECT_EQ(bytes_of(dir.file("service.db")), before);
}

TEST(StoreFile, AnotherRegionIsRefused) {
  const TempDir dir;
  ASSERT_TRUE(open_sqlite_store(options(dir)));
  auto opts = options(dir);
  opts.region = "eu-west-1";
  auto store = open_sqlite_store(opts);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("belongs to region us-east-1, not eu-west-1"), std::string::npos);
  const TempDir fresh;
  opts.data_dir = fresh.path();
  opts.region = "no region!";
  EXPECT_FALSE(open_sqlite_store(opts));
}

TEST(StoreFile, ADirectoryThatCannotBeMadeIsNamed) {
  const TempDir dir;
  std::ofstream(dir.file("taken")) << "a file";
  for (const std::string& path :
       {dir.file("taken"), dir.file("taken/below"), std::string("/proc/no/such"), std::string()}) {
    auto opts = options(dir);
    opts.data_dir = path;
    auto store = open_sqlite_store(opts);
    ASSERT_FALSE(store) << path;
    EXPECT_EQ(store.error().code, ErrorCode::kStorage);
    EXPECT_NE(store.error().message.find(path), std::string::npos) << store.error().message;
  }
}

class History : public ServiceTest {};

TEST_F(History, IsForgottenOnceNoPageCanAskForIt) {
  ASSERT_TRUE(caller().update("save", {put("k", "1")}));
  ASSERT_TRUE(caller().update("save", {put("k", "2", 1)}));
  ASSERT_TRUE(caller().update("save", {put("k", "3", 2)}));
  close();
  EXPECT_EQ(query(dir.file("service.db"), "SELECT count(*) FROM history"), 2);
  open();
  clock.advance(std::chrono::minutes(13));
  ASSERT_TRUE(caller().update("save", {put("k", "4", 3)}));
  close();
  EXPECT_EQ(query(dir.file("service.db"), "SELECT count(*) FROM history"), 1);
}

TEST_F(History, ADeletedDatasetsRecordsGoToo) {
  ASSERT_TRUE(caller().update("save", {put("k", "1"), put("l", "1")}));
  ASSERT_TRUE(caller().remove_dataset("save"));
  clock.advance(std::chrono::minutes(13));
  ASSERT_TRUE(caller().update("other", {put("k", "1")}));
  close();
  EXPECT_EQ(query(dir.file("service.db"), "SELECT count(*) FROM history"), 0);
  EXPECT_EQ(query(dir.file("service.db"), "SELECT count(*) FROM records"), 1);
}

}  // namespace
}  // namespace syncline::service
