// D15: whose data is whose, and how a guest's becomes an account's (D3, D6, D7, D10).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "store/schema.h"
#include "support/old_stores.h"
#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kGuest = "us-east-1:11111111-2222-3333-4444-555555555555";
constexpr const char* kAccount = "us-east-1:aaaaaaaa-2222-3333-4444-555555555555";

class IdentitiesTest : public StoreTest {
 protected:
  IdentitiesTest() {
    become(kGuest, IdentityKind::kGuest);
    guest_ = id_ = open(kGuest);
  }

  DatasetId open(const std::string& identity, const std::string& name = "save") {
    return store_->open_dataset(identity, name).value();
  }
  Switched become(const std::string& identity, IdentityKind kind, std::optional<GuestData> guest_data = {}) {
    auto done = store_->switch_identity(
        {.from = store_->current_identity().value(), .to = identity, .kind = kind, .guest_data = guest_data});
    EXPECT_TRUE(done) << done.error().message;
    return done.value_or(Switched{});
  }
  void log_in(GuestData guest_data = GuestData::kMerge) {
    EXPECT_FALSE(become(kAccount, IdentityKind::kAccount, guest_data).datasets_stay);
    id_ = open(kAccount);
  }
  MergeProgress merge() {
    auto done = store_->merge_identities();
    EXPECT_TRUE(done) << done.error().message;
    return done.value_or(MergeProgress{});
  }
  // As the guest's service knows it.
  void clean(std::string key, std::string value, std::int64_t count) {
    pull({remote(std::move(key), std::move(value), count)}, count);
  }
  std::string pending_text() {
    std::string text;
    for (const auto& change : pending()) {
      text += change.key + "=" + change.value.value_or("(removed)") + "@" + std::to_string(change.base_count.value) +
              (change.conflicted ? "! " : " ");
    }
    return text;
  }

  DatasetId guest_ = 0;
};

TEST_F(IdentitiesTest, D15SwitchingAloneCopiesNothing) {
  put("k", "guest's");
  const auto switched = become(kAccount, IdentityKind::kAccount);
  EXPECT_FALSE(switched.datasets_stay);
  EXPECT_EQ(merge().moved, 0U);
  EXPECT_THAT(store_->dataset_names(kAccount).value(), IsEmpty());
  EXPECT_EQ(store_->get(guest_, "k").value(), "guest's");
  EXPECT_EQ(store_->adopt_identity("").value(), kAccount);
  EXPECT_EQ(store_->last_guest().value(), kGuest);
  EXPECT_EQ(store_->identity_kind(kAccount).value(), IdentityKind::kAccount);
  EXPECT_EQ(store_->identity_kind("nobody").value(), std::nullopt);
}

TEST_F(IdentitiesTest, AGuestsValuesBecomePendingChangesOfTheAccount) {
  clean("clean", "1", 1);
  put("new", "2");
  pull({remote("gone", std::nullopt, 2)}, 2);
  log_in();
  const auto merged = merge();
  EXPECT_EQ(merged.moved, 2U);
  EXPECT_EQ(merged.waiting, 0U);
  ASSERT_THAT(merged.changes, SizeIs(1));
  EXPECT_EQ(merged.changes[0].first, id_);
  EXPECT_THAT(merged.changes[0].second.added, ElementsAre("clean", "new"));
  EXPECT_EQ(pending_text(), "clean=1@0 new=2@0 ");
  EXPECT_EQ(sync_count(), 0);
  EXPECT_THAT(store_->records(guest_).value(), IsEmpty());
  EXPECT_EQ(store_->identity_kind(kGuest).value(), IdentityKind::kMerged);
  EXPECT_EQ(store_->last_guest().value(), "");
  EXPECT_EQ(merge().moved, 0U) << "once";
}

// D6: the service moves a dataset without a twin as it is. What comes back is the guest's own.
TEST_F(IdentitiesTest, D6WhatTheServiceMovedAsItWasIsNoConflict) {
  clean("same", "1", 1);
  clean("edited", "old", 2);
  clean("removed", "old", 3);
  clean("both", "first", 4);
  put("both", "sent");
  const auto sent = push_without_answer();
  put("both", "later");
  put("edited", "new");
  remove("removed");
  log_in();
  merge();
  const auto pulled =
      pull({remote("same", "1", 1), remote("edited", "old", 2), remote("removed", "old", 3), answer_to(sent, 5)[0]}, 5,
           PullKind::kComplete);
  EXPECT_THAT(conflicts(), IsEmpty());
  EXPECT_EQ(pending_text(), "both=later@5 edited=new@2 removed=(removed)@3 ");
  EXPECT_TRUE(pulled.changes.empty());
}

// The service may have taken the value, and then moves it with the rest.
TEST_F(IdentitiesTest, D1ARemovalOfWhatWasSentWithoutAnAnswerMovesAlong) {
  pull({remote("was gone", std::nullopt, 1)}, 1);
  put("k", "1");
  put("was gone", "1");
  const auto sent = push_without_answer();
  remove("k");
  remove("was gone");
  put("never sent", "1");
  remove("never sent");
  log_in();
  EXPECT_EQ(merge().moved, 2U);
  pull(answer_to(sent, 2), 2, PullKind::kComplete);
  EXPECT_EQ(get("k"), std::nullopt);
  EXPECT_EQ(get("was gone"), std::nullopt);
  EXPECT_EQ(pending_text(), "k=(removed)@2 was gone=(removed)@2 ");
  EXPECT_THAT(conflicts(), IsEmpty());
}

TEST_F(IdentitiesTest, D7WhatTheAccountHoldsElseIsAConflict) {
  clean("later", "guest", 1);
  put("known", "guest");
  put("equal", "same");
  put("unborn", "guest");
  become(kAccount, IdentityKind::kAccount);
  id_ = open(kAccount);
  pull({remote("known", "account", 3), remote("equal", "same", 4), remote("unborn", std::nullopt, 5)}, 5);
  become(kGuest, IdentityKind::kGuest);
  log_in();
  merge();
  EXPECT_EQ(pending_text(), "known=guest@0! later=guest@0 unborn=guest@5 ");
  pull({remote("later", "account", 6)}, 6);
  const auto open_ones = conflicts();
  ASSERT_THAT(open_ones, SizeIs(2));
  EXPECT_EQ(open_ones[0].key, "known");
  EXPECT_EQ(open_ones[0].base, std::nullopt);
  EXPECT_EQ(open_ones[0].local, "guest");
  EXPECT_EQ(open_ones[0].remote.value, "account");
  EXPECT_EQ(open_ones[1].key, "later");
  ASSERT_TRUE(store_->resolve(id_, open_ones[0], Resolution::keep_remote(), at(1)));
  ASSERT_TRUE(store_->resolve(id_, open_ones[1], Resolution::keep_local(), at(1)));
  EXPECT_EQ(get("known"), "account");
  EXPECT_EQ(pending_text(), "later=guest@6 unborn=guest@5 ");
}

// D1: of two unsent values neither may go. The account's is sent first; then there is something to ask about.
TEST_F(IdentitiesTest, D1TwoUnsentValuesWaitForOneAnother) {
  put("k", "guest");
  put("free", "guest");
  put("same", "1");
  become(kAccount, IdentityKind::kAccount);
  id_ = open(kAccount);
  put("k", "account");
  put("same", "1");
  become(kGuest, IdentityKind::kGuest);
  log_in();
  const auto first = merge();
  EXPECT_EQ(first.moved, 1U);
  EXPECT_EQ(first.waiting, 1U);
  EXPECT_EQ(pending_text(), "free=guest@0 k=account@0 same=1@0 ");
  EXPECT_EQ(store_->get(guest_, "k").value(), "guest");
  reopen();
  id_ = open(kAccount);
  EXPECT_EQ(merge().waiting, 1U);
  push(0);
  const auto second = merge();
  EXPECT_EQ(second.moved, 1U);
  EXPECT_EQ(second.waiting, 0U);
  ASSERT_THAT(conflicts(), SizeIs(1));
  EXPECT_EQ(conflicts()[0].local, "guest");
  EXPECT_EQ(conflicts()[0].remote.value, "account");
}

// What waits for an identity is its own: said before a wipe, and gone after it.
TEST_F(IdentitiesTest, AWipeTakesWhatWaitsForTheIdentityToo) {
  put("k", "guest");
  become(kAccount, IdentityKind::kAccount);
  id_ = open(kAccount);
  put("k", "account");
  ASSERT_TRUE(store_->leave_identity());
  ASSERT_TRUE(store_->put(open(""), "k", "nobody", at(1)));
  become(kGuest, IdentityKind::kGuest);
  log_in();
  EXPECT_EQ(merge().waiting, 2U) << "nobody's for the guest's, and that for the account's";
  const auto unsent = store_->unsent(kAccount).value();
  ASSERT_THAT(unsent, SizeIs(3));
  EXPECT_EQ(unsent[0].identity_id, "");
  EXPECT_EQ(unsent[1].identity_id, kGuest);
  EXPECT_EQ(unsent[2].identity_id, kAccount);
  EXPECT_THAT(store_->known_identities(kAccount).value(), SizeIs(3));
  ASSERT_TRUE(store_->wipe(kAccount));
  EXPECT_EQ(merge().moved, 0U);
  EXPECT_THAT(store_->dataset_names(kAccount).value(), IsEmpty());
  EXPECT_THAT(store_->unsent({}).value(), IsEmpty());
}

TEST_F(IdentitiesTest, AGuestsDataCanBeKeptApartOrDiscarded) {
  clean("k", "1", 1);
  put("l", "2");
  log_in(GuestData::kKeepSeparate);
  merge();
  const std::string apart = std::string("save.") + kGuest;
  EXPECT_THAT(store_->dataset_names(kAccount).value(), ElementsAre("save", apart));
  EXPECT_THAT(pending(), IsEmpty());
  id_ = open(kAccount, apart);
  EXPECT_EQ(pending_text(), "k=1@0 l=2@0 ");

  become(kGuest, IdentityKind::kGuest);
  id_ = open(kGuest);
  put("k", "3");
  log_in(GuestData::kDiscard);
  merge();
  EXPECT_THAT(pending(), IsEmpty());
  EXPECT_THAT(store_->records(guest_).value(), IsEmpty());
}

// Over the quota, nothing is refused for ever and nothing is lost.
TEST_F(IdentitiesTest, WhatWouldNotFitIsKeptApart) {
  put("mine", std::string(600'000, 'g'));
  become(kAccount, IdentityKind::kAccount);
  id_ = open(kAccount);
  put("own", std::string(600'000, 'a'));
  become(kGuest, IdentityKind::kGuest);
  log_in();
  EXPECT_EQ(merge().moved, 1U);
  EXPECT_EQ(get("mine"), std::nullopt);
  id_ = open(kAccount, std::string("save.") + kGuest);
  EXPECT_TRUE(get("mine"));
}

// D10: each dataset is one transaction; wherever it ends, the next open goes on.
TEST_F(IdentitiesTest, D10AMergeGoesOnAfterAnEndAnywhere) {
  put("k", "1");
  ASSERT_TRUE(store_->put(open(kGuest, "other"), "k", "2", at(1)));
  log_in();
  reopen();
  EXPECT_EQ(store_->adopt_identity("").value(), kAccount);
  EXPECT_EQ(merge().moved, 2U);
  id_ = open(kAccount, "other");
  EXPECT_EQ(get("k"), "2");
}

// Another process may still write under the guest's id.
TEST_F(IdentitiesTest, D1D18ALateWriteOfAnotherProcessFollows) {
  put("k", "1");
  log_in();
  merge();
  ASSERT_TRUE(store_->put(guest_, "late", "2", at(1)));
  EXPECT_EQ(merge().moved, 1U);
  EXPECT_EQ(get("late"), "2");
}

TEST_F(IdentitiesTest, D15Case20WhatNobodyWroteBelongsToTheNext) {
  ASSERT_TRUE(store_->leave_identity());
  EXPECT_EQ(store_->adopt_identity("").value(), "");
  const auto nobody = open("");
  ASSERT_TRUE(store_->put(nobody, "k", "early", at(1)));
  EXPECT_TRUE(become(kAccount, IdentityKind::kAccount).datasets_stay);
  EXPECT_EQ(open(kAccount), nobody);
  EXPECT_EQ(store_->get(nobody, "k").value(), "early");
  EXPECT_EQ(store_->get(guest_, "k").value(), std::nullopt);

  // Signed out again: what is written then meets what the account has.
  ASSERT_TRUE(store_->leave_identity());
  const auto again = open("");
  ASSERT_TRUE(store_->put(again, "l", "between", at(1)));
  EXPECT_FALSE(become(kAccount, IdentityKind::kAccount).datasets_stay);
  EXPECT_EQ(merge().moved, 1U);
  EXPECT_EQ(store_->get(open(kAccount), "l").value(), "between");
  EXPECT_EQ(store_->get(open(kAccount), "k").value(), "early");
}

// D18: another process has switched the directory, and then this one goes on from whom it works for.
TEST_F(IdentitiesTest, D15D18ASwitchIsFromWhomThisProcessWorksFor) {
  constexpr const char* kOther = "us-east-1:cccccccc-2222-3333-4444-555555555555";
  put("k", "guest's");
  const auto others = open_store(directory());
  ASSERT_TRUE(others->switch_identity({.from = kGuest, .to = kOther}));
  ASSERT_TRUE(others->put(others->open_dataset(kOther, "save").value(), "k", "other's", at(1)));
  const auto switched =
      store_->switch_identity({.from = kGuest, .to = kAccount, .guest_data = GuestData::kMerge}).value();
  EXPECT_FALSE(switched.datasets_stay);
  EXPECT_EQ(store_->identity_kind(kGuest).value(), IdentityKind::kMerged);
  EXPECT_EQ(store_->identity_kind(kOther).value(), IdentityKind::kAccount);
  EXPECT_EQ(merge().moved, 1U);
  EXPECT_EQ(store_->get(open(kAccount), "k").value(), "guest's");
  EXPECT_EQ(store_->current_identity().value(), kAccount);
  // To where the directory is already: this process's datasets are another's all the same.
  EXPECT_FALSE(others->switch_identity({.from = kOther, .to = kAccount}).value().datasets_stay);
}

TEST_F(IdentitiesTest, D18WhatNobodyAskedForLeavesTheDirectoryToOthers) {
  const auto others = open_store(directory());
  ASSERT_TRUE(others->leave_identity());
  const auto nobodys = open("");
  ASSERT_TRUE(
      store_->switch_identity({.from = kGuest, .to = kAccount, .guest_data = GuestData::kMerge, .asked_for = false}));
  EXPECT_EQ(store_->identity_kind(kGuest).value(), IdentityKind::kMerged);
  EXPECT_EQ(store_->current_identity().value(), "");
  EXPECT_EQ(open(""), nobodys) << "what is written while nobody is signed in is not this account's";
}

TEST_F(IdentitiesTest, D15D18WhoIsNobodyJoinsWhomAnotherProcessHasFound) {
  ASSERT_TRUE(store_->leave_identity());
  const auto others = open_store(directory());
  const auto nobodys = open("");
  ASSERT_TRUE(store_->put(nobodys, "k", "early", at(1)));
  ASSERT_TRUE(others->switch_identity({.to = kAccount, .asked_for = false}));
  const auto late = store_->switch_identity({.to = kGuest, .kind = IdentityKind::kGuest, .asked_for = false});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kOutdated);
  EXPECT_EQ(store_->current_identity().value(), kAccount);
  EXPECT_TRUE(store_->switch_identity({.from = kAccount, .to = kAccount, .asked_for = false}).value().datasets_stay);
  EXPECT_EQ(open(kAccount), nobodys);
}

// What was opened while nobody was known is by now somebody's, who has left again.
TEST_F(IdentitiesTest, D15WhatAnotherProcessClaimedDoesNotGoToTheNext) {
  ASSERT_TRUE(store_->leave_identity());
  const auto others = open_store(directory());
  ASSERT_TRUE(store_->put(open(""), "k", "1", at(1)));
  ASSERT_TRUE(others->switch_identity({.to = kAccount}));
  ASSERT_TRUE(others->leave_identity());
  EXPECT_FALSE(become(kGuest, IdentityKind::kGuest).datasets_stay);
}

TEST_F(IdentitiesTest, WhatAWipeWouldLoseIsSaid) {
  put("k", "1");
  put("l", "1");
  pull({remote("k", "2", 1)}, 1);
  become(kAccount, IdentityKind::kAccount);
  ASSERT_TRUE(store_->put(open(kAccount, "other"), "k", "1", at(1)));
  const auto mine = store_->unsent(kAccount).value();
  ASSERT_THAT(mine, SizeIs(1));
  EXPECT_EQ(mine[0].dataset, "other");
  const auto all = store_->unsent({}).value();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].identity_id, kGuest);
  EXPECT_EQ(all[0].pending, 2U);
  EXPECT_EQ(all[0].conflicts, 1U);
}

TEST_F(IdentitiesTest, AWipeRemovesOneIdentityOrAll) {
  put("k", "1");
  become(kAccount, IdentityKind::kAccount);
  id_ = open(kAccount);
  put("k", "2");
  ASSERT_TRUE(store_->wipe(kGuest));
  EXPECT_THAT(store_->dataset_names(kGuest).value(), IsEmpty());
  EXPECT_EQ(get("k"), "2");
  EXPECT_EQ(store_->adopt_identity("").value(), kAccount);
  ASSERT_TRUE(store_->wipe({}));
  EXPECT_EQ(store_->adopt_identity("").value(), "");
  EXPECT_THAT(store_->unsent({}).value(), IsEmpty());
  const auto late = store_->put(id_, "k", "3", at(1));
  ASSERT_FALSE(late) << "a handle of another process";
  EXPECT_EQ(late.error().code, ErrorCode::kIdentityChanged);
  const auto refused = [&](const auto& answer) { return answer.error().code == ErrorCode::kIdentityChanged; };
  EXPECT_TRUE(refused(store_->begin_deletion(id_)));
  EXPECT_TRUE(refused(store_->begin_sync(id_)));
  EXPECT_TRUE(refused(store_->resolve(id_, Conflict{.key = "k"}, Resolution::keep_local(), at(1))));
  EXPECT_TRUE(refused(store_->answer_twins(id_, {"a"}, true)));
  EXPECT_GT(open(kGuest), id_) << "D15: an id is never given again";
}

TEST_F(IdentitiesTest, TwinsAreAnsweredOnce) {
  EXPECT_THAT(store_->new_twins(guest_, {"a", "b"}).value(), ElementsAre("a", "b"));
  ASSERT_TRUE(store_->answer_twins(guest_, {"a"}, true));
  ASSERT_TRUE(store_->answer_twins(guest_, {"b"}, false));
  reopen();
  EXPECT_THAT(store_->new_twins(guest_, {"a", "b", "c"}).value(), ElementsAre("c"));
  EXPECT_THAT(store_->doomed_twins(guest_).value(), ElementsAre("a"));
  ASSERT_TRUE(store_->drop_twin(guest_, "a"));
  EXPECT_THAT(store_->doomed_twins(guest_).value(), IsEmpty());
}

TEST_F(IdentitiesTest, D14ATwinThatIsInUseIsNotDoomed) {
  ASSERT_TRUE(store_->answer_twins(guest_, {"opened later"}, true));
  const auto before = open(kGuest, "opened before");
  ASSERT_TRUE(store_->answer_twins(guest_, {"opened before"}, true));
  EXPECT_THAT(store_->doomed_twins(guest_).value(), ElementsAre("opened later"));
  const auto later = open(kGuest, "opened later");
  EXPECT_NE(before, later);
  EXPECT_THAT(store_->doomed_twins(guest_).value(), IsEmpty());
}

TEST_F(IdentitiesTest, D19Version2KeepsAllThatItHeld) {
  put("k", "1");
  store_.reset();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((directory() + "/syncline.db").c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, testing::kBackToVersion2, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  store_ = open_store(directory());
  ASSERT_TRUE(store_);
  EXPECT_FALSE(store_->recovery());
  EXPECT_EQ(store_->adopt_identity("").value(), kGuest);
  id_ = open(kGuest);
  EXPECT_EQ(get("k"), "1");
  EXPECT_EQ(store_->identity_kind(kGuest).value(), std::nullopt);
  become(kGuest, IdentityKind::kGuest);
  EXPECT_EQ(store_->last_guest().value(), kGuest);
}

// D19: a damaged file is set aside; what a guest has not handed over yet still finds its way.
TEST_F(IdentitiesTest, D19ASalvagedGuestStillMerges) {
  put("k", "1");
  for (int i = 0; i < 200; ++i) put("filler" + std::to_string(i), std::string(500, 'x'));
  ASSERT_TRUE(store_->answer_twins(guest_, {"doomed"}, true));
  ASSERT_TRUE(store_->answer_twins(guest_, {"kept"}, false));
  log_in();
  store_.reset();
  auto bytes = testing::read_file(directory() + "/syncline.db");
  bytes.resize(bytes.size() - 4'096);
  testing::write_file(directory() + "/syncline.db", bytes);
  store_ = open_store(directory());
  ASSERT_TRUE(store_->recovery());
  EXPECT_THAT(store_->new_twins(guest_, {"doomed", "kept", "new"}).value(), ElementsAre("new"));
  EXPECT_THAT(store_->doomed_twins(guest_).value(), ElementsAre("doomed"));
  merge();
  id_ = open(kAccount);
  EXPECT_EQ(get("k"), "1");
}

}  // namespace
}  // namespace syncline::store
