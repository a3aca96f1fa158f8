// Writers that share a commit: each is all or nothing (S2), an answer means durable, and a failure reaches those it
// must.
#include "service/group_commit.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <functional>
#include <new>
#include <thread>

#include "service_fixture.h"

namespace syncline::service {
namespace {

Error refused() {
  return Error{.code = ErrorCode::kResourceConflict, .message = "refused"};
}

class GroupCommitTest : public ::testing::Test {
 protected:
  GroupCommitTest() {
    sqlite3* made = nullptr;
    sqlite3_open(path_.c_str(), &made);
    sqlite3_exec(made, "PRAGMA journal_mode = WAL; CREATE TABLE t (name INTEGER)", nullptr, nullptr, nullptr);
    sqlite3_close(made);
    connection_.emplace(std::move(*Connection::open(path_)));
    sqlite3_commit_hook(connection_->handle(), count_commit, this);
    group_.emplace(*connection_);
  }

  static int count_commit(void* self) {
    auto& test = *static_cast<GroupCommitTest*>(self);
    ++test.commits_;
    return test.commits_fail_ ? 1 : 0;
  }

  static Result<void> insert(Connection& connection, std::int64_t name) {
    return run_once(connection, "INSERT INTO t VALUES (?1)", name);
  }

  using Write = std::function<Result<void>(Connection&)>;
  static Write inserting(std::int64_t name) {
    return [name](Connection& connection) { return insert(connection, name); };
  }

  // All in one transaction: the first is held until the others wait behind it, in this order.
  std::vector<Result<void>> together(const std::vector<Write>& writes) {
    std::vector<Result<void>> results(writes.size());
    std::vector<std::thread> others;
    results[0] = group_->run([&](Connection& connection) {
      for (std::size_t i = 1; i < writes.size(); ++i) {
        others.emplace_back([&, i] { results[i] = group_->run(writes[i]); });
        while (group_->waiting() < i) std::this_thread::yield();
      }
      return writes[0](connection);
    });
    for (std::thread& other : others) other.join();
    return results;
  }

  // What another connection sees, which is what was committed.
  std::string stored() {
    auto reader = Connection::open(path_);
    std::string names;
    EXPECT_TRUE(read_rows(*reader, "SELECT name FROM t ORDER BY name",
                          [&](const Query& row) { names += std::to_string(row.integer(0)) + " "; }));
    return names;
  }

  TempDir dir_;
  std::string path_ = dir_.file("t.db");
  std::optional<Connection> connection_;
  std::optional<GroupCommit> group_;
  std::atomic<int> commits_{0};
  std::atomic<bool> commits_fail_{false};
};

TEST_F(GroupCommitTest, ALoneCallerCommitsAtOnce) {
  EXPECT_TRUE(group_->run(inserting(1)));
  EXPECT_EQ(stored(), "1 ");
  EXPECT_TRUE(group_->run(inserting(2)));
  EXPECT_EQ(stored(), "1 2 ");
  EXPECT_EQ(commits_, 2);
}

TEST_F(GroupCommitTest, ThoseWhoComeTogetherShareOneCommit) {
  for (const auto& result : together({inserting(1), inserting(2), inserting(3), inserting(4)})) EXPECT_TRUE(result);
  EXPECT_EQ(commits_, 1);
  EXPECT_EQ(stored(), "1 2 3 4 ");
}

TEST_F(GroupCommitTest, AFailureTakesOnlyItsOwnWritesS2) {
  const Write failing = [](Connection& connection) {
    return insert(connection, 99).and_then([] { return Result<void>(refused()); });
  };
  const auto results = together({inserting(1), failing, inserting(3)});
  EXPECT_TRUE(results[0]);
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().message, "refused");
  EXPECT_TRUE(results[2]);
  EXPECT_EQ(commits_, 1);
  EXPECT_EQ(stored(), "1 3 ");
}

TEST_F(GroupCommitTest, AFailureOfTheFirstTakesOnlyItsOwnWritesS2) {
  const Write failing = [](Connection& connection) {
    return insert(connection, 99).and_then([] { return Result<void>(refused()); });
  };
  const auto results = together({failing, failing, inserting(3)});
  EXPECT_FALSE(results[0]);
  EXPECT_FALSE(results[1]);
  EXPECT_TRUE(results[2]);
  EXPECT_EQ(stored(), "3 ");
}

TEST_F(GroupCommitTest, AFailedCommitFailsAllOfThemS2) {
  const Write nothing = [](Connection&) { return Result<void>(); };
  const Write failing = [](Connection&) { return Result<void>(refused()); };
  commits_fail_ = true;
  // What the last one was refused for may be what the first one wrote, which is gone.
  const auto results = together({inserting(1), inserting(2), nothing, failing});
  for (const auto& result : results) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kStorage);
  }
  EXPECT_EQ(stored(), "");
  commits_fail_ = false;
  EXPECT_TRUE(group_->run(inserting(3)));
  EXPECT_EQ(stored(), "3 ");
}

TEST_F(GroupCommitTest, ATransactionThatSqliteEndsItselfFailsWhoWereInItS2) {
  const Write ending = [](Connection& connection) {
    EXPECT_TRUE(connection.execute("ROLLBACK"));
    return Result<void>(Error{.code = ErrorCode::kStorageFull, .message = "full"});
  };
  const auto results = together({inserting(1), ending, inserting(3)});
  EXPECT_FALSE(results[0]);
  EXPECT_FALSE(results[1]);
  EXPECT_TRUE(results[2]);  // the next transaction's
  EXPECT_EQ(stored(), "3 ");
}

TEST_F(GroupCommitTest, WhatIsThrownReachesWhoeverThrew) {
  const auto throwing = [](Connection& connection) -> Result<void> {
    EXPECT_TRUE(insert(connection, 99));
    throw std::bad_alloc();
  };
  EXPECT_TRUE(group_->run(inserting(1)));
  std::thread thrower;
  EXPECT_TRUE(group_->run([&](Connection& connection) {
    thrower = std::thread([&] { EXPECT_THROW(static_cast<void>(group_->run(throwing)), std::bad_alloc); });
    while (group_->waiting() < 1) std::this_thread::yield();
    return insert(connection, 4);
  }));
  thrower.join();
  EXPECT_THROW(static_cast<void>(group_->run(throwing)), std::bad_alloc);
  EXPECT_EQ(stored(), "1 4 ");
}

TEST_F(GroupCommitTest, AStoreThatCannotBeginFailsAllWhoWait) {
  auto other = Connection::open(path_);
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE"));
  for (const auto& result : {group_->run(inserting(1)), group_->run(inserting(2))}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kStorageBusy);
  }
  ASSERT_TRUE(other->execute("ROLLBACK"));
  EXPECT_TRUE(group_->run(inserting(3)));
  EXPECT_EQ(stored(), "3 ");
}

TEST_F(GroupCommitTest, ManyWritersLoseNothing) {
  static constexpr int kThreads = 8;
  static constexpr int kWrites = 50;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kWrites; ++i) {
        const bool fails = i % 5 == 0;
        const auto result = group_->run([&](Connection& connection) -> Result<void> {
          auto inserted = insert(connection, thread * kWrites + i);
          return fails ? Result<void>(refused()) : inserted;
        });
        EXPECT_EQ(result.has_value(), !fails);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*connection_->integer("SELECT count(*) FROM t"), kThreads * kWrites * 4 / 5);
  EXPECT_LE(commits_, kThreads * kWrites);
}

}  // namespace
}  // namespace syncline::service
