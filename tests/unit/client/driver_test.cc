#include "client/driver.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <vector>

#include "support/fake_clock.h"
#include "support/fake_transport.h"

namespace syncline {
namespace {

using std::chrono::milliseconds;
using testing::FakeClock;
using testing::FakeTransport;
using testing::Fault;

class DriverTest : public ::testing::Test {
 protected:
  DriverTest() {
    auto transport = std::make_unique<FakeTransport>([](const HttpRequest&) { return HttpResponse{.status = 200}; });
    network = transport.get();
    driver = std::make_shared<Driver>(clock, std::move(transport));
  }
  ~DriverTest() override { driver->stop(); }

  std::optional<MonotonicTime> step() { return driver->step(clock->monotonic()); }

  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
  FakeTransport* network = nullptr;
  std::shared_ptr<Driver> driver;
};

TEST_F(DriverTest, NothingToDoMeansNoMomentToComeBack) {
  EXPECT_EQ(step(), std::nullopt);
}

TEST_F(DriverTest, TasksRunInTheNextStepInTheirOrder) {
  std::vector<int> ran;
  driver->post([&] { ran.push_back(1); });
  driver->post([&] { ran.push_back(2); });
  EXPECT_TRUE(ran.empty());
  step();
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST_F(DriverTest, ATaskThatPostsItselfDoesNotKeepAStepForever) {
  std::function<void()> again = [&] { driver->post(again); };
  driver->post(again);
  EXPECT_EQ(step(), clock->monotonic()) << "there is more to do at once";
}

TEST_F(DriverTest, TimersRunWhenTheyAreDueAndInTheirOrder) {
  std::vector<int> ran;
  driver->post([&] {
    driver->after(milliseconds{20}, [&] { ran.push_back(2); });
    driver->after(milliseconds{10}, [&] { ran.push_back(1); });
    driver->after(milliseconds{20}, [&] { ran.push_back(3); });
  });
  EXPECT_EQ(step(), clock->monotonic() + milliseconds{10});
  clock->advance(milliseconds{9});
  step();
  EXPECT_TRUE(ran.empty());
  clock->advance(milliseconds{1});
  EXPECT_EQ(step(), clock->monotonic() + milliseconds{10});
  EXPECT_EQ(ran, (std::vector<int>{1}));
  clock->advance(milliseconds{500});
  EXPECT_EQ(step(), std::nullopt);
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
}

TEST_F(DriverTest, ACancelledTimerDoesNotRun) {
  bool ran = false;
  driver->post([&] { driver->cancel_timer(driver->after(milliseconds{1}, [&] { ran = true; })); });
  EXPECT_EQ(step(), std::nullopt);
  clock->advance(milliseconds{5});
  step();
  EXPECT_FALSE(ran);
}

TEST_F(DriverTest, WhatRunsInEachStepMayEndItselfAndOthers) {
  std::vector<int> ran;
  Driver::TimerId first = 0;
  Driver::TimerId last = 0;
  driver->post([&] {
    first = driver->each_step([&] {
      ran.push_back(1);
      driver->no_longer_each_step(first);
      driver->no_longer_each_step(last);
    });
    driver->each_step([&] { ran.push_back(2); });
    last = driver->each_step([&] { ran.push_back(3); });
  });
  EXPECT_EQ(step(), std::nullopt) << "no reason to come back";
  step();
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 2}));
}

TEST_F(DriverTest, WantsToComeBackAtOnceWhileARequestIsUnderWay) {
  network->fault_request(1, Fault::hold_answer());
  int answered = 0;
  driver->post([&] { driver->transport().start(HttpRequest{}, [&](const auto&) { ++answered; }); });
  EXPECT_EQ(step(), clock->monotonic());
  EXPECT_EQ(answered, 0);
  network->release();
  EXPECT_EQ(step(), std::nullopt);
  EXPECT_EQ(answered, 1);
}

// Else an app that sleeps until tick() wants to be called would never hear of an answer from another thread.
TEST_F(DriverTest, WantsToComeBackWhileSomebodyElseIsExpectedToPost) {
  auto expected = driver->expect();
  EXPECT_EQ(step(), clock->monotonic());
  expected.reset();
  EXPECT_EQ(step(), std::nullopt);
}

TEST_F(DriverTest, TheThreadSleepsUntilItIsPosted) {
  driver->start_thread();
  for (int i = 0; i < 100; ++i) {
    std::promise<std::thread::id> where;
    driver->post([&] { where.set_value(std::this_thread::get_id()); });
    auto ran = where.get_future();
    ASSERT_EQ(ran.wait_for(std::chrono::seconds{20}), std::future_status::ready);
    EXPECT_NE(ran.get(), std::this_thread::get_id());
  }
}

TEST_F(DriverTest, NothingRunsAfterStop) {
  bool ran = false;
  driver->post([&] { driver->after(milliseconds{1}, [&] { ran = true; }); });
  step();
  driver->post([&] { ran = true; });
  driver->stop();
  driver->post([&] { ran = true; });
  clock->advance(milliseconds{1});
  EXPECT_EQ(step(), std::nullopt);
  EXPECT_FALSE(ran);
}

TEST_F(DriverTest, StopFromInsideAStepEndsItThere) {
  bool ran = false;
  bool rested = false;
  const auto answered = std::make_shared<bool>(false);  // the transport ends its requests when it goes, after this test
  driver->post([&, answered] {
    driver->after(milliseconds{0}, [&] { ran = true; });
    driver->transport().start(HttpRequest{}, [answered](const auto&) { *answered = true; });
    driver->stop();
    driver->at_rest([&] { rested = true; });
    EXPECT_FALSE(rested);
  });
  driver->post([&] { ran = true; });
  EXPECT_EQ(step(), std::nullopt);
  EXPECT_FALSE(ran);
  EXPECT_FALSE(*answered);
  EXPECT_TRUE(rested);
}

TEST_F(DriverTest, StopFromInsideItsOwnThreadDoesNotWaitForItself) {
  std::promise<void> rested;
  driver->start_thread();
  driver->post([&] {
    driver->stop();
    driver->at_rest([&] { rested.set_value(); });
  });
  EXPECT_EQ(rested.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
}

TEST_F(DriverTest, StopWaitsForAStepOnAnotherThread) {
  std::promise<void> entered;
  std::promise<void> leave;
  std::atomic<bool> left = false;
  driver->post([&] {
    entered.set_value();
    leave.get_future().wait();
    left = true;
  });
  auto ticking = std::async(std::launch::async, [&] { step(); });
  entered.get_future().wait();
  auto stopping = std::async(std::launch::async, [&] {
    driver->stop();
    return left.load();
  });
  leave.set_value();
  EXPECT_TRUE(stopping.get());
  ticking.get();
}

TEST_F(DriverTest, WhatStopDropsIsFreed) {
  auto held = std::make_shared<int>(1);
  driver->post([this, held] { driver->after(milliseconds{1}, [held] {}); });
  step();
  driver->post([held] {});
  driver->stop();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(DriverTest, RunUntilStepsUntilItIsDone) {
  int steps = 0;
  std::function<void()> count = [&] {
    ++steps;
    driver->post(count);
  };
  driver->post(count);
  EXPECT_TRUE(driver->run_until([&] { return steps >= 5; }, std::chrono::hours{1}));
  EXPECT_LE(steps, 6);
}

TEST_F(DriverTest, RunUntilGivesUpWhenItsTimeIsOver) {
  EXPECT_FALSE(driver->run_until([] { return false; }, milliseconds{15}));
  EXPECT_FALSE(driver->run_until([] { return false; }, milliseconds{0}));
  EXPECT_FALSE(driver->run_until([] { return false; }, milliseconds{-5}));
}

TEST_F(DriverTest, KnowsItsOwnSteps) {
  bool inside = false;
  driver->post([&] { inside = driver->stepping_here(); });
  step();
  EXPECT_TRUE(inside);
  EXPECT_FALSE(driver->stepping_here());
}

}  // namespace
}  // namespace syncline
