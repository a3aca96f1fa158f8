// Developer-authenticated identities: GetOpenIdTokenForDeveloperIdentity, LookupDeveloperIdentity,
// MergeDeveloperIdentities, UnlinkDeveloperIdentity.
#include <algorithm>
#include <utility>

#include "service/identity_operations.h"
#include "service/identity_rules.h"

namespace syncline::service {

namespace {

constexpr std::chrono::minutes kTokenLifetime{15};

Error invalid(std::string message) {
  return Error{.code = ErrorCode::kInvalidParameter, .message = std::move(message)};
}

// Its definition, of a pool that has a developer provider; that of `provider` if it is not empty.
Result<wire::IdentityPool> developer_pool(const IdentityContext& context, const IdentityPoolId& id,
                                          const std::string& provider) {
  auto pool = existing_pool(context, id);
  if (!pool) return std::move(pool).error();
  const std::string& own = pool->value.developer_provider;
  if (own.empty()) return invalid("The identity pool has no DeveloperProviderName");
  if (!provider.empty() && provider != own) return invalid("DeveloperProviderName is not the identity pool's");
  return std::move(pool->value);
}

// The identity that a look-up is about.
Result<Identity> looked_up(const IdentityContext& context, const wire::DeveloperUserRequest& request,
                           const std::string& provider) {
  if (request.identity.empty() && request.user.empty()) {
    return invalid("Either IdentityId or DeveloperUserIdentifier must be given");
  }
  if (request.user.empty()) {
    auto identity = existing_identity(context, request.identity);
    if (identity && identity->pool != request.pool) return no_such_identity(request.identity);
    return identity;
  }
  auto owner = context.store.owner(request.pool, {.provider = provider, .user = request.user});
  if (!owner) return std::move(owner).error();
  if (!*owner) return Error{.code = ErrorCode::kResourceNotFound, .message = "The developer user is not registered"};
  if (!request.identity.empty() && (*owner)->id != request.identity) {
    return Error{.code = ErrorCode::kResourceConflict,
                 .message = "The developer user is registered under a different identity"};
  }
  return std::move(**owner);
}

}  // namespace

Result<std::string> get_openid_token_for_developer_identity(const IdentityContext& context, const IdentityCall& call) {
  auto request = wire::decode_developer_token_request(call.body);
  if (!request) return std::move(request).error();
  auto pool = developer_pool(context, request->pool, {});
  if (!pool) return std::move(pool).error();
  const bool named = std::any_of(request->logins.begin(), request->logins.end(),
                                 [&](const auto& login) { return login.first == pool->developer_provider; });
  if (!named) return invalid("Logins must have a user of the identity pool's DeveloperProviderName");
  auto logins = verified(context, *pool, request->logins, true, call.now);
  if (!logins) return std::move(logins).error();
  auto fresh = IdentityId::parse(fresh_id(context));
  if (!fresh) return std::move(fresh).error();
  const LoginCall login{.presented = request->identity,
                        .logins = std::move(*logins),
                        .guests_allowed = true,
                        .fresh = std::move(*fresh),
                        .developer_provider = pool->developer_provider};
  auto identity = context.store.log_in(
      request->pool, request->identity, login.logins,
      [&login](const LoginFacts& facts) { return decide_developer_login(facts, login); }, call.now);
  if (!identity) return std::move(identity).error();
  const std::chrono::seconds lifetime =
      request->seconds ? std::chrono::seconds(*request->seconds) : std::chrono::seconds(kTokenLifetime);
  return wire::encode_openid_token(
      identity->text(), context.own_tokens.issue(request->pool, *identity, false, call.now, call.now + lifetime));
}

Result<std::string> lookup_developer_identity(const IdentityContext& context, const IdentityCall& call) {
  static constexpr std::string_view kList = "LookupDeveloperIdentity";
  auto request = wire::decode_developer_user_request(call.operation, call.body);
  if (!request) return std::move(request).error();
  auto pool = developer_pool(context, request->pool, {});
  if (!pool) return std::move(pool).error();
  auto identity = looked_up(context, *request, pool->developer_provider);
  if (!identity) return std::move(identity).error();
  auto page = page_of(context, kList, identity->id.text(), request->page.next_token, call.now);
  if (!page) return std::move(page).error();

  std::vector<std::string> users;
  std::string next_token;
  for (const Login& login : identity->logins) {  // sorted
    if (login.provider != pool->developer_provider || login.user <= page->last) continue;
    if (users.size() == static_cast<std::size_t>(request->page.most)) {
      page->last = users.back();
      next_token = context.tokens.seal_list(kList, identity->id.text(), *page);
      break;
    }
    users.push_back(login.user);
  }
  return wire::encode_developer_users(identity->id.text(), users, next_token);
}

Result<std::string> merge_developer_identities(const IdentityContext& context, const IdentityCall& call) {
  auto request = wire::decode_merge_request(call.body);
  if (!request) return std::move(request).error();
  auto pool = developer_pool(context, request->pool, request->provider);
  if (!pool) return std::move(pool).error();
  const std::vector<Login> users = {{.provider = request->provider, .user = request->source},
                                    {.provider = request->provider, .user = request->destination}};
  auto identity = context.store.log_in(
      request->pool, {}, users, [&](const LoginFacts& facts) { return decide_merge(facts, request->provider); },
      call.now);
  if (!identity) return std::move(identity).error();
  return wire::encode_identity_id(identity->text());
}

Result<std::string> unlink_developer_identity(const IdentityContext& context, const IdentityCall& call) {
  auto request = wire::decode_developer_user_request(call.operation, call.body);
  if (!request) return std::move(request).error();
  auto pool = developer_pool(context, request->pool, request->provider);
  if (!pool) return std::move(pool).error();
  auto identity = looked_up(context, *request, request->provider);
  if (!identity) return std::move(identity).error();
  auto unlinked =
      context.store.unlink(identity->id, {{.provider = request->provider, .user = request->user}}, call.now);
  if (!unlinked) return std::move(unlinked).error();
  return std::string("{}");
}

}  // namespace syncline::service
