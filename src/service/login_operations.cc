// What a device calls, unsigned: GetId, GetCredentialsForIdentity, GetOpenIdToken, UnlinkIdentity.
#include <algorithm>
#include <optional>
#include <utility>

#include "service/identity_operations.h"
#include "service/identity_rules.h"

namespace syncline::service {

namespace {

constexpr std::chrono::minutes kTokenLifetime{15};

// Who the caller is from now on.
Result<IdentityId> log_in(const IdentityContext& context, const wire::IdentityPool& pool, const IdentityId& presented,
                          const wire::TextPairs& logins, Timestamp now) {
  auto known = verified(context, pool, logins, false, now);
  if (!known) return std::move(known).error();
  auto pool_id = IdentityPoolId::parse(pool.id);
  if (!pool_id) return std::move(pool_id).error();
  auto fresh = IdentityId::parse(fresh_id(context));
  if (!fresh) return std::move(fresh).error();
  const LoginCall call{.presented = presented,
                       .logins = std::move(*known),
                       .guests_allowed = pool.allow_guests,
                       .fresh = std::move(*fresh),
                       .developer_provider = pool.developer_provider};
  return context.store.log_in(
      *pool_id, presented, call.logins, [&call](const LoginFacts& facts) { return decide_login(facts, call); }, now);
}

struct LoggedIn {
  IdentityPoolId pool;
  IdentityId identity;
  std::optional<Timestamp> until;  // a token of this service's own that alone proves it
};

std::optional<Timestamp> end_of_proof(const IdentityContext& context, const IdentityPoolId& pool,
                                      const wire::TextPairs& logins, Timestamp now) {
  if (logins.size() != 1 || logins.front().first != kOwnProvider) return std::nullopt;
  const auto own = context.own_tokens.open(pool, logins.front().second, now);
  return own ? std::optional(own->expires_at) : std::nullopt;
}

// For calls that name an identity, and by it the pool.
Result<LoggedIn> log_in(const IdentityContext& context, const IdentityCall& call) {
  auto request = wire::decode_identity_request(call.operation, call.body);
  if (!request) return std::move(request).error();
  auto presented = existing_identity(context, request->identity);
  if (!presented) return std::move(presented).error();
  auto pool = existing_pool(context, presented->pool);
  if (!pool) return std::move(pool).error();
  auto identity = log_in(context, pool->value, request->identity, request->logins, call.now);
  if (!identity) return std::move(identity).error();
  const auto until = end_of_proof(context, presented->pool, request->logins, call.now);
  return LoggedIn{.pool = std::move(presented->pool), .identity = std::move(*identity), .until = until};
}

}  // namespace

Result<std::string> get_id(const IdentityContext& context, const IdentityCall& call) {
  auto request = wire::decode_get_id_request(call.body);
  if (!request) return std::move(request).error();
  auto pool = existing_pool(context, request->pool);
  if (!pool) return std::move(pool).error();
  auto identity = log_in(context, pool->value, {}, request->logins, call.now);
  if (!identity) return std::move(identity).error();
  return wire::encode_identity_id(identity->text());
}

Result<std::string> get_credentials_for_identity(const IdentityContext& context, const IdentityCall& call) {
  auto caller = log_in(context, call);
  if (!caller) return std::move(caller).error();
  const Timestamp expires_at = call.now + context.options.credentials_lifetime;
  return wire::encode_credentials(caller->identity.text(),
                                  context.credentials.issue(caller->pool, caller->identity, expires_at));
}

Result<std::string> get_openid_token(const IdentityContext& context, const IdentityCall& call) {
  auto caller = log_in(context, call);
  if (!caller) return std::move(caller).error();
  auto identity = existing_identity(context, caller->identity);
  if (!identity) return std::move(identity).error();
  // Else whoever gets hold of one token could renew it for ever.
  const Timestamp expires_at = std::min(call.now + kTokenLifetime, caller->until.value_or(Timestamp::max()));
  return wire::encode_openid_token(
      caller->identity.text(),
      context.own_tokens.issue(caller->pool, caller->identity, identity->is_guest(), call.now, expires_at));
}

Result<std::string> unlink_identity(const IdentityContext& context, const IdentityCall& call) {
  auto request = wire::decode_identity_request(call.operation, call.body);
  if (!request) return std::move(request).error();
  auto identity = existing_identity(context, request->identity);
  if (!identity) return std::move(identity).error();
  auto pool = existing_pool(context, identity->pool);
  if (!pool) return std::move(pool).error();
  auto logins = verified(context, pool->value, request->logins, false, call.now);
  if (!logins) return std::move(logins).error();
  const bool own = std::any_of(logins->begin(), logins->end(), [&](const Login& login) {
    if (login.provider == kOwnProvider) return login.user == identity->id.text();
    return std::find(identity->logins.begin(), identity->logins.end(), login) != identity->logins.end();
  });
  if (!own) {
    return Error{.code = ErrorCode::kNotAuthorized,
                 .message = "Access to Identity '" + identity->id.text() + "' is forbidden."};
  }
  std::vector<Login> removed;
  for (const Login& login : identity->logins) {
    const auto& names = request->logins_to_remove;
    if (std::find(names.begin(), names.end(), login.provider) != names.end()) removed.push_back(login);
  }
  if (auto unlinked = context.store.unlink(identity->id, removed, call.now); !unlinked) {
    return std::move(unlinked).error();
  }
  return std::string("{}");
}

}  // namespace syncline::service
