// Files that are no store of ours: each is an error that names it, and none is touched.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <map>

#include "store/schema.h"
#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  FileTest() { fs::create_directories(data_); }

  Error open_error(const std::string& directory) {
    const auto opened = Store::open({.directory = directory});
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  void execute(const std::string& sql, bool keep_wal = false) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    if (keep_wal) sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  // Name and bytes of all that holds data: the lock file, SQLite's index of the WAL and an empty WAL hold none.
  [[nodiscard]] std::map<std::string, std::string> bytes() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(data_)) {
      const auto name = entry.path().filename().string();
      if (name == "syncline.lock" || name.ends_with("-shm")) continue;
      auto content = testing::read_file(entry.path());
      if (name.ends_with("-wal") && content.empty()) continue;
      files[name] = std::move(content);
    }
    return files;
  }
  void expect_refused_untouched(ErrorCode code) {
    const auto before = bytes();
    const auto error = open_error(data_);
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_NE(error.message.find(file_), std::string::npos) << error.message;
    EXPECT_TRUE(before == bytes()) << "a file was touched";
  }

  testing::TempDir dir_;
  const std::string data_ = dir_.file("data");
  const std::string file_ = data_ + "/syncline.db";
};

TEST_F(FileTest, ANewDirectoryIsMadeWithItsParents) {
  const auto store = open_store(dir_.file("a/b/c"));
  ASSERT_TRUE(store);
  EXPECT_TRUE(fs::exists(dir_.file("a/b/c/syncline.db")));
}

TEST_F(FileTest, AnEmptyFileBecomesAStore) {
  testing::write_file(file_, "");
  EXPECT_TRUE(open_store(data_)->open_dataset("i", "d"));
}

TEST_F(FileTest, AFileThatIsNoDatabaseIsRefusedUntouched) {
  for (const auto& content : {std::string("x"), std::string("not a database, but a note"), std::string(511, 'x'),
                              std::string(512, 'x'), std::string(9'000, '\0'), std::string(100'000, 'x')}) {
    testing::write_file(file_, content);
    expect_refused_untouched(ErrorCode::kCorrupt);
  }
}

TEST_F(FileTest, SomebodyElsesDatabaseIsRefusedUntouched) {
  execute("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  expect_refused_untouched(ErrorCode::kCorrupt);
}

TEST_F(FileTest, SomebodyElsesDatabaseWithOurVersionNumberIsRefusedToo) {
  execute("CREATE TABLE record (x); PRAGMA user_version = 1");
  expect_refused_untouched(ErrorCode::kCorrupt);
}

TEST_F(FileTest, AnEmptyDatabaseThatSomebodyClaimedIsRefused) {
  execute("PRAGMA application_id = 4711");
  expect_refused_untouched(ErrorCode::kCorrupt);
}

// A write-ahead log that another program left behind must not be folded into its file by our looking at it.
TEST_F(FileTest, SomebodyElsesWriteAheadLogIsNotTouched) {
  execute("PRAGMA journal_mode = WAL; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)", true);
  ASSERT_TRUE(fs::exists(file_ + "-wal"));
  expect_refused_untouched(ErrorCode::kCorrupt);
}

TEST_F(FileTest, D19ANewerSchemaIsRefusedUntouched) {
  open_store(data_);
  execute("PRAGMA user_version = " + std::to_string(kSchemaVersion + 1));
  expect_refused_untouched(ErrorCode::kSchemaTooNew);
}

TEST_F(FileTest, D19ANewerSchemaWithALogIsRefusedUntouched) {
  open_store(data_);
  execute("PRAGMA user_version = 1000", true);
  ASSERT_TRUE(fs::exists(file_ + "-wal"));
  expect_refused_untouched(ErrorCode::kSchemaTooNew);
}

TEST_F(FileTest, D19OursWithoutAVersionIsDamaged) {
  open_store(data_);
  execute("PRAGMA user_version = 0");
  const auto before = testing::read_file(file_);
  const auto store = open_store(data_);
  ASSERT_TRUE(store->recovery());
  EXPECT_TRUE(store->recovery()->at_this_open);
  EXPECT_EQ(store->recovery()->set_aside, file_ + ".damaged-1");
  EXPECT_TRUE(testing::read_file(file_ + ".damaged-1") == before);
}

// What a directory's lock file remembers does not make another program's database ours.
TEST_F(FileTest, SomebodyElsesDatabaseInOurPlaceIsRefusedToo) {
  open_store(data_);
  fs::remove(file_);
  execute("PRAGMA application_id = 4711; CREATE TABLE theirs (x)");
  expect_refused_untouched(ErrorCode::kCorrupt);
}

// As a tool that copied the file may have left it.
TEST_F(FileTest, AStoreThatLostItsJournalModeGetsItBack) {
  open_store(data_);
  execute("PRAGMA journal_mode = DELETE");
  auto store = open_store(data_);
  const auto id = store->open_dataset("i", "d").value();
  ASSERT_TRUE(store->put(id, "k", "v", at(1)));
  store.reset();
  EXPECT_EQ(testing::read_file(file_).at(18), 2) << "the file's write version: 2 is WAL";
}

// Root may write anywhere, so no test takes rights away: a path below a file can't be made by anybody.
TEST_F(FileTest, ADirectoryThatCantBeMadeIsNamed) {
  testing::write_file(dir_.file("file"), "x");
  for (const auto& path : {dir_.file("file"), dir_.file("file/data"), dir_.file("file/a/b")}) {
    const auto error = open_error(path);
    EXPECT_EQ(error.code, ErrorCode::kStorage);
    EXPECT_NE(error.message.find(path), std::string::npos) << error.message;
  }
  EXPECT_EQ(testing::read_file(dir_.file("file")), "x");
}

TEST_F(FileTest, ADirectoryInPlaceOfTheFileIsNamed) {
  fs::create_directories(file_);
  const auto error = open_error(data_);
  EXPECT_EQ(error.code, ErrorCode::kStorage);
  EXPECT_NE(error.message.find(file_), std::string::npos) << error.message;
}

TEST_F(FileTest, ADirectoryInPlaceOfTheLockIsNamed) {
  fs::create_directories(data_ + "/syncline.lock");
  const auto error = open_error(data_);
  EXPECT_EQ(error.code, ErrorCode::kStorage);
  EXPECT_NE(error.message.find("syncline.lock"), std::string::npos) << error.message;
}

TEST_F(FileTest, AnEmptyDirectoryNameIsAnError) {
  EXPECT_EQ(open_error("").code, ErrorCode::kStorage);
}

TEST_F(FileTest, AFailedOpenKeepsNoLock) {
  testing::write_file(file_, "not a database");
  open_error(data_);
  fs::remove(file_);
  EXPECT_TRUE(open_store(data_));
}

// D2: a directory may be opened with either durability, at any time.
TEST_F(FileTest, BothDurabilitiesReadEachOthersFiles) {
  for (const bool survive_power_cut : {true, false, true}) {
    const auto store = open_store(data_, survive_power_cut);
    const auto id = store->open_dataset("i", "d").value();
    ASSERT_TRUE(store->put(id, survive_power_cut ? "full" : "process", "v", at(1)));
  }
  const auto store = open_store(data_);
  EXPECT_EQ(store->records(store->open_dataset("i", "d").value()).value().size(), 2U);
}

}  // namespace
}  // namespace syncline::store
