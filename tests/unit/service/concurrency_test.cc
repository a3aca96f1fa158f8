// Parallel callers of one service: the count is the witness (S1), updates are whole (S2), quotas exact (S5).
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "identity_fixture.h"

namespace syncline::service {
namespace {

class Concurrency : public ServiceTest {
 protected:
  static void in_parallel(int threads, const std::function<void(int)>& work) {
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
    for (std::thread& thread : running) thread.join();
  }
};

TEST_F(Concurrency, EachWriteGetsACountOfItsOwnWithoutGapS1) {
  static constexpr int kThreads = 8;
  static constexpr int kWrites = 25;
  std::vector<std::vector<std::int64_t>> counts(kThreads);
  in_parallel(kThreads, [&](int thread) {
    const std::string key = "k" + std::to_string(thread);
    std::int64_t known = 0;
    for (int i = 0; i < kWrites; ++i) {
      const auto written = caller().update("save", {put(key, std::to_string(i), known)});
      if (!written) {
        ADD_FAILURE() << written.error().message;
        return;
      }
      known = (*written)[0].version.count.value;
      counts[static_cast<std::size_t>(thread)].push_back(known);
    }
  });
  std::set<std::int64_t> all;
  for (const auto& one : counts) {
    EXPECT_TRUE(std::is_sorted(one.begin(), one.end()));
    all.insert(one.begin(), one.end());
  }
  EXPECT_EQ(all.size(), std::size_t{kThreads * kWrites});
  EXPECT_EQ(*all.begin(), 1);
  EXPECT_EQ(*all.rbegin(), kThreads * kWrites);
  EXPECT_EQ(caller().list("save")->dataset_count, SyncCount{kThreads * kWrites});
}

TEST_F(Concurrency, OfManyWritersOfOneRecordOneWinsS1) {
  std::atomic<int> won{0};
  std::atomic<int> lost{0};
  in_parallel(8, [&](int thread) {
    const auto written = caller().update("save", {put("k", std::to_string(thread), 0)});
    if (written) {
      ++won;
    } else if (written.error().code == ErrorCode::kResourceConflict) {
      ++lost;
    }
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 7);
}

// A reader never sees half an update: both keys of each update carry one value.
TEST_F(Concurrency, ReadersSeeWholeUpdatesS2) {
  ASSERT_TRUE(caller().update("save", {put("a", "0"), put("b", "0")}));
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 1; i <= 100; ++i) {
      const std::string value = std::to_string(i);
      if (!caller().update("save", {put("a", value, i), put("b", value, i)})) ADD_FAILURE() << i;
    }
    done = true;
  });
  in_parallel(3, [&](int) {
    while (!done) {
      const auto page = caller().list("save");
      if (!page || page->records.size() != 2 || page->records[0].version.value != page->records[1].version.value ||
          page->records[0].version.count != page->dataset_count) {
        ADD_FAILURE() << (page ? text_of(page->records) : page.error().message);
        return;
      }
    }
  });
  writer.join();
}

TEST_F(Concurrency, TheRecordQuotaHoldsS5) {
  std::vector<wire::RecordPatch> patches;
  for (int i = 0; i < 1020; ++i) patches.push_back(put("k" + std::to_string(i), "v"));
  ASSERT_TRUE(caller().update("save", patches));
  std::atomic<int> fitted{0};
  std::atomic<int> refused{0};
  in_parallel(10, [&](int thread) {
    const auto written = caller().update("save", {put("new" + std::to_string(thread), "v")});
    if (written) {
      ++fitted;
    } else if (written.error().code == ErrorCode::kLimitExceeded) {
      ++refused;
    }
  });
  EXPECT_EQ(fitted, 4);
  EXPECT_EQ(refused, 6);
  EXPECT_EQ(caller().describe("save")->records, 1024);
}

TEST_F(Concurrency, TheDatasetQuotaHoldsS5) {
  std::atomic<int> fitted{0};
  in_parallel(25, [&](int thread) {
    if (caller().update("d" + std::to_string(thread), {put("k", "v")})) ++fitted;
  });
  EXPECT_EQ(fitted, 20);
  EXPECT_EQ(caller().datasets()->datasets.size(), 20U);
}

// S4: of keys that are made and revoked at once, those are valid that the file has.
TEST_F(Concurrency, DeveloperKeysAreTheStoredOnesS4) {
  in_parallel(8, [&](int) {
    for (int i = 0; i < 5; ++i) {
      const auto made = service->administer({.words = {"keys-rotate"}});
      if (!made || !service->administer({.words = {"keys-revoke", field(*made, "access_key_id")}})) {
        ADD_FAILURE() << (made ? *made : made.error().message);
      }
    }
  });
  const auto valid = service->administer({.words = {"keys-list"}}).value();
  close();
  open();
  EXPECT_EQ(valid, service->administer({.words = {"keys-list"}}).value());
}

}  // namespace
}  // namespace syncline::service
