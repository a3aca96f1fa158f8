// Conflicts: kept over restarts, listed, settled by an answer for exactly what was shown (D7, D8).
#include <gmock/gmock.h>

#include "syncline/limits.h"
#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

using ::testing::ElementsAre;

class ConflictTest : public StoreTest {
 protected:
  // "k": "base" at 1, "local" here, "remote" at 2.
  Conflict collide() {
    pull({remote("k", "base", 1)}, 1);
    put("k", "local");
    pull({remote("k", "remote", 2)}, 2);
    return conflicts().at(0);
  }
  KeyChanges resolve(const Conflict& shown, const Resolution& resolution) {
    return store_->resolve(id_, shown, resolution, at(900)).value();
  }
  ErrorCode refusal(const Conflict& shown, const Resolution& resolution) {
    const auto refused = store_->resolve(id_, shown, resolution, at(900));
    EXPECT_FALSE(refused);
    return refused ? ErrorCode::kInternal : refused.error().code;
  }
  // What would be pushed for "k".
  OutgoingChange outgoing() {
    const auto sent = push_without_answer();
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? OutgoingChange{} : sent[0];
  }
};

TEST_F(ConflictTest, BothSidesAndTheBaseAreShown) {
  const auto shown = collide();
  EXPECT_EQ(shown.key, "k");
  EXPECT_EQ(shown.base, remote("k", "base", 1).version);
  EXPECT_EQ(shown.local, "local");
  EXPECT_EQ(shown.local_revision, Revision{1});
  EXPECT_EQ(shown.local_written_at, at(101));
  EXPECT_EQ(shown.remote, remote("k", "remote", 2).version);
  EXPECT_EQ(info().conflicts, 1U);
  EXPECT_TRUE(pending().at(0).conflicted);
}

TEST_F(ConflictTest, D8ADeferredConflictBlocksOnlyItsKeyAndSurvivesARestart) {
  const auto shown = collide();
  EXPECT_TRUE(resolve(shown, Resolution::later()).empty());
  reopen();
  ASSERT_EQ(conflicts().size(), 1U);
  EXPECT_EQ(conflicts()[0].remote, shown.remote);
  put("other", "1");
  EXPECT_EQ(outgoing().key, "other");
  EXPECT_EQ(get("k"), "local");
}

TEST_F(ConflictTest, KeepingTheLocalSidePushesItOverTheRemote) {
  EXPECT_TRUE(resolve(collide(), Resolution::keep_local()).empty());
  EXPECT_TRUE(conflicts().empty());
  const auto change = outgoing();
  EXPECT_EQ(change.value, "local");
  EXPECT_EQ(change.base_count, SyncCount{2});
}

TEST_F(ConflictTest, KeepingTheRemoteSideEndsThePendingChange) {
  EXPECT_THAT(resolve(collide(), Resolution::keep_remote()).updated, ElementsAre("k"));
  EXPECT_EQ(get("k"), "remote");
  EXPECT_TRUE(pending().empty());
  EXPECT_TRUE(conflicts().empty());
}

TEST_F(ConflictTest, AThirdValueIsANewWrite) {
  EXPECT_THAT(resolve(collide(), Resolution::use("both")).updated, ElementsAre("k"));
  const auto change = outgoing();
  EXPECT_EQ(change.value, "both");
  EXPECT_EQ(change.base_count, SyncCount{2});
  EXPECT_EQ(change.revision, Revision{2});
  EXPECT_EQ(change.written_at, at(900));
}

TEST_F(ConflictTest, AThirdValueThatIsASideIsThatSide) {
  EXPECT_TRUE(resolve(collide(), Resolution::use("local")).empty());
  EXPECT_EQ(outgoing().revision, Revision{1});
}

TEST_F(ConflictTest, AThirdValueThatIsTheRemoteOneNeedsNoPush) {
  resolve(collide(), Resolution::use("remote"));
  EXPECT_TRUE(pending().empty());
}

TEST_F(ConflictTest, RemovingPushesATombstone) {
  EXPECT_THAT(resolve(collide(), Resolution::remove()).removed, ElementsAre("k"));
  EXPECT_EQ(outgoing().value, std::nullopt);
  EXPECT_EQ(get("k"), std::nullopt);
}

TEST_F(ConflictTest, ARemovalHereAgainstAValueThere) {
  pull({remote("k", "base", 1)}, 1);
  remove("k");
  pull({remote("k", "remote", 2)}, 2);
  const auto shown = conflicts().at(0);
  EXPECT_EQ(shown.local, std::nullopt);
  EXPECT_THAT(resolve(shown, Resolution::keep_remote()).added, ElementsAre("k"));
  EXPECT_EQ(get("k"), "remote");
}

TEST_F(ConflictTest, AValueHereAgainstARemovalThere) {
  pull({remote("k", "base", 1)}, 1);
  put("k", "local");
  pull({remote("k", std::nullopt, 2)}, 2);
  const auto shown = conflicts().at(0);
  EXPECT_EQ(shown.remote.value, std::nullopt);
  EXPECT_THAT(resolve(shown, Resolution::keep_remote()).removed, ElementsAre("k"));
  EXPECT_TRUE(pending().empty());
}

TEST_F(ConflictTest, RemovingWhatIsRemovedThereNeedsNoPush) {
  pull({remote("k", "base", 1)}, 1);
  put("k", "local");
  pull({remote("k", std::nullopt, 2)}, 2);
  resolve(conflicts().at(0), Resolution::remove());
  EXPECT_TRUE(pending().empty());
}

TEST_F(ConflictTest, ANewKeyOnBothSidesHasNoBase) {
  put("k", "local");
  pull({remote("k", "remote", 1)}, 1);
  EXPECT_EQ(conflicts().at(0).base, std::nullopt);
  resolve(conflicts().at(0), Resolution::keep_local());
  EXPECT_EQ(outgoing().base_count, SyncCount{1});
}

// --- D8: an answer is for what was shown --------------------------------------------------------------------------

TEST_F(ConflictTest, D8AnAnswerForAnOlderRemoteVersionIsOutdated) {
  const auto shown = collide();
  pull({remote("k", "newer", 3)}, 3);
  for (const auto& answer : {Resolution::keep_local(), Resolution::keep_remote(), Resolution::use("x"),
                             Resolution::remove(), Resolution::later()}) {
    EXPECT_EQ(refusal(shown, answer), ErrorCode::kOutdated);
  }
  EXPECT_EQ(conflicts().at(0).remote.value, "newer");
  EXPECT_EQ(get("k"), "local");
}

// Case 5: put() from inside the conflict callback.
TEST_F(ConflictTest, D8AnAnswerForAnOlderLocalWriteIsOutdated) {
  const auto shown = collide();
  put("k", "local again");
  EXPECT_EQ(refusal(shown, Resolution::keep_remote()), ErrorCode::kOutdated);
  EXPECT_EQ(get("k"), "local again");
  const auto again = conflicts().at(0);
  EXPECT_EQ(again.local, "local again");
  resolve(again, Resolution::keep_local());
  EXPECT_EQ(outgoing().value, "local again");
}

// Written back to the same value: still not what was shown.
TEST_F(ConflictTest, D8TheSameValueWrittenAgainIsAnotherWrite) {
  const auto shown = collide();
  put("k", "x");
  put("k", "local");
  EXPECT_EQ(refusal(shown, Resolution::keep_remote()), ErrorCode::kOutdated);
}

// A deletion lets revisions begin anew, and a restored service may bring back the very version that was shown.
TEST_F(ConflictTest, D8AnAnswerFromBeforeADeletionOverwritesNothing) {
  pull({remote("k", "remote", 1), remote("newer", "1", 2)}, 2);
  pull({remote("k", std::nullopt, 3)}, 3);
  ASSERT_TRUE(store_->begin_deletion(id_));
  auto lease = begin();
  ASSERT_TRUE(store_->finish_deletion(lease));
  put("k", "older");
  pull({remote("k", "remote", 1)}, 1);
  const auto shown = conflicts().at(0);
  ASSERT_TRUE(store_->begin_deletion(id_));
  lease = begin();
  ASSERT_TRUE(store_->finish_deletion(lease));
  put("k", "newer");
  pull({remote("k", "remote", 1)}, 1);
  ASSERT_EQ(conflicts().at(0).local_revision, shown.local_revision);
  ASSERT_EQ(conflicts().at(0).remote, shown.remote);
  EXPECT_EQ(refusal(shown, Resolution::keep_local()), ErrorCode::kOutdated);
  EXPECT_EQ(refusal(shown, Resolution::keep_remote()), ErrorCode::kOutdated);
  EXPECT_EQ(get("k"), "newer");
}

TEST_F(ConflictTest, AnAnswerThatComesTwiceFindsNothing) {
  const auto shown = collide();
  resolve(shown, Resolution::keep_remote());
  EXPECT_EQ(refusal(shown, Resolution::keep_local()), ErrorCode::kNotFound);
  EXPECT_EQ(get("k"), "remote");
}

TEST_F(ConflictTest, AnAnswerForAnotherKeyFindsNothing) {
  auto shown = collide();
  shown.key = "another";
  EXPECT_EQ(refusal(shown, Resolution::keep_local()), ErrorCode::kNotFound);
}

TEST_F(ConflictTest, ARemovalWhileInConflictIsOneMoreWrite) {
  collide();
  remove("k");
  EXPECT_EQ(get("k"), std::nullopt);
  EXPECT_EQ(conflicts().at(0).local, std::nullopt);
  EXPECT_TRUE(push_without_answer().empty());
}

TEST_F(ConflictTest, ARemoteSideThatBecomesTheLocalOneSettlesIt) {
  collide();
  pull({remote("k", "local", 3)}, 3);
  EXPECT_TRUE(conflicts().empty());
  EXPECT_TRUE(pending().empty());
}

// D6: there is nothing to ask any more.
TEST_F(ConflictTest, D6WritingTheRemoteValueSettlesIt) {
  collide();
  EXPECT_THAT(put("k", "remote").updated, ElementsAre("k"));
  EXPECT_TRUE(conflicts().empty());
  EXPECT_TRUE(pending().empty());
  put("k", "later");
  EXPECT_EQ(outgoing().base_count, SyncCount{2});
}

TEST_F(ConflictTest, D6RemovingWhatIsRemovedThereSettlesIt) {
  pull({remote("k", "base", 1)}, 1);
  put("k", "local");
  pull({remote("k", std::nullopt, 2)}, 2);
  EXPECT_THAT(remove("k").removed, ElementsAre("k"));
  EXPECT_TRUE(conflicts().empty());
  EXPECT_TRUE(pending().empty());
}

// --- bad answers --------------------------------------------------------------------------------------------------

TEST_F(ConflictTest, D17AnAnswerOutsideTheLimitsIsRefused) {
  const auto shown = collide();
  EXPECT_EQ(refusal(shown, Resolution::use("\xFF is no UTF-8")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal(shown, Resolution::use(std::string(kMaxValueCharacters + 1, 'x'))), ErrorCode::kInvalidArgument);
  put("filler", std::string(kMaxDatasetBytes - 6 - 6, 'f'));
  EXPECT_EQ(refusal(shown, Resolution::use("one byte")), ErrorCode::kLimitExceeded);
  EXPECT_EQ(get("k"), "local");
  EXPECT_EQ(conflicts().size(), 1U);
}

// The remote value is at the service already: refusing it would leave a conflict that nobody can settle.
TEST_F(ConflictTest, TheRemoteSideIsTakenEvenBeyondTheQuota) {
  const auto shown = collide();
  put("filler", std::string(kMaxDatasetBytes - 6 - 6, 'f'));
  EXPECT_THAT(resolve(shown, Resolution::keep_remote()).updated, ElementsAre("k"));
}

}  // namespace
}  // namespace syncline::store
