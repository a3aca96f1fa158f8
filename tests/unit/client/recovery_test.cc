// What goes wrong on the way, and how a sync gets over it: lost answers, stale counts, a service restored from a copy,
// answers that are odd, overload.
#include <gtest/gtest.h>

#include <regex>
#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RecoveryTest : public ::testing::Test {
 protected:
  RecoveryTest() { phone.open(); }

  // The device's request, edited by nobody, and its answer as `edit` makes it.
  void edit_answers(std::function<bool(const HttpRequest&)> which, std::function<void(HttpResponse&)> edit) {
    phone.network = [this, which = std::move(which), edit = std::move(edit)](const HttpRequest& request) {
      auto answer = backend.handle(request);
      if (which(request)) edit(answer);
      return answer;
    };
  }
  void restore_network() {
    phone.network = [this](const HttpRequest& request) { return backend.handle(request); };
  }
  // How often the service stored `key`, as its count tells.
  std::int64_t versions() { return laptop.sync_well().sync_count.value; }
  MonotonicTime now() { return phone.clock->monotonic(); }

  Backend backend;
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
};

// --- lost on the way
// --------------------------------------------------------------------------------------------------

TEST_F(RecoveryTest, D4ARequestLostBeforeTheServiceSawItIsRepeated) {
  phone.put("k", "1");
  phone.transport->fault_when(is_push, Fault::drop_request(), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  EXPECT_EQ(versions(), 1);
  EXPECT_EQ(laptop.get("k"), "1");
}

TEST_F(RecoveryTest, D4D11AnAnswerLostAfterTheCommitIsRecognised) {
  phone.put("k", "1");
  int asked = 0;
  phone.dataset().set_conflict_handler([&](const Conflict&) {
    ++asked;
    return Resolution::later();
  });
  phone.transport->fault_when(is_push, Fault::drop_answer(), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  EXPECT_EQ(versions(), 1) << "one write, one version";
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(phone.dataset().info()->pending, 0U);
}

TEST_F(RecoveryTest, D11AWriteAfterALostAnswerStaysAndNobodyIsAsked) {
  phone.options.retry.attempts = 1;
  phone.client.reset();
  phone.open();
  phone.put("k", "1");
  phone.transport->fault_when(is_push, Fault::drop_answer(), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "network");
  phone.put("k", "2");
  const auto report = phone.sync_well();
  EXPECT_EQ(report.conflicts, 0U);
  EXPECT_EQ(versions(), 2);
  EXPECT_EQ(laptop.get("k"), "2");
}

TEST_F(RecoveryTest, D11TheSameAfterARestart) {
  phone.options.retry.attempts = 1;
  phone.client.reset();
  phone.open();
  phone.put("k", "1");
  phone.transport->fault_when(is_push, Fault::drop_answer(), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "network");
  phone.client.reset();
  EXPECT_EQ(phone.sync_well().conflicts, 0U);
  EXPECT_EQ(versions(), 1);
}

TEST_F(RecoveryTest, D4ARequestThatTheNetworkRepeatsMakesOneVersion) {
  phone.put("k", "1");
  phone.transport->fault_when(is_push, Fault::duplicate(), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  EXPECT_EQ(versions(), 1);
}

TEST_F(RecoveryTest, D4AnAnswerThatIsCutOffIsALostOne) {
  phone.put("k", "1");
  phone.transport->fault_when(is_push, Fault::truncate(20), 1);
  phone.transport->fault_when(is_list, Fault::truncate(20), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  EXPECT_EQ(versions(), 1);
}

// --- stale counts
// -----------------------------------------------------------------------------------------------------

TEST_F(RecoveryTest, D12Case11AStaleCountIsResolvedInTheSameSync) {
  phone.put("k1", "1");
  phone.put("k2", "1");
  phone.sync_well();
  laptop.sync_well();
  phone.client.reset();  // so that a list comes before the push
  phone.dataset().set_conflict_handler(conflict_policy::keep_local);
  phone.put("k1", "phone");
  phone.put("k2", "phone");
  bool written = false;
  phone.network = [&](const HttpRequest& request) {
    if (is_push(request) && !std::exchange(written, true)) {
      laptop.put("k1", "laptop");
      laptop.sync_well();
    }
    return backend.handle(request);
  };
  const auto report = phone.sync_well();
  EXPECT_EQ(report.resolved, 1U);
  EXPECT_EQ(report.requests, 4U);
  laptop.sync_well();
  EXPECT_EQ(laptop.values(), (Values{{"k1", "phone"}, {"k2", "phone"}}));
}

TEST_F(RecoveryTest, D12Case25AStaleCountInDisguiseIsOneToo) {
  phone.put("k", "1");
  phone.transport->fault_when(
      is_push, Fault::replace(refusal(400, "InvalidParameterException", "Current SyncCount for: k is: 1 not: 0")), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  phone.put("k", "2");
  phone.transport->fault_when(is_push, Fault::replace(refusal(409, "ResourceConflictException", "stale")), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  EXPECT_EQ(versions(), 2);
}

TEST_F(RecoveryTest, D13AServiceThatAlwaysRefusesEndsTheSync) {
  phone.put("k", "1");
  phone.network = [&](const HttpRequest& request) {
    return is_push(request) ? refusal(409, "ResourceConflictException", "stale") : backend.handle(request);
  };
  const auto answer = phone.sync();
  EXPECT_EQ(outcome_of(answer), "resource_conflict");
  EXPECT_LE(phone.transport->requests(), 4U * (engine::kMaxRounds * (engine::kMaxListStarts + 1) + 2));
  EXPECT_EQ(phone.get("k"), "1");
}

// --- restored from a copy
// ---------------------------------------------------------------------------------------------

TEST_F(RecoveryTest, D12Case12AServiceRestoredFromAnOlderCopyGetsEverythingBack) {
  phone.put("before", "1");
  phone.sync_well();
  laptop.sync_well();
  backend.back_up();
  phone.put("after", "2");
  phone.put("before", "3");
  phone.sync_well();
  laptop.sync_well();
  backend.restore();
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  phone.put("now", "4");
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  laptop.sync_well();
  phone.sync_well();
  laptop.sync_well();
  const Values all = {{"before", "3"}, {"after", "2"}, {"now", "4"}};
  EXPECT_EQ(phone.values(), all);
  EXPECT_EQ(laptop.values(), all);
  EXPECT_EQ(phone.dataset().info()->pending, 0U);
  EXPECT_EQ(laptop.dataset().info()->pending, 0U);
}

// --- answers of a service with a sync trigger (case 13)
// ----------------------------------------------------------------

const auto all_of_it = [](const HttpRequest&) { return true; };

TEST_F(RecoveryTest, D13Case13AnAnswerWithNoRecords) {
  phone.put("k", "1");
  edit_answers(is_push, [](HttpResponse& answer) { answer.body = R"({"Records":[]})"; });
  const auto report = phone.sync_well();
  EXPECT_EQ(report.pushed, 0U);
  EXPECT_EQ(phone.get("k"), "1");
  restore_network();
  phone.sync_well();
  EXPECT_EQ(phone.dataset().info()->pending, 0U);
  EXPECT_EQ(versions(), 1);
}

TEST_F(RecoveryTest, D9Case13AnAnswerWithFewerRecordsDoesNotMoveTheCount) {
  phone.put("k1", "1");
  phone.put("k2", "2");
  edit_answers(is_push, [](HttpResponse& answer) {
    answer.body = std::regex_replace(answer.body, std::regex(R"(,\{[^{]*"k2"[^}]*\})"), "");
  });
  const auto report = phone.sync_well();
  EXPECT_EQ(report.pushed, 1U);
  EXPECT_EQ(report.sync_count, SyncCount{0});
  restore_network();
  phone.sync_well();
  EXPECT_EQ(phone.dataset().info()->pending, 0U);
  EXPECT_EQ(phone.dataset().info()->sync_count, SyncCount{1});
  EXPECT_EQ(versions(), 1);
}

TEST_F(RecoveryTest, Case13AnAnswerWithARecordThatWasNeverSentIsTaken) {
  phone.put("k", "1");
  edit_answers(is_push, [](HttpResponse& answer) {
    const auto end = answer.body.rfind(']');
    answer.body.insert(end, R"(,{"Key":"bonus","Value":"7","SyncCount":1,"LastModifiedBy":"trigger"})");
  });
  std::vector<DatasetChange> changes;
  const auto listening = phone.dataset().on_change([&](const DatasetChange& change) { changes.push_back(change); });
  phone.sync_well();
  EXPECT_EQ(phone.get("bonus"), "7");
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes.back().source, ChangeSource::kRemote);
  EXPECT_EQ(changes.back().added, std::vector<std::string>{"bonus"});
}

TEST_F(RecoveryTest, Case13AValueThatTheServiceChangedIsTaken) {
  phone.put("score", "999999");
  edit_answers(is_push, [](HttpResponse& answer) {
    answer.body = std::regex_replace(answer.body, std::regex("999999"), "100");
  });
  phone.sync_well();
  EXPECT_EQ(phone.get("score"), "100");
}

TEST_F(RecoveryTest, BadInputAListWithoutASessionTokenStillPulls) {
  laptop.put("k", "1");
  laptop.sync_well();
  edit_answers(all_of_it, [](HttpResponse& answer) {
    answer.body = std::regex_replace(answer.body, std::regex(R"(,?"SyncSessionToken":"[^"]*")"), "");
  });
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  EXPECT_EQ(phone.get("k"), "1");
  phone.put("k", "2");
  EXPECT_EQ(outcome_of(phone.sync()), "bad_answer");
  EXPECT_EQ(phone.get("k"), "2");
}

TEST_F(RecoveryTest, BadInputLeavesLocalDataAsItWas) {
  phone.put("k", "1");
  phone.sync_well();
  phone.put("k", "2");
  for (const char* body :
       {"", "{", "<html>", R"({"DatasetSyncCount":"x"})", R"({"DatasetSyncCount":9,"Records":[{}]})"}) {
    phone.network = [&](const HttpRequest&) { return json_answer(body); };
    EXPECT_EQ(outcome_of(phone.sync()), "bad_answer") << body;
  }
  EXPECT_EQ(phone.values(), (Values{{"k", "2"}}));
  EXPECT_EQ(phone.dataset().info()->sync_count, SyncCount{1});
  EXPECT_EQ(phone.dataset().info()->pending, 1U);
}

// --- coming back later
// ------------------------------------------------------------------------------------------------

TEST_F(RecoveryTest, RetryAfterIsObeyed) {
  for (const int status : {429, 503}) {
    auto answer = refusal(status, status == 429 ? "TooManyRequestsException" : "ServiceUnavailable", "later");
    answer.headers.push_back({"Retry-After", "7"});
    phone.transport->fault_when(is_list, Fault::replace(answer), 1);
    const auto before = now();
    EXPECT_EQ(outcome_of(phone.sync()), "ok") << status;
    EXPECT_GE(now() - before, seconds{7}) << status;
    EXPECT_LT(now() - before, seconds{8}) << status;
  }
}

TEST_F(RecoveryTest, RetryAfterIsObeyedUpToTheLongestDelay) {
  auto answer = refusal(503, "ServiceUnavailable", "tomorrow");
  answer.headers.push_back({"Retry-After", "86400"});
  phone.transport->fault_when(is_list, Fault::replace(answer), 1);
  const auto before = now();
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  EXPECT_EQ(now() - before, phone.options.retry.longest_delay);
}

TEST_F(RecoveryTest, DelaysDoubleAndAttemptsEnd) {
  phone.random->prepare({499, 998, 1'997});  // the longest of each
  phone.network = [](const HttpRequest&) -> Result<HttpResponse> {
    return Error{.code = ErrorCode::kNetwork, .message = "connection refused"};
  };
  const auto before = now();
  const auto answer = phone.sync();
  EXPECT_EQ(outcome_of(answer), "network");
  EXPECT_EQ(answer.error().message, "connection refused");
  EXPECT_EQ(phone.transport->requests(), 4U) << "RetryOptions::attempts";
  EXPECT_EQ(now() - before, milliseconds{499 + 998 + 1'997});
}

TEST_F(RecoveryTest, ATimeOutIsTriedAgain) {
  bool slow = true;
  phone.network = [&](const HttpRequest& request) -> Result<HttpResponse> {
    if (std::exchange(slow, false)) return Error{.code = ErrorCode::kTimeout, .message = "no answer in time"};
    return backend.handle(request);
  };
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
}

TEST_F(RecoveryTest, WhatIsPermanentIsNotTriedAgain) {
  phone.put("k", "1");
  phone.transport->fault_when(is_push, Fault::replace(refusal(400, "InvalidParameterException", "no")), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "invalid_parameter");
  EXPECT_EQ(phone.transport->requests(), 2U);
  EXPECT_EQ(phone.get("k"), "1");
}

// Case 22: stop, tell, keep the data.
TEST_F(RecoveryTest, D13Case22CredentialsThatExpireBetweenListAndPush) {
  phone.put("k", "1");
  phone.transport->fault_when(is_push, Fault::replace(refusal(403, "ExpiredTokenException", "expired")), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "not_authorized");
  EXPECT_EQ(phone.transport->requests(), 2U);
  EXPECT_EQ(phone.get("k"), "1");
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
}

// Signs each request ten years later than the one before.
class JumpingClock final : public CredentialsProvider {
 public:
  JumpingClock(std::shared_ptr<FakeClock> clock, Credentials credentials)
      : clock_(std::move(clock)), credentials_(std::move(credentials)) {}
  void get_credentials(CredentialsCallback done) override {
    clock_->set_wall(clock_->wall() + std::chrono::hours{24 * 3653});
    done(credentials_);
  }

 private:
  std::shared_ptr<FakeClock> clock_;
  Credentials credentials_;
};

TEST_F(RecoveryTest, D16Case21TheClockJumpsDuringASync) {
  phone.put("k", "1");
  phone.sync_well();
  phone.client.reset();
  phone.options.credentials = std::make_shared<JumpingClock>(phone.clock, backend.credentials());
  phone.put("k", "2");
  EXPECT_EQ(outcome_of(phone.sync()), "clock_skew") << "it never stands still for the length of two requests";
  EXPECT_EQ(phone.transport->requests(), 2U);
  phone.client.reset();
  phone.options.credentials = static_credentials(backend.credentials());
  phone.open();
  phone.transport->fault_when(is_push, Fault::hold_request(), 1);
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  while (phone.transport->held() == 0) phone.client->tick(phone.clock->monotonic());
  phone.clock->set_wall(phone.clock->wall() + std::chrono::hours{24 * 3653});
  phone.transport->release();
  phone.run_until([&] { return answers.count() == 1; });
  EXPECT_EQ(outcome_of(answers.at(0)), "ok");
  EXPECT_EQ(versions(), 2);
}

TEST_F(RecoveryTest, D16Case21AnHourWrongFromTheStart) {
  phone.clock->set_wall(backend.clock->wall() - std::chrono::hours{1});
  phone.put("k", "1");
  EXPECT_EQ(phone.sync_well().requests, 3U);
  phone.put("k", "2");
  EXPECT_EQ(phone.sync_well().requests, 1U);
}

}  // namespace
}  // namespace syncline::testing
