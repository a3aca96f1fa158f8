// Case 24 (D13): the app is suspended with a deadline. flush() sends what it can and says what is left, once; nothing
// is lost when it is cut off.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLong{30};
constexpr milliseconds kShort{20};

class FlushTest : public ::testing::TestWithParam<Threading> {
 protected:
  FlushTest() { phone.options.threading = GetParam(); }

  std::vector<FlushReport::Left> flush(milliseconds deadline) {
    auto report = phone.client->flush(deadline);
    EXPECT_TRUE(report) << report.error().message;
    return report ? report->left : std::vector<FlushReport::Left>{};
  }
  void put(const std::string& name, const std::string& value) { ASSERT_TRUE(phone.dataset(name).put("level", value)); }
  // The app goes on until its push hangs.
  void wait_until_held() {
    if (GetParam() == Threading::kTick) phone.run_until([&] { return phone.transport->held() == 1; });
    ASSERT_TRUE(phone.transport->wait_until_held(1));
  }
  std::optional<std::string> at_the_service(const std::string& name) {
    laptop.sync_well(name);
    return laptop.dataset(name).get("level").value_or(std::nullopt);
  }

  Backend backend;
  Device laptop{backend, "laptop"};
  Device phone{backend, "phone"};
};

TEST_P(FlushTest, Case24AllThatIsPendingGoesOut) {
  put("one", "1");
  put("two", "2");
  EXPECT_TRUE(flush(kLong).empty());
  EXPECT_EQ(at_the_service("one"), "1");
  EXPECT_EQ(at_the_service("two"), "2");
}

TEST_P(FlushTest, Case24WithNothingPendingItAsksForNothing) {
  phone.dataset("one");
  EXPECT_TRUE(flush(kLong).empty());
  EXPECT_EQ(phone.transport->requests(), 0U);
}

TEST_P(FlushTest, Case24WhatTheAppHasNotOpenedGoesOutAsWell) {
  put("one", "1");
  phone.client.reset();
  phone.open();
  EXPECT_TRUE(flush(kLong).empty());
  EXPECT_EQ(at_the_service("one"), "1");
}

TEST_P(FlushTest, Case24CutOffItSaysWhatIsLeftAndLosesNothing) {
  put("one", "1");
  ASSERT_TRUE(flush(kLong).empty());
  put("two", "2");
  put("two", "3");
  phone.transport->fault_when([](const HttpRequest& request) { return request.path.find("two") != std::string::npos; },
                              Fault::hold_answer());
  const auto left = flush(kShort);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].dataset, "two");
  EXPECT_EQ(left[0].pending, 1U);
  EXPECT_EQ(left[0].conflicts, 0U);
  EXPECT_FALSE(left[0].error) << "there was no time";
  // The app is killed while it is suspended.
  phone.client.reset();
  phone.open();
  EXPECT_TRUE(flush(kLong).empty());
  EXPECT_EQ(at_the_service("two"), "3");
}

TEST_P(FlushTest, Case24CutOffItGoesOnIfTheAppDoes) {
  put("one", "1");
  phone.transport->fault_when(is_push, Fault::hold_answer(), 1);
  EXPECT_EQ(flush(kShort).size(), 1U);
  wait_until_held();
  phone.transport->release();
  EXPECT_TRUE(flush(kLong).empty());
  EXPECT_EQ(at_the_service("one"), "1");
  EXPECT_EQ(laptop.dataset("one").record("level").value()->sync_count.value, 1) << "D4: one version";
}

TEST_P(FlushTest, Case24WhatFailsIsSaidWithItsError) {
  put("one", "1");
  phone.transport->fault_when(is_list, Fault::replace(refusal(400, "NotAuthorizedException", "no")));
  const auto left = flush(kLong);
  ASSERT_EQ(left.size(), 1U);
  ASSERT_TRUE(left[0].error);
  EXPECT_EQ(left[0].error->code, ErrorCode::kNotAuthorized);
}

TEST_P(FlushTest, Case24ADeletionGoesOutOrIsSaidToBeLeft) {
  put("one", "1");
  ASSERT_TRUE(flush(kLong).empty());
  ASSERT_TRUE(phone.dataset("one").delete_dataset());
  phone.transport->fault_when(is_list, Fault::replace(refusal(400, "NotAuthorizedException", "no")), 1);
  const auto left = flush(kLong);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(left[0].deletion);
  EXPECT_EQ(left[0].pending, 0U);
  EXPECT_TRUE(left[0].error);
  EXPECT_TRUE(flush(kLong).empty());
  EXPECT_EQ(at_the_service("one"), std::nullopt);
}

TEST_P(FlushTest, Case24WithoutAutomaticSyncsNobodyIsAskedAboutTheNetwork) {
  phone.dataset("one");
  phone.client->network_changed({.state = Connectivity::State::kOffline});
  put("one", "1");
  if (GetParam() == Threading::kTick) phone.settle();
  EXPECT_TRUE(flush(kLong).empty());
}

TEST_P(FlushTest, Case24ConflictsAreLeftForTheAppAndNoReasonToGoOut) {
  put("game", "1");
  ASSERT_TRUE(flush(kLong).empty());
  laptop.sync_well();
  ASSERT_TRUE(laptop.dataset().put("level", "3"));
  laptop.sync_well();
  put("game", "2");
  for (int i = 0; i < 2; ++i) {
    const auto left = flush(kLong);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].pending, 1U);
    EXPECT_EQ(left[0].conflicts, 1U);
    EXPECT_FALSE(left[0].error);
  }
  const auto before = phone.transport->requests();
  flush(kLong);
  EXPECT_EQ(phone.transport->requests(), before);
}

TEST_P(FlushTest, Case24WithoutANetworkItDoesNotTry) {
  phone.options.automatic_sync = {.enabled = true, .on_start = false};
  phone.open();
  std::promise<void> offline;
  const auto listening = phone.client->on_status([&](const SyncStatus& status) {
    if (status.state == SyncState::kOffline) offline.set_value();
  });
  phone.client->network_changed({.state = Connectivity::State::kOffline});
  if (GetParam() == Threading::kTick) phone.settle();
  ASSERT_EQ(offline.get_future().wait_for(kLong), std::future_status::ready);
  put("one", "1");
  const auto left = flush(kLong);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].error->code, ErrorCode::kNetwork);
  EXPECT_EQ(phone.transport->requests(), 0U);
}

TEST_P(FlushTest, Case24LocalOnlyItSaysSo) {
  phone.options.endpoint = "";
  put("one", "1");
  const auto left = flush(kLong);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].error->code, ErrorCode::kInvalidArgument);
}

TEST_P(FlushTest, D13FromInsideACallbackItWaitsForNothing) {
  put("one", "1");
  std::promise<std::size_t> left;
  phone.dataset("one").synchronize([&](const Result<SyncReport>&) {
    put("one", "2");
    left.set_value(flush(kLong).size());
  });
  auto answer = left.get_future();
  if (GetParam() == Threading::kTick) phone.settle();
  ASSERT_EQ(answer.wait_for(kLong), std::future_status::ready);
  EXPECT_EQ(answer.get(), 1U);
  EXPECT_TRUE(flush(kLong).empty()) << "what it began goes on";
}

TEST_P(FlushTest, D13AfterShutdownItIsRefused) {
  phone.open();
  phone.client->shutdown(milliseconds{0});
  const auto report = phone.client->flush(kLong);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kClosed);
}

TEST_P(FlushTest, D13AShutdownMeanwhileEndsIt) {
  put("one", "1");
  phone.transport->fault_when([](const HttpRequest&) { return true; }, Fault::hold_answer());
  auto flushed = std::async(std::launch::async, [&] { return phone.client->flush(kLong); });
  ASSERT_TRUE(phone.transport->wait_until_held(1));
  phone.client->shutdown(milliseconds{0});
  ASSERT_EQ(flushed.wait_for(seconds{20}), std::future_status::ready);
  const auto report = flushed.get();
  EXPECT_TRUE(!report || report->left.size() == 1);
}

TEST_P(FlushTest, BadInputADeadlineThatIsNoneCountsAsNow) {
  put("one", "1");
  phone.transport->fault_when([](const HttpRequest&) { return true; }, Fault::hold_answer());
  EXPECT_EQ(flush(milliseconds::min()).size(), 1U);
}

std::string name_of_threading(const ::testing::TestParamInfo<Threading>& info) {
  return info.param == Threading::kTick ? "Tick" : "OwnThread";
}
INSTANTIATE_TEST_SUITE_P(Both, FlushTest, ::testing::Values(Threading::kTick, Threading::kOwnThread),
                         name_of_threading);

}  // namespace
}  // namespace syncline::testing
