#include "login_service.h"

#include "auth/signature.h"
#include "wire/messages.h"

namespace syncline::testing {

LoginTest::LoginTest()
    : backend([this](service::ServiceOptions& options) {
        options.openid = {{.name = std::string(service::kProvider), .issuer = {}, .jwks = "keys", .audiences = {}}};
        options.key_source = [this](const std::string&) -> Result<std::string> { return provider.jwks(); };
      }) {
  pool = service::field(
      as_developer("CreateIdentityPool",
                   R"({"IdentityPoolName":"game","AllowUnauthenticatedIdentities":true,"DeveloperProviderName":"dev",)"
                   R"("SupportedLoginProviders":{")" +
                       std::string(service::kProvider) + R"(":")" + std::string(service::kAudience) + R"("}})"),
      "IdentityPoolId");
}

std::string LoginTest::as_developer(std::string_view operation, const std::string& body) {
  HttpRequest request{.method = "POST",
                      .path = "/",
                      .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                                  {"X-Amz-Target", "AWSCognitoIdentityService." + std::string(operation)},
                                  {"Host", "sync.test"}},
                      .body = body};
  auth::sign(request, "sync.test", {.region = "us-east-1", .service = "cognito-identity"}, backend.credentials(),
             backend.clock->wall());
  const auto answer = backend.handle(request);
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.body;
}

void LoginTest::sign_up(Device& device, Login login) {
  device.options.identity_id.clear();
  device.options.credentials = nullptr;
  device.options.identity_pool_id = pool;
  device.options.identity = IdentityOptions{.login = std::move(login)};
}

std::string LoginTest::token(const std::string& subject) {
  const auto until = std::chrono::duration_cast<std::chrono::seconds>(
      (backend.clock->wall() + std::chrono::hours{24}).time_since_epoch());
  return provider.token({.subject = subject, .expires_at = until.count()});
}

Login LoginTest::user(std::string subject) {
  return Login::with_tokens(
      [this, subject = std::move(subject)](const std::function<void(Result<LoginTokens>)>& answer) {
        ++asked;
        answer(LoginTokens{{std::string(service::kProvider), token(subject)}});
      });
}

std::string LoginTest::developer_token(const std::string& name, const std::string& identity, std::string& into) {
  auto body = R"({"IdentityPoolId":")" + pool + R"(","Logins":{"dev":")" + name + "\"}";
  if (!identity.empty()) body += R"(,"IdentityId":")" + identity + "\"";
  const auto answer = as_developer("GetOpenIdTokenForDeveloperIdentity", body + "}");
  into = service::field(answer, "Token");
  return service::field(answer, "IdentityId");
}

Login LoginTest::backend_user(std::string name) {
  return Login::with_backend([this, name = std::move(name)](const std::string& identity,
                                                            const std::function<void(Result<DeveloperToken>)>& answer) {
    ++asked;
    DeveloperToken given;
    given.identity_id = developer_token(name, identity, given.token);
    answer(given);
  });
}

Result<SignInReport> LoginTest::sign_in(Device& device, Login login, GuestData guest_data) {
  if (!device.client) device.open();
  Answers<SignInReport> answers;
  device.client->sign_in(std::move(login), guest_data, answers.callback());
  device.run_until([&] { return answers.count() > 0; });
  device.settle();
  EXPECT_EQ(answers.count(), 1U);
  return answers.count() == 0 ? Result<SignInReport>(Error{.message = "no answer"}) : answers.at(0);
}

std::string LoginTest::signed_in(Device& device, Login login, GuestData guest_data) {
  const auto report = sign_in(device, std::move(login), guest_data);
  EXPECT_TRUE(report) << report.error().message;
  return report ? report->identity_id : "";
}

Values LoginTest::at_service(std::string subject, std::string_view dataset) {
  LoginDevice device(*this, "witness", user(std::move(subject)));
  device.sync_well(dataset);
  Values all;
  const auto records = device.dataset(dataset).records().value();
  for (const auto& record : records) all.emplace(record.key, record.value);
  return all;
}

Result<void> LoginTest::sign_out(Device& device) {
  Answers<void> answers;
  device.client->sign_out(answers.callback());
  device.run_until([&] { return answers.count() > 0; });
  return answers.at(0);
}

Result<void> LoginTest::wipe(Device& device, Whose whose) {
  Answers<void> answers;
  device.client->wipe(whose, answers.callback());
  device.run_until([&] { return answers.count() > 0; });
  return answers.at(0);
}

bool is_identity_call(const HttpRequest& request, std::string_view operation) {
  const auto* target = find_header(request.headers, "X-Amz-Target");
  return target != nullptr && *target == "AWSCognitoIdentityService." + std::string(operation);
}

std::size_t LoginTest::identity_calls(const Device& device, std::string_view operation) {
  std::size_t count = 0;
  for (const auto& request : device.transport->log()) count += is_identity_call(request, operation) ? 1 : 0;
  return count;
}

}  // namespace syncline::testing
