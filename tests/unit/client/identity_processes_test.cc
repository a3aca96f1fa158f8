// Two processes on one data directory, of which one changes who works there (D15, D18, D1).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "login_service.h"

namespace syncline::testing {
namespace {

class IdentityProcessesTest : public LoginTest {
 protected:
  IdentityProcessesTest() {
    sign_up(phone);
    sign_up(other);
    other.options.data_directory = phone.options.data_directory;
  }
  // For whom somebody works who opens the directory now.
  std::string in_directory() {
    LoginDevice third(*this, "third");
    third.options.data_directory = phone.options.data_directory;
    third.open();
    return third.client->identity_id();
  }
  void pass(std::chrono::milliseconds time) {
    backend.clock->advance(time);
    phone.clock->advance(time);
    other.clock->advance(time);
  }
  // Until a request of this kind is held on its way back.
  static void hold(Device& device, std::string_view operation, SyncAnswers& answers) {
    device.transport->fault_when([operation](const HttpRequest& r) { return is_identity_call(r, operation); },
                                 Fault::hold_answer(), 1);
    device.dataset().synchronize(answers.callback());
    device.run_until([&] { return device.transport->held() == 1; });
  }
  Device phone{backend, "phone"};
  Device other{backend, "other"};
};

TEST_F(IdentityProcessesTest, D15ToWhereTheDirectoryIsAlready) {
  signed_in(phone, user("anna"));
  phone.put("unsent", "anna's");
  auto annas = phone.dataset();
  const auto ben = signed_in(other, user("ben"));
  const auto report = sign_in(phone, user("ben"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->identity_id, ben);
  EXPECT_TRUE(report->changed);
  EXPECT_EQ(annas.get("unsent").error().code, ErrorCode::kIdentityChanged);
  phone.sync_well();
  EXPECT_EQ(at_service("ben"), Values());
  signed_in(phone, user("anna"));
  EXPECT_EQ(phone.sync_well().pushed, 1U);
}

TEST_F(IdentityProcessesTest, D15AfterAnotherProcessSignedOut) {
  const auto anna = signed_in(phone, user("anna"));
  phone.put("unsent", "anna's");
  other.open();
  ASSERT_TRUE(sign_out(other));
  other.put("early", "nobody's");
  const auto report = sign_in(phone, user("ben"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->was, anna);
  phone.sync_well();
  EXPECT_EQ(at_service("ben"), (Values{{"early", "nobody's"}}));
}

TEST_F(IdentityProcessesTest, D1AGuestsDataIsMergedAfterAnotherProcessSignedOut) {
  EXPECT_EQ(at_service("anna"), Values());
  phone.put("k", "guest's");
  phone.sync_well();
  other.open();
  ASSERT_TRUE(sign_out(other));
  const auto report = sign_in(phone, user("anna"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->moved, 1U);
  phone.sync_well();
  EXPECT_EQ(at_service("anna"), (Values{{"k", "guest's"}}));
}

TEST_F(IdentityProcessesTest, D15OnlyWhoBecameAnotherIsMerged) {
  EXPECT_EQ(at_service("anna"), Values());
  phone.put("k", "guest's");
  phone.sync_well();
  other.open();
  ASSERT_TRUE(sign_out(other));
  signed_in(other, user("carl"));
  other.put("carls", "1");
  signed_in(phone, user("anna"));
  phone.sync_well();
  EXPECT_EQ(at_service("anna"), (Values{{"k", "guest's"}}));
  EXPECT_EQ(other.sync_well().pushed, 1U);
  EXPECT_EQ(at_service("carl"), (Values{{"carls", "1"}}));
}

TEST_F(IdentityProcessesTest, D15AGuestWhoFindsItselfMergedTakesItsDataAlong) {
  EXPECT_EQ(at_service("anna"), Values());
  phone.put("k", "guest's");
  phone.sync_well();
  phone.client.reset();
  phone.options.identity->login = user("anna");
  phone.put("k", "later");
  auto guests = phone.dataset();
  SyncAnswers answers;
  guests.synchronize(answers.callback());
  const auto anna = signed_in(other, user("anna"));
  other.put("own", "anna's");
  other.sync_well();
  phone.run_until([&] { return answers.count() == 1; });
  EXPECT_EQ(outcome_of(answers.at(0)), "identity_changed");
  EXPECT_EQ(phone.client->identity_id(), anna);
  EXPECT_EQ(guests.get("k").error().code, ErrorCode::kIdentityChanged);
  phone.sync_well();
  EXPECT_EQ(at_service("anna"), (Values{{"k", "later"}, {"own", "anna's"}}));
}

// --- renewals -------------------------------------------------------------------------------------------------------

TEST_F(IdentityProcessesTest, D15D18ARenewalDoesNotSwitchTheDirectoryBack) {
  const auto anna = signed_in(phone, user("anna"));
  auto annas = phone.dataset();
  const auto ben = signed_in(other, user("ben"));
  auto bens = other.dataset();
  for (int i = 0; i < 2; ++i) {
    pass(std::chrono::minutes{56});
    ASSERT_TRUE(annas.put("k", std::to_string(i)));
    phone.sync_well();
    EXPECT_TRUE(annas.get("k")) << "this process is who it was";
    EXPECT_EQ(in_directory(), ben);
    ASSERT_TRUE(bens.put("k", std::to_string(i)));
    other.sync_well();
    EXPECT_TRUE(bens.get("k"));
  }
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 3U);
  EXPECT_EQ(phone.client->identity_id(), anna);
}

TEST_F(IdentityProcessesTest, D15D18ARenewalDoesNotUndoASignOut) {
  const auto file = TempDir();
  for (auto* device : {&phone, &other}) device->options.identity->secrets = file_secret_store(file.file("s")).value();
  const auto anna = signed_in(phone, user("anna"));
  const auto secret = "credentials/" + anna;
  EXPECT_TRUE(phone.options.identity->secrets->get(secret).value());
  other.open();
  ASSERT_TRUE(sign_out(other));
  other.put("k", "nobody's");
  pass(std::chrono::minutes{56});
  phone.sync_well();
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 2U);
  EXPECT_EQ(in_directory(), "");
  EXPECT_EQ(phone.options.identity->secrets->get(secret).value(), std::nullopt);
  EXPECT_EQ(at_service("anna"), Values());
}

TEST_F(IdentityProcessesTest, D18ARenewalWritesNothing) {
  phone.options.lock_timeout = std::chrono::milliseconds{0};
  signed_in(phone, user("anna"));
  pass(std::chrono::minutes{56});
  const int held = ::open((phone.options.data_directory + "/syncline.lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  Answers<std::vector<RemoteDataset>> listed;
  phone.client->list_remote_datasets(listed.callback());
  phone.run_until([&] { return listed.count() == 1; });
  ::close(held);
  EXPECT_TRUE(listed.at(0)) << listed.at(0).error().message;
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 2U);
}

// --- the first start ------------------------------------------------------------------------------------------------

TEST_F(IdentityProcessesTest, D15D18TwoFirstStartsAreOneGuest) {
  SyncAnswers answers;
  phone.put("k", "phone's");
  hold(phone, "GetId", answers);
  other.put("l", "other's");
  hold(other, "GetId", answers);
  auto handle = other.dataset();
  phone.transport->release();
  phone.run_until([&] { return answers.count() == 1; });
  other.transport->release();
  other.run_until([&] { return answers.count() == 2; });
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(outcome_of(answers.at(i)), "ok");
  EXPECT_NE(phone.client->identity_id(), "");
  EXPECT_EQ(phone.client->identity_id(), other.client->identity_id());
  EXPECT_EQ(in_directory(), phone.client->identity_id());
  EXPECT_EQ(handle.get("k").value(), "phone's") << "the handle from before is still good";
  EXPECT_THAT(phone.client->unsent(Whose::kEverybody).value(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace syncline::testing
