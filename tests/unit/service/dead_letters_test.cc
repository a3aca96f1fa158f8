// What an operator does with messages that were given up (S8), by the words of administration.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox_fixture.h"
#include "service/handlers.h"

namespace syncline::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DeadLetters : public OutboxTest {
 protected:
  DeadLetters() { configure(wire::StreamingStatus::kEnabled); }
  void kill(const std::string& failure) {
    for (const WaitingMessage& message : messages(OutboxKind::kStream)) {
      const Settlement dead{
          .id = message.id, .lane = message.lane, .kind = Settlement::Kind::kDead, .failure = failure};
      ASSERT_TRUE(store->settle({dead}, clock.wall()));
    }
  }
  // Of a service on that store, for this once.
  Result<std::string> ask(std::vector<std::string> words) {
    close();
    Result<std::string> answer = Service::open({.data_dir = dir.path(), .clock = &clock, .readers = 1})
                                     .value()
                                     ->administer({.words = std::move(words)});
    open();
    return answer;
  }
};

TEST_F(DeadLetters, AreListedWithoutTheirRecords) {
  write("save", "the value");
  clock.advance(std::chrono::seconds(5));
  kill("the stream is \"gone\"");
  const std::string pool_id = pool().text();
  EXPECT_THAT(ask({"dead-letters", "0"}).value(),
              AllOf(HasSubstr(R"({"dead_letters":[{"id":1,"kind":"stream","pool":")" + pool_id + R"(","identity":")" +
                              std::string(kIdentity) + R"(","dataset":"save","device":"","sync_count":1,"bytes":)"),
                    HasSubstr(R"("created_at":1700000000,"died_at":1700000005,"attempts":1,)"
                              R"("failure":"the stream is \"gone\""}],"last":0})"),
                    Not(HasSubstr("the value"))));
  const std::string none = R"({"dead_letters":[],"last":0})";
  EXPECT_EQ(ask({"dead-letters", "1"}).value(), none) << "behind it";
  EXPECT_THAT(ask({"dead-letters", "0", pool_id}).value(), HasSubstr("\"id\":1"));
  EXPECT_EQ(ask({"dead-letters", "0", "us-east-1:00000000-0000-4000-8000-000000000000"}).value(), none);
}

TEST_F(DeadLetters, AreListedInPages) {
  for (int i = 0; i < 257; ++i) write("save");
  for (int i = 0; i < 257; ++i) kill("no");
  const std::string page = ask({"dead-letters", "0"}).value();
  EXPECT_THAT(page, AllOf(HasSubstr("\"id\":256,"), Not(HasSubstr("\"id\":257,")), HasSubstr("\"last\":256}")));
  EXPECT_THAT(ask({"dead-letters", "256"}).value(), AllOf(HasSubstr("\"id\":257,"), HasSubstr("\"last\":0}")));
}

TEST_F(DeadLetters, AreReplayedAndDiscardedOneAPoolsOrAll) {
  for (const char* name : {"a", "b", "c", "d"}) write(name);
  kill("no");
  EXPECT_EQ(ask({"dead-letters-replay", "2"}).value(), R"({"replayed":1})");
  EXPECT_EQ(due(OutboxKind::kStream), std::vector<std::string>{"b 1"});
  EXPECT_EQ(ask({"dead-letters-discard", "1"}).value(), R"({"discarded":1})");
  EXPECT_EQ(ask({"dead-letters-discard", "1"}).value(), R"({"discarded":0})");
  EXPECT_EQ(ask({"dead-letters-replay", "us-east-1:00000000-0000-4000-8000-000000000000"}).value(),
            R"({"replayed":0})");
  EXPECT_EQ(ask({"dead-letters-replay", pool().text()}).value(), R"({"replayed":2})");
  kill("no");
  EXPECT_EQ(ask({"dead-letters-discard", "all"}).value(), R"({"discarded":3})");
}

TEST_F(DeadLetters, AChoiceThatIsNoneTouchesNothing) {
  write("save");
  kill("no");
  for (const char* which : {"", "0", "-1", "1x", "everything"}) {
    for (const char* word : {"dead-letters-replay", "dead-letters-discard"}) {
      const auto answer = ask({word, which});
      ASSERT_FALSE(answer) << which;
      EXPECT_EQ(answer.error().code, ErrorCode::kInvalidArgument) << which;
    }
  }
  EXPECT_EQ(ask({"dead-letters", "x"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store->outbox_figures()->dead_letters, 1);
}

}  // namespace
}  // namespace syncline::service
