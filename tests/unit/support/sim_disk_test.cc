// The simulated disk: kind to nobody, and no unkinder than a real one.
#include "support/sim_disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <set>

#include "unit/store/store_fixture.h"

namespace syncline::testing {
namespace {

using Kind = DiskOperation::Kind;

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, Close>;

Database open_database(const std::string& path) {
  sqlite3* opened = nullptr;
  sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  return Database(opened);
}

int run(const Database& database, const char* sql) {
  return sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr);
}

// The single number that a query answers; -1: it failed.
int number(const Database& database, const char* sql) {
  int answer = -1;
  const auto keep = [](void* into, int, char** values, char**) {
    *static_cast<int*>(into) = std::atoi(values[0]);
    return 0;
  };
  const int code = sqlite3_exec(database.get(), sql, keep, &answer, nullptr);
  return code == SQLITE_OK ? answer : -1;
}

const std::string kPath = "/sim/test.db";

Database open_wal(const char* synchronous = "PRAGMA synchronous = FULL") {
  auto database = open_database(kPath);
  EXPECT_EQ(run(database, "PRAGMA journal_mode = WAL"), SQLITE_OK);
  EXPECT_EQ(run(database, synchronous), SQLITE_OK);
  EXPECT_EQ(run(database, "CREATE TABLE IF NOT EXISTS t (n INTEGER)"), SQLITE_OK);
  return database;
}

// An outcome of one seed: how many of ten rows, each of a transaction of its own, are there after a power cut.
int rows_after_power_cut(std::uint64_t seed, const char* synchronous) {
  SimDisk disk(seed);
  auto database = open_wal(synchronous);
  for (int row = 0; row < 10; ++row) run(database, "INSERT INTO t VALUES (1)");
  disk.power_cut("/sim/");
  EXPECT_EQ(number(database, "SELECT count(*) FROM t"), -1);
  database.reset();
  disk.revive(0);
  const auto again = open_database(kPath);
  EXPECT_EQ(number(again, "SELECT (SELECT integrity_check FROM pragma_integrity_check) = 'ok'"), 1);
  if (number(again, "SELECT count(*) FROM sqlite_schema") == 0) return 0;
  return number(again, "SELECT count(*) FROM t");
}

TEST(SimDiskTest, CarriesAStoreUnchanged) {
  TempDir dir;
  const auto directory = dir.file("data");
  SimDisk disk(1);
  {
    auto opened = store::open_store(directory, true);
    const auto id = opened->open_dataset("identity", "save").value();
    ASSERT_TRUE(opened->put(id, "level", "12", store::at(1)));
  }
  auto opened = store::open_store(directory);
  const auto id = opened->open_dataset("identity", "save").value();
  EXPECT_EQ(opened->get(id, "level").value(), "12");
  EXPECT_TRUE(disk.exists(directory + "/syncline.db"));
  EXPECT_FALSE(std::filesystem::exists(directory + "/syncline.db"));
}

TEST(SimDiskTest, SameSeedSameBytes) {
  const auto history = [](std::uint64_t seed) {
    SimDisk disk(seed);
    const auto database = open_wal();
    run(database, "INSERT INTO t VALUES (random())");
    return disk.read_file(kPath) + disk.read_file(kPath + "-wal") + std::to_string(disk.operations());
  };
  EXPECT_EQ(history(7), history(7));
  EXPECT_NE(history(7), history(8));
}

TEST(SimDiskTest, ReadsADatabaseOfTheRealFileSystem) {
  TempDir dir;
  {
    const auto real = open_database(dir.file("real.db"));
    ASSERT_EQ(run(real, "CREATE TABLE t (n); INSERT INTO t VALUES (5)"), SQLITE_OK);
  }
  {
    SimDisk disk(1);
    const auto database = open_database(dir.file("real.db"));
    EXPECT_EQ(number(database, "SELECT n FROM t"), 5);
    EXPECT_EQ(run(database, "UPDATE t SET n = 6"), SQLITE_OK);
  }
  EXPECT_EQ(number(open_database(dir.file("real.db")), "SELECT n FROM t"), 5);
}

TEST(SimDiskTest, OneWriterAndReadersBesideIt) {
  SimDisk disk(1);
  const auto first = open_wal();
  disk.run_as(2);
  const auto second = open_wal();
  EXPECT_EQ(run(first, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1)"), SQLITE_OK);
  EXPECT_EQ(run(second, "BEGIN IMMEDIATE"), SQLITE_BUSY);
  EXPECT_EQ(number(second, "SELECT count(*) FROM t"), 0);
  EXPECT_EQ(run(first, "COMMIT"), SQLITE_OK);
  EXPECT_EQ(number(second, "SELECT count(*) FROM t"), 1);
}

TEST(SimDiskTest, RollbackJournalsExcludeEachOther) {
  SimDisk disk(1);
  const auto first = open_database(kPath);
  const auto second = open_database(kPath);
  EXPECT_EQ(run(first, "CREATE TABLE t (n)"), SQLITE_OK);
  EXPECT_EQ(run(second, "BEGIN; SELECT * FROM t"), SQLITE_OK);
  EXPECT_EQ(run(first, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1)"), SQLITE_OK);
  EXPECT_EQ(run(first, "COMMIT"), SQLITE_BUSY);
  EXPECT_EQ(run(second, "COMMIT"), SQLITE_OK);
  EXPECT_EQ(run(first, "COMMIT"), SQLITE_OK);
  EXPECT_EQ(number(second, "SELECT count(*) FROM t"), 1);
}

TEST(SimDiskTest, ReaderKeepsTheWalFromBeingReset) {
  SimDisk disk(1);
  const auto writer = open_wal();
  run(writer, "INSERT INTO t VALUES (1)");
  const auto reader = open_wal();
  EXPECT_EQ(run(reader, "BEGIN; SELECT * FROM t"), SQLITE_OK);
  run(writer, "INSERT INTO t VALUES (2)");
  EXPECT_EQ(number(writer, "PRAGMA wal_checkpoint(RESTART)"), 1);  // busy
  EXPECT_EQ(number(reader, "SELECT count(*) FROM t"), 1);
  run(reader, "COMMIT");
  EXPECT_EQ(number(writer, "PRAGMA wal_checkpoint(RESTART)"), 0);
}

TEST(SimDiskTest, DeadProcessLetsGoAndDoesNothing) {
  SimDisk disk(1);
  disk.run_as(1);
  auto dead = open_wal();
  disk.run_as(2);
  const auto living = open_wal();
  EXPECT_EQ(run(dead, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1)"), SQLITE_OK);
  disk.kill(1);
  EXPECT_TRUE(disk.killed(1));
  EXPECT_EQ(run(living, "INSERT INTO t VALUES (2)"), SQLITE_OK);
  disk.run_as(1);
  EXPECT_NE(run(dead, "COMMIT"), SQLITE_OK);
  EXPECT_NE(run(open_database("/sim/other.db"), "CREATE TABLE t (n)"), SQLITE_OK);
  dead.reset();
  disk.revive(1);
  EXPECT_EQ(number(open_wal(), "SELECT sum(n) FROM t"), 2);
  EXPECT_FALSE(disk.exists("/sim/other.db"));
}

TEST(SimDiskTest, SharedMemoryGoesWithItsLastUser) {
  SimDisk disk(1);
  auto database = open_wal("PRAGMA synchronous = NORMAL");
  run(database, "INSERT INTO t VALUES (1)");
  disk.kill(0);
  database.reset();
  disk.revive(0);
  // Nobody tells the next one what the WAL holds: it must read it.
  std::uint64_t wal_reads = 0;
  disk.set_judge([&](const DiskOperation& operation) {
    wal_reads += operation.kind == Kind::kRead && operation.path.ends_with("-wal") ? 1U : 0U;
    return DiskVerdict::kProceed;
  });
  EXPECT_EQ(number(open_wal(), "SELECT count(*) FROM t"), 1);
  EXPECT_GT(wal_reads, 2U);
}

TEST(SimDiskTest, FailsAsTold) {
  SimDisk disk(1);
  const auto database = open_wal();
  const auto fail_writes = [&](DiskVerdict verdict) {
    disk.set_judge([verdict](const DiskOperation& operation) {
      return operation.kind == Kind::kWrite ? verdict : DiskVerdict::kProceed;
    });
  };
  fail_writes(DiskVerdict::kFail);
  EXPECT_EQ(run(database, "INSERT INTO t VALUES (1)"), SQLITE_IOERR);
  fail_writes(DiskVerdict::kFull);
  EXPECT_EQ(run(database, "INSERT INTO t VALUES (1)"), SQLITE_FULL);
  disk.set_judge({});
  EXPECT_EQ(run(database, "INSERT INTO t VALUES (3)"), SQLITE_OK);
  EXPECT_EQ(number(database, "SELECT sum(n) FROM t"), 3);
}

TEST(SimDiskTest, PowerCutTakesOnlyWhatWasNotSynced) {
  std::set<int> with_full;
  std::set<int> with_normal;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    with_full.insert(rows_after_power_cut(seed, "PRAGMA synchronous = FULL"));
    with_normal.insert(rows_after_power_cut(seed, "PRAGMA synchronous = NORMAL"));
  }
  EXPECT_EQ(with_full, std::set<int>{10});
  EXPECT_TRUE(with_normal.contains(0));
  EXPECT_TRUE(with_normal.contains(10));
  EXPECT_GT(with_normal.size(), 4U);
}

// What a raw file looks like after a cut, over many seeds.
std::set<std::string> cut_states(bool sync_first) {
  std::set<std::string> states;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SimDisk disk(seed);
    auto* vfs = sqlite3_vfs_find(nullptr);
    std::vector<std::uint64_t> room(static_cast<std::size_t>(vfs->szOsFile) / 8 + 1);
    auto* file = reinterpret_cast<sqlite3_file*>(room.data());
    const int flags = SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    EXPECT_EQ(vfs->xOpen(vfs, "/sim/f-wal", file, flags, nullptr), SQLITE_OK);
    file->pMethods->xWrite(file, std::string(1'024, 'a').data(), 1'024, 0);
    if (sync_first) file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    file->pMethods->xWrite(file, std::string(1'024, 'b').data(), 1'024, 0);
    file->pMethods->xTruncate(file, 512);
    file->pMethods->xClose(file);
    disk.power_cut("/sim/");
    const auto bytes = disk.read_file("/sim/f-wal");
    states.insert(bytes.empty() ? "none" : std::string{bytes.front(), bytes.back()} + std::to_string(bytes.size()));
  }
  return states;
}

TEST(SimDiskTest, PowerCutLosesTearsAndReorders) {
  EXPECT_EQ(cut_states(true), (std::set<std::string>{"aa1024", "bb1024", "ab1024", "ba1024", "aa512", "bb512"}));
  EXPECT_TRUE(cut_states(false).contains("none"));
}

TEST(SimDiskTest, TornWriteIsTheLastOne) {
  std::set<int> sums;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SimDisk disk(seed);
    auto database = open_wal();
    run(database, "INSERT INTO t VALUES (1)");
    disk.set_judge([](const DiskOperation& operation) {
      return operation.kind == Kind::kWrite ? DiskVerdict::kTear : DiskVerdict::kProceed;
    });
    EXPECT_NE(run(database, "INSERT INTO t VALUES (2)"), SQLITE_OK);
    EXPECT_TRUE(disk.killed(0));
    database.reset();
    disk.revive(0);
    disk.set_judge({});
    sums.insert(number(open_wal(), "SELECT sum(n) FROM t"));
  }
  EXPECT_EQ(sums, std::set<int>{1});
}

TEST(SimDiskTest, FilesAreBytes) {
  SimDisk disk(1);
  { const auto database = open_wal(); }
  const auto copy = disk.read_file(kPath);
  EXPECT_EQ(disk.files("/sim/"), std::vector<std::string>{kPath});
  disk.write_file("/sim/copy.db", copy);
  EXPECT_EQ(number(open_database("/sim/copy.db"), "SELECT count(*) FROM t"), 0);
  disk.remove_file(kPath);
  EXPECT_FALSE(disk.exists(kPath));
}

TEST(SimDiskTest, RealDiskIsBackAfterwards) {
  const auto* before = sqlite3_vfs_find(nullptr);
  { SimDisk disk(1); }
  { SimDisk disk(2); }
  EXPECT_EQ(sqlite3_vfs_find(nullptr), before);
}

}  // namespace
}  // namespace syncline::testing
