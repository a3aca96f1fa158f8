// Which messages are sent, when, and what is written down of it (S8): one step at a time, with a sender of the test's.
#include "service/deliverer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <new>
#include <utility>

#include "outbox_fixture.h"

namespace syncline::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Holds what it is given until the test says what became of it.
class HeldSender final : public Sender {
 public:
  struct Held {
    std::string text;
    Done done;
  };
  HeldSender(std::deque<Held>& held, bool& fails) : held_(held), fails_(fails) {}
  [[nodiscard]] OutboxKind kind() const override { return OutboxKind::kStream; }
  void send(const WaitingMessage& message, Done done) override {
    if (std::exchange(fails_, false)) throw std::bad_alloc();
    held_.push_back(
        {message.target.dataset.text() + " " + std::to_string(message.message.count.value), std::move(done)});
  }
  void step() override {}
  void wait(std::chrono::milliseconds) override {}
  void wake() override {}

 private:
  std::deque<Held>& held_;
  bool& fails_;
};

class Deliveries : public OutboxTest {
 protected:
  Deliveries() {
    configure(wire::StreamingStatus::kEnabled);
    start();
  }
  void start() {
    deliverer = std::make_unique<Deliverer>(*store, clock, random, limits, std::make_unique<HeldSender>(held, fails),
                                            metrics, [this](LogLevel, const std::string& text) { log += text + "\n"; });
  }
  std::vector<std::string> sent() {
    deliverer->step();
    std::vector<std::string> texts;
    for (const auto& message : held) texts.push_back(message.text);
    return texts;
  }
  void answer(const Outcome& outcome) {
    auto done = std::move(held.front().done);
    held.pop_front();
    done(outcome);
    deliverer->step();
  }

  DeliveryLimits limits{.attempts = 3, .age = std::chrono::hours(1), .at_once = 4};
  std::deque<HeldSender::Held> held;
  bool fails = false;  // the next send() throws
  std::string log;
  DeliveryMetrics metrics;
  std::unique_ptr<Deliverer> deliverer;
  const Outcome delivered{};
  const Outcome transient{.kind = Outcome::Kind::kTransient, .failure = "throttled"};
  const Outcome unreachable{.kind = Outcome::Kind::kUnreachable, .failure = "no connection"};
  const Outcome refused{.kind = Outcome::Kind::kRefused, .failure = "not like this"};
};

TEST_F(Deliveries, OneOfALaneAtATimeInOrder) {
  for (int i = 0; i < 3; ++i) write("save");
  write("other");
  EXPECT_THAT(sent(), ElementsAre("save 1", "other 1"));
  EXPECT_THAT(sent(), ElementsAre("save 1", "other 1"));  // nothing twice while it is under way
  answer(delivered);
  EXPECT_THAT(sent(), ElementsAre("other 1", "save 2"));
  answer(delivered);
  answer(delivered);
  answer(delivered);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(store->outbox_figures()->streams, 0);
}

TEST_F(Deliveries, NoMoreAtOnceThanTheLimit) {
  for (const char* name : {"a", "b", "c", "d", "e"}) write(name);
  EXPECT_EQ(sent().size(), 4U);
  answer(delivered);
  EXPECT_EQ(sent().size(), 4U);
}

TEST_F(Deliveries, WhatWasSentAndNotMarkedIsSentAgainS8) {
  write("save");
  EXPECT_THAT(sent(), ElementsAre("save 1"));
  held.clear();
  deliverer.reset();
  close();
  open();
  start();
  EXPECT_THAT(sent(), ElementsAre("save 1"));
}

TEST_F(Deliveries, WhatCouldNotBeHandedOverForWantOfMemoryIsSentLaterS8) {
  write("save");
  fails = true;
  EXPECT_THROW(deliverer->step(), std::bad_alloc);
  EXPECT_THAT(sent(), ElementsAre("save 1"));
  answer(delivered);
  EXPECT_EQ(store->outbox_figures()->streams, 0);
}

TEST_F(Deliveries, AFailureIsTriedAgainAfterGrowingPausesThenGivenUp) {
  random.prepare({0, 0, 0});  // the longest of each pause
  write("save");
  write("save");
  EXPECT_THAT(sent(), ElementsAre("save 1"));
  answer(transient);
  EXPECT_THAT(sent(), IsEmpty());
  clock.advance(std::chrono::milliseconds(999));
  EXPECT_THAT(sent(), IsEmpty());
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_THAT(sent(), ElementsAre("save 1"));
  answer(transient);
  clock.advance(std::chrono::milliseconds(1999));
  EXPECT_THAT(sent(), IsEmpty());
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_THAT(sent(), ElementsAre("save 1"));
  answer(transient);
  EXPECT_THAT(sent(), ElementsAre("save 2"));  // its turn
  const auto letters = store->dead_letters(0, 10).value();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].failure, "throttled");
  EXPECT_EQ(letters[0].attempts, 3);
  EXPECT_THAT(log, HasSubstr("throttled"));
}

TEST_F(Deliveries, ARefusalIsGivenUpAtOnce) {
  write("save");
  sent();
  answer(refused);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(store->dead_letters(0, 10)->at(0).failure, "not like this");
}

TEST_F(Deliveries, WhatIsTooOldIsGivenUpWhenItFailsAgain) {
  write("save");
  clock.advance(std::chrono::hours(1));
  EXPECT_THAT(sent(), ElementsAre("save 1"));
  answer(transient);
  EXPECT_EQ(store->outbox_figures()->dead_letters, 1);
}

TEST_F(Deliveries, OneThatCanNotBeReachedHoldsAllBackForAWhile) {
  write("save");
  sent();
  answer(unreachable);
  write("other");
  EXPECT_THAT(sent(), IsEmpty());
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(sent().size(), 2U);
  EXPECT_THAT(log, HasSubstr("no connection"));
}

TEST_F(Deliveries, AreCountedByHowTheyEnd) {
  for (const char* name : {"a", "b", "c", "d"}) write(name);
  EXPECT_EQ(sent().size(), 4U);
  answer(delivered);
  answer(transient);
  answer(refused);
  clock.advance(std::chrono::seconds(7));
  MetricsText text;
  metrics.collect(text, *store, clock.wall());
  for (const char* line :
       {"syncline_deliveries_total{kind=\"stream\",outcome=\"delivered\"} 1\n",
        "syncline_deliveries_total{kind=\"stream\",outcome=\"failed\"} 1\n",
        "syncline_deliveries_total{kind=\"stream\",outcome=\"dead\"} 1\n",
        "syncline_deliveries_total{kind=\"push\",outcome=\"delivered\"} 0\n",
        "syncline_deliveries_waiting{kind=\"stream\"} 2\n", "syncline_deliveries_waiting{kind=\"push\"} 0\n",
        "syncline_dead_letters 1\n", "syncline_oldest_delivery_seconds 7\n"}) {
    EXPECT_THAT(text.text(), HasSubstr(line));
  }
}

TEST_F(Deliveries, AfterTheEndNothingIsStarted) {
  write("save");
  write("save");
  sent();
  deliverer->stop_sending();
  EXPECT_EQ(deliverer->under_way(), 1U);
  answer(delivered);
  EXPECT_EQ(deliverer->under_way(), 0U);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(store->outbox_figures()->streams, 1);
}

TEST(DeliveryDelay, GrowsToItsLimitAndIsJittered) {
  testing::FakeRandom random;
  const DeliveryLimits limits{.first_delay = std::chrono::seconds(1), .longest_delay = std::chrono::seconds(10)};
  for (int i = 0; i < 100; ++i) {
    const auto first = delivery_delay(limits, 1, random);
    EXPECT_TRUE(first >= std::chrono::milliseconds(500) && first <= std::chrono::seconds(1));
    const auto tenth = delivery_delay(limits, 1000, random);
    EXPECT_TRUE(tenth >= std::chrono::seconds(5) && tenth <= std::chrono::seconds(10));
  }
}

}  // namespace
}  // namespace syncline::service
