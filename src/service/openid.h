// Whose tokens are believed: OpenID Connect providers with their keys, and this service's own tokens. [any thread]
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/jwt.h"
#include "service/log.h"
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

// Keys are kept for an hour, and fetched anew when a token is of one that is not known, though not more often than
// every 10 seconds; if they can't be, the old ones stay. While one call fetches, others use what there is.
class OpenIdProviders {
 public:
  // `log` hears of keys that can't be had.
  OpenIdProviders(std::vector<OpenIdProvider> providers, KeySource source, Log log = {});
  ~OpenIdProviders();

  // The user at the provider: the token's subject. `audiences`: for whom the pool takes it. Errors: kNotAuthorized,
  // naming what is wrong with the token, never showing it. A token of a key that is not known is refused for good only
  // after a look: ExternalServiceException if the keys can't be had, kTooManyRequests if another call is fetching them
  // or did a moment ago.
  [[nodiscard]] Result<std::string> verify(std::string_view provider, std::string_view token,
                                           const std::vector<std::string>& audiences, Timestamp now);
  // The audiences that the operator set for it; nullptr: it is not configured.
  [[nodiscard]] const std::vector<std::string>* audiences_of(std::string_view provider) const;

 private:
  struct Entry;
  enum class Fetch : std::uint8_t { kUnneeded, kDone, kFailed, kTooSoon };
  Entry* find(std::string_view provider) const;
  Fetch fetch(Entry& entry, Timestamp now);

  KeySource source_;
  Log log_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

// The tokens that GetOpenIdToken gives out: JWTs with a MAC of this service's (HS256), for itself alone.
class OwnTokens {
 public:
  explicit OwnTokens(std::string key);

  // It ends with a whole second.
  [[nodiscard]] std::string issue(const IdentityPoolId& pool, const IdentityId& identity, bool guest, Timestamp now,
                                  Timestamp expires_at) const;
  struct Opened {
    IdentityId identity;
    Timestamp expires_at{};
  };
  // Whose it is. Error: kNotAuthorized for one that is not ours, not of this pool, or expired.
  [[nodiscard]] Result<Opened> open(const IdentityPoolId& pool, std::string_view token, Timestamp now) const;

 private:
  std::string key_;
};

}  // namespace syncline::service
