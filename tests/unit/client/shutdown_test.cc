// D13 at the end: shutdown() within its deadline, one completion each, none after it returned.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kNow{0};
constexpr seconds kLong{30};

enum class Calls { kInline, kThread, kQueue };

struct Mode {
  const char* name;
  Threading threading;
  Calls calls;
};

// Without it GoogleTest names a case after the bytes of its pointer.
void PrintTo(const Mode& mode, std::ostream* out) {
  *out << mode.name;
}

class ShutdownTest : public ::testing::TestWithParam<Mode> {
 protected:
  ShutdownTest() {
    phone.options.threading = GetParam().threading;
    if (GetParam().calls == Calls::kThread) phone.options.dispatcher = thread_dispatcher();
    if (GetParam().calls == Calls::kQueue) phone.options.dispatcher = queue = std::make_shared<QueueDispatcher>();
    phone.open();
  }

  [[nodiscard]] bool ticks() const { return GetParam().threading == Threading::kTick; }
  // What an app does until something has happened; `client` may go meanwhile.
  void run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + kLong;
    while (!done() && std::chrono::steady_clock::now() < end) {
      tick();
      if (queue) queue->poll();
      std::this_thread::yield();
    }
    EXPECT_TRUE(done());
  }
  void tick() {
    const std::lock_guard lock(ticking);
    if (ticks() && phone.client) phone.client->tick(phone.clock->monotonic());
  }
  void hold_next_request() {
    phone.transport->fault_when([](const HttpRequest&) { return true; }, Fault::hold_answer(), 1);
  }
  // Until the request hangs.
  void run_until_held() {
    run_until([&] { return phone.transport->held() == 1; });
  }
  void expect_closed(Dataset dataset) {
    const auto closed = [](const auto& result) { return !result && result.error().code == ErrorCode::kClosed; };
    EXPECT_TRUE(closed(dataset.get("k")));
    EXPECT_TRUE(closed(dataset.put("k", "v")));
    EXPECT_TRUE(closed(dataset.remove("k")));
    EXPECT_TRUE(closed(dataset.put_all(std::vector<Change>{{.key = "k", .value = "v"}})));
    EXPECT_TRUE(closed(dataset.record("k")));
    EXPECT_TRUE(closed(dataset.records()));
    EXPECT_TRUE(closed(dataset.pending_changes()));
    EXPECT_TRUE(closed(dataset.info()));
    EXPECT_TRUE(closed(dataset.conflicts()));
    EXPECT_TRUE(closed(dataset.resolve(Conflict{.key = "k"}, Resolution::keep_local())));
    EXPECT_TRUE(closed(dataset.delete_dataset()));
    SyncAnswers syncs;
    Answers<RemoteDataset> descriptions;
    dataset.synchronize(syncs.callback());
    dataset.synchronize([](const Result<SyncReport>&) { throw 7; });
    dataset.describe(descriptions.callback());
    dataset.describe(nullptr);
    run_until([&] { return syncs.count() == 1 && descriptions.count() == 1; });
    EXPECT_EQ(outcome_of(syncs.at(0)), "closed");
    EXPECT_EQ(descriptions.at(0).error().code, ErrorCode::kClosed);
    EXPECT_FALSE(dataset.on_change([](const DatasetChange&) {}).active() && dataset.name().empty());
  }

  Backend backend;
  Device phone{backend};
  std::shared_ptr<QueueDispatcher> queue;
  std::recursive_mutex ticking;  // an app that ticks and destroys on different threads keeps the two apart
};

INSTANTIATE_TEST_SUITE_P(Modes, ShutdownTest,
                         ::testing::Values(Mode{"TickInline", Threading::kTick, Calls::kInline},
                                           Mode{"TickThread", Threading::kTick, Calls::kThread},
                                           Mode{"TickQueue", Threading::kTick, Calls::kQueue},
                                           Mode{"OwnThreadInline", Threading::kOwnThread, Calls::kInline},
                                           Mode{"OwnThreadThread", Threading::kOwnThread, Calls::kThread},
                                           Mode{"OwnThreadQueue", Threading::kOwnThread, Calls::kQueue}),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(ShutdownTest, WhileIdleIsCleanAndCountsWhatIsPending) {
  auto dataset = phone.dataset();
  phone.put("a", "1");
  phone.put("b", "1");
  const auto report = phone.client->shutdown(kLong);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.pending, 2U);
  expect_closed(dataset);
  EXPECT_EQ(phone.client->dataset("game").error().code, ErrorCode::kClosed);
  EXPECT_EQ(phone.client->dataset_names().error().code, ErrorCode::kClosed);
  EXPECT_EQ(phone.client->tick(phone.clock->monotonic()), std::nullopt);
  Answers<std::vector<RemoteDataset>> lists;
  phone.client->list_remote_datasets(lists.callback());
  phone.client->list_remote_datasets(nullptr);
  run_until([&] { return lists.count() == 1; });
  EXPECT_EQ(lists.at(0).error().code, ErrorCode::kClosed);
}

TEST_P(ShutdownTest, TwiceGivesTheSameReport) {
  phone.put("a", "1");
  phone.client->shutdown(kNow);
  const auto again = phone.client->shutdown(kLong);
  EXPECT_TRUE(again.clean);
  EXPECT_EQ(again.pending, 1U);
}

// Case 24: the app is suspended with a deadline.
TEST_P(ShutdownTest, Case24LetsARunningSyncEnd) {
  SyncAnswers answers;
  phone.put("a", "1");
  phone.dataset().synchronize(answers.callback());
  phone.dataset().synchronize(answers.callback());
  const auto report = phone.client->shutdown(kLong);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.pending, 0U);
  ASSERT_EQ(answers.count(), 2U);
  EXPECT_EQ(outcome_of(answers.at(0)), "ok");
  EXPECT_EQ(outcome_of(answers.at(1)), "ok");
}

TEST_P(ShutdownTest, ADeadlineBeyondAllClocksIsAsGoodAsNone) {
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  EXPECT_TRUE(phone.client->shutdown(milliseconds::max()).clean);
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(outcome_of(answers.at(0)), "ok");
}

TEST_P(ShutdownTest, D13WithoutTimeEverySyncIsCutOffOnce) {
  SyncAnswers answers;
  Answers<std::vector<RemoteDataset>> lists;
  Answers<RemoteDataset> descriptions;
  hold_next_request();
  auto dataset = phone.dataset();
  phone.put("a", "1");
  dataset.synchronize(answers.callback());
  run_until_held();
  dataset.synchronize(answers.callback());
  phone.client->list_remote_datasets(lists.callback());
  dataset.describe(descriptions.callback());
  const auto report = phone.client->shutdown(kNow);
  EXPECT_FALSE(report.clean);
  EXPECT_EQ(report.pending, 1U);
  ASSERT_EQ(answers.count(), 2U);
  EXPECT_EQ(outcome_of(answers.at(0)), "cancelled");
  EXPECT_EQ(outcome_of(answers.at(1)), "cancelled");
  EXPECT_EQ(lists.count(), 1U);
  EXPECT_EQ(descriptions.count(), 1U);
  if (queue) queue->poll();
  EXPECT_EQ(answers.count(), 2U);
}

// So that the same history ends in the same way each time, wherever its calls are in memory: those of the second half
// take the places of those that have ended.
TEST_P(ShutdownTest, CallsAreCutOffInTheOrderOfTheirStart) {
  constexpr std::size_t kHalf = 20;
  std::size_t seen = 0;
  phone.transport->fault_when([&](const HttpRequest&) { return ++seen > kHalf || seen % 2 == 0; },
                              Fault::hold_answer());
  std::mutex mutex;
  std::vector<std::size_t> ended;
  const auto ended_so_far = [&] {
    const std::lock_guard guard(mutex);
    return ended;
  };
  const auto start = [&](std::size_t from) {
    for (std::size_t at = from; at < from + kHalf; ++at) {
      phone.client->list_remote_datasets([&, at](const Result<std::vector<RemoteDataset>>&) {
        const std::lock_guard guard(mutex);
        ended.push_back(at);
      });
    }
  };
  start(0);
  run_until([&] { return phone.transport->held() == kHalf / 2 && ended_so_far().size() == kHalf / 2; });
  start(kHalf);
  run_until([&] { return phone.transport->held() == kHalf / 2 + kHalf; });
  phone.client->shutdown(kNow);
  const auto order = ended_so_far();
  EXPECT_EQ(order.size(), 2 * kHalf);
  EXPECT_TRUE(std::is_sorted(order.begin() + kHalf / 2, order.end())) << ::testing::PrintToString(order);
}

TEST_P(ShutdownTest, ARequestThatHangsIsCutOffAtTheDeadline) {
  SyncAnswers answers;
  hold_next_request();
  phone.dataset().synchronize(answers.callback());
  run_until_held();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(phone.client->shutdown(milliseconds{50}).clean);
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds{50});
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(outcome_of(answers.at(0)), "cancelled");
}

TEST_P(ShutdownTest, ASyncThatWaitsForItsNextAttemptIsCutOff) {
  SyncAnswers answers;
  phone.options.retry.first_delay = std::chrono::hours{1};
  phone.network = [](const HttpRequest&) -> Result<HttpResponse> {
    return Error{.code = ErrorCode::kNetwork, .message = "refused"};
  };
  phone.dataset().synchronize(answers.callback());
  run_until([&] { return phone.transport->requests() == 1; });
  EXPECT_FALSE(phone.client->shutdown(milliseconds{5}).clean);
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(outcome_of(answers.at(0)), "cancelled");
}

TEST_P(ShutdownTest, CredentialsThatNeverComeDoNotHoldItUp) {
  class Never final : public CredentialsProvider {
   public:
    void get_credentials(CredentialsCallback done) override {
      kept = std::move(done);
      asked.set_value();
    }
    CredentialsCallback kept;
    std::promise<void> asked;
  };
  const auto never = std::make_shared<Never>();
  phone.client.reset();
  phone.options.credentials = never;
  phone.open();
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  auto asked = never->asked.get_future();
  run_until([&] { return asked.wait_for(kNow) == std::future_status::ready; });
  EXPECT_FALSE(phone.client->shutdown(kNow).clean);
  ASSERT_EQ(answers.count(), 1U);
  never->kept(backend.credentials());
  never->kept = nullptr;
  EXPECT_EQ(answers.count(), 1U);
}

TEST_P(ShutdownTest, DestroyingTheClientCutsOffAndHandlesLiveOn) {
  SyncAnswers answers;
  hold_next_request();
  auto dataset = phone.dataset();
  dataset.synchronize(answers.callback());
  run_until_held();
  phone.client.reset();
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(outcome_of(answers.at(0)), "cancelled");
  expect_closed(dataset);
}

TEST_P(ShutdownTest, TheDirectoryCanBeOpenedAgainAtOnce) {
  auto dataset = phone.dataset();
  phone.put("a", "1");
  phone.client->shutdown(kNow);
  phone.open();
  EXPECT_EQ(phone.get("a"), "1");
}

// --- from inside a callback
// -------------------------------------------------------------------------------------------

TEST_P(ShutdownTest, FromInsideACompletionIsClean) {
  std::promise<ShutdownReport> reported;
  auto dataset = phone.dataset();
  phone.put("a", "1");
  std::atomic<bool> over = false;
  dataset.synchronize([&](const Result<SyncReport>& answer) {
    EXPECT_TRUE(answer);
    reported.set_value(phone.client->shutdown(kLong));
    over = true;
  });
  run_until([&] { return over.load(); });
  const auto report = reported.get_future().get();
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.pending, 0U);
  expect_closed(dataset);
}

TEST_P(ShutdownTest, D13FromInsideACompletionTheOthersAreCompletedBeforeItReturns) {
  auto dataset = phone.dataset();
  auto other = phone.dataset("other");
  SyncAnswers answers;
  std::atomic<bool> over = false;
  std::size_t when_it_returned = 0;
  dataset.synchronize([&](const Result<SyncReport>&) {
    dataset.synchronize(answers.callback());
    other.synchronize(answers.callback());
    phone.client->list_remote_datasets([&](const auto&) { answers.callback()(Error{.message = "a list"}); });
    phone.client->shutdown(kNow);
    when_it_returned = answers.count();
    over = true;
  });
  run_until([&] { return over.load(); });
  if (queue) queue->poll();
  if (phone.client) phone.client->tick(phone.clock->monotonic());
  phone.client.reset();
  EXPECT_EQ(when_it_returned, 3U);
  EXPECT_EQ(answers.count(), 3U);
}

// All callers of one run complete in a row; the first one ends the client.
TEST_P(ShutdownTest, D13FromInsideTheFirstOfSeveralCompletions) {
  auto dataset = phone.dataset();
  std::atomic<int> completed = 0;
  std::atomic<bool> over = false;
  int when_it_returned = 0;
  dataset.synchronize([&](const Result<SyncReport>&) { ++completed; });
  for (int i = 0; i < 4; ++i) {
    dataset.synchronize([&, i](const Result<SyncReport>&) {
      ++completed;
      if (i != 0) return;
      phone.client->shutdown(kNow);
      when_it_returned = completed;
      over = true;
    });
  }
  run_until([&] { return over.load(); });
  phone.client.reset();
  EXPECT_EQ(when_it_returned, 5);
  EXPECT_EQ(completed, 5);
}

TEST_P(ShutdownTest, D13FromInsideAChangeNobodyElseHearsOfIt) {
  auto dataset = phone.dataset();
  std::atomic<bool> over = false;
  std::atomic<int> heard_after = 0;
  const auto first = dataset.on_change([&](const DatasetChange&) {
    phone.client->shutdown(kNow);
    over = true;
  });
  const auto second = dataset.on_change([&](const DatasetChange&) { heard_after += over ? 1 : 0; });
  EXPECT_TRUE(dataset.put("a", "1"));
  std::ignore = dataset.put("b", "1");  // closed by now, if the callback was quick
  run_until([&] { return over.load(); });
  phone.client.reset();
  EXPECT_EQ(heard_after, 0);
}

class ShutdownInConflictTest : public ShutdownTest {
 protected:
  ShutdownInConflictTest() {
    auto made = laptop.dataset();
    const std::vector<Change> theirs = {
        {.key = "a", .value = "theirs"}, {.key = "b", .value = "theirs"}, {.key = "c", .value = "theirs"}};
    EXPECT_TRUE(made.put_all(theirs));
    laptop.sync_well();
    for (const auto* key : {"a", "b", "c"}) phone.put(key, "ours");
  }
  Device laptop{backend, "laptop"};
};

INSTANTIATE_TEST_SUITE_P(Modes, ShutdownInConflictTest,
                         ::testing::Values(Mode{"TickInline", Threading::kTick, Calls::kInline},
                                           Mode{"TickThread", Threading::kTick, Calls::kThread},
                                           Mode{"TickQueue", Threading::kTick, Calls::kQueue},
                                           Mode{"OwnThreadInline", Threading::kOwnThread, Calls::kInline},
                                           Mode{"OwnThreadThread", Threading::kOwnThread, Calls::kThread},
                                           Mode{"OwnThreadQueue", Threading::kOwnThread, Calls::kQueue}),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(ShutdownInConflictTest, D13FromInsideTheHandlerItIsNotAskedAgain) {
  SyncAnswers answers;
  std::atomic<int> asked = 0;
  std::atomic<bool> over = false;
  auto dataset = phone.dataset();
  dataset.set_conflict_handler([&](const Conflict&) {
    ++asked;
    if (over) ADD_FAILURE() << "called after shutdown() returned";
    phone.client->shutdown(kNow);
    over = true;
    return Resolution::keep_local();
  });
  dataset.synchronize(answers.callback());
  run_until([&] { return over.load() && answers.count() == 1; });
  phone.client.reset();
  EXPECT_EQ(asked, 1);
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(outcome_of(answers.at(0)), "cancelled");
}

TEST_P(ShutdownInConflictTest, DestroyingTheClientWhileConflictsAreBeingSettled) {
  std::atomic<bool> over = false;
  SyncAnswers answers;
  Subscription listening;
  {
    auto dataset = phone.dataset();
    dataset.set_conflict_handler(conflict_policy::keep_remote);
    listening = dataset.on_change([&](const DatasetChange& change) {
      if (change.source != ChangeSource::kResolution) return;
      const std::lock_guard lock(ticking);
      phone.client.reset();
      over = true;
    });
    dataset.synchronize(answers.callback());
  }
  run_until([&] { return over.load() && answers.count() == 1; });
}

TEST_P(ShutdownInConflictTest, WhileTheHandlerWaitsInAQueueThatNobodyPumps) {
  if (!queue) GTEST_SKIP() << "a queue's matter";
  SyncAnswers answers;
  int asked = 0;
  auto dataset = phone.dataset();
  dataset.set_conflict_handler([&](const Conflict&) {
    ++asked;
    return Resolution::keep_local();
  });
  dataset.synchronize(answers.callback());
  for (int i = 0; i < 10 && ticks(); ++i) phone.client->tick(phone.clock->monotonic());
  EXPECT_FALSE(phone.client->shutdown(milliseconds{30}).clean);
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(outcome_of(answers.at(0)), "cancelled");
  queue->poll();
  EXPECT_EQ(asked, 0);
}

TEST_P(ShutdownTest, DestroyingTheClientFromItsOwnCallback) {
  std::atomic<bool> over = false;
  {
    auto dataset = phone.dataset();
    dataset.synchronize([&](const Result<SyncReport>&) {
      const std::lock_guard lock(ticking);
      phone.client.reset();
      over = true;
    });
  }
  run_until([&] { return over.load(); });
}

// --- from several threads
// ---------------------------------------------------------------------------------------------

TEST_P(ShutdownTest, D13TheSecondOfTwoAtOnceWaitsForTheFirst) {
  SyncAnswers answers;
  hold_next_request();
  phone.dataset().synchronize(answers.callback());
  run_until_held();
  auto first = std::async(std::launch::async, [&] { return phone.client->shutdown(milliseconds{100}); });
  auto second = std::async(std::launch::async, [&] {
    phone.client->shutdown(milliseconds{100});
    return answers.count();
  });
  EXPECT_EQ(second.get(), 1U);
  EXPECT_FALSE(first.get().clean);
}

TEST_P(ShutdownTest, D13ACallThatComesDuringItIsAnsweredBeforeItReturns) {
  SyncAnswers held;
  SyncAnswers late;
  hold_next_request();
  auto dataset = phone.dataset();
  dataset.synchronize(held.callback());
  run_until_held();
  std::atomic<bool> returned = false;
  auto shutting = std::async(std::launch::async, [&] {
    phone.client->shutdown(milliseconds{100});
    returned = true;
  });
  std::size_t called = 0;
  while (!returned && called < 1'000) {
    dataset.synchronize(late.callback());
    ++called;
  }
  shutting.get();
  run_until([&] { return late.count() == called; });
  EXPECT_EQ(held.count(), 1U);
}

// --- leaks
// ------------------------------------------------------------------------------------------------------------

TEST_P(ShutdownTest, AHandlerThatHoldsItsOwnDatasetIsFreed) {
  auto held = std::make_shared<int>(1);
  {
    auto dataset = phone.dataset();
    dataset.set_conflict_handler([dataset, held](const Conflict&) { return Resolution::later(); });
  }
  phone.client.reset();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace syncline::testing
