// D13: each completion exactly once, and none after the end.
#include "client/callback_gate.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace syncline {
namespace {

using Kind = CallbackKind;

std::shared_ptr<CallbackGate> make_gate(std::shared_ptr<Dispatcher> dispatcher) {
  return std::make_shared<CallbackGate>(std::move(dispatcher));
}

TEST(CallbackGate, D13CompletionsThatTheDispatcherNeverRanAreCalledByClose) {
  const auto queue = std::make_shared<QueueDispatcher>();
  const auto gate = make_gate(queue);
  std::vector<int> called;
  gate->post(Kind::kCompletion, [&] { called.push_back(1); });
  gate->post(Kind::kRepeating, [&] { called.push_back(2); });
  gate->post(Kind::kCompletion, [&] { called.push_back(3); });
  EXPECT_TRUE(called.empty());
  gate->close();
  EXPECT_EQ(called, (std::vector<int>{1, 3}));
  queue->poll();
  EXPECT_EQ(called, (std::vector<int>{1, 3})) << "called again after close()";
}

TEST(CallbackGate, D13ACompletionThatRanIsNotCalledAgainByClose) {
  const auto queue = std::make_shared<QueueDispatcher>();
  const auto gate = make_gate(queue);
  int called = 0;
  gate->post(Kind::kCompletion, [&] { ++called; });
  queue->poll();
  gate->close();
  gate->close();
  EXPECT_EQ(called, 1);
}

TEST(CallbackGate, NothingRepeatingRunsAfterClose) {
  const auto gate = make_gate(inline_dispatcher());
  gate->close();
  bool repeating = false;
  gate->post(Kind::kRepeating, [&] { repeating = true; });
  EXPECT_FALSE(repeating);
}

TEST(CallbackGate, ACompletionForACallThatCameTooLateStillRunsOnTheDispatcher) {
  const auto queue = std::make_shared<QueueDispatcher>();
  const auto gate = make_gate(queue);
  gate->close();
  int called = 0;
  gate->post(Kind::kCompletion, [&] {
    ++called;
    throw std::runtime_error("the app's");
  });
  EXPECT_EQ(called, 0);
  EXPECT_NO_THROW(queue->poll());
  EXPECT_EQ(called, 1);
}

TEST(CallbackGate, CloseWaitsForACallbackOnAnotherThread) {
  const auto gate = make_gate(thread_dispatcher());
  std::promise<void> entered;
  std::promise<void> leave;
  std::atomic<bool> left = false;
  gate->post(Kind::kRepeating, [&] {
    entered.set_value();
    leave.get_future().wait();
    left = true;
  });
  entered.get_future().wait();
  auto closing = std::async(std::launch::async, [&] {
    gate->close();
    return left.load();
  });
  EXPECT_EQ(closing.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
  leave.set_value();
  EXPECT_TRUE(closing.get());
}

TEST(CallbackGate, CloseFromInsideACallbackDoesNotWaitForItself) {
  for (const auto& dispatcher : {inline_dispatcher(), thread_dispatcher()}) {
    const auto gate = make_gate(dispatcher);
    std::promise<void> closed;
    gate->post(Kind::kCompletion, [&] {
      gate->close();
      closed.set_value();
    });
    EXPECT_EQ(closed.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
  }
}

TEST(CallbackGate, ACallbackMayCloseItWhileAnotherOneRuns) {
  const auto gate = make_gate(inline_dispatcher());
  std::promise<void> both[2];
  const auto closer = [&](int mine) {
    gate->post(Kind::kCompletion, [&, mine] {
      both[mine].set_value();
      both[1 - mine].get_future().wait();
      if (mine == 0) gate->close();
    });
  };
  std::thread other([&] { closer(1); });
  closer(0);
  other.join();
}

TEST(CallbackGate, D13AThrowingCallbackHarmsNobody) {
  const auto queue = std::make_shared<QueueDispatcher>();
  const auto gate = make_gate(queue);
  int called = 0;
  gate->post(Kind::kCompletion, [] { throw 7; });
  gate->post(Kind::kCompletion, [&] { ++called; });
  EXPECT_NO_THROW(queue->poll());
  gate->post(Kind::kCompletion, [] { throw std::runtime_error("the app's"); });
  gate->post(Kind::kCompletion, [&] { ++called; });
  EXPECT_NO_THROW(gate->close());
  EXPECT_EQ(called, 2);
}

// A queue that is never pumped again must not keep itself alive through what waits in it.
TEST(CallbackGate, AnAbandonedQueueIsFreed) {
  std::weak_ptr<QueueDispatcher> queue;
  {
    const auto dispatcher = std::make_shared<QueueDispatcher>();
    queue = dispatcher;
    const auto gate = make_gate(dispatcher);
    gate->post(Kind::kRepeating, [] {});
    gate->close();
  }
  EXPECT_TRUE(queue.expired());
}

TEST(CallbackGate, WhatACallbackHoldsIsFreedOnceItRan) {
  const auto gate = make_gate(inline_dispatcher());
  auto held = std::make_shared<int>(1);
  gate->post(Kind::kRepeating, [held] {});
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace syncline
