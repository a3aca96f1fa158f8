// The stream of changes without a network: when it is opened, watched, resumed and given up, and what it costs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device.h"
#include "push_pool.h"

namespace syncline::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using State = ChangeStreamState;

bool is_stream(const HttpRequest& request) {
  return request.path.starts_with("/syncline/");
}

HttpResponse stream_head() {
  return {.status = 200, .headers = {{"Content-Type", "text/event-stream"}}, .body = "retry: 2000\nid: 5\n\n"};
}

class ChangeStreamTest : public ::testing::Test {
 protected:
  ChangeStreamTest() {
    const auto through = phone.network;
    phone.network = [this, through](const HttpRequest& request) -> Result<HttpResponse> {
      if (!is_stream(request)) {
        ++requests;
        return through(request);
      }
      asked.push_back(request);
      return stream_answer;
    };
    phone.open();
    laptop.put("k", "1");
    laptop.sync_well();
    phone.sync_well();
    Answers<void> subscribed;
    phone.dataset().subscribe(subscribed.callback());
    phone.settle();
    EXPECT_TRUE(subscribed.at(0));
    requests = 0;
  }

  [[nodiscard]] ChangeStreamStatus status() const { return phone.client->change_stream_status(); }
  // Ticks without letting time pass.
  void tick() {
    for (int i = 0; i < 20; ++i) phone.client->tick(phone.clock->monotonic());
  }
  void pass(std::chrono::milliseconds time) {
    phone.clock->advance(time);
    tick();
  }
  void open() {
    held = phone.client->open_change_stream();
    tick();
    ASSERT_EQ(status().state, State::kOpen);
  }
  void send(const std::string& bytes) {
    phone.transport->send_part(bytes);
    tick();
  }
  [[nodiscard]] std::string event(std::int64_t count, int id = 6, const std::string& name = "game") const {
    return "id: " + std::to_string(id) + "\ndata: {\"source\":\"cognito-sync\",\"identityPoolId\":\"" + backend.pool() +
           "\",\"identityId\":\"" + std::string(kIdentity) + "\",\"datasetName\":\"" + name +
           "\",\"syncCount\":" + std::to_string(count) + "}\n\n";
  }
  void write_elsewhere(const std::string& value) {
    laptop.put("k", value);
    laptop.sync_well();
  }

  Backend backend;
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
  Result<HttpResponse> stream_answer = stream_head();
  std::vector<HttpRequest> asked;
  int requests = 0;  // but for streams
  Subscription held;
};

TEST_F(ChangeStreamTest, IsAskedForOnlyWhileSomebodyHoldsIt) {
  EXPECT_EQ(status().state, State::kClosed);
  tick();
  EXPECT_TRUE(asked.empty());
  open();
  auto another = phone.client->open_change_stream();
  tick();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].query, (decltype(asked[0].query){{"deviceId", "phone"}}));
  EXPECT_NE(find_header(asked[0].headers, "Authorization"), nullptr);
  EXPECT_EQ(*find_header(asked[0].headers, "Last-Event-ID"), "0") << "all that was written since the last sync";
  held.reset();
  tick();
  EXPECT_EQ(status().state, State::kOpen);
  another.reset();
  tick();
  EXPECT_EQ(status().state, State::kClosed);
  EXPECT_EQ(phone.transport->open_streams(), 0U);
  EXPECT_FALSE(phone.transport->busy());
}

TEST_F(ChangeStreamTest, D20AnEventBecomesAFinishedPullInOneRequest) {
  open();
  write_elsewhere("2");
  send(event(2));
  EXPECT_EQ(phone.get("k"), "2");
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(status().hints, 1U);
}

TEST_F(ChangeStreamTest, D20WhatIsKnownOrForNobodyHereCostsNoRequest) {
  open();
  send(event(1));
  send(event(9, 7, "not-subscribed"));
  send("data: {\"source\":\"cognito-sync\"}\n\ndata: nonsense\n\n");
  EXPECT_EQ(requests, 0);
  EXPECT_EQ(status().hints, 1U);
  EXPECT_EQ(status().refused, 3U);
  EXPECT_EQ(status().state, State::kOpen);
}

TEST_F(ChangeStreamTest, D20ManyEventsAreOneSyncAtATime) {
  open();
  write_elsewhere("2");
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += event(2);
  send(many);
  EXPECT_EQ(phone.get("k"), "2");
  EXPECT_EQ(requests, 1);
}

TEST_F(ChangeStreamTest, AnIdleStreamWantsNothingButItsHeartbeat) {
  open();
  const auto again = phone.client->tick(phone.clock->monotonic());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again - phone.clock->monotonic(), 45s);
  pass(44s);
  send(":\n\n");
  pass(44s);
  EXPECT_EQ(status().state, State::kOpen);
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(ChangeStreamTest, WithoutAHeartbeatItIsOpenedAgainWithTheLastId) {
  open();
  send(event(1, 41));
  pass(45s);
  EXPECT_EQ(status().state, State::kWaiting);
  EXPECT_EQ(status().error->code, ErrorCode::kTimeout);
  pass(2s);
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(*find_header(asked[1].headers, "Last-Event-ID"), "41");
  EXPECT_EQ(status().state, State::kOpen);
}

TEST_F(ChangeStreamTest, AnAnswerThatNeverComesIsGivenUpToo) {
  phone.transport->fault_when(is_stream, Fault::hold_request(), 1);
  held = phone.client->open_change_stream();
  tick();
  EXPECT_EQ(status().state, State::kConnecting);
  pass(45s);
  EXPECT_EQ(status().state, State::kWaiting);
  pass(2s);
  EXPECT_EQ(status().state, State::kOpen);
}

TEST_F(ChangeStreamTest, BreaksAreFollowedByALongerAndLongerWait) {
  open();
  phone.options.retry.longest_delay = 30s;
  stream_answer = Error{.code = ErrorCode::kNetwork, .message = "gone"};
  phone.transport->end_streams(Error{.code = ErrorCode::kNetwork, .message = "cut"});
  tick();
  EXPECT_EQ(status().state, State::kWaiting);
  std::chrono::nanoseconds longest{0};
  for (int i = 0; i < 40; ++i) {
    const auto again = phone.client->tick(phone.clock->monotonic());
    ASSERT_TRUE(again);
    longest = std::max(longest, *again - phone.clock->monotonic());
    pass(std::chrono::ceil<std::chrono::milliseconds>(*again - phone.clock->monotonic()));
  }
  EXPECT_GT(longest, 15s);
  EXPECT_LE(longest, 30s);
  EXPECT_LE(asked.size(), 42U);
  stream_answer = stream_head();
  pass(30s);
  EXPECT_EQ(status().state, State::kOpen);
}

TEST_F(ChangeStreamTest, AStreamThatEndsAtOnceIsNotAskedForInALoop) {
  open();
  for (int i = 0; i < 8; ++i) {
    phone.transport->end_streams();
    tick();
    EXPECT_EQ(status().state, State::kWaiting);
    pass(30s);
  }
  EXPECT_EQ(status().attempts, 9U);
}

TEST_F(ChangeStreamTest, WithoutADelayItIsNoBusyLoop) {
  phone.options.retry = {.attempts = 4, .first_delay = 0ms, .longest_delay = 0ms};
  phone.client.reset();
  phone.open();
  stream_answer = Error{.code = ErrorCode::kNetwork, .message = "refused"};
  held = phone.client->open_change_stream();
  tick();
  EXPECT_EQ(status().attempts, 1U);
  for (int i = 0; i < 10; ++i) pass(100ms);
  EXPECT_LE(status().attempts, 11U);
  EXPECT_GE(status().attempts, 5U);
}

TEST_F(ChangeStreamTest, RetryAfterIsObeyedWithJitterOnTop) {
  auto overloaded = refusal(429, "TooManyRequestsException", "streams");
  overloaded.headers.push_back({"Retry-After", "7"});
  stream_answer = overloaded;
  held = phone.client->open_change_stream();
  tick();
  EXPECT_EQ(status().state, State::kWaiting);
  const auto again = phone.client->tick(phone.clock->monotonic());
  EXPECT_GE(*again - phone.clock->monotonic(), 7s);
  EXPECT_LE(*again - phone.clock->monotonic(), 7s + 500ms);
}

TEST_F(ChangeStreamTest, AServiceWithoutStreamsIsNotAskedAgainAndSyncsGoOn) {
  stream_answer = HttpResponse{.status = 404, .body = "<UnknownOperationException/>"};
  held = phone.client->open_change_stream();
  tick();
  EXPECT_EQ(status().state, State::kRefused);
  EXPECT_EQ(status().error->http_status, 404);
  EXPECT_FALSE(phone.client->tick(phone.clock->monotonic())) << "no timer";
  EXPECT_EQ(asked.size(), 1U);
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  held.reset();
  tick();
  stream_answer = stream_head();
  open();
}

TEST_F(ChangeStreamTest, Case22CredentialsThatEndedAreAskedForAgainOnce) {
  stream_answer = refusal(403, "NotAuthorizedException", "no");
  held = phone.client->open_change_stream();
  tick();
  EXPECT_EQ(status().state, State::kWaiting);
  pass(30s);
  EXPECT_EQ(status().state, State::kRefused);
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_EQ(status().error->code, ErrorCode::kNotAuthorized);
}

TEST_F(ChangeStreamTest, D20WhatIsNoStreamOfEventsIsDropped) {
  const auto with = [](const char* name, const char* value) {
    auto answer = stream_head();
    answer.headers.push_back({name, value});
    return answer;
  };
  for (const HttpResponse& answer :
       {HttpResponse{.status = 200, .headers = {{"Content-Type", "text/html"}}, .body = "<html>Pay here"},
        HttpResponse{.status = 200, .headers = {}, .body = "data: x\n\n"}, HttpResponse{.status = 204},
        HttpResponse{.status = 302, .headers = {{"Location", "http://elsewhere/"}}},
        with("Content-Encoding", "gzip")}) {
    stream_answer = answer;
    held = phone.client->open_change_stream();
    tick();
    EXPECT_EQ(status().state, State::kWaiting) << answer.status;
    EXPECT_EQ(status().error->code, ErrorCode::kBadAnswer) << answer.status;
    EXPECT_EQ(status().hints + status().refused, 0U);
    held.reset();
    tick();
    EXPECT_EQ(phone.transport->open_streams(), 0U);
  }
}

TEST_F(ChangeStreamTest, D20ALineWithoutAnEndAndAHugeIdAreDropped) {
  open();
  for (int i = 0; i < 100 && status().state == State::kOpen; ++i) send(std::string(1'000, 'x'));
  EXPECT_EQ(status().state, State::kWaiting);
  EXPECT_EQ(status().error->code, ErrorCode::kBadAnswer);
  EXPECT_EQ(phone.transport->open_streams(), 0U);
  pass(2s);
  ASSERT_EQ(status().state, State::kOpen);
  send("id: " + std::string(200, '1') + "\n\n");
  EXPECT_EQ(status().state, State::kWaiting);
  pass(4s);
  EXPECT_EQ(*find_header(asked.back().headers, "Last-Event-ID"), "5") << "the last good one";
}

TEST_F(ChangeStreamTest, HalfAnEventIsToldAgain) {
  open();
  write_elsewhere("2");
  send(event(2, 9).substr(0, 60));
  phone.transport->end_streams();
  tick();
  pass(2s);
  EXPECT_EQ(requests, 0);
  EXPECT_EQ(*find_header(asked.back().headers, "Last-Event-ID"), "5");
  send(event(2, 9));
  EXPECT_EQ(phone.get("k"), "2");
}

TEST_F(ChangeStreamTest, WhatCouldNotBeFetchedIsFetchedWhenTheStreamIsBack) {
  open();
  write_elsewhere("2");
  phone.transport->fault_when(is_list, Fault::drop_request());
  send(event(2));
  for (int i = 0; i < 4; ++i) pass(30s);
  EXPECT_EQ(phone.get("k"), "1");
  phone.transport->end_streams();
  phone.transport->clear_faults();
  for (int i = 0; i < 3 && status().attempts < 3; ++i) pass(45s);
  EXPECT_EQ(phone.get("k"), "2");
}

TEST_F(ChangeStreamTest, WhatCouldNotBeFetchedIsFetchedThoughTheStreamNeverBreaks) {
  open();
  write_elsewhere("2");
  phone.transport->fault_when(is_list, Fault::drop_request(), 6);
  send(event(2));
  for (int i = 0; i < 20; ++i) {
    pass(20s);
    send(": \n\n");
  }
  EXPECT_EQ(phone.get("k"), "2");
  EXPECT_EQ(status().attempts, 1U);
  EXPECT_EQ(requests, 1) << "and then no more";
}

// Its Date is from when it began.
TEST_F(ChangeStreamTest, D16AStreamThatEndsSaysNothingOfTheClock) {
  auto head = stream_head();
  head.headers.push_back({"Date", format_http_date(backend.clock->wall())});
  stream_answer = head;
  open();
  for (int i = 0; i < 90; ++i) {
    backend.clock->advance(40s);
    pass(40s);
    send(": \n\n");
  }
  phone.transport->end_streams();
  tick();
  ASSERT_NE(status().state, State::kOpen);
  EXPECT_EQ(phone.sync_well().requests, 1U);
}

TEST_F(ChangeStreamTest, D20WhatIsNotSubscribedAnyMoreIsNotFetchedWhenTheStreamIsBack) {
  open();
  write_elsewhere("2");
  phone.transport->fault_when(is_list, Fault::drop_request());
  send(event(2));
  for (int i = 0; i < 4; ++i) pass(30s);
  Answers<void> ended;
  phone.dataset().unsubscribe(ended.callback());
  tick();
  ASSERT_TRUE(ended.at(0));
  for (int i = 0; i < 8; ++i) pass(30s);  // the sync that was under way ends
  phone.transport->clear_faults();
  for (int i = 0; i < 3 && status().attempts < 3; ++i) pass(45s);
  EXPECT_EQ(status().state, State::kOpen);
  EXPECT_EQ(phone.get("k"), "1");
  EXPECT_EQ(requests, 0);
}

TEST_F(ChangeStreamTest, D13ShutdownEndsItAndNobodyIsCalled) {
  open();
  write_elsewhere("2");
  phone.transport->send_part(event(2));
  EXPECT_TRUE(phone.client->shutdown(1s).clean);
  EXPECT_EQ(status().state, State::kClosed);
  held.reset();
  held = phone.client->open_change_stream();
  EXPECT_FALSE(held.active());
}

TEST_F(ChangeStreamTest, AHandleMayOutliveTheClient) {
  open();
  phone.client.reset();
  held.reset();
}

TEST_F(ChangeStreamTest, WithoutAnOptionItIsNotAskedFor) {
  phone.client.reset();
  phone.options.identity_pool_id.clear();
  phone.open();
  held = phone.client->open_change_stream();
  tick();
  EXPECT_EQ(status().state, State::kRefused);
  EXPECT_EQ(status().error->code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace syncline::testing
