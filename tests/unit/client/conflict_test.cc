// Two devices write one key: who is asked, what the answer does, what stays for later.
#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

class ConflictTest : public ::testing::Test {
 protected:
  // `phone` has "ours" pending, the service has "theirs" from `laptop`; the base is "base".
  void collide(const std::string& key = "k") { testing::collide(phone, laptop, key, "base", "ours", "theirs"); }
  void use(ConflictHandler handler) { phone.dataset().set_conflict_handler(std::move(handler)); }
  // Everywhere.
  void pass(std::chrono::milliseconds time) {
    for (auto& clock : {backend.clock, phone.clock, laptop.clock}) clock->advance(time);
  }
  // Afterwards both devices must hold this, with nothing pending (D12).
  void expect_everywhere(const Values& values) {
    phone.sync_well();
    laptop.sync_well();
    EXPECT_EQ(phone.values(), values);
    EXPECT_EQ(laptop.values(), values);
    EXPECT_EQ(phone.dataset().info()->pending, 0U);
    EXPECT_EQ(phone.dataset().info()->conflicts, 0U);
  }

  Backend backend;
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
};

TEST_F(ConflictTest, D7TheHandlerSeesKeyBaseLocalAndRemote) {
  collide();
  std::vector<Conflict> shown;
  use([&](const Conflict& conflict) {
    shown.push_back(conflict);
    return Resolution::keep_local();
  });
  const auto report = phone.sync_well();
  EXPECT_EQ(report.resolved, 1U);
  EXPECT_EQ(report.conflicts, 0U);
  EXPECT_EQ(report.requests, 3U) << "a refused push, a list, a push";
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].key, "k");
  ASSERT_TRUE(shown[0].base);
  EXPECT_EQ(shown[0].base->value, "base");
  EXPECT_EQ(shown[0].local, "ours");
  EXPECT_EQ(shown[0].remote.value, "theirs");
  EXPECT_EQ(shown[0].remote.modified_by, "laptop");
  expect_everywhere({{"k", "ours"}});
}

TEST_F(ConflictTest, KeepRemote) {
  collide();
  use(conflict_policy::keep_remote);
  EXPECT_EQ(phone.sync_well().requests, 2U) << "nothing is left to push";
  expect_everywhere({{"k", "theirs"}});
}

TEST_F(ConflictTest, SomethingThird) {
  collide();
  use([](const Conflict& c) { return Resolution::use(*c.local + "+" + *c.remote.value); });
  phone.sync_well();
  expect_everywhere({{"k", "ours+theirs"}});
}

TEST_F(ConflictTest, RemoveOnBothSides) {
  collide();
  use([](const Conflict&) { return Resolution::remove(); });
  phone.sync_well();
  expect_everywhere({});
}

TEST_F(ConflictTest, RemovedHereAndWrittenThere) {
  collide();
  ASSERT_TRUE(phone.dataset().remove("k"));
  std::optional<std::string> local = "?";
  use([&](const Conflict& c) {
    local = c.local;
    return Resolution::keep_local();
  });
  phone.sync_well();
  EXPECT_EQ(local, std::nullopt);
  expect_everywhere({});
}

TEST_F(ConflictTest, WrittenHereAndRemovedThere) {
  phone.put("k", "base");
  phone.sync_well();
  laptop.sync_well();
  ASSERT_TRUE(laptop.dataset().remove("k"));
  laptop.sync_well();
  phone.put("k", "ours");
  use(conflict_policy::keep_remote);
  EXPECT_EQ(phone.sync_well().resolved, 1U);
  expect_everywhere({});
}

TEST_F(ConflictTest, D6TheSameValueOnBothSidesIsNoConflict) {
  testing::collide(phone, laptop, "k", "base", "same", "same");
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  expect_everywhere({{"k", "same"}});
}

TEST_F(ConflictTest, TheOptionsHandlerIsUsedUntilTheDatasetHasItsOwn) {
  phone.options.conflict_handler = conflict_policy::keep_remote;
  collide("a");
  phone.sync_well();
  EXPECT_EQ(phone.get("a"), "theirs");
  use(conflict_policy::keep_local);
  collide("b");
  phone.sync_well();
  EXPECT_EQ(phone.get("b"), "ours");
  use(nullptr);
  collide("c");
  phone.sync_well();
  EXPECT_EQ(phone.get("c"), "theirs");
}

// --- newest, on the service's clock
// -----------------------------------------------------------------------------------

TEST_F(ConflictTest, NewestTakesTheLaterWrite) {
  use(conflict_policy::newest);
  collide("a");
  pass(std::chrono::minutes{1});
  phone.put("a", "ours, later");
  phone.sync_well();
  EXPECT_EQ(phone.get("a"), "ours, later");

  phone.put("b", "ours, earlier");
  pass(std::chrono::minutes{1});
  laptop.put("b", "theirs, later");
  laptop.sync_well();
  phone.sync_well();
  EXPECT_EQ(phone.get("b"), "theirs, later");
}

TEST_F(ConflictTest, D16NewestDoesNotBelieveAWrongClock) {
  use(conflict_policy::newest);
  phone.put("k", "base");
  phone.sync_well();
  laptop.sync_well();
  phone.clock->set_wall(backend.clock->wall() + std::chrono::hours{24 * 365});
  phone.put("k", "ours, earlier, but the clock is a year ahead");
  pass(std::chrono::minutes{1});
  laptop.put("k", "theirs, later");
  laptop.sync_well();
  phone.sync_well();
  EXPECT_EQ(phone.get("k"), "theirs, later");
}

// --- later
// ------------------------------------------------------------------------------------------------------------

TEST_F(ConflictTest, D8ADeferredConflictBlocksOnlyItsKeyAndIsOfferedAgain) {
  collide();
  phone.put("other", "1");
  const auto report = phone.sync_well();
  EXPECT_EQ(report.outcome, SyncOutcome::kConflictsPending);
  EXPECT_EQ(report.conflicts, 1U);
  EXPECT_EQ(report.pushed, 1U);
  EXPECT_EQ(phone.get("k"), "ours");
  laptop.sync_well();
  EXPECT_EQ(laptop.get("other"), "1");

  int asked = 0;
  use([&](const Conflict&) {
    ++asked;
    return Resolution::later();
  });
  EXPECT_EQ(outcome_of(phone.sync()), "conflicts");
  EXPECT_EQ(outcome_of(phone.sync()), "conflicts");
  EXPECT_EQ(asked, 2);
}

TEST_F(ConflictTest, D8ADeferredConflictSurvivesARestartAndIsResolvedLater) {
  collide();
  EXPECT_EQ(outcome_of(phone.sync()), "conflicts");
  phone.client.reset();
  phone.open();
  const auto open = phone.dataset().conflicts();
  ASSERT_TRUE(open);
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ(open->at(0).base->value, "base");
  EXPECT_EQ(open->at(0).local, "ours");
  EXPECT_EQ(open->at(0).remote.value, "theirs");
  ASSERT_TRUE(phone.dataset().resolve(open->at(0), Resolution::use("chosen")));
  EXPECT_EQ(phone.get("k"), "chosen");
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  expect_everywhere({{"k", "chosen"}});
}

TEST_F(ConflictTest, D8AnAnswerAppliesToTheVersionsThatWereShown) {
  collide();
  phone.sync_well();
  const auto shown = phone.dataset().conflicts()->at(0);
  phone.put("k", "ours again");
  const auto refused = phone.dataset().resolve(shown, Resolution::keep_remote());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOutdated);
  laptop.put("k", "theirs again");
  laptop.sync_well();
  const auto still = phone.dataset().conflicts()->at(0);
  phone.sync_well();
  EXPECT_EQ(phone.dataset().resolve(still, Resolution::keep_remote()).error().code, ErrorCode::kOutdated);
  EXPECT_EQ(phone.dataset().conflicts()->at(0).remote.value, "theirs again");
}

TEST_F(ConflictTest, ResolveWithAValueThatNoPutWouldTakeIsRefused) {
  collide();
  phone.sync_well();
  const auto shown = phone.dataset().conflicts()->at(0);
  const auto refused = phone.dataset().resolve(shown, Resolution::use("\xFF"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(phone.dataset().conflicts()->size(), 1U);
}

// --- handlers that misbehave
// ------------------------------------------------------------------------------------------

TEST_F(ConflictTest, D13Case14AHandlerThatThrowsHasNotDecided) {
  collide();
  phone.put("other", "1");
  use([](const Conflict&) -> Resolution { throw 7; });
  const auto report = phone.sync_well();
  EXPECT_EQ(report.outcome, SyncOutcome::kConflictsPending);
  EXPECT_EQ(report.pushed, 1U);
  use(conflict_policy::keep_local);
  phone.sync_well();
  expect_everywhere({{"k", "ours"}, {"other", "1"}});
}

TEST_F(ConflictTest, D8AHandlersUselessValueLeavesTheConflictOpen) {
  collide();
  use([](const Conflict&) { return Resolution::use("\xFF"); });
  EXPECT_EQ(outcome_of(phone.sync()), "conflicts");
  EXPECT_EQ(phone.get("k"), "ours");
}

TEST_F(ConflictTest, D1Case5AHandlerThatWritesTheKeyIsAskedAgain) {
  collide();
  std::vector<std::optional<std::string>> seen;
  use([&](const Conflict& conflict) {
    seen.push_back(conflict.local);
    if (seen.size() == 1) phone.put("k", "written meanwhile");
    return Resolution::keep_local();
  });
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[1], "written meanwhile");
  expect_everywhere({{"k", "written meanwhile"}});
}

TEST_F(ConflictTest, D13AHandlerThatWritesTheKeyEachTimeDoesNotKeepTheSync) {
  collide();
  int asked = 0;
  use([&](const Conflict&) {
    phone.put("k", "again " + std::to_string(++asked));
    return Resolution::keep_local();
  });
  EXPECT_EQ(outcome_of(phone.sync()), "conflicts");
  EXPECT_LE(asked, 3);
  EXPECT_EQ(phone.get("k"), "again " + std::to_string(asked));
}

TEST_F(ConflictTest, Case14AHandlerMaySynchronize) {
  collide();
  SyncAnswers inner;
  use([&](const Conflict&) {
    phone.dataset().synchronize(inner.callback());
    return Resolution::keep_local();
  });
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  phone.run_until([&] { return inner.count() == 1; });
  EXPECT_EQ(outcome_of(inner.at(0)), "ok");
}

// D7: another writer comes while the app thinks; the push is refused and the new version is asked about.
TEST_F(ConflictTest, D7AVersionThatCameWhileTheAppDecidedIsAskedAbout) {
  collide();
  std::vector<std::optional<std::string>> remotes;
  use([&](const Conflict& conflict) {
    remotes.push_back(conflict.remote.value);
    if (remotes.size() == 1) {
      laptop.put("k", "theirs, newer");
      laptop.sync_well();
    }
    return Resolution::keep_local();
  });
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  EXPECT_EQ(remotes, (std::vector<std::optional<std::string>>{"theirs", "theirs, newer"}));
  expect_everywhere({{"k", "ours"}});
}

// --- dispatchers
// ------------------------------------------------------------------------------------------------------

TEST_F(ConflictTest, AQueueAsksWhenItIsPumped) {
  phone.queue = std::make_shared<QueueDispatcher>();
  phone.options.dispatcher = phone.queue;
  collide();
  int asked = 0;
  use([&](const Conflict&) {
    ++asked;
    return Resolution::keep_local();
  });
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  for (int i = 0; i < 20; ++i) phone.client->tick(phone.clock->monotonic());
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(answers.count(), 0U);
  phone.run_until([&] { return answers.count() == 1; });
  EXPECT_EQ(asked, 1);
}

// tick() says "at once" while the app thinks on another thread, so that a sleeping game loop comes back.
TEST_F(ConflictTest, AnOwnThreadAsksBesideTheTick) {
  collide();
  phone.client.reset();
  phone.options.dispatcher = thread_dispatcher();
  std::promise<void> decide;
  use([&](const Conflict&) {
    decide.get_future().wait();
    return Resolution::keep_local();
  });
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(phone.client->tick(phone.clock->monotonic()), phone.clock->monotonic());
  }
  decide.set_value();
  while (answers.count() == 0) phone.client->tick(phone.clock->monotonic());
  EXPECT_EQ(outcome_of(answers.at(0)), "ok");
}

}  // namespace
}  // namespace syncline::testing
