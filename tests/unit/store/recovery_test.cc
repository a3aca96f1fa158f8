// D19: damage that is met in use, seen by others on the same directory, and a recovery that is cut off.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

namespace fs = std::filesystem;

class RecoveryTest : public StoreTest {
 protected:
  RecoveryTest() {
    std::vector<RemoteRecord> listed;
    for (int i = 0; i < 50; ++i) listed.push_back(remote("base" + std::to_string(i), std::string(500, 'b'), 1));
    pull(listed, 1);
    put("pending", "1");
    put("base7", "mine");
    reopen();
  }

  [[nodiscard]] std::string file() const { return directory() + "/syncline.db"; }

  // One byte in a value, by another process: closing the file in this one would drop SQLite's locks.
  void flip_a_byte() const {
    const auto place = testing::read_file(file()).find(std::string(400, 'b'));
    ASSERT_NE(place, std::string::npos);
    const auto child = ::fork();
    if (child == 0) {
      std::fstream stream(file(), std::ios::binary | std::ios::in | std::ios::out);
      stream.seekp(static_cast<std::streamoff>(place) + 77);
      stream.put('B');
      stream.close();
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }

  // The first error of reading everything.
  [[nodiscard]] static std::optional<ErrorCode> error_of(Store& store, DatasetId id) {
    const auto records = store.records(id);
    return records ? std::nullopt : std::optional(records.error().code);
  }

  void expect_saved(Store& store) const {
    ASSERT_TRUE(store.recovery());
    EXPECT_EQ(store.recovery()->set_aside, file() + ".damaged-1");
    EXPECT_EQ(store.recovery()->saved, 2U);
    EXPECT_TRUE(store.recovery()->complete);
    const auto id = store.open_dataset("identity", "save").value();
    EXPECT_EQ(store.records(id).value().size(), 2U);
    EXPECT_EQ(store.info(id).value().sync_count.value, 0);
  }
};

TEST_F(RecoveryTest, D19DamageMetInUseStopsAllWritesUntilTheNextOpen) {
  const auto other = open_store(directory());
  store_.reset();
  store_ = open_store(directory());
  flip_a_byte();
  auto lease = store_->begin_sync(id_).value();
  EXPECT_EQ(error_of(*store_, id_), ErrorCode::kCorrupt);
  EXPECT_EQ(store_->put(id_, "k", "v", at(1)).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store_->prepare_push(lease).error().code, ErrorCode::kCorrupt) << "nothing is pushed";
  store_ = nullptr;

  store_ = open_store(directory());
  expect_saved(*store_);
  EXPECT_TRUE(store_->recovery()->at_this_open);

  // Whoever has the old file open must not go on writing to it.
  const auto refused = other->put(id_, "k", "v", at(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(refused.error().message.find("another process"), std::string::npos) << refused.error().message;
  const auto again = open_store(directory());
  expect_saved(*again);
  EXPECT_FALSE(again->recovery()->at_this_open);
  EXPECT_TRUE(again->put(id_, "k", "v", at(1)));
}

TEST_F(RecoveryTest, D19TheNextSyncListsAllAndAsksWhereTheServiceDiffers) {
  flip_a_byte();
  EXPECT_EQ(error_of(*store_, id_), ErrorCode::kCorrupt);
  store_.reset();
  store_ = open_store(directory());
  auto lease = begin();
  EXPECT_FALSE(lease.start.has_records);
  std::vector<RemoteRecord> listed;
  for (int i = 0; i < 50; ++i) listed.push_back(remote("base" + std::to_string(i), std::string(500, 'b'), 1));
  pull(lease, listed, 1, PullKind::kComplete);
  EXPECT_EQ(info().records, 51U);
  EXPECT_EQ(conflicts().size(), 1U);
  const auto sent = prepare(lease);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].key, "pending");
}

TEST_F(RecoveryTest, D19NoFileThatWasSetAsideIsOverwritten) {
  testing::write_file(file() + ".damaged-1", "kept");
  testing::write_file(file() + ".damaged-2-wal", "kept too");
  store_.reset();
  fs::resize_file(file(), 8'192);
  store_ = open_store(directory());
  ASSERT_TRUE(store_->recovery());
  EXPECT_EQ(store_->recovery()->set_aside, file() + ".damaged-3");
  EXPECT_EQ(testing::read_file(file() + ".damaged-1"), "kept");
  EXPECT_EQ(testing::read_file(file() + ".damaged-2-wal"), "kept too");
}

// D10: a kill after each of its steps; the next open goes on from there.
TEST_F(RecoveryTest, D19ARecoveryThatWasCutOffIsCompleted) {
  put("in the log", "1");
  const auto at_work = testing::read_file(file() + "-wal");
  const auto sound = testing::read_file(file());
  store_.reset();
  auto bytes = sound;
  bytes[bytes.find(std::string(400, 'b')) + 9] = 'B';
  for (int moved = -1; moved <= 3; ++moved) {
    const testing::TempDir dir;
    const auto path = dir.file("syncline.db");
    testing::write_file(dir.file("syncline.lock"), "!");
    testing::write_file(path, bytes);
    testing::write_file(path + "-wal", at_work);
    testing::write_file(path + ".salvage", "half of a file");
    open_store(dir.path().string());
    ASSERT_TRUE(fs::exists(path + ".damaged-1"));
    // Back to where it was `moved` steps after the new file was whole.
    fs::rename(path, path + ".recovered");
    const char* parts[] = {"-wal", "-shm", ""};
    for (int part = std::max(moved, 0); part < 3; ++part) {
      if (fs::exists(path + ".damaged-1" + parts[part]))
        fs::rename(path + ".damaged-1" + parts[part], path + parts[part]);
    }
    if (moved < 0) fs::remove(path + ".recovered");
    const auto store = open_store(dir.path().string());
    ASSERT_TRUE(store->recovery()) << moved;
    EXPECT_EQ(store->recovery()->set_aside, path + ".damaged-1") << moved;
    EXPECT_EQ(store->recovery()->saved, 3U) << moved;
    EXPECT_TRUE(testing::read_file(path + ".damaged-1") == bytes) << moved;
    EXPECT_TRUE(testing::read_file(path + ".damaged-1-wal") == at_work) << moved;
    EXPECT_EQ(store->pending_changes(store->open_dataset("identity", "save").value()).value().size(), 3U);
  }
}

}  // namespace
}  // namespace syncline::store
