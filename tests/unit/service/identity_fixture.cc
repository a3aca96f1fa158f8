#include "identity_fixture.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <utility>

#include "auth/digest.h"
#include "service/answer.h"

namespace syncline::service {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string number(EVP_PKEY* key, const char* name, std::size_t least) {
  BIGNUM* value = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &value), 1);
  const auto size = std::max(static_cast<std::size_t>(BN_num_bytes(value)), least);
  std::string bytes(size, '\0');
  BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size));
  BN_free(value);
  return auth::base64url_encode(bytes);
}

std::string signature(EVP_PKEY* key, const std::string& text, bool rsa) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string bytes(1024, '\0');
  std::size_t size = bytes.size();
  EXPECT_EQ(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key), 1);
  EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(bytes.data()), &size,
                           reinterpret_cast<const unsigned char*>(text.data()), text.size()),
            1);
  EVP_MD_CTX_free(context);
  bytes.resize(size);
  if (rsa) return bytes;
  const auto* der = reinterpret_cast<const unsigned char*>(bytes.data());
  ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(bytes.size()));
  std::string raw(64, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(parts), reinterpret_cast<unsigned char*>(raw.data()), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(parts), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
  ECDSA_SIG_free(parts);
  return raw;
}

}  // namespace

struct TestProvider::Keys {
  explicit Keys(int number) : generation(number) {}
  const int generation;
  Key rsa{EVP_RSA_gen(2048), EVP_PKEY_free};
  Key ec{EVP_EC_gen("P-256"), EVP_PKEY_free};
  [[nodiscard]] std::string id(std::string_view type) const { return std::string(type) + std::to_string(generation); }
};

TestProvider::TestProvider() {
  static const auto first = std::make_shared<const Keys>(0);  // an RSA key takes its time
  keys_ = first;
}
TestProvider::~TestProvider() = default;

void TestProvider::rotate() {
  keys_ = std::make_shared<const Keys>(keys_->generation + 1);
}

void TestProvider::forge() {
  keys_ = std::make_shared<const Keys>(keys_->generation);
}

std::string TestProvider::jwks() const {
  return R"({"keys":[{"kty":"oct","k":"AA"},{"kty":"RSA","use":"sig","kid":")" + keys_->id("rsa") + R"(","n":")" +
         number(keys_->rsa.get(), OSSL_PKEY_PARAM_RSA_N, 1) + R"(","e":")" +
         number(keys_->rsa.get(), OSSL_PKEY_PARAM_RSA_E, 1) + R"("},{"kty":"EC","crv":"P-256","alg":"ES256","kid":")" +
         keys_->id("ec") + R"(","x":")" + number(keys_->ec.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32) + R"(","y":")" +
         number(keys_->ec.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32) + R"("}]})";
}

std::string TestProvider::token(const Claims& claims, std::string_view algorithm) const {
  const bool rsa = algorithm == "RS256";
  return signed_token(R"({"alg":")" + std::string(algorithm) + R"(","kid":")" + keys_->id(rsa ? "rsa" : "ec") + R"("})",
                      claims, rsa);
}

std::string TestProvider::unnamed_token_of(std::string subject) const {
  return signed_token(R"({"alg":"RS256"})", Claims{.subject = std::move(subject)}, true);
}

std::string TestProvider::signed_token(const std::string& header, const Claims& claims, bool rsa) const {
  const std::string body = R"({"iss":)" + json_quote(claims.issuer) + R"(,"aud":)" + json_quote(claims.audience) +
                           R"(,"sub":)" + json_quote(claims.subject) + R"(,"exp":)" +
                           std::to_string(claims.expires_at) + "}";
  const std::string text = auth::base64url_encode(header) + "." + auth::base64url_encode(body);
  EVP_PKEY* key = rsa ? keys_->rsa.get() : keys_->ec.get();
  return text + "." + auth::base64url_encode(signature(key, text, rsa));
}

std::string field(std::string_view body, std::string_view name) {
  const std::string start = "\"" + std::string(name) + "\":\"";
  const auto begin = body.find(start);
  if (begin == std::string_view::npos) return {};
  const auto from = begin + start.size();
  return std::string(body.substr(from, body.find('"', from) - from));
}

IdentityTest::IdentityTest() {
  close();
  open_again();
}

void IdentityTest::open_again(const RateLimits& rates) {
  auto with_provider = options();
  with_provider.rates = rates;
  with_provider.openid = {
      {.name = std::string(kProvider), .issuer = {}, .jwks = "the provider's keys", .audiences = {}}};
  with_provider.key_source = [this](const std::string& /*jwks*/) -> Result<std::string> {
    ++key_fetches;
    if (keys_available) return provider.jwks();
    return Error{.code = ErrorCode::kNetwork, .message = "the provider does not answer"};
  };
  service = std::move(Service::open(std::move(with_provider)).value());
}

HttpRequest IdentityTest::identity_request(std::string_view operation, std::string_view body) {
  HttpRequest request{.method = "POST", .path = "/"};
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", "AWSCognitoIdentityService." + std::string(operation)},
                     {"Host", std::string(kHost)}};
  request.body = body;
  return request;
}

namespace {

Result<std::string> body_of(HttpResponse response) {
  if (response.status == 200) return std::move(response.body);
  return wire::decode_error(response);
}

}  // namespace

Result<std::string> IdentityTest::call(std::string_view operation, std::string_view body) {
  return body_of(send(identity_request(operation, body)));
}

Result<std::string> IdentityTest::call_as_developer(std::string_view operation, std::string_view body) {
  HttpRequest request = identity_request(operation, body);
  auth::sign(request, kHost, {.region = "us-east-1", .service = "cognito-identity"}, caller().credentials(),
             clock.wall());
  return body_of(send(std::move(request)));
}

std::string IdentityTest::make_pool(bool guests) {
  const std::string body = R"({"IdentityPoolName":"game","AllowUnauthenticatedIdentities":)" +
                           std::string(guests ? "true" : "false") +
                           R"(,"DeveloperProviderName":"dev","SupportedLoginProviders":{")" + std::string(kProvider) +
                           R"(":"other-app;)" + std::string(kAudience) + R"("}})";
  const auto made = call_as_developer("CreateIdentityPool", body);
  EXPECT_TRUE(made) << made.error().message;
  return field(*made, "IdentityPoolId");
}

std::string IdentityTest::in_pool(const std::string& pool, std::string_view more) {
  return R"({"IdentityPoolId":")" + pool + "\"" + (more.empty() ? "" : ",") + std::string(more) + "}";
}

std::string IdentityTest::of_identity(const std::string& identity, std::string_view more) {
  return R"({"IdentityId":")" + identity + "\"" + (more.empty() ? "" : ",") + std::string(more) + "}";
}

std::string IdentityTest::logins(std::string_view name, std::string_view token) {
  return R"("Logins":{")" + std::string(name) + R"(":")" + std::string(token) + R"("})";
}

std::string IdentityTest::get_id(const std::string& pool, std::string_view more) {
  const auto answer = call("GetId", in_pool(pool, more));
  EXPECT_TRUE(answer) << answer.error().message;
  return answer ? field(*answer, "IdentityId") : "";
}

Result<IdentityTest::Session> IdentityTest::log_in(const std::string& identity, std::string_view more) {
  return call("GetCredentialsForIdentity", of_identity(identity, more)).transform([](const std::string& body) {
    return Session{.identity = field(body, "IdentityId"),
                   .credentials = {.access_key_id = field(body, "AccessKeyId"),
                                   .secret_access_key = field(body, "SecretKey"),
                                   .session_token = field(body, "SessionToken"),
                                   .expires_at = {}}};
  });
}

HttpResponse IdentityTest::as(const Credentials& credentials, HttpRequest request) {
  auth::sign(request, kHost, {.region = "us-east-1", .service = "cognito-sync"}, credentials, clock.wall());
  return send(std::move(request));
}

wire::Target IdentityTest::target(const std::string& pool, const std::string& identity, std::string_view dataset) {
  wire::Target target{.pool = IdentityPoolId::parse(pool).value(), .identity = IdentityId::parse(identity).value()};
  if (!dataset.empty()) target.dataset = DatasetName::parse(dataset).value();
  return target;
}

Result<ListedPage> IdentityTest::list(const std::string& pool, const Session& session, std::string_view dataset,
                                      std::int64_t since) {
  const auto response =
      as(session.credentials, wire::encode(wire::ListRecordsRequest{.target = target(pool, session.identity, dataset),
                                                                    .last_sync_count = SyncCount{since}}));
  if (response.status != 200) return wire::decode_error(response);
  return wire::decode_list_records(response.body);
}

std::string IdentityTest::write(const std::string& pool, const Session& session, std::string_view dataset,
                                std::string key, std::string value, std::int64_t count) {
  const auto page = list(pool, session, dataset);
  if (!page) return page.error().service_code;
  wire::UpdateRecordsRequest update{.target = target(pool, session.identity, dataset),
                                    .patches = {put(std::move(key), std::move(value), count)},
                                    .session_token = page->session_token};
  const auto response = as(session.credentials, wire::encode(update));
  return response.status == 200 ? "ok" : wire::decode_error(response).service_code;
}

}  // namespace syncline::service
