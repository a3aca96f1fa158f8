// The session's paths: which command follows which event, and how every attempt comes to its one end (D13).
#include "engine/session.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unit/engine/session_events.h"

namespace syncline::engine {
namespace {

using session_events::change;
using session_events::failure;
using session_events::page;
using session_events::record;

// A session that is spoken to in the names of what happened; each step says which command must follow.
class SessionTest : public ::testing::Test {
 protected:
  template <typename Expected>
  Expected next(Event event) {
    auto command = session_.on(std::move(event));
    if (!command) {
      ADD_FAILURE() << "no command";
      return Expected{};
    }
    auto* expected = std::get_if<Expected>(&*command);
    if (expected == nullptr) {
      ADD_FAILURE() << "another command: index " << command->index();
      return Expected{};
    }
    return std::move(*expected);
  }
  // The start of a session on a dataset that is known here up to `count`.
  ListRecords begin(std::int64_t count, bool has_records = true) {
    return next<ListRecords>(Begin{{.sync_count = SyncCount{count}, .has_records = has_records}});
  }
  // A list without news at `count`, then no conflicts, then one change to push.
  PushRecords list_and_push(std::int64_t count) {
    next<AskConflicts>(Listed{page(count)});
    next<PreparePush>(ConflictsAsked{});
    return next<PushRecords>(Prepared{{change("k")}});
  }
  Finish finish_with(Event event) { return next<Finish>(std::move(event)); }

  DatasetSession session_;
};

TEST_F(SessionTest, NothingChangedIsOneRequestAndNoWrite) {
  EXPECT_EQ(begin(5).from, SyncCount{5});
  next<AskConflicts>(Listed{page(5)});
  next<PreparePush>(ConflictsAsked{});
  const auto finish = finish_with(Prepared{});
  EXPECT_FALSE(finish.error);
  EXPECT_EQ(session_.requests(), 1U);
  EXPECT_TRUE(session_.finished());
}

TEST_F(SessionTest, OneLocalChangeIsTwoRequests) {
  begin(5);
  const auto push = list_and_push(5);
  EXPECT_EQ(push.session_token, "token");
  ASSERT_EQ(push.changes.size(), 1U);
  const auto acknowledge = next<AcknowledgePush>(Pushed{{record("k", 6)}});
  EXPECT_EQ(acknowledge.listed, SyncCount{5});
  EXPECT_EQ(acknowledge.records.size(), 1U);
  const auto finish = finish_with(Acknowledged{.acknowledged = 1});
  EXPECT_FALSE(finish.error);
  EXPECT_EQ(finish.pushed, 1U);
  EXPECT_EQ(session_.requests(), 2U);
}

TEST_F(SessionTest, OneRemoteChangeIsOneRequest) {
  begin(5);
  const auto apply = next<ApplyPull>(Listed{page(6, {record("k", 6)})});
  EXPECT_EQ(apply.kind, PullKind::kIncremental);
  EXPECT_EQ(apply.sync_count, SyncCount{6});
  EXPECT_FALSE(apply.staged);
  next<AskConflicts>(Applied{.changed = 1});
  next<PreparePush>(ConflictsAsked{});
  const auto finish = finish_with(Prepared{});
  EXPECT_EQ(finish.pulled, 1U);
  EXPECT_EQ(session_.requests(), 1U);
}

TEST_F(SessionTest, ANewDatasetIsPushedWithoutAPull) {
  EXPECT_EQ(begin(0, false).from, SyncCount{0});
  ListedPage nothing{.session_token = "token"};
  next<AskConflicts>(Listed{nothing});
  next<PreparePush>(ConflictsAsked{});
  next<PushRecords>(Prepared{{change("k")}});
  EXPECT_EQ(next<AcknowledgePush>(Pushed{{record("k", 1)}}).listed, SyncCount{0});
}

TEST_F(SessionTest, TheFirstListOfADeviceIsComplete) {
  begin(0, false);
  EXPECT_EQ(next<ApplyPull>(Listed{page(7, {record("k", 7)})}).kind, PullKind::kComplete);
}

// D9: the count moves even if the records behind it are gone from the list; D10: with records and journal.
TEST_F(SessionTest, ACountThatMovedWithoutRecordsIsApplied) {
  begin(5);
  const auto apply = next<ApplyPull>(Listed{page(6)});
  EXPECT_EQ(apply.sync_count, SyncCount{6});
  EXPECT_TRUE(apply.records.empty());
}

TEST_F(SessionTest, PagesAreStagedAndTheLastIsAppliedWithThem) {
  begin(5);
  const auto first = next<StagePage>(Listed{page(9, {record("a", 6)}, "2")});
  EXPECT_TRUE(first.first);
  EXPECT_EQ(first.records.size(), 1U);
  const auto list = next<ListRecords>(Staged{});
  EXPECT_EQ(list.next_token, "2");
  EXPECT_EQ(list.from, SyncCount{5});
  EXPECT_FALSE(next<StagePage>(Listed{page(9, {record("b", 7)}, "3")}).first);
  EXPECT_EQ(next<ListRecords>(Staged{}).next_token, "3");
  const auto apply = next<ApplyPull>(Listed{page(9, {record("c", 9)})});
  EXPECT_TRUE(apply.staged);
  EXPECT_EQ(apply.records.size(), 1U);
  EXPECT_EQ(apply.sync_count, SyncCount{9});
}

// A page with only staged records before it still has to be applied.
TEST_F(SessionTest, AnEmptyLastPageAfterStagedOnesIsApplied) {
  begin(5);
  next<StagePage>(Listed{page(5, {record("a", 5)}, "2")});
  next<ListRecords>(Staged{});
  EXPECT_TRUE(next<ApplyPull>(Listed{page(5)}).staged);
}

// D9, case 8: another device writes between two pages.
TEST_F(SessionTest, D9PagesThatDisagreeStartTheListAgain) {
  begin(5);
  next<StagePage>(Listed{page(9, {record("a", 6)}, "2")});
  next<ListRecords>(Staged{});
  const auto again = next<ListRecords>(Listed{page(10, {record("b", 10)})});
  EXPECT_EQ(again.from, SyncCount{5});
  EXPECT_EQ(again.next_token, "");
  EXPECT_TRUE(next<StagePage>(Listed{page(10, {record("a", 6)}, "2")}).first) << "what was staged before must go";
  next<ListRecords>(Staged{});
  EXPECT_EQ(next<ApplyPull>(Listed{page(10, {record("b", 10)})}).sync_count, SyncCount{10});
}

// D9: if it never settles, an incremental list keeps the smallest count that any page promised.
TEST_F(SessionTest, D9TheSmallestCountIsKeptIfPagesNeverAgree) {
  begin(5);
  std::int64_t count = 9;
  for (int start = 1; start < kMaxListStarts; ++start) {
    next<StagePage>(Listed{page(count++, {record("a", 6)}, "2")});
    next<ListRecords>(Staged{});
    next<ListRecords>(Listed{page(count++)});
  }
  const auto smallest = count;
  next<StagePage>(Listed{page(count++, {record("a", 6)}, "2")});
  next<ListRecords>(Staged{});
  EXPECT_EQ(next<ApplyPull>(Listed{page(count)}).sync_count, SyncCount{smallest});
}

// In a list that is all there is, a record that slipped between the pages would be taken for deleted.
TEST_F(SessionTest, D9AWholeListThatNeverAgreesIsNotApplied) {
  begin(0);
  std::int64_t count = 9;
  for (int start = 1; start <= kMaxListStarts; ++start) {
    next<StagePage>(Listed{page(count++, {record("a", 6)}, "2")});
    next<ListRecords>(Staged{});
    if (start < kMaxListStarts) next<ListRecords>(Listed{page(count++)});
  }
  const auto finish = finish_with(Listed{page(count)});
  ASSERT_TRUE(finish.error);
  EXPECT_EQ(finish.error->retry(), RetryClass::kResync);
}

TEST_F(SessionTest, ADatasetDeletedBetweenPagesStartsTheListAgain) {
  begin(5);
  next<StagePage>(Listed{page(9, {record("a", 6)}, "2")});
  next<ListRecords>(Staged{});
  next<ListRecords>(Listed{ListedPage{.session_token = "token"}});
  next<AskDeletion>(Listed{ListedPage{.session_token = "token"}});
  const auto apply = next<ApplyPull>(DeletionAsked{});
  EXPECT_EQ(apply.kind, PullKind::kComplete);
  EXPECT_EQ(apply.sync_count, SyncCount{0});
  EXPECT_FALSE(apply.staged);
}

TEST_F(SessionTest, D13ANextTokenThatStaysTheSameEnds) {
  begin(5);
  next<StagePage>(Listed{page(9, {}, "2")});
  next<ListRecords>(Staged{});
  const auto finish = finish_with(Listed{page(9, {}, "2")});
  ASSERT_TRUE(finish.error);
  EXPECT_EQ(finish.error->code, ErrorCode::kBadAnswer);
}

TEST_F(SessionTest, ADeletedDatasetIsAppliedAsACompleteEmptyList) {
  begin(5);
  EXPECT_FALSE(next<AskDeletion>(Listed{ListedPage{.records = {record("ghost", 9)}, .next_token = "2"}}).made_anew);
  const auto apply = next<ApplyPull>(DeletionAsked{});
  EXPECT_EQ(apply.kind, PullKind::kComplete);
  EXPECT_EQ(apply.sync_count, SyncCount{0});
  EXPECT_TRUE(apply.records.empty()) << "what does not exist holds no records";
}

TEST_F(SessionTest, ARecreatedDatasetIsListedFromTheStart) {
  begin(5);
  auto recreated = page(8, {record("k", 8)});
  recreated.deleted_after_requested = true;
  EXPECT_EQ(next<ListRecords>(Listed{recreated}).from, SyncCount{0});
  EXPECT_TRUE(next<AskDeletion>(Listed{page(8, {record("k", 8)})}).made_anew);
  const auto apply = next<ApplyPull>(DeletionAsked{});
  EXPECT_EQ(apply.kind, PullKind::kComplete);
  EXPECT_EQ(apply.records.size(), 1U) << "what was listed before the question";
}

// What is not in the list is then pending again, as after a restore.
TEST_F(SessionTest, D14ADeletedDatasetThatIsKeptIsAppliedAsARestoredOne) {
  begin(5);
  next<AskDeletion>(Listed{ListedPage{.session_token = "token"}});
  EXPECT_EQ(next<ApplyPull>(DeletionAsked{.keep = true}).kind, PullKind::kRestored);
  next<AskConflicts>(Applied{});
  next<PreparePush>(ConflictsAsked{});
  EXPECT_EQ(next<PushRecords>(Prepared{{change("k")}}).session_token, "token");
}

TEST_F(SessionTest, D14Case10NobodyIsAskedAboutADatasetThatIsNew) {
  begin(0, false);
  next<AskConflicts>(Listed{ListedPage{.session_token = "token"}});
  session_ = DatasetSession{};
  begin(5, false);
  next<ApplyPull>(Listed{ListedPage{.session_token = "token"}});
}

// Case 12, D12: the service was restored from a backup.
TEST_F(SessionTest, D12AForgottenSyncCountListsFromTheStartAsRestored) {
  begin(37);
  EXPECT_EQ(next<ListRecords>(CallFailed{failure(ErrorCode::kNoSuchSyncCount)}).from, SyncCount{0});
  EXPECT_EQ(next<ApplyPull>(Listed{page(30, {record("k", 30)})}).kind, PullKind::kRestored);
}

TEST_F(SessionTest, D12ACountBehindOursListsFromTheStartAsRestored) {
  begin(37);
  EXPECT_EQ(next<ListRecords>(Listed{page(30)}).from, SyncCount{0});
  EXPECT_EQ(next<ApplyPull>(Listed{page(30, {record("k", 30)})}).kind, PullKind::kRestored);
}

// A push that somebody came before leaves a record above the sync count. If the service has lost it, the sync count
// alone does not show that.
TEST_F(SessionTest, D12ACountBehindARecordOfOursListsFromTheStartAsRestored) {
  const SyncStart start{.sync_count = SyncCount{5}, .has_records = true, .newest = SyncCount{7}};
  EXPECT_EQ(next<ListRecords>(Begin{start}).from, SyncCount{5});
  EXPECT_EQ(next<ListRecords>(Listed{page(6, {record("k", 6)})}).from, SyncCount{0});
  EXPECT_EQ(next<ApplyPull>(Listed{page(6, {record("k", 6)})}).kind, PullKind::kRestored);
}

TEST_F(SessionTest, D12AFirstListBehindARecordOfOursIsARestoredOne) {
  next<ListRecords>(Begin{{.has_records = true, .newest = SyncCount{2}}});
  EXPECT_EQ(next<ListRecords>(Listed{page(1)}).from, SyncCount{0});
  EXPECT_EQ(next<ApplyPull>(Listed{page(1)}).kind, PullKind::kRestored);
}

TEST_F(SessionTest, D14RecordsOfADeletedIncarnationAreNoSignOfARestore) {
  next<ListRecords>(Begin{{.sync_count = SyncCount{5}, .has_records = true, .newest = SyncCount{7}}});
  auto recreated = page(6);
  recreated.deleted_after_requested = true;
  next<ListRecords>(Listed{recreated});
  next<AskDeletion>(Listed{page(6)});
  EXPECT_EQ(next<ApplyPull>(DeletionAsked{}).kind, PullKind::kComplete);
}

TEST_F(SessionTest, NoSuchSyncCountForACountOfZeroEnds) {
  begin(0);
  EXPECT_EQ(finish_with(CallFailed{failure(ErrorCode::kNoSuchSyncCount)}).error->code, ErrorCode::kNoSuchSyncCount);
}

// D12, cases 11 and 25. The wire turns a stale count into kResourceConflict whether it came as 409 or as 400.
TEST_F(SessionTest, D12ARefusedPushListsAgainThenRewinds) {
  begin(5);
  list_and_push(5);
  EXPECT_EQ(next<ListRecords>(CallFailed{failure(ErrorCode::kResourceConflict)}).from, SyncCount{5});
  list_and_push(5);
  EXPECT_EQ(next<ListRecords>(CallFailed{failure(ErrorCode::kResourceConflict)}).from, SyncCount{0});
  EXPECT_EQ(next<ApplyPull>(Listed{page(5, {record("k", 4)})}).kind, PullKind::kRestored);
  next<AskConflicts>(Applied{});
  next<PreparePush>(ConflictsAsked{});
  next<PushRecords>(Prepared{{change("k")}});
  const auto finish = finish_with(CallFailed{failure(ErrorCode::kResourceConflict)});
  EXPECT_EQ(finish.error->code, ErrorCode::kResourceConflict);
  EXPECT_EQ(session_.requests(), 6U);
}

TEST_F(SessionTest, ARefusedPushTakesTheNewRecordsFirst) {
  begin(5);
  list_and_push(5);
  next<ListRecords>(CallFailed{failure(ErrorCode::kResourceConflict)});
  EXPECT_EQ(next<ApplyPull>(Listed{page(6, {record("k", 6)})}).sync_count, SyncCount{6});
}

TEST_F(SessionTest, OnlyAStalePictureIsPushedAgain) {
  for (const auto code : {ErrorCode::kNetwork, ErrorCode::kTimeout, ErrorCode::kInvalidParameter,
                          ErrorCode::kLimitExceeded, ErrorCode::kNotAuthorized, ErrorCode::kServiceFailure}) {
    session_ = DatasetSession{};
    begin(5);
    list_and_push(5);
    EXPECT_EQ(finish_with(CallFailed{failure(code)}).error->code, code);
  }
}

TEST_F(SessionTest, WithoutASessionTokenNothingIsPushed) {
  begin(5);
  auto without = page(5);
  without.session_token.clear();
  next<AskConflicts>(Listed{without});
  next<PreparePush>(ConflictsAsked{});
  const auto finish = finish_with(Prepared{{change("k")}});
  EXPECT_EQ(finish.error->code, ErrorCode::kBadAnswer);
  EXPECT_NE(finish.error->message.find("SyncSessionToken"), std::string::npos);
}

TEST_F(SessionTest, TheSessionTokenOfAnyPageServes) {
  begin(5);
  auto first = page(6, {}, "2");
  first.session_token = "first";
  next<StagePage>(Listed{first});
  next<ListRecords>(Staged{});
  auto last = page(6);
  last.session_token.clear();
  next<ApplyPull>(Listed{last});
  next<AskConflicts>(Applied{});
  next<PreparePush>(ConflictsAsked{});
  EXPECT_EQ(next<PushRecords>(Prepared{{change("k")}}).session_token, "first");
}

// The token names the list that a push is based on: that of an earlier list would vouch for the wrong one.
TEST_F(SessionTest, TheSessionTokenOfAnEarlierListDoesNotServe) {
  begin(5);
  list_and_push(5);
  next<ListRecords>(CallFailed{failure(ErrorCode::kResourceConflict)});
  auto second = page(5);
  second.session_token.clear();
  next<AskConflicts>(Listed{second});
  next<PreparePush>(ConflictsAsked{});
  EXPECT_EQ(finish_with(Prepared{{change("k")}}).error->code, ErrorCode::kBadAnswer);
}

std::vector<OutgoingChange> full_push() {
  std::vector<OutgoingChange> changes;
  for (std::size_t i = 0; i < kMaxPatchesPerPush; ++i) changes.push_back(change("k" + std::to_string(i)));
  return changes;
}

// D1: what one UpdateRecords does not take must not wait for ever.
TEST_F(SessionTest, AFullPushIsFollowedByTheRest) {
  begin(5);
  next<AskConflicts>(Listed{page(5)});
  next<PreparePush>(ConflictsAsked{});
  next<PushRecords>(Prepared{full_push()});
  next<AcknowledgePush>(Pushed{});
  next<PreparePush>(Acknowledged{.acknowledged = kMaxPatchesPerPush, .nothing_between = true});
  const auto rest = next<PushRecords>(Prepared{{change("rest")}});
  EXPECT_EQ(rest.session_token, "token");
  EXPECT_EQ(next<AcknowledgePush>(Pushed{}).listed, SyncCount{6});
  const auto finish = finish_with(Acknowledged{.acknowledged = 1, .nothing_between = true});
  EXPECT_EQ(finish.pushed, kMaxPatchesPerPush + 1);
  EXPECT_EQ(session_.requests(), 3U);
}

TEST_F(SessionTest, D9AFullPushThatSomebodyCameBeforeIsNotFollowedWithoutAList) {
  begin(5);
  next<AskConflicts>(Listed{page(5)});
  next<PreparePush>(ConflictsAsked{});
  next<PushRecords>(Prepared{full_push()});
  next<AcknowledgePush>(Pushed{});
  EXPECT_FALSE(finish_with(Acknowledged{.acknowledged = kMaxPatchesPerPush}).error);
}

TEST_F(SessionTest, D13FullPushesComeToAnEnd) {
  begin(5);
  next<AskConflicts>(Listed{page(5)});
  next<PreparePush>(ConflictsAsked{});
  for (int i = 0; i < kMaxFullPushes; ++i) {
    next<PushRecords>(Prepared{full_push()});
    next<AcknowledgePush>(Pushed{});
    next<PreparePush>(Acknowledged{.acknowledged = kMaxPatchesPerPush, .nothing_between = true});
  }
  next<PushRecords>(Prepared{full_push()});
  next<AcknowledgePush>(Pushed{});
  finish_with(Acknowledged{.acknowledged = kMaxPatchesPerPush, .nothing_between = true});
}

// The open conflicts of the last round, not of all rounds together.
TEST_F(SessionTest, TheFinishCountsWhatHappened) {
  begin(5);
  next<ApplyPull>(Listed{page(6, {record("a", 6)})});
  next<AskConflicts>(Applied{.changed = 1});
  next<PreparePush>(ConflictsAsked{.resolved = 1, .open = 2});
  next<PushRecords>(Prepared{{change("k")}});
  next<ListRecords>(CallFailed{failure(ErrorCode::kResourceConflict)});
  next<ApplyPull>(Listed{page(7, {record("b", 7)})});
  next<AskConflicts>(Applied{.changed = 2});
  next<PreparePush>(ConflictsAsked{.resolved = 1, .open = 3});
  next<PushRecords>(Prepared{{change("k")}});
  next<AcknowledgePush>(Pushed{});
  const auto finish = finish_with(Acknowledged{.acknowledged = 1, .new_conflicts = 1});
  EXPECT_EQ(finish.pulled, 3U);
  EXPECT_EQ(finish.resolved, 2U);
  EXPECT_EQ(finish.conflicts, 4U);
  EXPECT_EQ(finish.pushed, 1U);
}

// --- a push before the list --------------------------------------------------------------------------------------

class PushFirstTest : public SessionTest {
 protected:
  // A session that may push first: something that the service knows is pending, and the last list's token is there.
  static Begin begin_with_token() {
    return Begin{.start = {.sync_count = SyncCount{5},
                           .has_records = true,
                           .newest = SyncCount{5},
                           .pending = true,
                           .pending_known = true},
                 .session_token = "kept",
                 .token_ends_with_dataset = true};
  }
  static OutgoingChange known_change(std::string key) {
    auto known = change(std::move(key));
    known.base_count = SyncCount{4};
    return known;
  }
  PushRecords push_first(const Begin& begin) {
    EXPECT_FALSE(next<PreparePush>(begin).listed);
    return next<PushRecords>(Prepared{{known_change("k")}});
  }
};

TEST_F(PushFirstTest, OneLocalChangeIsOneRequest) {
  EXPECT_EQ(push_first(begin_with_token()).session_token, "kept");
  EXPECT_EQ(next<AcknowledgePush>(Pushed{{record("k", 6)}}).listed, SyncCount{5});
  const auto finish = finish_with(Acknowledged{.acknowledged = 1, .nothing_between = true});
  EXPECT_FALSE(finish.error);
  EXPECT_EQ(finish.pushed, 1U);
  EXPECT_EQ(finish.session_token, "kept");
  EXPECT_EQ(session_.requests(), 1U);
}

TEST_F(PushFirstTest, OnlyIfNothingElseIsInDoubt) {
  const auto lists = [&](auto&& spoil) {
    session_ = DatasetSession{};
    auto begin = begin_with_token();
    spoil(begin);
    next<ListRecords>(begin);
  };
  lists([](Begin& begin) { begin.session_token.clear(); });
  lists([](Begin& begin) { begin.start.pending = false; });
  lists([](Begin& begin) { begin.start.unanswered = true; });
  lists([](Begin& begin) { begin.start.open_conflicts = true; });
  lists([](Begin& begin) { begin.start.newest = SyncCount{6}; });
  lists([](Begin& begin) { begin.start.phase = DatasetPhase::kDeleting; });
  lists([](Begin& begin) { begin.start.pending_known = begin.token_ends_with_dataset = false; });
}

// D14: a service that does not look whether the listed dataset is still there would make it anew for a push of new
// keys.
TEST_F(PushFirstTest, D14NewKeysAloneGoFirstOnlyWhereTheTokenEndsWithTheDataset) {
  auto begin = begin_with_token();
  begin.start.pending_known = false;
  next<PreparePush>(begin);
  next<PushRecords>(Prepared{{change("new")}});

  session_ = DatasetSession{};
  begin.token_ends_with_dataset = false;
  next<ListRecords>(begin);

  // Where nothing was ever seen, nothing can come back.
  session_ = DatasetSession{};
  begin.start.sync_count = begin.start.newest = SyncCount{0};
  next<PreparePush>(begin);
  next<PushRecords>(Prepared{{change("new")}});
}

// The app may have written in between, so that what is prepared is not what was pending at the start.
TEST_F(PushFirstTest, D14WhatIsPreparedDecides) {
  auto begin = begin_with_token();
  begin.token_ends_with_dataset = false;
  next<PreparePush>(begin);
  EXPECT_EQ(next<ListRecords>(Prepared{{change("new")}}).from, SyncCount{5});

  session_ = DatasetSession{};
  next<PreparePush>(begin);
  next<PushRecords>(Prepared{{change("new"), known_change("k")}});
}

TEST_F(PushFirstTest, NothingToPushAfterAllIsAList) {
  next<PreparePush>(begin_with_token());
  next<ListRecords>(Prepared{});
}

TEST_F(PushFirstTest, D9OthersWroteSoAListFollows) {
  push_first(begin_with_token());
  next<AcknowledgePush>(Pushed{{record("k", 7)}});
  EXPECT_EQ(next<ListRecords>(Acknowledged{.acknowledged = 1}).from, SyncCount{5});
  next<ApplyPull>(Listed{page(7, {record("other", 6), record("k", 7)})});
  next<AskConflicts>(Applied{.changed = 1});
  next<PreparePush>(ConflictsAsked{});
  const auto finish = finish_with(Prepared{});
  EXPECT_EQ(finish.session_token, "token");
  EXPECT_EQ(session_.requests(), 2U);
}

// D12: between answer and list the service was restored.
TEST_F(PushFirstTest, D12AListBehindTheAnswerIsARestoredOne) {
  push_first(begin_with_token());
  next<AcknowledgePush>(Pushed{{record("k", 7)}});
  next<ListRecords>(Acknowledged{.acknowledged = 1});
  EXPECT_EQ(next<ListRecords>(Listed{page(6)}).from, SyncCount{0});
  EXPECT_EQ(next<ApplyPull>(Listed{page(6)}).kind, PullKind::kRestored);
}

TEST_F(PushFirstTest, D12AnAnswerBehindOurCountIsNotAcknowledgedAndAllIsListed) {
  push_first(begin_with_token());
  EXPECT_EQ(next<ListRecords>(Pushed{{record("k", 5)}}).from, SyncCount{0});
  EXPECT_EQ(next<ApplyPull>(Listed{page(5, {record("k", 5)})}).kind, PullKind::kRestored);
}

TEST_F(PushFirstTest, AKnownRecordInTheAnswerIsNoSignOfARestore) {
  push_first(begin_with_token());
  next<AcknowledgePush>(Pushed{{record("known", 3), record("k", 6)}});
}

TEST_F(PushFirstTest, ARefusalCostsNoRound) {
  Error for_good = failure(ErrorCode::kLimitExceeded);
  for_good.http_status = 400;
  for (const auto& refusal : {failure(ErrorCode::kResourceConflict), for_good}) {
    session_ = DatasetSession{};
    push_first(begin_with_token());
    EXPECT_EQ(next<ListRecords>(CallFailed{refusal}).from, SyncCount{5});
    list_and_push(5);
    EXPECT_EQ(next<ListRecords>(CallFailed{failure(ErrorCode::kResourceConflict)}).from, SyncCount{5});
    list_and_push(5);
    EXPECT_EQ(next<ListRecords>(CallFailed{failure(ErrorCode::kResourceConflict)}).from, SyncCount{0});
  }
}

TEST_F(PushFirstTest, WhatIsNoRefusalEndsTheAttemptAndTheToken) {
  for (const auto code : {ErrorCode::kNetwork, ErrorCode::kTimeout, ErrorCode::kTooManyRequests,
                          ErrorCode::kServiceFailure, ErrorCode::kNotAuthorized, ErrorCode::kTls}) {
    session_ = DatasetSession{};
    push_first(begin_with_token());
    const auto finish = finish_with(CallFailed{failure(code)});
    EXPECT_EQ(finish.error->code, code);
    EXPECT_EQ(finish.session_token, "");
  }
}

TEST_F(PushFirstTest, AFullPushIsFollowedByTheRest) {
  next<PreparePush>(begin_with_token());
  next<PushRecords>(Prepared{full_push()});
  next<AcknowledgePush>(Pushed{{record("k0", 6)}});
  next<PreparePush>(Acknowledged{.acknowledged = kMaxPatchesPerPush, .nothing_between = true});
  EXPECT_EQ(next<PushRecords>(Prepared{{change("rest")}}).session_token, "kept");
  EXPECT_EQ(next<AcknowledgePush>(Pushed{{record("rest", 7)}}).listed, SyncCount{6});
  finish_with(Acknowledged{.acknowledged = 1, .nothing_between = true});
}

// --- deletion -----------------------------------------------------------------------------------------------------

class DeletionTest : public SessionTest {
 protected:
  void SetUp() override {
    const auto list = next<ListRecords>(Begin{{.phase = DatasetPhase::kDeleting, .sync_count = SyncCount{5}}});
    EXPECT_EQ(list.from, SyncCount{5});
  }
  // What follows a deletion is a sync of whatever was written since, from nothing.
  void expect_fresh_sync(Event event) {
    next<FinishDeletion>(std::move(event));
    EXPECT_EQ(next<ListRecords>(DeletionFinished{}).from, SyncCount{0});
    next<AskConflicts>(Listed{ListedPage{.session_token = "token"}});
  }
};

TEST_F(DeletionTest, D14TheSeenIncarnationIsDeleted) {
  next<DeleteRemotely>(Listed{page(7)});
  expect_fresh_sync(DeletedRemotely{});
  EXPECT_EQ(session_.requests(), 3U);
}

// Case 9: another device has deleted it too and made a new one.
TEST_F(DeletionTest, D14ALaterIncarnationIsLeftAlone) {
  auto recreated = page(9, {record("k", 9)});
  recreated.deleted_after_requested = true;
  next<FinishDeletion>(Listed{recreated});
  EXPECT_EQ(next<ListRecords>(DeletionFinished{}).from, SyncCount{0});
  EXPECT_EQ(next<ApplyPull>(Listed{page(9, {record("k", 9)})}).kind, PullKind::kComplete);
}

TEST_F(DeletionTest, D14WhatIsGoneAlreadyIsNotDeletedAgain) {
  expect_fresh_sync(Listed{ListedPage{}});
}

TEST_F(DeletionTest, D14ACountThatTheServiceNeverReachedIsNotTheSeenIncarnation) {
  expect_fresh_sync(Listed{page(4)});
}

TEST_F(DeletionTest, D14AForgottenCountIsNotTheSeenIncarnation) {
  expect_fresh_sync(CallFailed{failure(ErrorCode::kNoSuchSyncCount)});
}

// Case 10. The store does not mark such a dataset for deletion; neither would the session delete it.
TEST_F(SessionTest, D14WhatWasNeverSeenIsNotDeleted) {
  next<ListRecords>(Begin{{.phase = DatasetPhase::kDeleting}});
  next<FinishDeletion>(Listed{page(3)});
}

TEST_F(DeletionTest, SomebodyWasFaster) {
  next<DeleteRemotely>(Listed{page(7)});
  EXPECT_EQ(next<ListRecords>(CallFailed{failure(ErrorCode::kResourceNotFound)}).from, SyncCount{5});
  expect_fresh_sync(Listed{ListedPage{}});
}

// Whoever said that it is gone, the list shows it: taken for deleted, its records would come back from the service.
TEST_F(DeletionTest, D14AFalseNotFoundIsNotBelieved) {
  next<DeleteRemotely>(Listed{page(7)});
  next<ListRecords>(CallFailed{failure(ErrorCode::kResourceNotFound)});
  next<DeleteRemotely>(Listed{page(7)});
  expect_fresh_sync(DeletedRemotely{});
}

TEST_F(DeletionTest, D13ItIsDoubtedOnce) {
  next<DeleteRemotely>(Listed{page(7)});
  next<ListRecords>(CallFailed{failure(ErrorCode::kResourceNotFound)});
  next<DeleteRemotely>(Listed{page(7)});
  EXPECT_EQ(finish_with(CallFailed{failure(ErrorCode::kResourceNotFound)}).error->code, ErrorCode::kResourceNotFound);
  EXPECT_EQ(session_.requests(), 4U);
}

TEST_F(DeletionTest, AFailureLeavesTheDeletionForTheNextAttempt) {
  next<DeleteRemotely>(Listed{page(7)});
  EXPECT_EQ(finish_with(CallFailed{failure(ErrorCode::kTimeout)}).error->code, ErrorCode::kTimeout);
}

TEST_F(DeletionTest, ACheckThatFailsLeavesItToo) {
  EXPECT_EQ(finish_with(CallFailed{failure(ErrorCode::kNetwork)}).error->code, ErrorCode::kNetwork);
}

}  // namespace
}  // namespace syncline::engine
