// Identity pools: Create-, Describe-, Update-, List- and DeleteIdentityPool.
#include <algorithm>
#include <utility>

#include "service/identity_operations.h"

namespace syncline::service {

namespace {

// The developer vouches for users by their mere names. Under the name of a provider whose tokens the pool takes, each
// of them would be the provider's user of that name, and the other way round.
Result<void> check_developer_provider(const wire::IdentityPool& pool) {
  const std::string& own = pool.developer_provider;
  if (own.empty()) return {};
  const auto is_own = [&](const auto& provider) { return provider.first == own; };
  const bool taken = own == kOwnProvider ||
                     std::any_of(pool.login_providers.begin(), pool.login_providers.end(), is_own) ||
                     std::any_of(pool.cognito_providers.begin(), pool.cognito_providers.end(),
                                 [&](const auto& provider) { return provider.name == own; }) ||
                     std::any_of(pool.openid_arns.begin(), pool.openid_arns.end(),
                                 [&](const std::string& arn) { return arn.ends_with(":oidc-provider/" + own); });
  if (!taken) return {};
  return Error{.code = ErrorCode::kInvalidParameter,
               .message = "DeveloperProviderName is the name of another provider of the identity pool"};
}

}  // namespace

Result<std::string> create_identity_pool(const IdentityContext& context, const IdentityCall& call) {
  auto pool = wire::decode_identity_pool_request(call.body, false);
  if (!pool) return std::move(pool).error();
  if (auto checked = check_developer_provider(*pool); !checked) return std::move(checked).error();
  auto id = IdentityPoolId::parse(fresh_id(context));
  if (!id) return std::move(id).error();
  pool->id = id->text();
  auto created = context.store.create_pool(*id, wire::encode_identity_pool(*pool), call.now);
  if (!created) return std::move(created).error();
  return wire::encode_identity_pool(*pool);
}

Result<std::string> describe_identity_pool(const IdentityContext& context, const IdentityCall& call) {
  auto id = wire::decode_pool_id_request(call.body);
  if (!id) return std::move(id).error();
  auto pool = existing_pool(context, *id);
  if (!pool) return std::move(pool).error();
  return wire::encode_identity_pool(pool->value);
}

Result<std::string> update_identity_pool(const IdentityContext& context, const IdentityCall& call) {
  auto wanted = wire::decode_identity_pool_request(call.body, true);
  if (!wanted) return std::move(wanted).error();
  if (auto checked = check_developer_provider(*wanted); !checked) return std::move(checked).error();
  const auto id = IdentityPoolId::parse(wanted->id).value_or(IdentityPoolId());
  auto pool = existing_pool(context, id);
  if (!pool) return std::move(pool).error();
  const std::string& provider = pool->value.developer_provider;
  // Its users are stored under the name.
  if (!provider.empty() && wanted->developer_provider != provider) {
    return Error{.code = ErrorCode::kInvalidParameter,
                 .message = "DeveloperProviderName can't be changed once it is set"};
  }
  pool->value = std::move(*wanted);
  if (auto saved = save(context.store, id, *pool); !saved) return std::move(saved).error();
  return wire::encode_identity_pool(pool->value);
}

Result<std::string> list_identity_pools(const IdentityContext& context, const IdentityCall& call) {
  static constexpr std::string_view kList = "ListIdentityPools";
  auto request = wire::decode_list_identity_pools_request(call.body);
  if (!request) return std::move(request).error();
  auto page = page_of(context, kList, {}, request->next_token, call.now);
  if (!page) return std::move(page).error();
  const auto limit = static_cast<std::size_t>(request->most);
  auto names = context.store.pools(page->last, limit + 1);
  if (!names) return std::move(names).error();
  std::string next_token;
  if (names->size() > limit) {
    names->pop_back();
    page->last = names->back();
    next_token = context.tokens.seal_list(kList, {}, *page);
  }
  std::vector<wire::IdentityPool> pools;
  for (const std::string& name : *names) {
    auto pool = existing_pool(context, IdentityPoolId::parse(name).value_or(IdentityPoolId()));
    if (pool) {
      pools.push_back(std::move(pool->value));
    } else if (pool.error().code != ErrorCode::kResourceNotFound) {  // that one was deleted a moment ago
      return std::move(pool).error();
    }
  }
  return wire::encode_identity_pools(pools, next_token);
}

Result<std::string> delete_identity_pool(const IdentityContext& context, const IdentityCall& call) {
  auto id = wire::decode_pool_id_request(call.body);
  if (!id) return std::move(id).error();
  auto deleted = context.store.delete_pool(*id);
  if (!deleted) return std::move(deleted).error();
  if (!*deleted) return no_such_pool(*id);
  return std::string("{}");
}

}  // namespace syncline::service
