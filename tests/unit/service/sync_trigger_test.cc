// Events: section 7's contract, its time limit and its three failures, against a real HTTP server that checks the
// signature.
#include "service/sync_trigger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "outbox_fixture.h"
#include "service/backup.h"
#include "service/sync_trigger_rules.h"
#include "support/loopback_server.h"

namespace syncline::service {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kFunction = "arn:aws:lambda:eu-west-1:123456789012:function:sync";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " is not in " << text;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

class Triggers : public OutboxTest {
 protected:
  using Function = std::function<HttpResponse(const std::string& event)>;

  void start(std::chrono::milliseconds limit = std::chrono::seconds(5), int at_once = 2) {
    DeliveryOptions options{.lambda = server.endpoint(), .region = "eu-west-1"};
    options.credentials = {.access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret"};
    options.trigger_timeout = limit;
    options.triggers_at_once = at_once;
    auto opened = SyncTrigger::open(options, clock);
    ASSERT_TRUE(opened) << opened.error().message;
    trigger = std::move(*opened);
  }

  // UpdateRecords with these patches: "k=v", "k=" removes. What was written, or the error.
  std::string update(std::vector<Patch> patches) {
    UpdateCall call{.patches = std::move(patches), .writer = "device"};
    const UpdateRule rule = [this](const DatasetState& state, const std::vector<CurrentRecord>& current,
                                   std::int64_t datasets, UpdateCall made) {
      made.now = clock.wall();
      return decide_update(state, current, datasets, std::move(made), Quotas{});
    };
    auto decision =
        update_through_trigger(*store, *trigger, std::string(kFunction), "us-east-1", target("save"), call, rule);
    if (!decision) return std::string(to_string(decision.error().code)) + ": " + decision.error().message;
    return text_of(decision->written);
  }
  static Patch set(std::string key, std::string value, std::int64_t count = 0) {
    return {.key = std::move(key), .value = std::move(value), .expected = SyncCount{count}, .device_modified_at = {}};
  }

  testing::RawAnswer answer(const testing::ReceivedRequest& received) {
    const auto verified =
        auth::verify(received.parsed(), {.region = "eu-west-1", .service = "lambda"}, clock.wall(),
                     [](std::string_view, std::string_view) { return std::optional<std::string>("secret"); });
    EXPECT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(received.target,
              "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Async/invocations");
    const std::unique_lock lock(mutex);
    const Function now = function;
    const bool held = hold;
    return {.bytes = testing::to_bytes(now(received.body)), .hold = held};
  }
  void behave(Function next) {
    const std::lock_guard lock(mutex);
    function = std::move(next);
  }
  std::string event(std::size_t number) { return server.requests().at(number).body; }
  static HttpResponse ok(std::string body) { return {.status = 200, .body = std::move(body)}; }

  Function function = [](const std::string& event) { return ok(event); };
  bool hold = false;
  std::mutex mutex;
  std::unique_ptr<SyncTrigger> trigger;
  testing::LoopbackServer server{[this](const testing::ReceivedRequest& received) { return answer(received); }};
};

TEST_F(Triggers, TheFunctionSeesAllOfTheDataset) {
  start();
  EXPECT_EQ(update({set("a", "1"), set("b", "2")}), "a=1@1 b=2@1");
  EXPECT_EQ(update({set("b", "3", 1),
                    {.key = "a", .value = {}, .expected = SyncCount{1}, .device_modified_at = {}},
                    set("n\"w", "x")}),
            "a=(removed)@2 b=3@2 n\"w=x@2");
  EXPECT_EQ(update({set("c", "4")}), "c=4@3");
  const std::string head = R"({"version":2,"eventType":"SyncTrigger","region":"us-east-1","identityPoolId":")" +
                           pool().text() + R"(","identityId":")" + std::string(kIdentity) +
                           R"(","datasetName":"save","datasetRecords":{)";
  EXPECT_EQ(event(1), head + R"("a":{"oldValue":"1","newValue":null,"op":"remove"},)"
                             R"("b":{"oldValue":"2","newValue":"3","op":"replace"},)"
                             R"("n\"w":{"oldValue":null,"newValue":"x","op":"replace"}}})");
  // What was not written is shown as it is; a tombstone is not.
  EXPECT_EQ(event(2), head + R"("b":{"oldValue":"3","newValue":"3","op":"replace"},)"
                             R"("c":{"oldValue":null,"newValue":"4","op":"replace"},)"
                             R"("n\"w":{"oldValue":"x","newValue":"x","op":"replace"}}})");
}

TEST_F(Triggers, TheFunctionChangesAddsRemovesAndLeavesOut) {
  start();
  ASSERT_EQ(update({set("a", "1"), set("b", "2"), set("c", "3")}), "a=1@1 b=2@1 c=3@1");
  behave([](const std::string& event) {
    std::string out = replaced(event, R"("newValue":"new","op":"replace")", R"("newValue":"changed","op":"replace")");
    out = replaced(out, R"("b":{"oldValue":"2","newValue":"2","op":"replace"},)", R"("b":{"op":"remove"},)");
    out = replaced(out, R"(,"d":{"oldValue":null,"newValue":"dropped","op":"replace"})", "");
    return ok(replaced(out, R"("datasetRecords":{)", R"("datasetRecords":{"added":{"newValue":"z","op":"replace"},)"));
  });
  EXPECT_EQ(update({set("a", "new", 1), set("d", "dropped")}), "added=z@2 a=changed@2 b=(removed)@2");
  EXPECT_EQ(text_of({store
                         ->list_records(target("save"),
                                        [](const DatasetState& state) {
                                          return Result<RecordRange>(RecordRange{.snapshot = state.count, .limit = 10});
                                        })
                         ->records.at(0)
                         .record}),
            "c=3@1");
}

TEST_F(Triggers, ANullIsARemovalAndNothingLeftIsNoWrite) {
  start();
  ASSERT_EQ(update({set("a", "1")}), "a=1@1");
  behave([](const std::string& event) { return ok(replaced(event, R"("newValue":"2")", R"("newValue":null)")); });
  EXPECT_EQ(update({set("a", "2", 1)}), "a=(removed)@2");
  behave([](const std::string& event) {
    return ok(replaced(event, R"("b":{"oldValue":null,"newValue":"x","op":"replace"})", ""));
  });
  EXPECT_EQ(update({set("b", "x")}), "");
  EXPECT_EQ(store->dataset(target("save"))->count, SyncCount{2});
}

TEST_F(Triggers, AnyOtherFieldChangedFailsTheUpdate) {
  start();
  ASSERT_EQ(update({set("a", "1")}), "a=1@1");
  const std::pair<std::string, std::string> changes[] = {
      {R"("version":2)", R"("version":3)"},
      {R"("version":2,)", ""},
      {R"("eventType":"SyncTrigger")", R"("eventType":"Other")"},
      {R"("region":"us-east-1")", R"("region":"us-east-2")"},
      {R"("identityId":"us-east-1:1)", R"("identityId":"us-east-1:2)"},
      {R"("datasetName":"save")", R"("datasetName":"other")"},
      {R"("oldValue":"1")", R"("oldValue":"2")"},
      {R"("op":"replace")", R"("op":"keep")"},
      {R"("newValue":"2")", R"("newValue":2)"},
      {R"("datasetRecords":{)", R"("datasetRecords":{"":{"newValue":"x","op":"replace"},)"},
      {R"({"version")", R"("version")"},
  };
  for (const auto& [from, to] : changes) {
    behave([from = from, to = to](const std::string& event) { return ok(replaced(event, from, to)); });
    EXPECT_THAT(update({set("a", "2", 1)}), StartsWith("invalid_lambda_function_output: ")) << to;
  }
  EXPECT_EQ(store->dataset(target("save"))->count, SyncCount{1});
}

TEST_F(Triggers, AFunctionThatFailsOrIsNotThereFailsTheUpdate) {
  start();
  behave([](const std::string&) {
    return HttpResponse{.status = 200, .headers = {{"X-Amz-Function-Error", "Unhandled"}}, .body = "{}"};
  });
  EXPECT_THAT(update({set("a", "1")}), StartsWith("invalid_lambda_function_output: "));
  behave([](const std::string&) {
    return HttpResponse{.status = 404, .headers = {{"x-amzn-ErrorType", "ResourceNotFoundException"}}, .body = "{}"};
  });
  EXPECT_THAT(update({set("a", "1")}), HasSubstr("ResourceNotFoundException"));
  EXPECT_FALSE(store->dataset(target("save"))->exists);
}

TEST_F(Triggers, AThrottledFunctionIsTold) {
  start();
  behave([](const std::string&) {
    return HttpResponse{.status = 429, .headers = {{"x-amzn-ErrorType", "TooManyRequestsException"}}, .body = "{}"};
  });
  EXPECT_THAT(update({set("a", "1")}), StartsWith("lambda_throttled: "));
}

TEST_F(Triggers, TooManyAtOnceAreThrottled) {
  start(std::chrono::seconds(5), 0);
  EXPECT_THAT(update({set("a", "1")}), StartsWith("lambda_throttled: "));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Triggers, ASlowFunctionIsGivenUp) {
  start(std::chrono::milliseconds(50));
  {
    const std::lock_guard lock(mutex);
    hold = true;
  }
  EXPECT_THAT(update({set("a", "1")}), StartsWith("lambda_socket_timeout: "));
  EXPECT_FALSE(store->dataset(target("save"))->exists);
  server.release();
}

TEST_F(Triggers, AStaleCallDoesNotTroubleTheFunction) {
  start();
  ASSERT_EQ(update({set("a", "1")}), "a=1@1");
  EXPECT_THAT(update({set("a", "2", 7)}), StartsWith("resource_conflict: "));
  EXPECT_EQ(server.requests().size(), 1U);
}

// S9: a store that was restored takes updates as any other does.
TEST_F(Triggers, AfterARestoreAnUpdateIsStoredAsBefore) {
  start();
  ASSERT_EQ(update({set("a", "1")}), "a=1@1");
  ASSERT_TRUE(store->back_up(dir.file("backup")));
  close();
  ASSERT_TRUE(restore_backup(dir.path(), dir.file("backup"), clock.wall()));
  open();
  EXPECT_THAT(update({set("a", "2", 1)}), StartsWith("a=2@"));
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(Triggers, AWriteInBetweenAsksTheFunctionAgainS1) {
  start();
  int asked = 0;
  behave([&](const std::string& event) {
    if (++asked == 1) write("save", "another's");
    return ok(event);
  });
  EXPECT_EQ(update({set("a", "1")}), "a=1@2");
  EXPECT_THAT(event(1), HasSubstr("another's"));
  behave([&](const std::string& event) {
    write("save", "again and again");
    return ok(event);
  });
  EXPECT_THAT(update({set("b", "1")}), StartsWith("too_many_requests: "));
}

}  // namespace
}  // namespace syncline::service
