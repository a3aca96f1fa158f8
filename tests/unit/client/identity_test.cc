// Who the client works for, and the ways from one identity to another (D15, D13, D14, cases 17 to 20).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "login_service.h"
#include "service/server.h"

namespace syncline::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IdentityTest : public LoginTest {
 protected:
  IdentityTest() { sign_up(phone); }
  Device phone{backend, "phone"};
};

TEST_F(IdentityTest, D15Case17GuestLoginLogoutLogin) {
  phone.put("k", "guest");
  phone.sync_well();
  const auto guest = phone.client->identity_id();
  const auto anna = signed_in(phone, user("anna"));
  EXPECT_EQ(anna, guest) << "her first login: the guest becomes the account";
  EXPECT_EQ(phone.get("k"), "guest");
  ASSERT_TRUE(sign_out(phone));
  EXPECT_EQ(phone.client->identity_id(), "");
  EXPECT_EQ(phone.get("k"), std::nullopt);
  EXPECT_EQ(outcome_of(phone.sync()), "not_authorized") << "nobody is signed in, and nobody is made up";
  const auto other = signed_in(phone, Login::guest());
  EXPECT_NE(other, anna);
  phone.put("k", "another guest");
  phone.sync_well();
  EXPECT_EQ(at_service("anna"), (Values{{"k", "guest"}}));
  // The account exists: the guest merges into it, and what differs is a conflict.
  const auto report = sign_in(phone, user("anna"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->identity_id, anna);
  EXPECT_EQ(report->was, other);
  EXPECT_TRUE(report->changed);
  EXPECT_EQ(report->moved, 1U);
  EXPECT_EQ(outcome_of(phone.sync()), "conflicts");
  const auto conflicts = phone.dataset().conflicts().value();
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].local, "another guest");
  EXPECT_EQ(conflicts[0].remote.value, "guest");
  ASSERT_TRUE(phone.dataset().resolve(conflicts[0], Resolution::keep_local()));
  EXPECT_EQ(outcome_of(phone.sync()), "ok");
  EXPECT_EQ(at_service("anna"), (Values{{"k", "another guest"}}));
}

TEST_F(IdentityTest, D15Case18NothingOfOneAccountReachesAnother) {
  const auto anna = signed_in(phone, user("anna"));
  phone.put("k", "anna's");
  phone.sync_well();
  phone.put("unsent", "anna's");
  auto annas = phone.dataset();
  const auto report = sign_in(phone, user("ben"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_NE(report->identity_id, anna);
  EXPECT_EQ(report->moved, 0U);
  EXPECT_EQ(phone.values(), Values());
  phone.put("k", "ben's");
  phone.sync_well();
  EXPECT_EQ(at_service("ben"), (Values{{"k", "ben's"}}));
  EXPECT_EQ(at_service("anna"), (Values{{"k", "anna's"}}));
  EXPECT_EQ(annas.put("k", "x").error().code, ErrorCode::kIdentityChanged);
  EXPECT_EQ(signed_in(phone, user("anna")), anna);
  EXPECT_EQ(phone.values(), (Values{{"k", "anna's"}, {"unsent", "anna's"}}));
  EXPECT_EQ(phone.sync_well().pushed, 1U);
}

TEST_F(IdentityTest, D15D13Case19ASyncThatRunsEndsWithItsIdentity) {
  const auto anna = signed_in(phone, user("anna"));
  for (const bool held_push : {false, true}) {
    signed_in(phone, user("anna"));
    phone.put("k", held_push ? "1" : "2");
    phone.transport->fault_when(held_push ? is_push : is_list, Fault::hold_answer(), 1);
    SyncAnswers answers;
    auto dataset = phone.dataset();
    dataset.synchronize(answers.callback());
    dataset.synchronize(answers.callback());
    phone.run_until([&] { return phone.transport->held() == 1; });
    Answers<SignInReport> switched;
    phone.client->sign_in(user("ben"), GuestData::kMerge, switched.callback());
    for (int i = 0; i < 20; ++i) phone.client->tick(phone.clock->monotonic());
    ASSERT_EQ(switched.count(), 1U);
    ASSERT_EQ(answers.count(), 2U);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(outcome_of(answers.at(i)), "identity_changed");
    const auto before = phone.transport->requests();
    phone.transport->release();
    phone.settle();
    EXPECT_EQ(answers.count(), 2U);
    EXPECT_EQ(phone.transport->requests(), before) << "nothing goes on for the one before";
    dataset.synchronize(answers.callback());
    phone.run_until([&] { return answers.count() == 3; });
    EXPECT_EQ(outcome_of(answers.at(2)), "identity_changed");
    EXPECT_EQ(phone.values(), Values());
  }
  EXPECT_EQ(signed_in(phone, user("anna")), anna);
  phone.sync_well();
  EXPECT_EQ(at_service("anna"), (Values{{"k", "1"}}));
  EXPECT_EQ(at_service("ben"), Values());
}

TEST_F(IdentityTest, D15AHandleStaysWithItsIdentity) {
  signed_in(phone, user("anna"));
  auto dataset = phone.dataset();
  ASSERT_TRUE(dataset.put("k", "1"));
  int told = 0;
  const auto listening = dataset.on_change([&](const DatasetChange&) { ++told; });
  signed_in(phone, user("ben"));
  const auto expect_stale = [](const auto& result) { EXPECT_EQ(result.error().code, ErrorCode::kIdentityChanged); };
  expect_stale(dataset.get("k"));
  expect_stale(dataset.put("k", "2"));
  expect_stale(dataset.remove("k"));
  expect_stale(dataset.record("k"));
  expect_stale(dataset.records());
  expect_stale(dataset.pending_changes());
  expect_stale(dataset.info());
  expect_stale(dataset.conflicts());
  expect_stale(dataset.delete_dataset());
  Answers<RemoteDataset> described;
  dataset.describe(described.callback());
  phone.run_until([&] { return described.count() == 1; });
  expect_stale(described.at(0));
  phone.put("k", "2");
  phone.settle();
  EXPECT_EQ(told, 0);
  signed_in(phone, user("anna"));
  expect_stale(dataset.get("k"));  // for good
  EXPECT_EQ(phone.get("k"), "1");
}

TEST_F(IdentityTest, D15Case20WhatIsWrittenWhileNobodyIsSignedInIsTheNextOnes) {
  signed_in(phone, user("anna"));
  phone.put("k", "anna's");
  phone.sync_well();
  ASSERT_TRUE(sign_out(phone));
  phone.put("k", "nobody's");
  phone.put("l", "nobody's");
  phone.client.reset();
  EXPECT_EQ(phone.get("l"), "nobody's");
  signed_in(phone, user("anna"));
  phone.options.retry.attempts = 1;
  EXPECT_EQ(outcome_of(phone.sync()), "conflicts") << "k differs from what is known";
  EXPECT_EQ(at_service("anna"), (Values{{"k", "anna's"}, {"l", "nobody's"}}));
}

TEST_F(IdentityTest, AnAccountsDirectoryIsNotAnothers) {
  const auto anna = signed_in(phone, user("anna"));
  phone.put("k", "anna's");
  phone.client.reset();
  phone.options.identity->login = user("ben");
  const auto refused = phone.sync();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotAuthorized);
  EXPECT_EQ(phone.get("k"), "anna's");
  EXPECT_NE(signed_in(phone, user("ben")), anna);
  EXPECT_EQ(phone.values(), Values());
  signed_in(phone, user("anna"));
  EXPECT_EQ(phone.sync_well().pushed, 1U);
}

// --- a guest who logs in --------------------------------------------------------------------------------------------

class GuestTest : public IdentityTest {
 protected:
  GuestTest() {
    LoginDevice laptop(*this, "laptop", user("anna"));
    laptop.put("level", "7");
    laptop.put("same", "1");
    laptop.sync_well();
    anna = laptop.client->identity_id();
    phone.put("level", "3");
    phone.put("same", "1");
    phone.put("mine", "1");
    phone.sync_well();
    phone.put("mine", "2");
    guest = phone.client->identity_id();
  }
  [[nodiscard]] std::string twin() const { return "game." + guest; }
  std::string anna;
  std::string guest;
};

TEST_F(GuestTest, ItsDataMergesThroughTheConflictHandler) {
  phone.client.reset();
  phone.options.conflict_handler = [](const Conflict& conflict) {
    return std::stoi(*conflict.local) > std::stoi(*conflict.remote.value) ? Resolution::keep_local()
                                                                          : Resolution::keep_remote();
  };
  const auto report = sign_in(phone, user("anna"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->identity_id, anna);
  EXPECT_EQ(report->moved, 3U);
  const auto synced = phone.sync_well();
  EXPECT_EQ(synced.resolved, 1U) << "only what differs is asked about";
  EXPECT_EQ(synced.pushed, 1U);
  EXPECT_EQ(at_service("anna"), (Values{{"level", "7"}, {"same", "1"}, {"mine", "2"}}));
}

TEST_F(GuestTest, ItsDataCanStayApartOrGo) {
  signed_in(phone, user("anna"), GuestData::kKeepSeparate);
  phone.sync_well();
  EXPECT_EQ(phone.values(), (Values{{"level", "7"}, {"same", "1"}}));
  EXPECT_EQ(phone.client->dataset_names().value(), (std::vector<std::string>{"game", twin()}));
  EXPECT_EQ(phone.dataset(twin()).get("mine").value(), "2");
  EXPECT_EQ(phone.sync_well(twin()).pushed, 1U) << "the service keeps its twin under the same name";
  EXPECT_EQ(at_service("anna", twin()), (Values{{"level", "3"}, {"same", "1"}, {"mine", "2"}}));
}

TEST_F(GuestTest, ItsDataCanBeDiscarded) {
  signed_in(phone, user("anna"), GuestData::kDiscard);
  phone.sync_well();
  EXPECT_EQ(phone.values(), (Values{{"level", "7"}, {"same", "1"}}));
  EXPECT_THAT(phone.client->unsent(Whose::kEverybody).value(), IsEmpty());
}

// D10: killed after the service has merged, before the answer came; and after the answer, before the data has moved.
TEST_F(GuestTest, D10AKillAnywhereIsMadeGood) {
  phone.transport->fault_when([](const HttpRequest& r) { return is_identity_call(r, "GetCredentialsForIdentity"); },
                              Fault::drop_answer(), 1);
  EXPECT_FALSE(sign_in(phone, user("anna")));
  EXPECT_EQ(phone.client->identity_id(), guest);
  EXPECT_EQ(phone.get("mine"), "2");
  phone.client.reset();
  {
    const auto store = store::Store::open({.directory = phone.options.data_directory}).value();
    ASSERT_TRUE(store->switch_identity(
        {.from = guest, .to = anna, .kind = store::IdentityKind::kAccount, .guest_data = GuestData::kMerge}));
  }
  phone.options.identity->login = user("anna");
  EXPECT_EQ(phone.get("mine"), "2");
  EXPECT_EQ(phone.client->identity_id(), anna);
  EXPECT_EQ(outcome_of(phone.sync()), "conflicts");
  EXPECT_EQ(at_service("anna"), (Values{{"level", "7"}, {"same", "1"}, {"mine", "2"}}));
}

// A new login makes the account of a guest: the service moves everything as it is, and nobody is asked.
TEST_F(GuestTest, D6WhereTheServiceHasNoTwinNothingCollides) {
  phone.put("only", "x");
  auto second = phone.dataset("second");
  ASSERT_TRUE(second.put("k", "1"));
  phone.sync_well("second");
  ASSERT_TRUE(second.put("k", "2"));
  signed_in(phone, user("anna"));
  EXPECT_EQ(outcome_of(phone.sync("second")), "ok");
  EXPECT_EQ(at_service("anna", "second"), (Values{{"k", "2"}}));
}

TEST_F(GuestTest, D1AnUnsentChangeOfTheAccountsOwnGoesFirst) {
  // Anna was here before, and wrote offline.
  signed_in(phone, user("ben"));
  signed_in(phone, user("anna"));
  phone.put("level", "9");
  ASSERT_TRUE(sign_out(phone));
  const auto other = signed_in(phone, Login::guest());
  phone.put("level", "5");
  const auto report = sign_in(phone, user("anna"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->was, other);
  EXPECT_EQ(report->waiting, 1U);
  EXPECT_EQ(phone.get("level"), "9");
  phone.dataset().set_conflict_handler(conflict_policy::keep_local);
  phone.sync_well();
  EXPECT_EQ(at_service("anna")["level"], "9");
  EXPECT_EQ(phone.get("level"), "5") << "now the guest's follows";
  EXPECT_EQ(phone.dataset().conflicts().value().size(), 1U);
  EXPECT_EQ(phone.sync_well().resolved, 1U);
  EXPECT_EQ(at_service("anna")["level"], "5");
}

// Case 24: what waits for the account's own changes is not at the service either.
TEST_F(GuestTest, Case24WhatAGuestLeftAndCouldNotBeMovedYetIsSaidToBeLeft) {
  signed_in(phone, user("anna"));
  phone.put("level", "9");
  ASSERT_TRUE(sign_out(phone));
  signed_in(phone, Login::guest());
  phone.put("level", "5");
  ASSERT_EQ(sign_in(phone, user("anna"))->waiting, 1U);
  const auto own = phone.dataset().info()->pending;
  phone.transport->fault_when([](const HttpRequest&) { return true; }, Fault::drop_request());
  const auto flushed = phone.client->flush(std::chrono::milliseconds{0});
  ASSERT_TRUE(flushed);
  ASSERT_EQ(flushed->left.size(), 1U);
  EXPECT_EQ(flushed->left[0].dataset, "game");
  EXPECT_EQ(flushed->left[0].pending, own + 1);
  EXPECT_EQ(phone.client->shutdown(std::chrono::milliseconds{0}).pending, own + 1);
}

// The app has opened what it was asked about before it answered: that is in use by now.
TEST_F(GuestTest, D14ATwinThatWasOpenedMeanwhileIsNotDeleted) {
  LoginDevice device(*this, "tablet", user("anna"));
  device.options.identity->merged_datasets = [&](const MergedDatasets& merged) {
    EXPECT_TRUE(device.dataset(merged.twins.at(0)).put("k", "1"));
    return MergedAnswer::kDelete;
  };
  signed_in(phone, user("anna"));  // merges at the service
  for (int i = 0; i < 2; ++i) {
    device.sync_well();
    device.settle();
  }
  device.sync_well(twin());
  EXPECT_EQ(at_service("anna", twin())["k"], "1");
  EXPECT_GT(at_service("anna", twin()).size(), 1U) << "and what it held before";
}

TEST_F(GuestTest, MergedDatasetsAreOfferedOnceAndDeletedIfTheAppSaysSo) {
  for (const auto answer : {MergedAnswer::kKeep, MergedAnswer::kDelete}) {
    LoginDevice device(*this, "tablet", user("anna"));
    std::vector<std::string> offered;
    device.options.identity->merged_datasets = [&](const MergedDatasets& merged) {
      for (const auto& name : merged.twins) offered.push_back(merged.dataset + "<" + name);
      return answer;
    };
    signed_in(phone, user("anna"));  // merges at the service
    device.sync_well();
    device.settle();
    device.sync_well();
    device.settle();
    EXPECT_THAT(offered, ElementsAre("game<" + twin()));
    Answers<std::vector<RemoteDataset>> listed;
    device.client->list_remote_datasets(listed.callback());
    device.run_until([&] { return listed.count() == 1; });
    EXPECT_EQ(listed.at(0)->size(), answer == MergedAnswer::kDelete ? 1U : 2U);
  }
}

// D1: what was kept apart because it would not fit has the very name of what the service keeps apart.
TEST_F(GuestTest, D1MergedDatasetsOneThatIsInUseHereIsNotOffered) {
  const auto fill = [this](const std::string& whose) {
    std::vector<Change> changes;
    for (int i = 0; i < 600; ++i) changes.push_back({.key = whose + std::to_string(i), .value = "1"});
    ASSERT_TRUE(phone.dataset().put_all(changes));
    phone.sync_well();
  };
  int offered = 0;
  phone.client.reset();
  phone.options.identity->merged_datasets = [&](const MergedDatasets&) {
    ++offered;
    return MergedAnswer::kDelete;
  };
  phone.options.conflict_handler = conflict_policy::keep_remote;
  signed_in(phone, user("ben"));
  signed_in(phone, user("anna"));
  fill("anna's");
  ASSERT_TRUE(sign_out(phone));
  const auto second = signed_in(phone, Login::guest());
  fill("guest's");
  signed_in(phone, user("anna"));
  for (int i = 0; i < 2; ++i) {
    phone.sync_well();
    phone.settle();
  }
  EXPECT_EQ(offered, 0);
  const auto apart = "game." + second;
  phone.sync_well(apart);
  EXPECT_EQ(phone.dataset(apart).records().value().size(), 600U);
  EXPECT_EQ(at_service("anna", apart).size(), 600U);
}

TEST_F(GuestTest, D13MergedDatasetsAHandlerThatThrowsIsAskedAgain) {
  int asked_here = 0;
  phone.client.reset();
  phone.options.identity->merged_datasets = [&](const MergedDatasets&) -> MergedAnswer {
    if (++asked_here == 1) throw std::runtime_error("x");
    return MergedAnswer::kDelete;
  };
  phone.options.conflict_handler = conflict_policy::keep_remote;
  signed_in(phone, user("anna"));
  phone.sync_well();
  phone.settle();
  // The deletion's answer is lost: it is done again.
  phone.transport->fault_when([](const HttpRequest& r) { return r.method == "DELETE"; }, Fault::drop_request(), 1);
  for (int i = 0; i < 3; ++i) {
    phone.sync_well();
    phone.settle();
  }
  EXPECT_EQ(asked_here, 2);
  Answers<std::vector<RemoteDataset>> listed;
  phone.client->list_remote_datasets(listed.callback());
  phone.run_until([&] { return listed.count() == 1; });
  EXPECT_EQ(listed.at(0)->size(), 1U);
}

// --- wipes
// ------------------------------------------------------------------------------------------------------------

TEST_F(IdentityTest, WhatWouldBeLostIsSaidBeforeAWipe) {
  signed_in(phone, user("anna"));
  phone.put("k", "1");
  signed_in(phone, user("ben"));
  phone.put("k", "1");
  phone.put("l", "1");
  const auto mine = phone.client->unsent(Whose::kThisIdentity).value();
  ASSERT_EQ(mine.size(), 1U);
  EXPECT_EQ(mine[0].dataset, "game");
  EXPECT_EQ(mine[0].pending, 2U);
  EXPECT_EQ(phone.client->unsent(Whose::kEverybody).value().size(), 2U);
  auto dataset = phone.dataset();
  ASSERT_TRUE(wipe(phone, Whose::kThisIdentity));
  EXPECT_EQ(phone.client->identity_id(), "");
  EXPECT_EQ(dataset.get("k").error().code, ErrorCode::kIdentityChanged);
  EXPECT_EQ(phone.client->unsent(Whose::kEverybody).value().size(), 1U);
  signed_in(phone, user("ben"));
  EXPECT_EQ(phone.values(), Values());
  signed_in(phone, user("anna"));
  EXPECT_EQ(phone.get("k"), "1");
  ASSERT_TRUE(wipe(phone, Whose::kEverybody));
  phone.client.reset();
  phone.open();
  EXPECT_EQ(phone.client->identity_id(), "");
  EXPECT_THAT(phone.client->dataset_names().value(), IsEmpty());
}

// It would come back with that.
TEST_F(GuestTest, AWipeTakesWhatWaitsToBecomeTheIdentitys) {
  signed_in(phone, user("ben"));
  signed_in(phone, user("anna"));
  phone.put("level", "9");
  ASSERT_TRUE(sign_out(phone));
  phone.put("level", "5");  // nobody's, and waits for the other one to be sent
  const auto report = sign_in(phone, user("anna"));
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->waiting, 1U);
  std::size_t pending = 0;
  const auto unsent = phone.client->unsent(Whose::kThisIdentity).value();
  for (const auto& each : unsent) pending += each.pending;
  EXPECT_GE(pending, 2U) << "what waits would be lost as well";
  ASSERT_TRUE(wipe(phone, Whose::kThisIdentity));
  phone.client.reset();
  signed_in(phone, user("anna"));
  EXPECT_THAT(phone.client->unsent(Whose::kThisIdentity).value(), IsEmpty());
  EXPECT_EQ(phone.get("level"), std::nullopt);
}

TEST_F(IdentityTest, AWipeRemovesWhatIsHereAndNothingAtTheService) {
  signed_in(phone, user("anna"));
  phone.put("k", "1");
  phone.sync_well();
  ASSERT_TRUE(wipe(phone, Whose::kThisIdentity));
  EXPECT_EQ(at_service("anna"), (Values{{"k", "1"}}));
  // With a fixed identity too; it stays who it is.
  Device plain(backend, "plain");
  plain.put("k", "1");
  ASSERT_TRUE(wipe(plain, Whose::kThisIdentity));
  EXPECT_EQ(plain.client->identity_id(), kIdentity);
  EXPECT_EQ(plain.values(), Values());
  plain.put("k", "2");
  plain.client.reset();
  plain.options.identity_id.clear();
  EXPECT_EQ(plain.get("k"), "2");
}

TEST_F(IdentityTest, D13ASignOutEndsWhatRuns) {
  phone.put("k", "1");
  phone.transport->fault_when([](const HttpRequest&) { return true; }, Fault::hold_request(), 1);
  SyncAnswers syncs;
  Answers<SignInReport> signs;
  phone.dataset().synchronize(syncs.callback());
  phone.client->tick(phone.clock->monotonic());
  phone.client->sign_in(user("anna"), GuestData::kMerge, signs.callback());
  phone.client->tick(phone.clock->monotonic());
  ASSERT_TRUE(sign_out(phone));
  EXPECT_EQ(syncs.count(), 1U);
  ASSERT_EQ(signs.count(), 1U);
  EXPECT_EQ(signs.at(0).error().code, ErrorCode::kIdentityChanged);
  phone.transport->release();
  phone.settle();
  EXPECT_EQ(phone.client->identity_id(), "");
  EXPECT_EQ(phone.get("k"), "1");
}

TEST_F(IdentityTest, D3ASignOutThatFailsLeavesAllAsItWas) {
  phone.options.lock_timeout = std::chrono::milliseconds{0};
  const auto anna = signed_in(phone, user("anna"));
  phone.put("k", "1");
  auto dataset = phone.dataset();
  {
    const int held = ::open((phone.options.data_directory + "/syncline.lock").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(held, LOCK_EX), 0);
    const auto out = sign_out(phone);
    ::close(held);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, ErrorCode::kStorageBusy);
  }
  EXPECT_EQ(phone.client->identity_id(), anna);
  EXPECT_EQ(dataset.get("k").value(), "1");
  EXPECT_EQ(phone.sync_well().pushed, 1U);
  EXPECT_TRUE(sign_out(phone));
}

TEST_F(IdentityTest, BadInputNamesLeaveRoomForWhatAMergeAppends) {
  phone.open();
  const auto too_long = phone.client->dataset(std::string(73, 'n'));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(phone.client->dataset(std::string(72, 'n')));
  EXPECT_TRUE(phone.client->dataset(std::string(80, 'n') + "." + std::string(kIdentity))) << "a twin's own name";
  phone.client.reset();
  // One that is here from before stays readable.
  auto options = phone.options;
  phone.options.identity.reset();
  ASSERT_TRUE(phone.dataset(std::string(128, 'n')).put("k", "1"));
  phone.client.reset();
  phone.options = options;
  EXPECT_EQ(phone.dataset(std::string(128, 'n')).get("k").value(), "1");
}

// --- nothing faked
// ----------------------------------------------------------------------------------------------------

// A thread of its own, libcurl, and the service on a real socket.
TEST(RealIdentity, AGuestSyncsSignsInAndOut) {
  TempDir dir;
  service::TestProvider provider;
  write_file(dir.file("jwks"), provider.jwks());
  auto server = service::Server::start({.data_dir = dir.file("service"),
                                        .openid = {{.name = std::string(service::kProvider),
                                                    .issuer = {},
                                                    .jwks = dir.file("jwks"),
                                                    .audiences = {}}}})
                    .value();
  const auto made = server->administer(
      {.words = {"identity", "CreateIdentityPool"},
       .body = R"({"IdentityPoolName":"game","AllowUnauthenticatedIdentities":true,"SupportedLoginProviders":{")" +
               std::string(service::kProvider) + R"(":")" + std::string(service::kAudience) + R"("}})"});
  ASSERT_TRUE(made) << made.error().message;
  const auto open = [&](const std::string& device) {
    return Client::open({.data_directory = dir.file(device),
                         .endpoint = server->endpoint(),
                         .region = server->region(),
                         .identity_pool_id = service::field(*made, "IdentityPoolId"),
                         .identity = IdentityOptions{.secrets = file_secret_store(dir.file(device + ".s")).value()}});
  };
  const auto sync = [](Client& client) {
    SyncAnswers answers;
    client.dataset("game")->synchronize(answers.callback());
    return answers.wait_for(1) ? answers.at(0) : Result<SyncReport>(Error{.message = "no answer"});
  };
  const auto anna = Login::with_tokens([&](const std::function<void(Result<LoginTokens>)>& answer) {
    answer(LoginTokens{{std::string(service::kProvider), provider.token({.expires_at = 4'000'000'000})}});
  });
  const auto sign_in = [&](Client& client) {
    Answers<SignInReport> answers;
    client.sign_in(anna, GuestData::kMerge, answers.callback());
    return answers.wait_for(1) ? answers.at(0) : Result<SignInReport>(Error{.message = "no answer"});
  };
  auto phone = open("phone").value();
  ASSERT_TRUE(phone.dataset("game")->put("k", "1"));
  const auto first = sync(phone);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->pushed, 1U);
  const auto account = sign_in(phone);
  ASSERT_TRUE(account) << account.error().message;
  EXPECT_FALSE(account->not_kept) << account->not_kept->message;
  auto laptop = open("laptop").value();
  ASSERT_TRUE(laptop.dataset("game")->put("l", "2"));
  const auto merged = sign_in(laptop);
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(merged->identity_id, account->identity_id);
  ASSERT_TRUE(sync(laptop));
  EXPECT_EQ(laptop.dataset("game")->get("k").value(), "1");
  EXPECT_EQ(sync(phone)->pulled, 1U);
  Answers<void> out;
  phone.sign_out(out.callback());
  ASSERT_TRUE(out.wait_for(1));
  EXPECT_TRUE(out.at(0)) << out.at(0).error().message;
  EXPECT_EQ(phone.dataset("game")->get("l").value(), std::nullopt);
}

}  // namespace
}  // namespace syncline::testing
