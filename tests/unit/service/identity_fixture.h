// A service as Cognito Identity's callers see it: JSON 1.1 in, JSON out, and an OpenID Connect provider of the test's
// own.
#pragma once

#include <string>
#include <string_view>

#include "service_fixture.h"

namespace syncline::service {

inline constexpr std::string_view kProvider = "login.example.com";
inline constexpr std::string_view kAudience = "game-app";

// A provider that signs with keys that are made here: the same for all tests until they rotate.
class TestProvider {
 public:
  TestProvider();
  ~TestProvider();
  TestProvider(const TestProvider&) = delete;
  TestProvider& operator=(const TestProvider&) = delete;

  void rotate();  // new keys, under new ids
  void forge();   // new keys, under the old ids
  [[nodiscard]] std::string jwks() const;

  struct Claims {
    std::string issuer = "https://login.example.com";
    std::string audience = std::string(kAudience);
    std::string subject = "user-1";
    std::int64_t expires_at = 1'700'003'600;  // an hour after the test's clock begins
  };
  [[nodiscard]] std::string token(const Claims& claims, std::string_view algorithm = "RS256") const;
  // RS256, without a key id.
  [[nodiscard]] std::string unnamed_token_of(std::string subject) const;
  [[nodiscard]] std::string token_of(std::string subject) const { return token(Claims{.subject = std::move(subject)}); }

 private:
  [[nodiscard]] std::string signed_token(const std::string& header, const Claims& claims, bool rsa) const;

  struct Keys;
  std::shared_ptr<const Keys> keys_;
};

class IdentityTest : public ServiceTest {
 protected:
  IdentityTest();
  void open_again(const RateLimits& rates = {});  // after close()

  // The answer's body; an answer other than 200 becomes its Error.
  Result<std::string> call(std::string_view operation, std::string_view body);  // unsigned
  Result<std::string> call_as_developer(std::string_view operation, std::string_view body);
  HttpResponse send(HttpRequest request) { return service->handle(request, "test"); }
  static HttpRequest identity_request(std::string_view operation, std::string_view body);

  // A pool with guests, the provider and the developer provider "dev"; its id.
  std::string make_pool(bool guests = true);
  // {"IdentityPoolId": pool, more}
  static std::string in_pool(const std::string& pool, std::string_view more = {});
  static std::string of_identity(const std::string& identity, std::string_view more = {});
  static std::string logins(std::string_view provider, std::string_view token);

  std::string get_id(const std::string& pool, std::string_view more = {});
  struct Session {
    std::string identity;
    Credentials credentials;
  };
  Result<Session> log_in(const std::string& identity, std::string_view more = {});
  // A guest with credentials.
  Session guest(const std::string& pool) { return log_in(get_id(pool)).value(); }

  // Cognito Sync, signed by an identity.
  HttpResponse as(const Credentials& credentials, HttpRequest request);
  static wire::Target target(const std::string& pool, const std::string& identity, std::string_view dataset);
  Result<ListedPage> list(const std::string& pool, const Session& session, std::string_view dataset,
                          std::int64_t since = 0);
  // "ok", or the error's type.
  std::string write(const std::string& pool, const Session& session, std::string_view dataset, std::string key,
                    std::string value, std::int64_t count = 0);

  TestProvider provider;
  int key_fetches = 0;
  bool keys_available = true;
};

// The text of a field somewhere in a body: "IdentityId". Empty: it is not there.
std::string field(std::string_view body, std::string_view name);

}  // namespace syncline::service
