#include "push_pool.h"

#include <gtest/gtest.h>

#include <utility>

#include "auth/signature.h"
#include "wire/messages.h"

namespace syncline::testing {

namespace {

std::string json_text(const std::string& body, const std::string& name) {
  const auto start = "\"" + name + "\":\"";
  const auto begin = body.find(start);
  if (begin == std::string::npos) return {};
  const auto from = begin + start.size();
  return body.substr(from, body.find('"', from) - from);
}

}  // namespace

PushPool::PushPool(ServiceAccess access) : access_(std::move(access)) {
  const auto made =
      access_.administer({.words = {"identity", "CreateIdentityPool"},
                          .body = R"({"IdentityPoolName":"phones","AllowUnauthenticatedIdentities":true})"});
  EXPECT_TRUE(made) << made.error().message;
  id_ = json_text(*made, "IdentityPoolId");
  auto request = wire::encode(wire::SetIdentityPoolConfigurationRequest{
      .pool = IdentityPoolId::parse(id_).value(),
      .push_sync = wire::PushSync{
          .application_arns = {"arn:aws:sns:us-east-1:1:app/GCM/game", "arn:aws:sns:us-east-1:1:app/APNS/game"},
          .role_arn = "arn:aws:iam::1:role/push"}});
  auth::sign(request, access_.host, {.region = "us-east-1", .service = "cognito-sync"}, access_.developer,
             access_.now());
  const auto configured = access_.carry(request);
  EXPECT_EQ(configured.status, 200) << configured.body;
}

std::string PushPool::ask(const std::string& operation, const std::string& body) const {
  HttpRequest request{.method = "POST", .path = "/"};
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", "AWSCognitoIdentityService." + operation}};
  request.body = body;
  const auto answer = access_.carry(request);
  EXPECT_EQ(answer.status, 200) << operation << ": " << answer.body;
  return answer.body;
}

PushPool::Guest PushPool::new_guest() const {
  const auto identity = json_text(ask("GetId", R"({"IdentityPoolId":")" + id_ + "\"}"), "IdentityId");
  return Guest{.identity = identity, .credentials = log_in(identity)};
}

Credentials PushPool::log_in(const std::string& identity) const {
  const auto answer = ask("GetCredentialsForIdentity", R"({"IdentityId":")" + identity + "\"}");
  return Credentials{.access_key_id = json_text(answer, "AccessKeyId"),
                     .secret_access_key = json_text(answer, "SecretKey"),
                     .session_token = json_text(answer, "SessionToken"),
                     .expires_at = std::nullopt};
}

std::string PushPool::push(const std::string& identity, const std::string& dataset, std::int64_t count) const {
  return R"({"source":"cognito-sync","identityPoolId":")" + id_ + R"(","identityId":")" + identity +
         R"(","datasetName":")" + dataset + R"(","syncCount":)" + std::to_string(count) + "}";
}

}  // namespace syncline::testing
