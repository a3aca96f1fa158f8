// A push without a list before it, end to end with the real service: what it costs, and when it must not be.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "device.h"

namespace syncline::testing {
namespace {

class PushFirst : public ::testing::Test {
 protected:
  // The phone has listed, and its next push may go first.
  void SetUp() override {
    phone.put("level", "1");
    phone.sync_well();
  }

  // A service that does not say that its session tokens end with the dataset, as the vendor's.
  void hide_what_sessions_are() {
    const auto straight = phone.network;
    phone.network = [straight](const HttpRequest& request) {
      auto answer = straight(request);
      if (answer) std::erase_if(answer->headers, [](const auto& header) { return header.name == "Syncline-Session"; });
      return answer;
    };
    phone.sync_well();
  }

  std::size_t requests_of_next_sync() { return phone.sync_well().requests; }

  Backend backend;
  Device phone{backend, "phone"};
  Device laptop{backend, "laptop"};
};

TEST_F(PushFirst, OneChangedRecordIsOneRequest) {
  phone.put("level", "2");
  EXPECT_EQ(requests_of_next_sync(), 1U);
  phone.put("new", "1");
  EXPECT_EQ(requests_of_next_sync(), 1U);
  ASSERT_TRUE(phone.dataset().remove("level"));
  const auto report = phone.sync_well();
  EXPECT_EQ(report.requests, 1U);
  EXPECT_EQ(report.pushed, 1U);
  EXPECT_EQ(report.sync_count, SyncCount{4});
  EXPECT_EQ(requests_of_next_sync(), 1U) << "nothing changed: a list";
  laptop.sync_well();
  EXPECT_EQ(laptop.values(), (Values{{"new", "1"}}));
}

TEST_F(PushFirst, FiftyMinutesAfterTheListItIsListedAgain) {
  const auto both_advance = [&](std::chrono::minutes time) {
    backend.clock->advance(time);
    phone.clock->advance(time);
  };
  both_advance(std::chrono::minutes{49});
  phone.put("level", "2");
  EXPECT_EQ(requests_of_next_sync(), 1U);
  both_advance(std::chrono::minutes{1});
  phone.put("level", "3");
  EXPECT_EQ(requests_of_next_sync(), 2U) << "a push does not make the token younger";
}

TEST_F(PushFirst, AfterAFailureItIsListed) {
  phone.options.retry.attempts = 1;
  phone.client.reset();
  phone.sync_well();
  phone.put("level", "2");
  phone.transport->fault_when(is_push, Fault::drop_request(), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "network");
  EXPECT_EQ(requests_of_next_sync(), 2U);
}

TEST_F(PushFirst, D14WhereSessionsMayOutliveTheDatasetNewKeysAloneAreListedFirst) {
  hide_what_sessions_are();
  phone.put("level", "2");
  EXPECT_EQ(requests_of_next_sync(), 1U) << "the record's count belongs to one incarnation";
  phone.put("new", "1");
  EXPECT_EQ(requests_of_next_sync(), 2U);
  phone.put("new", "2");
  phone.put("newer", "1");
  EXPECT_EQ(requests_of_next_sync(), 1U);
}

// D18: another process on the same data directory has listed, pushed or deleted: what this one kept is not of its list.
TEST_F(PushFirst, D18AnotherProcessHasMovedTheStoreOn) {
  Device other{backend, "phone"};
  other.options.data_directory = phone.options.data_directory;
  other.put("level", "2");
  EXPECT_EQ(other.sync_well().requests, 2U) << "a token is not shared";
  phone.put("level", "3");
  EXPECT_EQ(requests_of_next_sync(), 2U);
  ASSERT_TRUE(other.dataset().delete_dataset());
  other.sync_well();
  other.put("new", "1");
  other.sync_well();
  phone.put("newer", "1");
  EXPECT_EQ(requests_of_next_sync(), 2U);
  laptop.sync_well();
  EXPECT_EQ(laptop.values(), (Values{{"new", "1"}, {"newer", "1"}}));
}

TEST_F(PushFirst, EachDatasetHasItsOwnToken) {
  ASSERT_TRUE(phone.dataset("settings").put("sound", "on"));
  EXPECT_EQ(phone.sync_well("settings").requests, 2U);
  phone.put("level", "2");
  ASSERT_TRUE(phone.dataset("settings").put("sound", "off"));
  EXPECT_EQ(phone.sync_well("settings").requests, 1U);
  EXPECT_EQ(requests_of_next_sync(), 1U);
}

}  // namespace
}  // namespace syncline::testing
