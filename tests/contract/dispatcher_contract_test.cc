// What syncline/dispatcher.h promises, of each ready-made dispatcher.
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "syncline/dispatcher.h"

namespace syncline {
namespace {

struct Kind {
  const char* name;
  std::function<std::shared_ptr<Dispatcher>()> make;
};

class DispatcherContract : public ::testing::TestWithParam<Kind> {
 protected:
  std::shared_ptr<Dispatcher> make() { return GetParam().make(); }

  // What an app does so that tasks run: a queue is pumped, the others are waited for.
  void run_until(Dispatcher& dispatcher, const std::function<bool()>& done) {
    if (auto* queue = dynamic_cast<QueueDispatcher*>(&dispatcher)) {
      while (!done() && queue->poll() > 0) {
      }
    }
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds{20}, done));
  }
  void note(int task) {
    const std::lock_guard guard(mutex_);
    ran_.push_back(task);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int> ran_;
};

TEST_P(DispatcherContract, RunsEachTaskOnceInTheOrderOfOneCaller) {
  const auto dispatcher = make();
  std::vector<int> expected;
  for (int i = 0; i < 500; ++i) {
    expected.push_back(i);
    dispatcher->post([this, i] { note(i); });
  }
  run_until(*dispatcher, [&] { return ran_.size() >= expected.size(); });
  EXPECT_EQ(ran_, expected);
}

TEST_P(DispatcherContract, TakesTasksFromSeveralThreads) {
  const auto dispatcher = make();
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([this, &dispatcher, caller] {
      for (int i = 0; i < 100; ++i) dispatcher->post([this, caller, i] { note(caller * 1'000 + i); });
    });
  }
  for (auto& caller : callers) caller.join();
  run_until(*dispatcher, [&] { return ran_.size() >= 400; });
  ASSERT_EQ(ran_.size(), 400U);
  std::vector<int> next(4, 0);
  for (const int task : ran_) EXPECT_EQ(task % 1'000, next[static_cast<std::size_t>(task / 1'000)]++);
}

TEST_P(DispatcherContract, ATaskMayPostAnother) {
  const auto dispatcher = make();
  dispatcher->post([this, &dispatcher] {
    dispatcher->post([this] { note(2); });
    note(1);
  });
  run_until(*dispatcher, [&] { return ran_.size() >= 2; });
  EXPECT_EQ(ran_.size(), 2U);
}

TEST_P(DispatcherContract, FreesATaskOnceItRan) {
  const auto dispatcher = make();
  std::promise<void> freed;
  struct Tell {
    std::promise<void>& freed;
    ~Tell() { freed.set_value(); }
  };
  dispatcher->post([this, tell = std::make_shared<Tell>(freed)] { note(1); });
  run_until(*dispatcher, [&] { return !ran_.empty(); });
  EXPECT_EQ(freed.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
}

INSTANTIATE_TEST_SUITE_P(All, DispatcherContract,
                         ::testing::Values(Kind{"Inline", [] { return inline_dispatcher(); }},
                                           Kind{"Thread", [] { return thread_dispatcher(); }},
                                           Kind{"Queue", [] { return std::make_shared<QueueDispatcher>(); }}),
                         [](const auto& tested) { return tested.param.name; });

TEST(InlineDispatcher, RunsATaskBeforePostReturns) {
  bool ran = false;
  inline_dispatcher()->post([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(ThreadDispatcher, RunsOnAThreadOfItsOwn) {
  const auto dispatcher = thread_dispatcher();
  std::promise<std::thread::id> where;
  dispatcher->post([&] { where.set_value(std::this_thread::get_id()); });
  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
}

TEST(ThreadDispatcher, RunsWhatWasPostedBeforeItEnds) {
  int ran = 0;
  {
    const auto dispatcher = thread_dispatcher();
    for (int i = 0; i < 100; ++i) dispatcher->post([&] { ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

TEST(ThreadDispatcher, MayBeDestroyedOnItsOwnThread) {
  std::promise<void> first_ran;
  std::promise<void> second_ran;
  auto dispatcher = thread_dispatcher();
  auto* const raw = dispatcher.get();
  std::promise<void> handed_over;
  raw->post([&, last_owner = std::make_shared<std::shared_ptr<Dispatcher>>(dispatcher)] {
    handed_over.get_future().wait();
    last_owner->reset();
    first_ran.set_value();
  });
  raw->post([&] { second_ran.set_value(); });
  dispatcher.reset();
  handed_over.set_value();
  EXPECT_EQ(first_ran.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
  EXPECT_EQ(second_ran.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
}

TEST(QueueDispatcher, RunsNothingByItself) {
  QueueDispatcher queue;
  bool ran = false;
  queue.post([&] { ran = true; });
  EXPECT_FALSE(ran);
  EXPECT_EQ(queue.poll(), 1U);
  EXPECT_TRUE(ran);
  EXPECT_EQ(queue.poll(), 0U);
}

TEST(QueueDispatcher, PollRunsOnlyWhatWasWaiting) {
  QueueDispatcher queue;
  int ran = 0;
  std::function<void()> again = [&] {
    ++ran;
    queue.post(again);
  };
  queue.post(again);
  queue.post([&] { ++ran; });
  EXPECT_EQ(queue.poll(), 2U);
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(queue.poll(), 1U);
}

TEST(QueueDispatcher, ATaskThatThrowsDoesNotTakeTheOthersWithIt) {
  QueueDispatcher queue;
  bool ran = false;
  queue.post([] { throw 7; });
  queue.post([&] { ran = true; });
  EXPECT_ANY_THROW(queue.poll());
  EXPECT_EQ(queue.poll(), 1U);
  EXPECT_TRUE(ran);
}

TEST(QueueDispatcher, ATaskMayPoll) {
  QueueDispatcher queue;
  std::vector<int> ran;
  queue.post([&] {
    ran.push_back(1);
    queue.poll();
  });
  queue.post([&] { ran.push_back(2); });
  queue.poll();
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace syncline
