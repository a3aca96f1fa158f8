// What the store knows of pushes: per identity, over restarts and damage, and in a store that version 2 wrote.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "store/checksum.h"
#include "support/old_stores.h"
#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

class DevicesTest : public ::testing::Test {
 protected:
  void fill() {
    const auto store = open_store(data_);
    ASSERT_TRUE(store->set_push_token(token_));
    ASSERT_TRUE(store->set_push_device("me", PushDevice{.token = token_, .device_id = "device 1"}));
    ASSERT_TRUE(store->want_changes("me", {"b", "a"}, true));
    ASSERT_TRUE(store->set_asked("me", {.dataset = "a", .device_id = "device 1"}));
    ASSERT_TRUE(store->set_asked("me", {.dataset = "a", .device_id = "device 1", .confirmed = true}));
    ASSERT_TRUE(store->set_asked("me", {.dataset = "b", .device_id = "device 0"}));
  }
  static void expect_filled(Store& store) {
    const auto state = store.push_state("me").value();
    EXPECT_EQ(state.token, (PushToken{.platform = "GCM", .token = "a-token"}));
    ASSERT_TRUE(state.device);
    EXPECT_EQ(state.device->device_id, "device 1");
    EXPECT_EQ(state.device->token, state.token);
    EXPECT_EQ(state.wanted, (std::vector<std::string>{"a", "b"}));
    ASSERT_EQ(state.asked.size(), 2U);
    EXPECT_TRUE(state.asked[0].confirmed);
    EXPECT_EQ(state.asked[1].device_id, "device 0");
    EXPECT_FALSE(state.asked[1].confirmed);
  }
  void execute(const char* sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(add_row_sum(database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  testing::TempDir dir_;
  const std::string data_ = dir_.file("data");
  const std::string file_ = data_ + "/syncline.db";
  const PushToken token_{.platform = "GCM", .token = "a-token"};
};

TEST_F(DevicesTest, AWipeForgetsThePushesOfWhomItWipes) {
  fill();
  const auto store = open_store(data_);
  ASSERT_TRUE(store->want_changes("other", {"c"}, true));
  ASSERT_TRUE(store->wipe("me"));
  EXPECT_TRUE(store->push_state("me").value().wanted.empty());
  EXPECT_TRUE(store->push_state("me").value().asked.empty());
  EXPECT_FALSE(store->push_state("me").value().device);
  EXPECT_TRUE(store->push_state("me").value().token) << "of this data directory";
  EXPECT_EQ(store->push_state("other").value().wanted, std::vector<std::string>{"c"});
  ASSERT_TRUE(store->wipe(std::nullopt));
  EXPECT_FALSE(store->push_state("other").value().token);
  EXPECT_TRUE(store->push_state("other").value().wanted.empty());
}

TEST_F(DevicesTest, SurviveARestart) {
  fill();
  expect_filled(*open_store(data_));
}

TEST_F(DevicesTest, D15AreKeptApartByIdentity) {
  fill();
  const auto store = open_store(data_);
  const auto other = store->push_state("somebody else").value();
  EXPECT_EQ(other.token, token_) << "the device's, whoever uses it";
  EXPECT_FALSE(other.device);
  EXPECT_TRUE(other.wanted.empty());
  EXPECT_TRUE(other.asked.empty());
  EXPECT_EQ(store->push_device_id("somebody else").value(), "");
  EXPECT_EQ(store->push_device_id("me").value(), "device 1");
  EXPECT_FALSE(store->wanted_count("somebody else", "a").value());
}

TEST_F(DevicesTest, EndOneByOne) {
  fill();
  const auto store = open_store(data_);
  ASSERT_TRUE(store->want_changes("me", {"a"}, false));
  ASSERT_TRUE(store->forget_asked("me", {.dataset = "a", .device_id = "device 1"}));
  ASSERT_TRUE(store->set_push_device("me", std::nullopt));
  ASSERT_TRUE(store->set_push_token(std::nullopt));
  const auto state = store->push_state("me").value();
  EXPECT_FALSE(state.token);
  EXPECT_FALSE(state.device);
  EXPECT_EQ(state.wanted, (std::vector<std::string>{"b"}));
  EXPECT_EQ(state.asked.size(), 1U);
}

TEST_F(DevicesTest, D20ACountIsKnownAsFarAsItIsApplied) {
  fill();
  const auto store = open_store(data_);
  EXPECT_EQ(store->wanted_count("me", "a").value(), SyncCount{}) << "not here yet";
  EXPECT_FALSE(store->wanted_count("me", "c").value());
  auto lease = store->begin_sync(store->open_dataset("me", "a").value()).value();
  ASSERT_TRUE(store->apply_pull(lease, Pull{.sync_count = SyncCount{8}}, engine::plan));
  EXPECT_EQ(store->wanted_count("me", "a").value(), SyncCount{8});
}

TEST_F(DevicesTest, D19Version2GetsTheTables) {
  { const auto store = open_store(data_); }
  execute(testing::kBackToVersion2);
  fill();
  expect_filled(*open_store(data_));
}

// A second page of it would be one whose loss nothing makes up for (salvage.cc).
TEST_F(DevicesTest, D19TheListOfTablesFitsOnTheFirstPage) {
  static constexpr std::size_t kRootPageType = 100;
  static constexpr char kLeaf = 13;
  { const auto store = open_store(data_); }
  EXPECT_EQ(testing::read_file(file_)[kRootPageType], kLeaf);
  std::filesystem::remove(file_);
  execute(testing::kStoreVersion3);
  { const auto store = open_store(data_); }
  EXPECT_EQ(testing::read_file(file_)[kRootPageType], kLeaf) << "migrated";
}

TEST_F(DevicesTest, D19SurviveADamagedFileButNotTheDamagedRow) {
  fill();
  execute("UPDATE push_subscription SET dataset = 'forged' WHERE device = ''  AND dataset = 'b'");
  const auto store = open_store(data_);
  ASSERT_TRUE(store->recovery());
  const auto state = store->push_state("me").value();
  EXPECT_EQ(state.token, token_);
  EXPECT_EQ(state.device->device_id, "device 1");
  EXPECT_EQ(state.wanted, (std::vector<std::string>{"a"}));
  EXPECT_EQ(state.asked.size(), 2U);
}

}  // namespace
}  // namespace syncline::store
