// D19: a store of a released version becomes one of today's; whatever fails on the way leaves it as it was.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "store/checksum.h"
#include "support/old_stores.h"
#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

namespace fs = std::filesystem;

class MigrationTest : public ::testing::TestWithParam<const char*> {
 protected:
  MigrationTest() {
    fs::create_directories(data_);
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(add_row_sum(database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, GetParam(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  ~MigrationTest() override { sqlite3_reset_auto_extension(); }

  void expect_all_there() const {
    const auto store = open_store(data_);
    ASSERT_TRUE(store);
    EXPECT_FALSE(store->recovery());
    EXPECT_EQ(store->adopt_identity("").value(), "identity");
    EXPECT_EQ(store->dataset_names("identity").value(), (std::vector<std::string>{"early", "gone", "save"}))
        << "D15: what was left without an identity is claimed";
    const auto id = store->open_dataset("identity", "save").value();
    EXPECT_EQ(store->get(id, "clean").value(), "1");
    EXPECT_EQ(store->get(id, "edited").value(), "99");
    EXPECT_EQ(store->get(id, "new").value(), "");
    EXPECT_EQ(store->get(id, "torn").value(), std::nullopt);
    EXPECT_EQ(store->get(store->open_dataset("identity", "early").value(), "k").value(), "early");
    const auto info = store->info(id).value();
    EXPECT_EQ(info.pending, 3U);
    EXPECT_EQ(info.sync_count.value, 7);
    const auto conflicts = store->conflicts(id).value();
    ASSERT_EQ(conflicts.size(), 1U);
    EXPECT_EQ(conflicts[0].remote.value, "theirs");
    EXPECT_EQ(conflicts[0].base->value, "4");
    const auto gone = store->begin_sync(store->open_dataset("identity", "gone").value()).value();
    EXPECT_EQ(gone.start.phase, DatasetPhase::kDeleting);
    EXPECT_EQ(gone.start.sync_count.value, 4);
    expect_sync_goes_on(*store, id);
  }

  // The answer of the older version's push was lost: its value is recognised, and what is pending goes out on its
  // bases.
  static void expect_sync_goes_on(Store& store, DatasetId id) {
    auto lease = store.begin_sync(id).value();
    EXPECT_EQ(lease.generation, 12);
    const Pull pull{.sync_count = SyncCount{8}, .records = {remote("new", "old", 8, "this")}};
    ASSERT_TRUE(store.apply_pull(lease, pull, engine::plan));
    EXPECT_EQ(store.conflicts(id).value().size(), 1U) << "D11";
    const auto sent = store.prepare_push(lease).value();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].key, "edited");
    EXPECT_EQ(sent[0].base_count.value, 6);
    EXPECT_EQ(sent[0].revision.value, 4);
    EXPECT_EQ(sent[1].key, "new");
    EXPECT_EQ(sent[1].base_count.value, 8);
  }

  testing::TempDir dir_;
  const std::string data_ = dir_.file("data");
  const std::string file_ = data_ + "/syncline.db";
};

// Interrupts SQLite before the n-th instruction of its virtual machine.
int instructions_left = -1;
int interrupt_one(void*) {
  return instructions_left >= 0 && instructions_left-- == 0 ? 1 : 0;
}
int watch(sqlite3* database, const char**, const sqlite3_api_routines*) {
  sqlite3_progress_handler(database, 1, interrupt_one, nullptr);
  return SQLITE_OK;
}

INSTANTIATE_TEST_SUITE_P(Versions, MigrationTest, ::testing::Values(testing::kStoreVersion1, testing::kStoreVersion3),
                         [](const auto& version) { return version.index == 0 ? "1" : "3"; });

TEST_P(MigrationTest, D19KeepsAllThatItHeld) {
  expect_all_there();
}

// An older process that has the file open must fail rather than write down sends that the newer ones don't know.
TEST_P(MigrationTest, D19TheOlderVersionCanWriteNoSendAnyMore) {
  const auto store = open_store(data_);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database,
                         "INSERT OR IGNORE INTO sent (dataset, key, value, revision, base_count, checksum) "
                         "VALUES (1, 'k', 'v', 1, 0, 0)",
                         nullptr, nullptr, nullptr),
            SQLITE_ERROR);
  sqlite3_close(database);
}

TEST_P(MigrationTest, D19AFailureAtEachStepLeavesTheOlderVersion) {
  const auto before = testing::read_file(file_);
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch));
  int failed = 0;
  for (int step = 0;; step += 1 + step / 40) {
    instructions_left = step;
    const auto opened = Store::open({.directory = data_, .survive_power_cut = false});
    const bool reached = instructions_left < 0;
    instructions_left = -1;
    if (!reached) break;
    if (opened) break;  // past the migration, where nothing is left to fail
    ++failed;
    EXPECT_EQ(opened.error().code, ErrorCode::kStorage) << opened.error().message;
    EXPECT_TRUE(testing::read_file(file_) == before) << "step " << step;
    EXPECT_FALSE(fs::exists(file_ + ".damaged-1"));
  }
  EXPECT_GT(failed, 50);
  sqlite3_reset_auto_extension();
  expect_all_there();
}

TEST_P(MigrationTest, D19ADamagedOneIsNotDeclaredSound) {
  auto bytes = testing::read_file(file_);
  bytes.resize(bytes.size() - 4'096);
  testing::write_file(file_, bytes);
  const auto store = open_store(data_);
  ASSERT_TRUE(store->recovery());
  EXPECT_TRUE(testing::read_file(store->recovery()->set_aside) == bytes);
  const auto id = store->open_dataset("identity", "save").value();
  EXPECT_EQ(store->pending_changes(id).value().size(), 3U);
  EXPECT_EQ(store->info(id).value().sync_count.value, 0);
}

}  // namespace
}  // namespace syncline::store
