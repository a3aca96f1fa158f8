// What the service keeps of Cognito Identity: pools, identities, and who they are elsewhere; a part of the store's
// port. It calls the rules inside its transactions. [any thread] [blocks: disk]
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::service {

// Who an identity is elsewhere: a provider's name, and the user's there.
struct Login {
  std::string provider;
  std::string user;
  auto operator<=>(const Login&) const = default;
};

// The provider that stands for this service's own tokens: its user is an identity's id, and it is never stored.
inline constexpr std::string_view kOwnProvider = "cognito-identity.amazonaws.com";

struct Identity {
  IdentityPoolId pool;
  IdentityId id;
  Timestamp created_at{};
  Timestamp modified_at{};
  bool enabled = true;  // false: it was merged into another one, or lost its last login
  std::vector<Login> logins;

  [[nodiscard]] bool is_guest() const { return logins.empty(); }
};

// What a login finds.
struct LoginFacts {
  std::optional<Identity> presented;            // the identity that the caller named
  std::vector<std::optional<Identity>> owners;  // of each login, in order; none: nobody has logged in with it
};

struct LoginDecision {
  IdentityId identity;             // who the caller is from now on
  bool made = false;               // it is a new one
  std::vector<IdentityId> merged;  // their datasets move to it, they are disabled
  std::vector<Login> linked;       // are its own from now on
};

using LoginRule = std::function<Result<LoginDecision>(const LoginFacts&)>;

class IdentityStore {
 public:
  virtual ~IdentityStore() = default;

  virtual Result<void> create_pool(const IdentityPoolId& pool, std::string_view definition, Timestamp now) = 0;
  // With all that is in it. False: there is none.
  virtual Result<bool> delete_pool(const IdentityPoolId& pool) = 0;
  // Behind `after`, by name (bytewise).
  virtual Result<std::vector<std::string>> pools(std::string_view after, std::size_t limit) = 0;

  // One that Cognito Identity has given out, in whichever pool.
  virtual Result<std::optional<Identity>> find_identity(const IdentityId& identity) = 0;
  virtual Result<std::vector<Identity>> identities(const IdentityPoolId& pool, std::string_view after,
                                                   std::size_t limit, bool hide_disabled) = 0;
  virtual Result<std::optional<Identity>> owner(const IdentityPoolId& pool, const Login& login) = 0;

  // One transaction: the facts, the rule, and what it decided. `presented` may be empty.
  virtual Result<IdentityId> log_in(const IdentityPoolId& pool, const IdentityId& presented,
                                    const std::vector<Login>& logins, const LoginRule& rule, Timestamp now) = 0;
  // One transaction. Those that are not linked to it are passed over.
  virtual Result<void> unlink(const IdentityId& identity, const std::vector<Login>& logins, Timestamp now) = 0;
  // One transaction, with its datasets and devices. False: there is none.
  virtual Result<bool> delete_identity(const IdentityId& identity, Timestamp now) = 0;
};

}  // namespace syncline::service
