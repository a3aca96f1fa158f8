// The faults of the fake, which the real transport has no counterpart for.
#include "support/fake_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/exchange.h"

namespace syncline::testing {
namespace {

using ::testing::ElementsAre;

class FakeTransportFaults : public ::testing::Test {
 protected:
  void start(const std::string& path) {
    transport_.start({.path = path}, [this, path](Result<HttpResponse> answer) {
      done_.push_back(path + ":" + (answer ? answer->body : std::string(to_string(answer.error().code))));
    });
  }
  void run(const std::string& path) {
    start(path);
    transport_.step();
  }

  std::vector<std::string> seen_;  // by the handler
  std::vector<std::string> done_;
  FakeTransport transport_{[this](const HttpRequest& request) -> Result<HttpResponse> {
    seen_.push_back(request.path);
    return HttpResponse{.status = 200, .headers = {}, .body = "answer " + std::to_string(seen_.size())};
  }};
};

TEST_F(FakeTransportFaults, NoneUnlessAsked) {
  run("/a");
  EXPECT_THAT(seen_, ElementsAre("/a"));
  EXPECT_THAT(done_, ElementsAre("/a:answer 1"));
}

TEST_F(FakeTransportFaults, ADroppedRequestNeverArrives) {
  transport_.fault_request(2, Fault::drop_request());
  run("/a");
  run("/b");
  run("/c");
  EXPECT_THAT(seen_, ElementsAre("/a", "/c"));
  EXPECT_THAT(done_, ElementsAre("/a:answer 1", "/b:network", "/c:answer 2"));
  EXPECT_EQ(transport_.requests(), 3U);
  EXPECT_EQ(transport_.log()[1].path, "/b");
}

TEST_F(FakeTransportFaults, ADroppedAnswerLeavesItsEffect) {
  transport_.fault_request(1, Fault::drop_answer());
  run("/a");
  EXPECT_THAT(seen_, ElementsAre("/a"));
  EXPECT_THAT(done_, ElementsAre("/a:network"));
}

TEST_F(FakeTransportFaults, ADuplicateArrivesTwiceAndIsAnsweredOnce) {
  transport_.fault_request(1, Fault::duplicate());
  run("/a");
  EXPECT_THAT(seen_, ElementsAre("/a", "/a"));
  EXPECT_THAT(done_, ElementsAre("/a:answer 2"));
}

TEST_F(FakeTransportFaults, AnswersAreTruncatedAndReplaced) {
  transport_.fault_request(1, Fault::truncate(3));
  transport_.fault_request(2, Fault::replace({.status = 503, .headers = {}, .body = "busy"}));
  run("/a");
  run("/b");
  EXPECT_THAT(done_, ElementsAre("/a:ans", "/b:busy"));
  EXPECT_EQ(seen_.size(), 2U);
}

TEST_F(FakeTransportFaults, HeldRequestsAndAnswersWaitForRelease) {
  transport_.fault_request(1, Fault::hold_request());
  transport_.fault_request(2, Fault::hold_answer());
  run("/a");
  run("/b");
  run("/c");
  EXPECT_THAT(seen_, ElementsAre("/b", "/c"));
  EXPECT_THAT(done_, ElementsAre("/c:answer 2"));
  EXPECT_EQ(transport_.held(), 2U);
  transport_.release();
  transport_.step();
  EXPECT_THAT(done_, ElementsAre("/c:answer 2", "/a:answer 3", "/b:answer 1"));
  EXPECT_FALSE(transport_.busy());
}

TEST_F(FakeTransportFaults, SeveralBefallOneRequest) {
  transport_.fault_request(1, Fault::hold_request());
  transport_.fault_request(1, Fault::hold_answer());
  transport_.fault_request(1, Fault::drop_answer());
  run("/a");
  transport_.release();
  transport_.step();
  EXPECT_THAT(seen_, ElementsAre("/a"));
  EXPECT_EQ(transport_.held(), 1U);
  transport_.release();
  transport_.step();
  EXPECT_THAT(done_, ElementsAre("/a:network"));
}

TEST_F(FakeTransportFaults, APredicateActsAsOftenAsItWasTold) {
  transport_.fault_when([](const HttpRequest& request) { return request.path == "/b"; }, Fault::drop_request(), 2);
  for (const char* path : {"/a", "/b", "/b", "/b"}) run(path);
  EXPECT_THAT(done_, ElementsAre("/a:answer 1", "/b:network", "/b:network", "/b:answer 2"));
  transport_.fault_when([](const HttpRequest&) { return true; }, Fault::drop_request());
  run("/c");
  transport_.clear_faults();
  run("/d");
  EXPECT_EQ(done_[4], "/c:network");
  EXPECT_EQ(done_[5], "/d:answer 3");
}

TEST_F(FakeTransportFaults, ACallCancelledByAnEarlierCompletionDoesNotArrive) {
  HttpTransport::CallId second = 0;
  transport_.start({.path = "/a"}, [&](const Result<HttpResponse>&) { transport_.cancel(second); });
  second = transport_.start(
      {.path = "/b"}, [this](Result<HttpResponse> answer) { done_.emplace_back(to_string(answer.error().code)); });
  transport_.step();
  EXPECT_THAT(seen_, ElementsAre("/a"));
  EXPECT_THAT(done_, ElementsAre("cancelled"));
}

TEST_F(FakeTransportFaults, AnotherThreadCanWaitForAHeldCall) {
  transport_.fault_request(1, Fault::hold_answer());
  bool held = false;
  std::thread test([&] {
    held = transport_.wait_until_held(1);
    transport_.release();
  });
  start("/a");
  finish_all(transport_);
  test.join();
  EXPECT_TRUE(held);
  EXPECT_THAT(done_, ElementsAre("/a:answer 1"));
}

}  // namespace
}  // namespace syncline::testing
