// Whose tokens are believed: OpenID Connect providers with their keys, and this service's own tokens. [any thread]
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/jwt.h"
#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::service {

// As the operator configures it: [openid."NAME"].
struct OpenIdProvider {
  std::string name;    // as Logins and a pool name it: "accounts.example.com"
  std::string issuer;  // empty: "https://" and the name
  std::string jwks;    // a file's path, or an http(s) URL
  // For pools that name the provider without an app's id (OpenIdConnectProviderARNs).
  std::vector<std::string> audiences;
};

// Reads what `jwks` names. [blocks: disk or network] Must not throw.
using KeySource = std::function<Result<std::string>(const std::string& jwks)>;

// The one of real life: a file, or a URL fetched with a time limit of 5 seconds.
Result<std::string> fetch_jwks(const std::string& jwks);

// Keys are kept for an hour, and fetched anew when a token names one that is not known, though not more often than
// every 10 seconds; if they can't be, the old ones stay. While one call fetches, others use what there is.
class OpenIdProviders {
 public:
  OpenIdProviders(std::vector<OpenIdProvider> providers, KeySource source);
  ~OpenIdProviders();

  // The user at the provider: the token's subject. `audiences`: for whom the pool takes it. Errors: kNotAuthorized,
  // naming what is wrong with the token, never showing it; ExternalServiceException if there are no keys to judge by.
  [[nodiscard]] Result<std::string> verify(std::string_view provider, std::string_view token,
                                           const std::vector<std::string>& audiences, Timestamp now);
  // The audiences that the operator set for it; nullptr: it is not configured.
  [[nodiscard]] const std::vector<std::string>* audiences_of(std::string_view provider) const;

 private:
  struct Entry;
  Entry* find(std::string_view provider) const;
  std::optional<PublicKey> key_for(Entry& entry, const Jwt& token, Timestamp now);
  void refresh(Entry& entry, Timestamp now);

  KeySource source_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

// The tokens that GetOpenIdToken gives out: JWTs with a MAC of this service's (HS256), for itself alone.
class OwnTokens {
 public:
  explicit OwnTokens(std::string key);

  [[nodiscard]] std::string issue(const IdentityPoolId& pool, const IdentityId& identity, bool guest, Timestamp now,
                                  std::chrono::seconds lifetime) const;
  // Whose it is. Error: kNotAuthorized for one that is not ours, not of this pool, or expired.
  [[nodiscard]] Result<IdentityId> open(const IdentityPoolId& pool, std::string_view token, Timestamp now) const;

 private:
  std::string key_;
};

}  // namespace syncline::service
