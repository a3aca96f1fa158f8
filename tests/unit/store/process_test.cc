// Killed processes and several at once: every acknowledged write is there (D2, D10, D18).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <thread>

#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

// A child process. It must be made before the parent opens a store: SQLite's handles don't survive a fork.
class Child {
 public:
  explicit Child(const std::function<int(int out)>& body) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::close(ends[0]);
      ::_exit(body(ends[1]));
    }
    ::close(ends[1]);
    out_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { ::close(out_); }

  // The next number that the child wrote; nullopt: it is gone.
  [[nodiscard]] std::optional<int> read() const {
    int number = 0;
    const auto got = ::read(out_, &number, sizeof number);
    return got == sizeof number ? std::optional(number) : std::nullopt;
  }
  void kill() const { ::kill(process_, SIGKILL); }
  [[nodiscard]] int wait() const {
    int status = 0;
    ::waitpid(process_, &status, 0);
    return status;
  }

 private:
  pid_t process_ = 0;
  int out_ = -1;
};

bool tell(int out, int number) {
  return ::write(out, &number, sizeof number) == sizeof number;
}

std::string key_of(int number) {
  return "key" + std::to_string(number % 50);
}

// Puts 1, 2, 3... under rotating keys, each told once it is acknowledged, with a pull and a push in between.
int write_until_killed(const std::string& directory, int out) {
  auto store = Store::open({.directory = directory, .survive_power_cut = false});
  if (!store) return 1;
  const auto id = (*store)->open_dataset("i", "d").value();
  for (int number = 1;; ++number) {
    if (!(*store)->put(id, key_of(number), std::to_string(number), at(number))) return 2;
    if (!tell(out, number)) return 3;
    if (number % 10 != 0) continue;
    auto lease = (*store)->begin_sync(id).value();
    const auto sent = (*store)->prepare_push(lease).value();
    const auto listed = lease.start.sync_count;
    std::vector<RemoteRecord> answer;
    for (const auto& change : sent) answer.push_back(remote(change.key, change.value, listed.next().value, "this"));
    if (!(*store)->acknowledge_push(lease, {sent, answer, listed}, engine::plan)) return 4;
  }
}

TEST(ProcessTest, D2EveryAcknowledgedPutSurvivesAKill) {
  for (int round = 0; round < 6; ++round) {
    const testing::TempDir dir;
    const Child child([&](int out) { return write_until_killed(dir.file("data"), out); });
    int last = 0;
    while (last < 40 + 37 * round) {
      const auto told = child.read();
      ASSERT_TRUE(told) << "the child ended by itself";
      last = *told;
    }
    child.kill();
    while (const auto told = child.read()) last = *told;
    EXPECT_TRUE(WIFSIGNALED(child.wait()));

    const auto store = open_store(dir.file("data"));
    const auto id = store->open_dataset("i", "d").value();
    for (int number = std::max(1, last - 49); number <= last; ++number) {
      const auto value = store->get(id, key_of(number)).value();
      ASSERT_TRUE(value) << number;
      // The put that was under way when the kill came may be there or not.
      EXPECT_TRUE(*value == std::to_string(number) || std::stoi(*value) == last + 1) << number << ": " << *value;
    }
    // D10: and the next sync goes on from there, with nothing lost and nothing counted twice.
    auto lease = store->begin_sync(id).value();
    const auto sent = store->prepare_push(lease).value();
    EXPECT_LE(sent.size(), 21U);
    for (const auto& change : sent) EXPECT_EQ(change.value, store->get(id, change.key).value());
  }
}

int write_many(const std::string& directory, const std::string& prefix, int count) {
  auto store =
      Store::open({.directory = directory, .survive_power_cut = false, .lock_timeout = std::chrono::minutes{1}});
  if (!store) return 1;
  const auto id = (*store)->open_dataset("i", "d").value();
  for (int number = 0; number < count; ++number) {
    if (!(*store)->put(id, prefix + std::to_string(number), "v", at(number))) return 2;
    const Change both[] = {{prefix + "first", std::to_string(number)}, {prefix + "second", std::to_string(number)}};
    if (!(*store)->write(id, both, at(number))) return 3;
  }
  return 0;
}

TEST(ProcessTest, D18TwoProcessesLoseNothing) {
  constexpr int kWrites = 300;
  const testing::TempDir dir;
  const Child child([&](int) { return write_many(dir.file("data"), "child", kWrites); });
  EXPECT_EQ(write_many(dir.file("data"), "parent", kWrites), 0);
  EXPECT_EQ(child.wait(), 0);
  const auto store = open_store(dir.file("data"));
  const auto id = store->open_dataset("i", "d").value();
  EXPECT_EQ(store->records(id).value().size(), 2U * (kWrites + 2));
  EXPECT_EQ(store->get(id, "childsecond").value(), std::to_string(kWrites - 1));
}

TEST(ProcessTest, D18TwoProcessesShareTheQuota) {
  const testing::TempDir dir;
  const auto fill = [&](const std::string& prefix) {
    auto store = open_store(dir.file("data"));
    const auto id = store->open_dataset("i", "d").value();
    int taken = 0;
    for (int number = 0; number < 700; ++number) {
      const auto put = store->put(id, prefix + std::to_string(number), "v", at(number));
      if (put) ++taken;
      if (!put && put.error().code != ErrorCode::kLimitExceeded) return -1;
    }
    return taken;
  };
  const Child child([&](int out) { return tell(out, fill("child")) ? 0 : 1; });
  const int mine = fill("parent");
  const auto theirs = child.read();
  EXPECT_EQ(child.wait(), 0);
  ASSERT_TRUE(theirs);
  EXPECT_EQ(mine + *theirs, 1'024);
}

// Case 16, with two handles instead of two processes.
TEST(ProcessTest, D18TwoStoresInOneProcessLoseNothing) {
  constexpr int kWrites = 150;
  const testing::TempDir dir;
  std::thread other([&] { EXPECT_EQ(write_many(dir.file("data"), "one", kWrites), 0); });
  EXPECT_EQ(write_many(dir.file("data"), "two", kWrites), 0);
  other.join();
  const auto store = open_store(dir.file("data"));
  EXPECT_EQ(store->records(store->open_dataset("i", "d").value()).value().size(), 2U * (kWrites + 2));
}

TEST(ProcessTest, D18ChangesOfAnotherStoreAreSeenAtOnce) {
  const testing::TempDir dir;
  const auto one = open_store(dir.file("data"));
  const auto two = open_store(dir.file("data"));
  const auto id = one->open_dataset("i", "d").value();
  for (int number = 0; number < 20; ++number) {
    const auto value = std::to_string(number);
    ASSERT_TRUE((number % 2 == 0 ? one : two)->put(id, "k", value, at(number)));
    EXPECT_EQ(one->get(id, "k").value(), value);
    EXPECT_EQ(two->get(id, "k").value(), value);
  }
  EXPECT_EQ(one->pending_changes(id).value().at(0).revision, Revision{20});
}

TEST(ProcessTest, D18WaitingForAnotherProcessIsBounded) {
  const testing::TempDir dir;
  auto store = std::move(
      Store::open(
          {.directory = dir.file("data"), .survive_power_cut = false, .lock_timeout = std::chrono::milliseconds{20}})
          .value());
  const auto id = store->open_dataset("i", "d").value();
  ASSERT_TRUE(store->put(id, "k", "1", at(1)));
  const int holder = ::open(dir.file("data/syncline.lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(holder, LOCK_EX), 0);
  const auto busy = store->put(id, "k", "2", at(2));
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, ErrorCode::kStorageBusy);
  EXPECT_EQ(store->get(id, "k").value(), "1") << "reading waits for nobody";
  ::close(holder);
  EXPECT_TRUE(store->put(id, "k", "3", at(3)));
}

}  // namespace
}  // namespace syncline::store
