// What a write queues, in its own transaction, and what becomes of it (S8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox_fixture.h"

namespace syncline::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kPush = OutboxKind::kPush;
constexpr auto kStream = OutboxKind::kStream;
constexpr std::string_view kOther = "us-east-1:99999999-2222-3333-4444-555555555555";

Settlement settled(const WaitingMessage& message, Settlement::Kind kind, Timestamp due_at = {}) {
  return {.id = message.id, .lane = message.lane, .kind = kind, .due_at = due_at, .failure = "because"};
}

TEST_F(OutboxTest, APushIsForEverySubscribedDeviceButTheOneThatWroteS8) {
  write("save");
  EXPECT_THAT(due(kPush), IsEmpty());
  for (const char* device : {"a", "b", "c"}) subscribe("save", device);
  write("other");
  write("save", "v2", "b");
  EXPECT_THAT(due(kPush), ElementsAre("a save 2", "c save 2"));
  write("save", "v3", "c");
  EXPECT_THAT(due(kPush), ElementsAre("a save 2", "c save 2", "b save 3"));
}

TEST_F(OutboxTest, AWriteThatNamesNoDeviceTellsAllOfThem) {
  write("save");
  subscribe("save", "a");
  write("save", "by the developer");
  EXPECT_THAT(due(kPush), ElementsAre("a save 2"));
}

TEST_F(OutboxTest, AStreamRecordIsQueuedWhileThePoolsStreamIsEnabled) {
  write("save");
  EXPECT_THAT(due(kStream), IsEmpty());
  configure(wire::StreamingStatus::kEnabled);
  write("save", "two");
  write("other", "one", "", kOther);
  EXPECT_THAT(due(kStream), ElementsAre("save 2", "other 1"));
  configure(wire::StreamingStatus::kDisabled);
  write("third");
  EXPECT_THAT(due(kStream), ElementsAre("save 2", "other 1"));
  const auto message = messages(kStream)[0];
  EXPECT_EQ(message.message.records, R"([{"key":"k","value":"two","syncCount":2,"lastModifiedDate":1700000000000,)"
                                     R"("deviceLastModifiedDate":1700000000000,"op":"replace"}])");
  EXPECT_EQ(message.message.modified_at, clock.wall());
}

TEST_F(OutboxTest, ADeletionIsOfTheStreamToo) {
  configure(wire::StreamingStatus::kEnabled);
  write("save");
  ASSERT_TRUE(store->delete_dataset(target("save"), clock.wall()));
  const auto first = messages(kStream);
  ASSERT_TRUE(store->settle({settled(first[0], Settlement::Kind::kDone)}, clock.wall()));
  const auto second = messages(kStream);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_TRUE(second[0].message.removal);
  EXPECT_EQ(second[0].message.records, "[]");
}

TEST_F(OutboxTest, NothingIsQueuedThatNobodyWouldSend) {
  close();
  open({});
  configure(wire::StreamingStatus::kEnabled);
  write("save");
  subscribe("save", "a");
  write("save");
  EXPECT_EQ(store->outbox_figures()->pushes, 0);
  EXPECT_EQ(store->outbox_figures()->streams, 0);
}

TEST_F(OutboxTest, AWriteThatIsRefusedQueuesNothingS8) {
  configure(wire::StreamingStatus::kEnabled);
  UpdateCall call{.patches = {{.key = "k", .value = "v", .expected = SyncCount{7}, .device_modified_at = {}}},
                  .writer = "w"};
  const auto refused = store->update_records(
      target("save"), std::move(call),
      [](const DatasetState& state, const std::vector<CurrentRecord>& current, std::int64_t datasets, UpdateCall made) {
        return decide_update(state, current, datasets, std::move(made), Quotas{});
      });
  EXPECT_FALSE(refused);
  EXPECT_EQ(store->outbox_figures()->streams, 0);
}

TEST_F(OutboxTest, ALaneLeavesInOrderAndOutlivesARestartS8) {
  configure(wire::StreamingStatus::kEnabled);
  for (int i = 0; i < 3; ++i) write("save");
  write("other");
  EXPECT_THAT(due(kStream), ElementsAre("save 1", "other 1"));
  close();
  open();
  EXPECT_THAT(due(kStream), ElementsAre("save 1", "other 1"));
  const auto first = messages(kStream)[0];
  // One that failed holds back those behind it, and nobody else's.
  ASSERT_TRUE(
      store->settle({settled(first, Settlement::Kind::kRetry, clock.wall() + std::chrono::seconds(1))}, clock.wall()));
  EXPECT_THAT(due(kStream), ElementsAre("other 1"));
  clock.advance(std::chrono::seconds(1));
  EXPECT_THAT(due(kStream), ElementsAre("other 1", "save 1"));
  EXPECT_EQ(messages(kStream)[1].attempts, 1);
  ASSERT_TRUE(store->settle({settled(first, Settlement::Kind::kDone)}, clock.wall()));
  EXPECT_THAT(due(kStream), ElementsAre("other 1", "save 2"));
  EXPECT_EQ(messages(kStream)[1].attempts, 0);
}

TEST_F(OutboxTest, WhoIsBusyIsPassedOver) {
  configure(wire::StreamingStatus::kEnabled);
  write("one");
  write("two");
  const auto first = messages(kStream)[0];
  const auto rest = store->due_messages(kStream, clock.wall(), 1, {first.lane}).value();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].target.dataset.text(), "two");
}

TEST_F(OutboxTest, DeadLettersAreListedReplayedAndDiscarded) {
  configure(wire::StreamingStatus::kEnabled);
  for (int i = 0; i < 3; ++i) write("save", "secret");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store->settle({settled(messages(kStream)[0], Settlement::Kind::kDead)}, clock.wall()));
  }
  const auto letters = store->dead_letters(0, 10).value();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].count, SyncCount{1});
  EXPECT_EQ(letters[0].failure, "because");
  EXPECT_EQ(letters[0].target, target("save"));
  EXPECT_EQ(letters[0].attempts, 1);
  EXPECT_GT(letters[0].bytes, 0);
  EXPECT_EQ(store->dead_letters(letters[0].id, 10)->size(), 1U);
  EXPECT_EQ(store->outbox_figures()->dead_letters, 2);

  EXPECT_EQ(*store->replay_dead_letters({.pool = IdentityPoolId::parse(kOther).value()}, clock.wall()), 0);
  EXPECT_EQ(*store->replay_dead_letters({.id = letters[0].id}, clock.wall()), 1);
  EXPECT_EQ(*store->discard_dead_letters({}), 1);
  EXPECT_THAT(store->dead_letters(0, 10).value(), IsEmpty());
  // Behind what waits already.
  EXPECT_THAT(due(kStream), ElementsAre("save 3"));
  ASSERT_TRUE(store->settle({settled(messages(kStream)[0], Settlement::Kind::kDone)}, clock.wall()));
  EXPECT_THAT(due(kStream), ElementsAre("save 1"));
  EXPECT_THAT(messages(kStream)[0].message.records, HasSubstr("secret"));
}

TEST_F(OutboxTest, AReplayMakesItsLaneAnew) {
  configure(wire::StreamingStatus::kEnabled);
  write("save");
  ASSERT_TRUE(store->settle({settled(messages(kStream)[0], Settlement::Kind::kDead)}, clock.wall()));
  EXPECT_THAT(due(kStream), IsEmpty());
  clock.advance(std::chrono::hours(30));
  EXPECT_EQ(*store->replay_dead_letters({.pool = pool()}, clock.wall()), 1);
  EXPECT_THAT(due(kStream), ElementsAre("save 1"));
  EXPECT_EQ(messages(kStream)[0].created_at, clock.wall());  // it gets its time again
}

TEST_F(OutboxTest, TidyingForgetsOldDeadLettersAndWrongClocks) {
  configure(wire::StreamingStatus::kEnabled);
  write("save");
  write("other");
  ASSERT_TRUE(store->settle({settled(messages(kStream)[0], Settlement::Kind::kDead)}, clock.wall()));
  const auto years = std::chrono::hours(24 * 1000);
  ASSERT_TRUE(
      store->settle({settled(messages(kStream)[0], Settlement::Kind::kRetry, clock.wall() + years)}, clock.wall()));
  ASSERT_TRUE(store->tidy_outbox(clock.wall(), clock.wall() + std::chrono::minutes(5)));
  EXPECT_EQ(store->outbox_figures()->dead_letters, 1);
  ASSERT_TRUE(store->tidy_outbox(clock.wall() + std::chrono::seconds(1), clock.wall()));
  EXPECT_EQ(store->outbox_figures()->dead_letters, 0);
  EXPECT_THAT(due(kStream), ElementsAre("other 1"));
}

TEST_F(OutboxTest, WhoListensHearsOfACommitThatQueued) {
  int heard = 0;
  store->on_queued([&heard] { ++heard; });
  write("save");
  EXPECT_EQ(heard, 0);
  configure(wire::StreamingStatus::kEnabled);
  write("save");
  EXPECT_EQ(heard, 1);
}

TEST_F(OutboxTest, ABulkPublishQueuesEveryDatasetAFewAtATime) {
  write("one");
  write("two");
  write("three", "v", "", kOther);
  write("gone");
  ASSERT_TRUE(store->delete_dataset(target("gone"), clock.wall()));
  configure(wire::StreamingStatus::kEnabled);
  const Timestamp begun = clock.wall();
  auto progress = store->advance_bulk_publish(pool(), begun, 2, begun).value();
  EXPECT_FALSE(progress.complete);
  EXPECT_EQ(progress.waiting, 2);
  EXPECT_EQ(store->advance_bulk_publish(pool(), begun, 2, begun)->waiting, 2);  // no more while those wait
  EXPECT_THAT(due(kStream), ElementsAre("one 1", "two 1"));
  for (const auto& message : messages(kStream)) {
    ASSERT_TRUE(message.bulk);
    ASSERT_TRUE(store->settle({settled(message, Settlement::Kind::kDone)}, clock.wall()));
  }
  progress = store->advance_bulk_publish(pool(), begun, 2, begun).value();
  EXPECT_TRUE(progress.complete);
  EXPECT_EQ(progress.waiting, 1);
  ASSERT_TRUE(store->settle({settled(messages(kStream)[0], Settlement::Kind::kDead)}, clock.wall()));
  EXPECT_EQ(store->advance_bulk_publish(pool(), begun, 2, begun)->failure, "because");
  // Another one begins with the first dataset.
  clock.advance(std::chrono::hours(1));
  const Timestamp later = clock.wall();
  progress = store->advance_bulk_publish(pool(), later, 2, later).value();
  EXPECT_EQ(progress.failure, "");
  EXPECT_EQ(progress.waiting, 2);
  write("one");
  ASSERT_TRUE(store->end_bulk_publish(pool()));
  EXPECT_THAT(due(kStream), ElementsAre("one 2"));
}

TEST_F(OutboxTest, ABulkPublishOfLargeDatasetsTakesSmallerSteps) {
  for (const char* name : {"a", "b", "c", "d"}) write(name, std::string(900'000, 'x'));
  configure(wire::StreamingStatus::kEnabled);
  const Timestamp begun = clock.wall();
  const auto progress = store->advance_bulk_publish(pool(), begun, 64, begun).value();
  EXPECT_EQ(progress.waiting, 3);
  EXPECT_FALSE(progress.complete);
  EXPECT_TRUE(store->advance_bulk_publish(pool(), begun, 64, begun)->complete);
}

}  // namespace
}  // namespace syncline::service
