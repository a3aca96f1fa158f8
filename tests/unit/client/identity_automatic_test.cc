// Automatic syncs of who has signed in.
#include <gtest/gtest.h>

#include "login_service.h"

namespace syncline::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SignedInTest : public LoginTest {
 protected:
  SignedInTest() {
    phone.options.automatic_sync = {
        .enabled = true, .settle = milliseconds{100}, .on_start = false, .jitter = milliseconds{0}};
  }
  std::optional<std::string> at_the_service(const std::string& name) {
    LoginDevice laptop(*this, "laptop-" + name, user("anna"));
    if (!sign_in(laptop, user("anna"))) return "not signed in";
    laptop.sync_well(name);
    return laptop.dataset(name).get("k").value_or(std::nullopt);
  }

  LoginDevice phone{*this, "phone", user("anna")};
};

TEST_F(SignedInTest, WhatTheAccountLeftHereGoesOutThoughTheAppOpensNothing) {
  ASSERT_TRUE(sign_in(phone, user("anna")));
  phone.transport->fault_when([](const HttpRequest&) { return true; }, Fault::drop_request());
  for (const char* name : {"save", "settings"}) ASSERT_TRUE(phone.dataset(name).put("k", name));
  phone.settle();
  ASSERT_TRUE(sign_out(phone));
  phone.transport->clear_faults();
  ASSERT_TRUE(sign_in(phone, user("anna")));
  phone.pass(seconds{1});
  for (const char* name : {"save", "settings"}) EXPECT_EQ(at_the_service(name), name);
}

// What a guest left and would not fit beside what came in later is kept apart: a dataset that the app has not opened.
TEST_F(SignedInTest, D1WhatIsKeptApartLaterGoesOutAsWell) {
  LoginDevice laptop(*this, "laptop", user("anna"));
  ASSERT_TRUE(sign_in(laptop, user("anna")));
  ASSERT_TRUE(sign_in(phone, user("anna")));
  const auto is_sync_push = [](const HttpRequest& r) { return is_push(r) && r.path.find("/datasets/") != r.path.npos; };
  phone.transport->fault_when(is_sync_push, Fault::drop_request());
  ASSERT_TRUE(phone.dataset("save").put("k", "anna's"));
  ASSERT_TRUE(sign_out(phone));
  const auto guest = signed_in(phone, Login::guest());
  ASSERT_TRUE(phone.dataset("save").put("k", std::string(600'000, 'g')));
  ASSERT_EQ(sign_in(phone, user("anna"))->waiting, 1U);
  ASSERT_TRUE(laptop.dataset("save").put("big", std::string(600'000, 'a')));
  laptop.sync_well("save");
  phone.transport->clear_faults();
  phone.dataset("save").synchronize([](const auto&) {});
  phone.pass(seconds{10});
  EXPECT_EQ(at_the_service("save"), "anna's");
  EXPECT_EQ(at_the_service("save." + guest).value_or("").size(), 600'000U);
}

// Whoever could not be asked for has not begun a sync.
TEST_F(SignedInTest, ProgressCountsWhatWasBegun) {
  SyncProgress latest;
  phone.open();
  const auto told = phone.client->on_progress([&](const SyncProgress& progress) { latest = progress; });
  phone.transport->fault_when([](const HttpRequest&) { return true; }, Fault::drop_request(), 1);
  ASSERT_TRUE(phone.dataset("save").put("k", "1"));
  phone.pass(seconds{100});
  EXPECT_EQ(latest.datasets_total, 1U);
  EXPECT_EQ(latest.datasets_done, 1U);
}

}  // namespace
}  // namespace syncline::testing
