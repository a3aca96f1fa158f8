// The credentials that an identity signs with for an hour. Their session token is self-contained and authenticated: it
// says who it is for and until when, so that any node knows it without a look-up. [any thread]
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "syncline/credentials.h"
#include "syncline/values.h"

namespace syncline::service {

// What a session token grants.
struct Grant {
  std::string access_key_id;
  std::string secret_access_key;
  IdentityPoolId pool;
  IdentityId identity;
  Timestamp expires_at{};
};

class TemporaryCredentials {
 public:
  // `key`: what all nodes of one database share.
  explicit TemporaryCredentials(std::string key) : key_(std::move(key)) {}

  [[nodiscard]] Credentials issue(const IdentityPoolId& pool, const IdentityId& identity, Timestamp expires_at) const;
  // nullopt: none of ours. Whether it has expired, and whether the identity still exists, is the caller's to ask.
  [[nodiscard]] std::optional<Grant> open(std::string_view session_token) const;

 private:
  std::string key_;
};

}  // namespace syncline::service
