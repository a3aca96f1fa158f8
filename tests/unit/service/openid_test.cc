// Providers' keys: where they come from, which of them judges a token, and what is said while nobody can.
#include "service/openid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include "auth/digest.h"
#include "identity_fixture.h"
#include "service/server.h"

namespace syncline::service {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kAudiences{std::string(kAudience)};
constexpr Timestamp kStart{std::chrono::milliseconds(1'700'000'000'000)};

OpenIdProvider configured() {
  return {.name = std::string(kProvider), .issuer = {}, .jwks = "keys", .audiences = {}};
}

TEST(Jwks, AFileThatCantBeReadIsAnError) {
  const TempDir dir;
  for (const std::string& path : {dir.path().string(), dir.file("none")}) {
    const auto keys = fetch_jwks(path);
    ASSERT_FALSE(keys);
    EXPECT_THAT(keys.error().message, HasSubstr(path));
  }
  std::ofstream(dir.file("keys")) << R"({"keys":[]})";
  EXPECT_EQ(fetch_jwks(dir.file("keys")).value(), R"({"keys":[]})");
}

// Some providers have it in the query which of their keys are meant.
TEST(Jwks, AUrlMayHaveAQuery) {
  const TempDir dir;
  auto server = Server::start({.data_dir = dir.path()});
  ASSERT_TRUE(server) << server.error().message;
  const auto answered = [&](std::string_view rest) {
    return fetch_jwks((*server)->endpoint() + std::string(rest)).error().message;
  };
  EXPECT_THAT(answered("/identitypools?p=sign%20in&q"), HasSubstr("answered 403"));
  EXPECT_THAT(answered("?p=a/b"), HasSubstr("answered 404"));
  EXPECT_THAT(answered(""), HasSubstr("answered 404"));
  EXPECT_THAT(answered("/identitypools?p=%2"), HasSubstr("is no URL"));
}

// Whoever logs in while another call fetches the keys is told to come back, not that the token is wrong.
TEST(Jwks, WhileTheyAreFetchedNobodyIsRefusedForGood) {
  const TestProvider provider;
  const std::string token = provider.token_of("anna");
  OpenIdProviders* self = nullptr;
  std::optional<Result<std::string>> meanwhile;
  OpenIdProviders providers({configured()}, [&](const std::string& /*jwks*/) -> Result<std::string> {
    meanwhile = self->verify(kProvider, token, kAudiences, kStart);
    return provider.jwks();
  });
  self = &providers;
  EXPECT_EQ(providers.verify(kProvider, token, kAudiences, kStart).value(), "anna");
  ASSERT_TRUE(meanwhile);
  ASSERT_FALSE(*meanwhile);
  EXPECT_EQ(meanwhile->error().code, ErrorCode::kTooManyRequests);
}

TEST(Jwks, AKeyThatIsNewSinceAMomentIsNoReasonToRefuseForGood) {
  TestProvider provider;
  bool reachable = true;
  OpenIdProviders providers({configured()}, [&](const std::string& /*jwks*/) -> Result<std::string> {
    if (reachable) return provider.jwks();
    return Error{.code = ErrorCode::kNetwork, .message = "no answer"};
  });
  ASSERT_TRUE(providers.verify(kProvider, provider.token_of("anna"), kAudiences, kStart));
  provider.rotate();
  const std::string token = provider.token_of("anna");
  EXPECT_EQ(providers.verify(kProvider, token, kAudiences, kStart).error().code, ErrorCode::kTooManyRequests);
  reachable = false;
  EXPECT_EQ(providers.verify(kProvider, token, kAudiences, kStart + std::chrono::seconds(10)).error().service_code,
            "ExternalServiceException");
  reachable = true;
  EXPECT_TRUE(providers.verify(kProvider, token, kAudiences, kStart + std::chrono::seconds(20)));
}

// Tokens may leave out which key made them (RFC 7515, section 4.1.4).
TEST(Jwks, ATokenWithoutAKeyIdIsJudgedByEachKeyAndAfterARotationByTheNewOnes) {
  TestProvider provider;
  TestProvider before;
  before.rotate();
  std::string keys = before.jwks();
  const std::string now = provider.jwks();
  keys.insert(keys.rfind("]}"), "," + now.substr(now.find('[') + 1, now.rfind("]}") - now.find('[') - 1));
  int fetches = 0;
  OpenIdProviders providers({configured()}, [&](const std::string& /*jwks*/) -> Result<std::string> {
    ++fetches;
    return keys;
  });
  EXPECT_TRUE(providers.verify(kProvider, provider.unnamed_token_of("anna"), kAudiences, kStart));
  EXPECT_EQ(fetches, 1);
  provider.rotate();
  keys = provider.jwks();
  EXPECT_TRUE(
      providers.verify(kProvider, provider.unnamed_token_of("anna"), kAudiences, kStart + std::chrono::seconds(10)));
  EXPECT_EQ(fetches, 2);
}

TEST(Jwks, ASourceThatThrowsDoesNotEndFetchingForEver) {
  const TestProvider provider;
  bool throws = true;
  OpenIdProviders providers({configured()}, [&](const std::string& /*jwks*/) -> Result<std::string> {
    if (throws) throw std::bad_alloc();
    return provider.jwks();
  });
  const std::string token = provider.token_of("anna");
  EXPECT_THROW(static_cast<void>(providers.verify(kProvider, token, kAudiences, kStart)), std::bad_alloc);
  throws = false;
  EXPECT_TRUE(providers.verify(kProvider, token, kAudiences, kStart + std::chrono::seconds(10)));
}

// "none", and a public key as a shared secret: what no key of ours could have made is not worth a question.
TEST(Jwks, AnAlgorithmThatIsNoneOfOursIsRefusedWithoutAQuestion) {
  const TestProvider provider;
  int fetches = 0;
  OpenIdProviders providers({configured()}, [&](const std::string& /*jwks*/) -> Result<std::string> {
    ++fetches;
    return provider.jwks();
  });
  const std::string good = provider.token_of("anna");
  const std::string rest = good.substr(good.find('.'));
  for (const std::string_view header : {R"({"alg":"none"})", R"({"alg":"HS256"})", R"({"alg":"RS512"})"}) {
    const auto refused = providers.verify(kProvider, auth::base64url_encode(header) + rest, kAudiences, kStart);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kNotAuthorized);
  }
  EXPECT_EQ(fetches, 0);
}

}  // namespace
}  // namespace syncline::service
