// Identities and credentials from Cognito Identity: asked for, kept, renewed, refused (D13, D16, cases 15 and 22).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "login_service.h"

namespace syncline::testing {
namespace {

using ::testing::HasSubstr;

// In memory; refuses if told to.
class Secrets final : public SecretStore {
 public:
  Result<std::optional<std::string>> get(std::string_view name) override {
    if (fails) return refusal();
    const auto found = kept.find(std::string(name));
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  }
  Result<void> set(std::string_view name, std::string_view value) override {
    if (throws) throw std::runtime_error("locked");
    if (fails) return refusal();
    kept[std::string(name)] = value;
    return {};
  }
  Result<void> remove(std::string_view name) override {
    if (fails) return refusal();
    kept.erase(std::string(name));
    return {};
  }
  std::map<std::string, std::string> kept;
  bool fails = false;
  bool throws = false;

 private:
  static Error refusal() { return {.code = ErrorCode::kStorage, .message = "the key chain is locked"}; }
};

class KeeperTest : public LoginTest {
 protected:
  KeeperTest() { sign_up(phone); }
  void pass(std::chrono::milliseconds time) {
    backend.clock->advance(time);
    phone.clock->advance(time);
  }
  Device phone{backend, "phone"};
};

TEST_F(KeeperTest, D15Case20AGuestsFirstSyncFindsItsIdentity) {
  phone.put("k", "1");
  EXPECT_EQ(phone.client->identity_id(), "");
  auto early = phone.dataset();
  EXPECT_EQ(phone.sync_well().pushed, 1U);
  const auto identity = phone.client->identity_id();
  EXPECT_TRUE(IdentityId::parse(identity)) << identity;
  EXPECT_EQ(identity_calls(phone, "GetId"), 1U);
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 1U);
  EXPECT_EQ(early.get("k").value(), "1") << "the handle from before is still good";
  phone.put("k", "2");
  EXPECT_EQ(phone.sync_well().pushed, 1U);
  EXPECT_EQ(phone.transport->requests(), 5U) << "2 for the identity, a list, two pushes";

  // Starting offline uses the last one.
  phone.client.reset();
  phone.network = [](const HttpRequest&) -> Result<HttpResponse> {
    return Error{.code = ErrorCode::kNetwork, .message = "offline"};
  };
  phone.options.retry.attempts = 1;
  EXPECT_EQ(phone.get("k"), "2");
  EXPECT_EQ(phone.client->identity_id(), identity);
  EXPECT_EQ(outcome_of(phone.sync()), "network");
}

TEST_F(KeeperTest, D13Case15AnIdentityCallThatFailsLocksNothing) {
  phone.put("k", "1");
  phone.transport->fault_when([](const HttpRequest& r) { return is_identity_call(r, "GetId"); }, Fault::drop_request(),
                              1);
  EXPECT_EQ(outcome_of(phone.sync()), "network");
  phone.transport->fault_when([](const HttpRequest& r) { return is_identity_call(r, "GetCredentialsForIdentity"); },
                              Fault::replace({.status = 500}), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "service_failure");
  phone.transport->fault_when([](const HttpRequest& r) { return is_identity_call(r, "GetId"); },
                              Fault::replace({.status = 200, .body = R"({"IdentityId":"me"})"}), 1);
  EXPECT_EQ(outcome_of(phone.sync()), "bad_answer");
  EXPECT_EQ(phone.client->identity_id(), "");
  EXPECT_EQ(phone.sync_well().pushed, 1U);
}

TEST_F(KeeperTest, ThoseWhoAskTogetherShareOneAnswer) {
  SyncAnswers answers;
  for (const auto* name : {"a", "b", "c"}) phone.dataset(name).synchronize(answers.callback());
  phone.run_until([&] { return answers.count() == 3; });
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(outcome_of(answers.at(i)), "ok");
  EXPECT_EQ(identity_calls(phone, "GetId"), 1U);
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 1U);
}

TEST_F(KeeperTest, CredentialsAreRenewedFiveMinutesBeforeTheyEnd) {
  phone.put("k", "1");
  phone.sync_well();
  pass(std::chrono::minutes{54});
  phone.sync_well();
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 1U);
  pass(std::chrono::minutes{2});
  phone.sync_well();
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 2U);
  EXPECT_EQ(identity_calls(phone, "GetId"), 1U);
}

// D16: a device whose clock is two hours wrong does not renew each time, nor too late.
TEST_F(KeeperTest, D16AWrongClockChangesNothing) {
  for (const auto wrong : {std::chrono::hours{-2}, std::chrono::hours{2}}) {
    LoginDevice device(*this, "device");
    device.clock->set_wall(device.clock->wall() + wrong);
    device.sync_well();
    device.sync_well();
    EXPECT_EQ(identity_calls(device, "GetCredentialsForIdentity"), 1U);
  }
}

TEST_F(KeeperTest, Case22CredentialsThatEndBetweenListAndUpdateAreRenewedOnce) {
  phone.put("k", "1");
  bool jumped = false;
  phone.network = [&](const HttpRequest& request) -> Result<HttpResponse> {
    auto answer = backend.handle(request);
    // The service's clock alone: this device believes that its credentials are good.
    if (is_list(request) && !std::exchange(jumped, true)) backend.clock->advance(std::chrono::minutes{61});
    return answer;
  };
  phone.options.retry.attempts = 1;
  const auto report = phone.sync();
  // The session token has ended as well: one more list.
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->pushed, 1U);
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 2U);
}

TEST_F(KeeperTest, D13Case22AUserWhoWasDeletedIsToldAndKeepsTheData) {
  phone.put("k", "1");
  phone.sync_well();
  phone.put("k", "2");
  const auto identity = phone.client->identity_id();
  as_developer("DeleteIdentities", R"({"IdentityIdsToDelete":[")" + identity + "\"]}");
  const auto before = phone.transport->requests();
  const auto report = phone.sync();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kNotAuthorized);
  EXPECT_EQ(report.error().retry(), RetryClass::kCredentials);
  EXPECT_LE(phone.transport->requests() - before, 2U) << "no attempt after attempt";
  EXPECT_EQ(phone.get("k"), "2");
  EXPECT_EQ(phone.client->identity_id(), identity);
  EXPECT_EQ(outcome_of(phone.sync()), "not_authorized");
  EXPECT_EQ(phone.client->unsent(Whose::kThisIdentity).value().at(0).pending, 1U);
}

TEST_F(KeeperTest, KeptCredentialsLastOverARestart) {
  auto secrets = std::make_shared<Secrets>();
  phone.options.identity->secrets = secrets;
  phone.put("k", "1");
  phone.sync_well();
  EXPECT_EQ(secrets->kept.size(), 1U);
  phone.client.reset();
  phone.put("k", "2");
  EXPECT_EQ(phone.sync_well().pushed, 1U);
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 0U);
  // Damaged, foreign or old ones are as good as none.
  LoginDevice other(*this, "other");
  other.options.identity->secrets = std::make_shared<Secrets>();
  other.put("k", "another's");
  other.sync_well();
  const auto foreign = std::static_pointer_cast<Secrets>(other.options.identity->secrets)->kept.begin()->second;
  std::optional<std::size_t> requests;
  for (const auto& bad :
       std::vector<std::string>{"", "{}", "\x01", foreign,
                                R"({"IdentityId":"us-east-1:99999999-2222-3333-4444-555555555555",)"
                                R"("Credentials":{"AccessKeyId":"a","SecretKey":"b","SessionToken":"c"}})"}) {
    phone.client.reset();
    secrets->kept.begin()->second = bad;
    phone.put("k", bad);
    EXPECT_EQ(phone.sync_well().pushed, 1U);
    EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 1U);
    if (!requests) requests = phone.transport->requests();
    EXPECT_EQ(phone.transport->requests(), requests.value()) << "D15: none was signed with " << bad;
  }
  phone.client.reset();
  pass(std::chrono::hours{2});
  EXPECT_TRUE(phone.sync());
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 1U);
}

TEST_F(KeeperTest, BadInputASecretStoreThatRefusesLosesNothing) {
  auto secrets = std::make_shared<Secrets>();
  phone.options.identity->secrets = secrets;
  secrets->fails = true;
  phone.put("k", "1");
  EXPECT_EQ(phone.sync_well().pushed, 1U);
  auto report = sign_in(phone, user("anna"));
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_TRUE(report->not_kept);
  EXPECT_EQ(report->not_kept->message, "the key chain is locked");
  secrets->fails = false;
  secrets->throws = true;
  report = sign_in(phone, user("anna"));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->not_kept->code, ErrorCode::kInternal);
  EXPECT_EQ(phone.get("k"), "1");
  secrets->throws = false;
  secrets->fails = true;
  const auto out = sign_out(phone);
  ASSERT_FALSE(out) << "kept credentials that could not be removed are told of";
  EXPECT_EQ(phone.client->identity_id(), "");
}

// --- login callbacks ------------------------------------------------------------------------------------------------

TEST_F(KeeperTest, ALoginCallbackMayAnswerLaterFromAnotherThread) {
  std::thread other;
  const auto later = Login::with_tokens([&](std::function<void(Result<LoginTokens>)> answer) {
    other = std::thread([this, answer = std::move(answer)] {
      answer(LoginTokens{{std::string(service::kProvider), token("anna")}});
      answer(Error{.code = ErrorCode::kInternal, .message = "a second answer"});
    });
  });
  phone.open();
  Answers<SignInReport> answers;
  phone.client->sign_in(later, GuestData::kMerge, answers.callback());
  for (int i = 0; answers.count() == 0 && i < 10'000'000; ++i) phone.client->tick(phone.clock->monotonic());
  other.join();
  phone.settle();
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_TRUE(answers.at(0)) << answers.at(0).error().message;
}

TEST_F(KeeperTest, D13BadInputALoginCallbackThatNeverAnswersEndsAfterItsTime) {
  phone.options.identity->login_timeout = std::chrono::seconds{5};
  std::function<void(Result<LoginTokens>)> held;
  phone.options.identity->login =
      Login::with_tokens([&](std::function<void(Result<LoginTokens>)> answer) { held = std::move(answer); });
  phone.put("k", "1");
  SyncAnswers answers;
  phone.dataset().synchronize(answers.callback());
  for (int i = 0; i < 5; ++i) phone.client->tick(phone.clock->monotonic());
  ASSERT_TRUE(held);
  phone.clock->advance(std::chrono::milliseconds{4'999});
  for (int i = 0; i < 5; ++i) phone.client->tick(phone.clock->monotonic());
  EXPECT_EQ(answers.count(), 0U);
  phone.clock->advance(std::chrono::milliseconds{1});
  phone.settle();
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(outcome_of(answers.at(0)), "internal");
  EXPECT_THAT(answers.at(0).error().message, HasSubstr("5000 ms"));
  held(LoginTokens{{std::string(service::kProvider), token("anna")}});
  phone.settle();
  EXPECT_EQ(phone.client->identity_id(), "") << "too late";
  EXPECT_EQ(phone.transport->requests(), 0U);
}

TEST_F(KeeperTest, D13D15Case15ALoginThatWasGivenUpIsNotTakenForTheNext) {
  using Answer = std::function<void(Result<LoginTokens>)>;
  Answer first;
  Answer second;
  Answers<SignInReport> signs;
  phone.open();
  phone.client->sign_in(Login::with_tokens([&](Answer answer) { first = std::move(answer); }), GuestData::kMerge,
                        signs.callback());
  for (int i = 0; i < 5; ++i) phone.client->tick(phone.clock->monotonic());
  ASSERT_TRUE(first);
  ASSERT_TRUE(sign_out(phone));
  ASSERT_EQ(signs.count(), 1U);
  EXPECT_FALSE(signs.at(0));
  phone.client->sign_in(Login::with_tokens([&](Answer answer) { second = std::move(answer); }), GuestData::kMerge,
                        signs.callback());
  for (int i = 0; i < 5; ++i) phone.client->tick(phone.clock->monotonic());
  ASSERT_TRUE(second);
  first(LoginTokens{{std::string(service::kProvider), token("anna")}});
  for (int i = 0; i < 20; ++i) phone.client->tick(phone.clock->monotonic());
  EXPECT_EQ(signs.count(), 1U);
  EXPECT_EQ(phone.client->identity_id(), "");
  second(LoginTokens{{std::string(service::kProvider), token("ben")}});
  phone.settle();
  ASSERT_EQ(signs.count(), 2U);
  ASSERT_TRUE(signs.at(1)) << signs.at(1).error().message;
  LoginDevice bens(*this, "ben's", user("ben"));
  bens.put("k", "1");
  bens.sync_well();
  EXPECT_EQ(phone.client->identity_id(), bens.client->identity_id());
}

TEST_F(KeeperTest, D13ASignInThatFailsLeavesTheSyncsOfWhoIsSignedIn) {
  ASSERT_TRUE(sign_in(phone, user("anna")));
  phone.put("k", "1");
  std::function<void(Result<LoginTokens>)> held;
  Answers<SignInReport> signs;
  SyncAnswers syncs;
  phone.client->sign_in(
      Login::with_tokens([&](std::function<void(Result<LoginTokens>)> answer) { held = std::move(answer); }),
      GuestData::kMerge, signs.callback());
  phone.client->tick(phone.clock->monotonic());
  phone.dataset().synchronize(syncs.callback());
  for (int i = 0; i < 5; ++i) phone.client->tick(phone.clock->monotonic());
  phone.clock->advance(phone.options.identity->login_timeout);
  for (int i = 0; i < 20; ++i) phone.client->tick(phone.clock->monotonic());
  ASSERT_EQ(signs.count(), 1U);
  EXPECT_FALSE(signs.at(0));
  ASSERT_EQ(syncs.count(), 1U);
  EXPECT_EQ(outcome_of(syncs.at(0)), "ok");
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 1U);
}

TEST_F(KeeperTest, D13Case14BadInputLoginCallbacksThatThrowOrForget) {
  phone.put("k", "1");
  const auto refused = [&](Login login) {
    const auto report = sign_in(phone, std::move(login));
    EXPECT_FALSE(report);
    return report ? "" : std::string(to_string(report.error().code)) + ": " + report.error().message;
  };
  using Answer = std::function<void(Result<LoginTokens>)>;
  EXPECT_THAT(refused(Login::with_tokens([](const Answer&) { throw std::runtime_error("x"); })),
              HasSubstr("internal: the login callback threw"));
  EXPECT_THAT(refused(Login::with_tokens([](const Answer&) {})), HasSubstr("internal: the login callback dropped"));
  EXPECT_EQ(refused(Login::with_tokens([](const Answer& answer) {
              answer(Error{.code = ErrorCode::kNetwork, .message = "the provider is away"});
            })),
            "network: the provider is away");
  EXPECT_THAT(refused(Login::with_tokens([](const Answer& answer) { answer(LoginTokens{}); })),
              HasSubstr("invalid_argument"));
  EXPECT_THAT(refused(Login::with_tokens([](const Answer& answer) {
                answer(LoginTokens{{"p", ""}});
              })),
              HasSubstr("invalid_argument"));
  EXPECT_THAT(refused(Login::with_tokens([](const Answer& answer) {
                answer(LoginTokens{{"p", "\xFF"}});
              })),
              HasSubstr("invalid_argument"));
  EXPECT_EQ(phone.transport->requests(), 0U);
  // What only the provider's reader can judge, the service judges; the token is not shown.
  const auto said = refused(Login::with_tokens([](const Answer& answer) {
    answer(LoginTokens{{std::string(service::kProvider), "no-json-web-token"}});
  }));
  EXPECT_THAT(said, HasSubstr("not_authorized"));
  EXPECT_EQ(said.find("no-json-web-token"), std::string::npos);
  using BackendAnswer = std::function<void(Result<DeveloperToken>)>;
  for (const auto* bad : {"", "a.b", "a.b.c.d", "a..c", "a.b.c!", "x"}) {
    EXPECT_THAT(refused(Login::with_backend([&](const std::string&, const BackendAnswer& answer) {
                  answer(DeveloperToken{.identity_id = std::string(kIdentity), .token = bad});
                })),
                HasSubstr("no JSON Web Token"));
  }
  EXPECT_THAT(refused(Login::with_backend([](const std::string&, const BackendAnswer& answer) {
                answer(DeveloperToken{.identity_id = "me", .token = "a.b.c"});
              })),
              HasSubstr("invalid_argument"));
  EXPECT_EQ(phone.get("k"), "1");
  EXPECT_EQ(phone.client->identity_id(), "");
  EXPECT_EQ(phone.sync_well().pushed, 1U) << "as a guest";
}

TEST_F(KeeperTest, ADevelopersOwnUsersSignInThroughTheirBackend) {
  phone.put("k", "1");
  const auto report = sign_in(phone, backend_user("anna"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->guest);
  EXPECT_EQ(phone.sync_well().pushed, 1U);
  LoginDevice laptop(*this, "laptop", backend_user("anna"));
  EXPECT_EQ(laptop.sync_well().pulled, 1U);
  EXPECT_EQ(laptop.client->identity_id(), report->identity_id);
  pass(std::chrono::hours{2});
  phone.put("k", "2");
  EXPECT_EQ(phone.sync_well().pushed, 1U);
  EXPECT_EQ(asked, 3) << "a token for each time that credentials were needed";
}

TEST_F(KeeperTest, AGuestWhoLogsInThroughTheBackendKeepsItsIdentity) {
  phone.put("k", "1");
  phone.sync_well();
  const auto guest = phone.client->identity_id();
  const auto report = sign_in(phone, backend_user("anna"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->identity_id, guest);
  EXPECT_FALSE(report->changed);
  EXPECT_EQ(phone.get("k"), "1");
}

TEST_F(KeeperTest, D13AShutdownEndsASignInOnce) {
  phone.open();
  phone.transport->fault_when([](const HttpRequest&) { return true; }, Fault::hold_request());
  Answers<SignInReport> answers;
  SyncAnswers syncs;
  phone.client->sign_in(user("anna"), GuestData::kMerge, answers.callback());
  phone.client->sign_in(user("ben"), GuestData::kMerge, answers.callback());
  phone.dataset().synchronize(syncs.callback());
  phone.client->tick(phone.clock->monotonic());
  phone.client->shutdown(std::chrono::milliseconds{0});
  ASSERT_EQ(answers.count(), 2U);
  ASSERT_EQ(syncs.count(), 1U);
  EXPECT_EQ(answers.at(0).error().code, ErrorCode::kCancelled);
  phone.client->sign_in(user("anna"), GuestData::kMerge, answers.callback());
  EXPECT_EQ(answers.at(2).error().code, ErrorCode::kClosed);
}

TEST_F(KeeperTest, BadInputOptionsThatContradictOneAnother) {
  const auto refused = [&](const std::function<void(ClientOptions&)>& change) {
    auto options = phone.options;
    change(options);
    const auto opened = Client::open(std::move(options));
    EXPECT_FALSE(opened);
    return opened ? "" : opened.error().message;
  };
  EXPECT_THAT(refused([](auto& o) { o.identity_id = kIdentity; }), HasSubstr("identity_id"));
  EXPECT_THAT(refused([&](auto& o) { o.credentials = static_credentials(backend.credentials()); }),
              HasSubstr("credentials"));
  EXPECT_THAT(refused([](auto& o) { o.identity->endpoint = "ftp://x"; }), HasSubstr("IdentityOptions::endpoint"));
  EXPECT_THAT(refused([](auto& o) { o.identity->login_timeout = std::chrono::milliseconds{0}; }),
              HasSubstr("login_timeout"));
  auto plain = Device(backend, "plain");
  plain.open();
  EXPECT_EQ(sign_in(plain, Login::guest()).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(KeeperTest, TheVendorsIdentityServiceIsBesideItsSyncService) {
  EXPECT_EQ(
      identity_endpoint({.endpoint = "https://cognito-sync.eu-west-1.amazonaws.com", .identity = IdentityOptions{}}),
      "https://cognito-identity.eu-west-1.amazonaws.com");
  EXPECT_EQ(identity_endpoint({.endpoint = "https://sync.example.com", .identity = IdentityOptions{}}), "");
  EXPECT_EQ(identity_endpoint({.endpoint = "https://a", .identity = IdentityOptions{.endpoint = "https://b"}}),
            "https://b");
}

// --- the stream of changes follows the identity ---------------------------------------------------------------------

class StreamingKeeperTest : public KeeperTest {
 protected:
  StreamingKeeperTest() {
    phone.network = [this](const HttpRequest& request) -> Result<HttpResponse> {
      if (request.path.starts_with("/syncline/")) {
        streams.push_back(request);
        return stream_answer;
      }
      if (is_list(request) && std::exchange(refuse_a_list, false)) return refusal();
      return backend.handle(request);
    };
    phone.put("k", "1");
    phone.sync_well();
  }
  static HttpResponse refusal() {
    return {.status = 403, .headers = {{"x-amzn-ErrorType", "NotAuthorizedException"}}, .body = R"({"message":"no"})"};
  }
  void hold_stream() {
    held = phone.client->open_change_stream();
    tick();
  }
  void tick() {
    for (int i = 0; i < 100; ++i) phone.client->tick(phone.clock->monotonic());
  }

  HttpResponse stream_answer{.status = 200, .headers = {{"Content-Type", "text/event-stream"}}, .body = "id: 5\n\n"};
  std::vector<HttpRequest> streams;
  bool refuse_a_list = false;
  Subscription held;
};

// Each refusal renews the credentials once; what comes of that is no reason to ask again.
TEST_F(StreamingKeeperTest, Case22AStreamThatIsRefusedIsNotAskedForInALoop) {
  stream_answer = refusal();
  hold_stream();
  EXPECT_LE(streams.size(), 2U);
  for (int i = 0; i < 20; ++i) {
    pass(std::chrono::minutes{1});
    tick();
  }
  EXPECT_LE(streams.size(), 4U);
  EXPECT_EQ(phone.client->change_stream_status().state, ChangeStreamState::kRefused);
}

TEST_F(StreamingKeeperTest, RenewedCredentialsLeaveTheStreamOpen) {
  hold_stream();
  ASSERT_EQ(phone.client->change_stream_status().state, ChangeStreamState::kOpen);
  refuse_a_list = true;
  EXPECT_TRUE(phone.sync());
  EXPECT_EQ(identity_calls(phone, "GetCredentialsForIdentity"), 2U);
  EXPECT_EQ(streams.size(), 1U);
  EXPECT_EQ(phone.client->change_stream_status().state, ChangeStreamState::kOpen);
}

TEST_F(StreamingKeeperTest, D15AnotherIdentityHasAStreamOfItsOwn) {
  LoginDevice laptop(*this, "laptop", user("ann"));
  laptop.put("k", "2");
  laptop.sync_well();
  hold_stream();
  ASSERT_TRUE(sign_in(phone, user("ann"), GuestData::kDiscard));
  tick();
  EXPECT_EQ(phone.client->identity_id(), laptop.client->identity_id());
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_NE(streams[0].path, streams[1].path);
  EXPECT_EQ(*find_header(streams[1].headers, "Last-Event-ID"), "0") << "not the other's";
  ASSERT_TRUE(sign_out(phone));
  tick();
  EXPECT_EQ(phone.client->change_stream_status().state, ChangeStreamState::kRefused);
  EXPECT_EQ(streams.size(), 2U);
}

}  // namespace
}  // namespace syncline::testing
