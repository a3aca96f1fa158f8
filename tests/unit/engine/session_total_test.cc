// The session is total: any event in any state is legal, and whatever comes, it ends in a bounded number of requests.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/session.h"
#include "unit/engine/session_events.h"

namespace syncline::engine {
namespace {

using session_events::change;
using session_events::failure;
using session_events::page;
using session_events::record;

constexpr std::size_t kEvents = std::variant_size_v<Event>;

std::vector<Event> one_of_each() {
  return {Begin{{.sync_count = SyncCount{5}, .has_records = true}},
          Listed{page(5)},
          Staged{},
          Applied{},
          DeletionAsked{},
          ConflictsAsked{},
          Prepared{{change("k")}},
          Pushed{},
          Acknowledged{},
          DeletedRemotely{},
          DeletionFinished{},
          CallFailed{failure(ErrorCode::kNetwork)},
          StoreFailed{failure(ErrorCode::kStorage)},
          Cancel{failure(ErrorCode::kCancelled)}};
}

enum EventIndex : std::size_t {
  kBegin,
  kListed,
  kStaged,
  kApplied,
  kDeletionAsked,
  kConflictsAsked,
  kPrepared,
  kPushed,
  kAcknowledged,
  kDeletedRemotely,
  kDeletionFinished,
  kCallFailed,
  kStoreFailed,
  kCancel
};

// How to reach each state, and which events, by index, fit there. Failing and cancelling always ends a session, but a
// call can fail only while one is out.
struct Place {
  const char* name;
  std::vector<Event> way;
  std::vector<std::size_t> fitting;
};

std::vector<Place> places() {
  const Event begin = Begin{{.sync_count = SyncCount{5}, .has_records = true}};
  const Event begin_deletion = Begin{{.phase = DatasetPhase::kDeleting, .sync_count = SyncCount{5}}};
  const Event listed = Listed{page(5)};
  const Event news = Listed{page(6, {record("k", 6)})};
  const Event more = Listed{page(6, {record("k", 6)}, "2")};
  const Event prepared = Prepared{{change("k")}};
  const Event begin_push = Begin{
      .start = {.sync_count = SyncCount{5}, .pending = true}, .session_token = "kept", .token_ends_with_dataset = true};
  return {
      {"idle", {}, {kBegin}},
      {"checking a deletion", {begin_deletion}, {kListed, kCallFailed}},
      {"deleting", {begin_deletion, listed}, {kDeletedRemotely, kCallFailed}},
      {"finishing a deletion", {begin_deletion, listed, DeletedRemotely{}}, {kDeletionFinished}},
      {"listing", {begin}, {kListed, kCallFailed}},
      {"staging", {begin, more}, {kStaged}},
      {"applying", {begin, news}, {kApplied}},
      {"asking about a deletion", {begin, Listed{ListedPage{.session_token = "token"}}}, {kDeletionAsked}},
      {"asking", {begin, listed}, {kConflictsAsked}},
      {"preparing", {begin, listed, ConflictsAsked{}}, {kPrepared}},
      {"pushing", {begin, listed, ConflictsAsked{}, prepared}, {kPushed, kCallFailed}},
      {"acknowledging", {begin, listed, ConflictsAsked{}, prepared, Pushed{}}, {kAcknowledged}},
      {"preparing to push first", {begin_push}, {kPrepared}},
      {"pushing first", {begin_push, prepared}, {kPushed, kCallFailed}},
      {"acknowledging what went first", {begin_push, prepared, Pushed{}}, {kAcknowledged}},
      {"finished", {begin, listed, ConflictsAsked{}, Prepared{}}, {}},
  };
}

DatasetSession at(const Place& place) {
  DatasetSession session;
  for (const auto& event : place.way) EXPECT_TRUE(session.on(event)) << place.name;
  return session;
}

TEST(SessionTotal, EveryEventIsLegalInEveryState) {
  const auto events = one_of_each();
  ASSERT_EQ(events.size(), kEvents);
  for (const auto& place : places()) {
    for (std::size_t i = 0; i < kEvents; ++i) {
      auto session = at(place);
      const bool ends = (i == kStoreFailed || i == kCancel) && !session.finished();
      const bool fits = ends || std::find(place.fitting.begin(), place.fitting.end(), i) != place.fitting.end();
      EXPECT_EQ(session.on(events[i]).has_value(), fits) << "event " << i << " while " << place.name;
    }
  }
}

// An event that did not fit, such as an answer that came too late, leaves no trace.
TEST(SessionTotal, AnEventThatDoesNotFitChangesNothing) {
  const auto events = one_of_each();
  for (const auto& place : places()) {
    auto session = at(place);
    const auto requests = session.requests();
    for (std::size_t i = 0; i < kStoreFailed; ++i) {
      if (std::find(place.fitting.begin(), place.fitting.end(), i) == place.fitting.end()) session.on(events[i]);
    }
    EXPECT_EQ(session.requests(), requests) << place.name;
    if (!place.fitting.empty()) {
      EXPECT_TRUE(session.on(events[place.fitting.front()])) << place.name;
    }
  }
}

TEST(SessionTotal, CancelEndsEveryStateOnceWithItsError) {
  for (const auto& place : places()) {
    auto session = at(place);
    if (session.finished()) continue;
    const auto command = session.on(Cancel{failure(ErrorCode::kCancelled)});
    ASSERT_TRUE(command && std::holds_alternative<Finish>(*command)) << place.name;
    EXPECT_EQ(std::get<Finish>(*command).error->code, ErrorCode::kCancelled) << place.name;
    EXPECT_TRUE(session.finished());
    for (const auto& event : one_of_each()) EXPECT_FALSE(session.on(event)) << "after the finish, " << place.name;
  }
}

// --- D13 against adversaries --------------------------------------------------------------------------------------

using Adversary = std::function<Event(const Command&)>;

// Drives a session until it finishes; returns the number of requests, or nullopt if it did not end.
std::optional<std::size_t> drive(const Begin& begin, const Adversary& adversary) {
  DatasetSession session;
  auto command = session.on(begin);
  for (int step = 0; step < 500'000 && command; ++step) {
    if (std::holds_alternative<Finish>(*command)) return session.requests();
    command = session.on(adversary(*command));
  }
  return std::nullopt;
}

// The bound that session.h states for answers of one page.
constexpr std::size_t kBound = static_cast<std::size_t>(kMaxRounds) * (kMaxListStarts + 1) + kMaxFullPushes + 4;

ErrorCode any_call_error(std::mt19937& random) {
  const ErrorCode codes[] = {ErrorCode::kResourceConflict, ErrorCode::kResourceConflict, ErrorCode::kResourceConflict,
                             ErrorCode::kNoSuchSyncCount,  ErrorCode::kNoSuchSyncCount,  ErrorCode::kResourceNotFound,
                             ErrorCode::kTimeout};
  return codes[random() % std::size(codes)];
}

ListedPage any_page(std::mt19937& random, bool paged) {
  auto answer = page(static_cast<std::int64_t>(random() % 12));
  if (random() % 3 != 0) answer.records.push_back(record("k", static_cast<std::int64_t>(random() % 12)));
  answer.dataset_exists = random() % 5 != 0;
  answer.deleted_after_requested = random() % 4 == 0;
  if (random() % 20 == 0) answer.session_token.clear();
  if (paged && random() % 2 == 0) answer.next_token = std::to_string(random());
  return answer;
}

// The event that belongs to a command, with whatever the service could say.
Event any_answer(const Command& command, std::mt19937& random, bool paged) {
  if (std::holds_alternative<ListRecords>(command)) {
    if (random() % 6 == 0) return CallFailed{failure(any_call_error(random))};
    return Listed{any_page(random, paged)};
  }
  if (std::holds_alternative<PushRecords>(command)) {
    if (random() % 3 != 0) return CallFailed{failure(any_call_error(random))};
    if (random() % 2 == 0) return Pushed{};
    return Pushed{{record("k", static_cast<std::int64_t>(random() % 12))}};
  }
  if (std::holds_alternative<DeleteRemotely>(command)) {
    if (random() % 2 == 0) return CallFailed{failure(any_call_error(random))};
    return DeletedRemotely{};
  }
  if (std::holds_alternative<StagePage>(command)) return Staged{};
  if (std::holds_alternative<ApplyPull>(command)) return Applied{};
  if (std::holds_alternative<AskDeletion>(command)) return DeletionAsked{random() % 2 == 0};
  if (std::holds_alternative<AskConflicts>(command)) return ConflictsAsked{};
  if (std::holds_alternative<PreparePush>(command)) {
    return Prepared{std::vector<OutgoingChange>(random() % 4 != 0 ? kMaxPatchesPerPush : 1)};
  }
  if (std::holds_alternative<AcknowledgePush>(command)) return Acknowledged{.nothing_between = random() % 4 != 0};
  return DeletionFinished{};
}

Begin any_start(std::mt19937& random) {
  const bool push_first = random() % 2 == 0;
  return Begin{.start = {.phase = random() % 4 == 0 ? DatasetPhase::kDeleting : DatasetPhase::kActive,
                         .sync_count = SyncCount{static_cast<std::int64_t>(random() % 8)},
                         .has_records = random() % 2 == 0,
                         .pending = push_first},
               .session_token = push_first ? "kept" : "",
               .token_ends_with_dataset = push_first};
}

TEST(SessionBounds, D13EndsWithinTheStatedRequestsWhateverTheServiceSays) {
  std::size_t most = 0;
  for (unsigned seed = 0; seed < 20'000; ++seed) {
    std::mt19937 random(seed);
    const auto requests =
        drive(any_start(random), [&](const Command& command) { return any_answer(command, random, false); });
    ASSERT_TRUE(requests) << "seed " << seed;
    ASSERT_LE(*requests, kBound) << "seed " << seed;
    most = std::max(most, *requests);
  }
  EXPECT_GT(most, kBound / 2) << "the adversary was too kind";
}

TEST(SessionBounds, D13EndsWithPagesToo) {
  for (unsigned seed = 0; seed < 5'000; ++seed) {
    std::mt19937 random(seed);
    const auto requests =
        drive(any_start(random), [&](const Command& command) { return any_answer(command, random, true); });
    ASSERT_TRUE(requests) << "seed " << seed;
  }
}

// A service that always has one more page, and refuses every push.
TEST(SessionBounds, D13EndsAgainstEndlessPages) {
  int token = 0;
  const auto requests = drive(Begin{}, [&](const Command& command) -> Event {
    if (std::holds_alternative<StagePage>(command)) return Staged{};
    return Listed{page(5, {}, std::to_string(++token))};
  });
  ASSERT_TRUE(requests);
  EXPECT_EQ(*requests, static_cast<std::size_t>(kMaxPages));
}

// Nor do events out of order, late or twice, make it run on.
TEST(SessionBounds, D13EndsUnderRandomEvents) {
  const auto events = one_of_each();
  for (unsigned seed = 0; seed < 5'000; ++seed) {
    std::mt19937 random(seed);
    DatasetSession session;
    int finishes = 0;
    for (int step = 0; step < 200; ++step) {
      const auto command = session.on(events[random() % events.size()]);
      if (!command) continue;
      if (std::holds_alternative<Finish>(*command)) ++finishes;
      ASSERT_EQ(session.finished(), std::holds_alternative<Finish>(*command)) << "seed " << seed;
    }
    ASSERT_EQ(finishes, 1) << "seed " << seed;
    ASSERT_LE(session.requests(), kBound) << "seed " << seed;
  }
}

}  // namespace
}  // namespace syncline::engine
