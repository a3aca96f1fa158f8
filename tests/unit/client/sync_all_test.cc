// Client::synchronize(): all datasets at once, a report each, one completion (D13).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

using AllAnswers = Answers<std::vector<DatasetSyncReport>>;

class SyncAll : public ::testing::Test {
 protected:
  void write_each(const std::string& value) {
    for (const auto* name : {"c", "a", "b"}) ASSERT_TRUE(phone.dataset(name).put("k", value));
  }
  std::vector<DatasetSyncReport> sync_all() {
    AllAnswers answers;
    phone.client->synchronize(answers.callback());
    phone.run_until([&] { return answers.count() > 0; });
    phone.settle();
    EXPECT_EQ(answers.count(), 1U);
    return answers.at(0).value();
  }
  // "a ok, b network": what became of each.
  static std::string outcomes(const std::vector<DatasetSyncReport>& reports) {
    std::string text;
    for (const auto& report : reports) {
      text += (text.empty() ? "" : ", ") + report.dataset + " " + outcome_of(report.result);
    }
    return text;
  }

  Backend backend;
  Device phone{backend, "phone"};
};

TEST_F(SyncAll, EachDatasetIsReportedByName) {
  write_each("1");
  const auto reports = sync_all();
  EXPECT_EQ(outcomes(reports), "a ok, b ok, c ok");
  for (const auto& report : reports) EXPECT_EQ(report.result->pushed, 1U);
  Device laptop{backend, "laptop"};
  for (const auto* name : {"a", "b", "c"}) {
    laptop.sync_well(name);
    EXPECT_EQ(*laptop.dataset(name).get("k"), "1");
  }
}

TEST_F(SyncAll, NoDatasetIsNoReport) {
  phone.open();
  EXPECT_TRUE(sync_all().empty());
  EXPECT_EQ(phone.transport->requests(), 0U);
}

TEST_F(SyncAll, AllAreUnderWayAtOnce) {
  write_each("1");
  phone.transport->fault_when(is_list, Fault::hold_request(), 3);
  AllAnswers answers;
  phone.client->synchronize(answers.callback());
  for (int i = 0; i < 10; ++i) phone.client->tick(phone.clock->monotonic());
  EXPECT_EQ(phone.transport->held(), 3U);
  phone.transport->release();
  phone.run_until([&] { return answers.count() > 0; });
  EXPECT_EQ(outcomes(*answers.at(0)), "a ok, b ok, c ok");
}

TEST_F(SyncAll, OneThatFailsLeavesTheOthersAlone) {
  phone.options.retry.attempts = 1;
  write_each("1");
  phone.transport->fault_when([](const HttpRequest& request) { return request.path.find("/b/") != std::string::npos; },
                              Fault::drop_request(), 1);
  EXPECT_EQ(outcomes(sync_all()), "a ok, b network, c ok");
}

TEST_F(SyncAll, D13ShutdownAnswersIt) {
  write_each("1");
  phone.transport->fault_when(is_push, Fault::hold_answer(), 3);
  AllAnswers answers;
  phone.client->synchronize(answers.callback());
  for (int i = 0; i < 10; ++i) phone.client->tick(phone.clock->monotonic());
  phone.client->shutdown(std::chrono::milliseconds{0});
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(outcomes(*answers.at(0)), "a cancelled, b cancelled, c cancelled");
  phone.client->synchronize(answers.callback());
  ASSERT_EQ(answers.count(), 2U);
  EXPECT_EQ(answers.at(1).error().code, ErrorCode::kClosed);
}

TEST_F(SyncAll, WithoutAnEndpointItIsOneError) {
  phone.options.endpoint.clear();
  phone.open();
  AllAnswers answers;
  phone.client->synchronize(answers.callback());
  phone.settle();
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(answers.at(0).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace syncline::testing
