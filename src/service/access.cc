#include "service/access.h"

#include <optional>
#include <string>
#include <utility>

#include "auth/signature.h"

namespace syncline::service {

namespace {

Error forbidden(std::string message) {
  return Error{.code = ErrorCode::kNotAuthorized, .message = std::move(message)};
}

Error forbidden_pool() {
  return forbidden("Access to this identity pool is forbidden");
}

}  // namespace

Result<Principal> Gate::admit(const HttpRequest& request, std::string_view signing_name, Timestamp now) const {
  const Installation& installation = store_.installation();
  std::optional<Grant> grant;
  std::string developer_key;
  const auto lookup = [&](std::string_view key, std::string_view session_token) -> std::optional<std::string> {
    if (session_token.empty()) {
      developer_key = key;
      return store_.developer_secret(key);
    }
    grant = credentials_.open(session_token);
    if (!grant || grant->access_key_id != key) return std::nullopt;
    return grant->secret_access_key;
  };
  const auth::Scope scope{.region = installation.region, .service = std::string(signing_name)};
  auto verified = auth::verify(request, scope, now, lookup);
  if (!verified) return std::move(verified).error();
  if (!grant) {
    return Principal{.developer = true, .pool = {}, .identity = {}, .developer_key = std::move(developer_key)};
  }
  if (grant->expires_at <= now) return forbidden("The security token included in the request is expired");
  return Principal{.developer = false,
                   .pool = std::move(grant->pool),
                   .identity = std::move(grant->identity),
                   .expires_at = grant->expires_at};
}

Result<void> Gate::allow(const Principal& caller, Access access, const wire::Target& target) const {
  if (caller.developer) {
    // A stream outlives the request that opened it.
    const bool revoked = !caller.developer_key.empty() && !store_.developer_secret(caller.developer_key);
    if (revoked) return forbidden("The security token included in the request is invalid.");
    if (access == Access::kIdentity) return forbidden("This operation takes the credentials of an identity");
    if (target.pool.empty()) return {};
    auto standing = store_.standing(target.pool, {});
    if (!standing) return std::move(standing).error();
    return standing->pool_exists ? Result<void>() : forbidden_pool();
  }
  if (access == Access::kDeveloper) return forbidden("This operation takes developer credentials");
  if (target.pool != caller.pool) return forbidden_pool();
  if (target.identity != caller.identity) return forbidden("Access to this identity is forbidden");
  auto standing = store_.standing(caller.pool, caller.identity);
  if (!standing) return std::move(standing).error();
  if (!standing->identity_enabled) return forbidden("The security token included in the request is invalid.");
  return {};
}

}  // namespace syncline::service
