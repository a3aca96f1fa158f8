// The secret store in a file: what it keeps, what it refuses, and that nothing is lost then.
#include "syncline/secret_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_dir.h"

namespace syncline::testing {
namespace {

namespace fs = std::filesystem;

class SecretStoreTest : public ::testing::Test {
 protected:
  std::shared_ptr<SecretStore> open() {
    auto store = file_secret_store(path);
    EXPECT_TRUE(store) << store.error().message;
    return store ? *store : nullptr;
  }
  ErrorCode refused() {
    const auto store = file_secret_store(path);
    EXPECT_FALSE(store);
    if (store) return ErrorCode::kInternal;
    EXPECT_NE(store.error().message.find(path), std::string::npos) << store.error().message;
    return store.error().code;
  }
  TempDir dir;
  std::string path = dir.file("secrets");
};

TEST_F(SecretStoreTest, KeepsWhatItIsGivenAcrossARestart) {
  const std::string odd("a\n1 2\n\0z", 8);
  auto store = open();
  EXPECT_EQ(store->get("k").value(), std::nullopt);
  ASSERT_TRUE(store->set("k", odd));
  ASSERT_TRUE(store->set("empty", ""));
  ASSERT_TRUE(store->set("k2", "old"));
  ASSERT_TRUE(store->set("k2", "new"));
  ASSERT_TRUE(store->set("gone", "x"));
  ASSERT_TRUE(store->remove("gone"));
  ASSERT_TRUE(store->remove("never"));
  store = open();
  EXPECT_EQ(store->get("k").value(), odd);
  EXPECT_EQ(store->get("empty").value(), "");
  EXPECT_EQ(store->get("k2").value(), "new");
  EXPECT_EQ(store->get("gone").value(), std::nullopt);
}

TEST_F(SecretStoreTest, D18AProcessThatHoldsItIsNotWaitedForWithoutEnd) {
  const auto store = open();
  ASSERT_TRUE(store->set("k", "old"));
  const int held = ::open((path + ".lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  const auto refused = store->set("k", "new");
  ::close(held);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kStorageBusy);
  EXPECT_NE(refused.error().message.find(path), std::string::npos) << refused.error().message;
  EXPECT_EQ(store->get("k").value(), "old");
  EXPECT_TRUE(store->set("k", "new"));
}

TEST_F(SecretStoreTest, OnlyItsOwnerMayReadIt) {
  const auto store = open();
  ASSERT_TRUE(store->set("k", "v"));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_FALSE(fs::exists(path + ".new"));
  for (const mode_t mode : {0640U, 0604U, 0620U, 0666U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(refused(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(store->get("k").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(store->set("k", "w").error().code, ErrorCode::kInvalidArgument);
  }
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(store->get("k").value(), "v");
}

TEST_F(SecretStoreTest, BadInputAFileThatIsNoneOfOursStaysAsItIs) {
  for (const std::string bytes : {"", "x", "SYNCLINE SECRETS 1\n3 99\nabc", "SYNCLINE SECRETS 1\n-1 2\n",
                                  "SYNCLINE SECRETS 1\n18446744073709551615 2\nxx", "SYNCLINE SECRETS 1\n1 1\nk"}) {
    write_file(path, bytes);
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    EXPECT_EQ(refused(), ErrorCode::kCorrupt) << bytes;
    EXPECT_EQ(read_file(path), bytes);
  }
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_EQ(refused(), ErrorCode::kCorrupt);
  EXPECT_EQ(file_secret_store("").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(SecretStoreTest, AFolderThatIsMissingIsAnErrorOfTheWrite) {
  path = dir.file("missing") + "/secrets";
  const auto store = open();
  const auto kept = store->set("k", "v");
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::kStorage);
  EXPECT_EQ(kept.error().message.find("v\""), std::string::npos);
}

TEST_F(SecretStoreTest, SeveralWritersLoseNothing) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this, thread] {
      const auto store = open();  // as another process would
      for (int i = 0; i < 10; ++i) EXPECT_TRUE(store->set(std::to_string(thread) + "-" + std::to_string(i), "v"));
    });
  }
  for (auto& thread : threads) thread.join();
  const auto store = open();
  for (int thread = 0; thread < 4; ++thread) {
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(store->get(std::to_string(thread) + "-" + std::to_string(i)).value(), "v");
    }
  }
}

}  // namespace
}  // namespace syncline::testing
