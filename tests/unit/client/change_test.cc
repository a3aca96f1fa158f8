// on_change(): what is told, in which order, where, and never inside another call.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

using Keys = std::vector<std::string>;

// "local +added ~updated -removed", keys joined by commas.
std::string text_of(const DatasetChange& change) {
  std::string text = change.source == ChangeSource::kLocal    ? "local"
                     : change.source == ChangeSource::kRemote ? "remote"
                                                              : "resolution";
  const auto add = [&](char sign, const Keys& keys) {
    if (keys.empty()) return;
    text += std::string(" ") + sign;
    for (const auto& key : keys) text += (text.back() == sign ? "" : ",") + key;
  };
  add('+', change.added);
  add('~', change.updated);
  add('-', change.removed);
  return text;
}

class ChangeTest : public ::testing::Test {
 protected:
  ChangeCallback note() {
    return [this](const DatasetChange& change) { told.push_back(text_of(change)); };
  }

  Backend backend;
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
  Keys told;
};

TEST_F(ChangeTest, LocalWritesAreToldWithTheirKeys) {
  auto dataset = phone.dataset();
  const auto listening = dataset.on_change(note());
  phone.put("a", "1");
  phone.put("a", "2");
  const std::vector<Change> batch = {{.key = "a", .value = std::nullopt}, {.key = "b", .value = "1"}};
  ASSERT_TRUE(dataset.put_all(batch));
  ASSERT_TRUE(dataset.remove("never there"));
  phone.settle();
  EXPECT_EQ(told, (Keys{"local +a", "local ~a", "local +b -a"}));
}

TEST_F(ChangeTest, RemoteChangesAreToldOnceForEachTransaction) {
  laptop.put("new", "1");
  laptop.put("old", "1");
  laptop.sync_well();
  const auto listening = phone.dataset().on_change(note());
  phone.sync_well();
  laptop.put("new", "2");
  ASSERT_TRUE(laptop.dataset().remove("old"));
  laptop.sync_well();
  phone.sync_well();
  phone.sync_well();
  EXPECT_EQ(told, (Keys{"remote +new,old", "remote ~new -old"}));
}

TEST_F(ChangeTest, AnAcknowledgedPushIsNoChange) {
  phone.put("a", "1");
  const auto listening = phone.dataset().on_change(note());
  phone.sync_well();
  EXPECT_EQ(told, Keys{});
}

TEST_F(ChangeTest, ResolutionsAreTold) {
  collide(phone, laptop, "k", "base", "ours", "theirs");
  const auto listening = phone.dataset().on_change(note());
  phone.sync_well();
  EXPECT_EQ(told, Keys{}) << "a conflict alone changes nothing that the app sees";
  ASSERT_TRUE(phone.dataset().resolve(phone.dataset().conflicts()->at(0), Resolution::keep_remote()));
  phone.settle();
  EXPECT_EQ(told, (Keys{"resolution ~k"}));

  collide(phone, laptop, "l", "base", "ours", "theirs");
  phone.dataset().set_conflict_handler([](const Conflict&) { return Resolution::remove(); });
  phone.settle();
  told.clear();
  phone.sync_well();
  EXPECT_EQ(told, (Keys{"resolution -l"}));
}

TEST_F(ChangeTest, ADeletionIsTold) {
  phone.put("a", "1");
  phone.put("b", "1");
  phone.settle();
  const auto listening = phone.dataset().on_change(note());
  ASSERT_TRUE(phone.dataset().delete_dataset());
  phone.settle();
  EXPECT_EQ(told, (Keys{"local -a,b"}));
}

TEST_F(ChangeTest, IsNeverToldInsideAnotherCall) {
  auto dataset = phone.dataset();
  bool inside = false;
  bool told_inside = false;
  int changes = 0;
  const auto listening = dataset.on_change([&](const DatasetChange&) {
    told_inside = told_inside || inside;
    if (++changes > 3) return;
    inside = true;  // from inside a callback, too: a put in here must not call back before it returned
    EXPECT_TRUE(dataset.put("again", std::to_string(changes)));
    inside = false;
  });
  inside = true;
  ASSERT_TRUE(dataset.put("k", "1"));
  inside = false;
  phone.settle();
  EXPECT_EQ(changes, 4);
  EXPECT_FALSE(told_inside);
}

TEST_F(ChangeTest, AConflictHandlersWriteIsNotToldInsideIt) {
  collide(phone, laptop, "k", "base", "ours", "theirs");
  bool inside = false;
  const auto listening = phone.dataset().on_change([&](const DatasetChange&) { EXPECT_FALSE(inside); });
  phone.dataset().set_conflict_handler([&](const Conflict&) {
    inside = true;
    phone.put("other", "1");
    inside = false;
    return Resolution::keep_local();
  });
  phone.sync_well();
}

TEST_F(ChangeTest, ChangesAreToldInTheOrderOfTheirTransactions) {
  laptop.put("theirs", "1");
  laptop.sync_well();
  const auto listening = phone.dataset().on_change(note());
  phone.network = [&](const HttpRequest& request) {
    if (is_list(request)) phone.put("mine", "1");  // its change waits for the next step; the pull's comes in this one
    return backend.handle(request);
  };
  SyncAnswers answers;
  phone.dataset().synchronize([&](const Result<SyncReport>&) { told.emplace_back("done"); });
  phone.run_until([&] { return !told.empty() && told.back() == "done"; });
  ASSERT_GE(told.size(), 3U);
  EXPECT_EQ(told[0], "local +mine");
  EXPECT_EQ(told[1], "remote +theirs");
}

TEST_F(ChangeTest, AResetSubscriptionHearsNothingMore) {
  auto listening = phone.dataset().on_change(note());
  const auto other = phone.dataset().on_change(note());
  phone.put("a", "1");
  phone.settle();
  EXPECT_EQ(told.size(), 2U);
  phone.put("b", "1");
  listening.reset();
  EXPECT_FALSE(listening.active());
  phone.settle();
  EXPECT_EQ(told.size(), 3U);
}

TEST_F(ChangeTest, ASubscriptionMayEndItselfAndOutliveTheClient) {
  Subscription listening;
  int heard = 0;
  listening = phone.dataset().on_change([&](const DatasetChange&) {
    ++heard;
    listening.reset();
  });
  phone.put("a", "1");
  phone.put("b", "1");
  phone.settle();
  EXPECT_EQ(heard, 1);
  Subscription left = phone.dataset().on_change(note());
  phone.client.reset();
  left.reset();
}

TEST_F(ChangeTest, ASubscriptionsCallbackIsFreedWithIt) {
  auto held = std::make_shared<int>(1);
  auto listening = phone.dataset().on_change([held](const DatasetChange&) {});
  listening.reset();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(ChangeTest, D13ACallbackThatThrowsDoesNotKeepTheOthersFromHearing) {
  const auto throwing = phone.dataset().on_change([](const DatasetChange&) { throw 7; });
  const auto empty = phone.dataset().on_change(nullptr);
  const auto listening = phone.dataset().on_change(note());
  phone.put("a", "1");
  phone.settle();
  EXPECT_EQ(told, (Keys{"local +a"}));
}

TEST_F(ChangeTest, AQueueTellsWhenItIsPumped) {
  phone.queue = std::make_shared<QueueDispatcher>();
  phone.options.dispatcher = phone.queue;
  auto listening = phone.dataset().on_change(note());
  phone.put("a", "1");
  phone.client->tick(phone.clock->monotonic());
  EXPECT_EQ(told, Keys{});
  phone.queue->poll();
  EXPECT_EQ(told, (Keys{"local +a"}));
  phone.put("b", "1");
  phone.client->tick(phone.clock->monotonic());
  listening.reset();
  phone.queue->poll();
  EXPECT_EQ(told.size(), 1U) << "it was waiting when the subscription ended";
}

TEST_F(ChangeTest, WithThreadsItIsToldOnTheDispatchersThread) {
  for (const bool own_thread : {false, true}) {
    Device device{backend, "threads"};
    device.options.threading = Threading::kOwnThread;
    if (own_thread) device.options.dispatcher = thread_dispatcher();
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<std::thread::id> where;
    const auto listening = device.dataset().on_change([&](const DatasetChange&) {
      const std::lock_guard guard(mutex);
      where = std::this_thread::get_id();
      changed.notify_all();
    });
    device.put("a", "1");
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds{30}, [&] { return where.has_value(); }));
    EXPECT_NE(where, std::this_thread::get_id());
  }
}

}  // namespace
}  // namespace syncline::testing
