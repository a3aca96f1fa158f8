#include "service/identity_operations.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "service/answer.h"
#include "service/refusal.h"

namespace syncline::service {

namespace {

using enum wire::IdentityOperation;

constexpr std::array<IdentityRow, 16> kIdentityOperations{{
    {kCreateIdentityPool, true, create_identity_pool},
    {kDescribeIdentityPool, true, describe_identity_pool},
    {kUpdateIdentityPool, true, update_identity_pool},
    {kListIdentityPools, true, list_identity_pools},
    {kDeleteIdentityPool, true, delete_identity_pool},
    {kGetId, false, get_id},
    {kGetCredentialsForIdentity, false, get_credentials_for_identity},
    {kGetOpenIdToken, false, get_openid_token},
    {kGetOpenIdTokenForDeveloperIdentity, true, get_openid_token_for_developer_identity},
    {kLookupDeveloperIdentity, true, lookup_developer_identity},
    {kMergeDeveloperIdentities, true, merge_developer_identities},
    {kUnlinkDeveloperIdentity, true, unlink_developer_identity},
    {kUnlinkIdentity, false, unlink_identity},
    {kDescribeIdentity, true, describe_identity},
    {kListIdentities, true, list_identities},
    {kDeleteIdentities, true, delete_identities},
}};

constexpr bool identity_rows_in_order() {
  for (std::size_t i = 0; i < kIdentityOperations.size(); ++i) {
    if (static_cast<std::size_t>(kIdentityOperations[i].operation) != i) return false;
  }
  return true;
}
static_assert(identity_rows_in_order(), "a row's place is its operation's number");

// For whom the pool takes tokens of a provider. Empty: it does not.
std::vector<std::string> audiences_of(const IdentityContext& context, const wire::IdentityPool& pool,
                                      const std::string& provider) {
  std::vector<std::string> audiences;
  for (const auto& [name, app_ids] : pool.login_providers) {
    if (name != provider) continue;
    for (std::size_t begin = 0; begin <= app_ids.size();) {  // several are separated by ';'
      const auto end = std::min(app_ids.find(';', begin), app_ids.size());
      if (end > begin) audiences.push_back(app_ids.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  for (const auto& cognito : pool.cognito_providers) {
    if (cognito.name == provider) audiences.push_back(cognito.client_id);
  }
  const bool by_arn = std::any_of(pool.openid_arns.begin(), pool.openid_arns.end(),
                                  [&](const std::string& arn) { return arn.ends_with(":oidc-provider/" + provider); });
  const auto* configured = context.providers.audiences_of(provider);
  if (by_arn && configured != nullptr) audiences.insert(audiences.end(), configured->begin(), configured->end());
  return audiences;
}

wire::IdentityDescription described(const Identity& identity) {
  wire::IdentityDescription description{
      .id = identity.id.text(), .logins = {}, .created_at = identity.created_at, .modified_at = identity.modified_at};
  for (const Login& login : identity.logins) {  // sorted by provider
    if (description.logins.empty() || description.logins.back() != login.provider) {
      description.logins.push_back(login.provider);
    }
  }
  return description;
}

}  // namespace

const IdentityRow& row_of(wire::IdentityOperation operation) {
  return kIdentityOperations[static_cast<std::size_t>(operation)];
}

Error no_such_pool(const IdentityPoolId& pool) {
  return refused(ErrorCode::kResourceNotFound, "IdentityPool '" + pool.text() + "' not found.");
}

Error no_such_identity(const IdentityId& identity) {
  return refused(ErrorCode::kResourceNotFound, "Identity '" + identity.text() + "' not found.");
}

Result<Identity> existing_identity(const IdentityContext& context, const IdentityId& identity) {
  auto found = context.store.find_identity(identity);
  if (!found) return std::move(found).error();
  if (!*found) return no_such_identity(identity);
  return std::move(**found);
}

Result<Revised<wire::IdentityPool>> existing_pool(const IdentityContext& context, const IdentityPoolId& pool) {
  auto definition = load_definition(context.store, pool);
  if (!definition && definition.error().code == ErrorCode::kResourceNotFound) return no_such_pool(pool);
  return definition;
}

std::string fresh_id(const IdentityContext& context) {
  return context.store.installation().region + ":" + random_uuid();
}

Result<ListPageToken> page_of(const IdentityContext& context, std::string_view list, std::string_view of,
                              const std::string& next_token, Timestamp now) {
  if (next_token.empty()) return ListPageToken{.expires_at = now + context.options.page_lifetime, .last = {}};
  return context.tokens.open_list(list, of, next_token, now);
}

Result<std::vector<Login>> verified(const IdentityContext& context, const wire::IdentityPool& pool,
                                    const wire::TextPairs& logins, bool developer, Timestamp now) {
  std::vector<Login> result;
  for (const auto& [provider, token] : logins) {
    Result<std::string> user = token;
    if (provider == kOwnProvider) {
      const auto pool_id = IdentityPoolId::parse(pool.id).value_or(IdentityPoolId());
      user =
          context.own_tokens.open(pool_id, token, now).transform([](const auto& own) { return own.identity.text(); });
    } else if (!developer || provider != pool.developer_provider) {
      const auto audiences = audiences_of(context, pool, provider);
      if (audiences.empty()) {
        return refused(ErrorCode::kNotAuthorized, "Token is not from a supported provider of this identity pool.");
      }
      user = context.providers.verify(provider, token, audiences, now);
    }
    if (!user) return std::move(user).error();
    result.push_back({.provider = provider, .user = std::move(*user)});
  }
  return result;
}

Result<std::string> describe_identity(const IdentityContext& context, const IdentityCall& call) {
  auto request = wire::decode_identity_request(call.operation, call.body);
  if (!request) return std::move(request).error();
  auto identity = existing_identity(context, request->identity);
  if (!identity) return std::move(identity).error();
  return wire::encode_identity(described(*identity));
}

Result<std::string> list_identities(const IdentityContext& context, const IdentityCall& call) {
  static constexpr std::string_view kList = "ListIdentities";
  auto request = wire::decode_list_identities_request(call.body);
  if (!request) return std::move(request).error();
  if (auto pool = existing_pool(context, request->pool); !pool) return std::move(pool).error();
  auto page = page_of(context, kList, request->pool.text(), request->page.next_token, call.now);
  if (!page) return std::move(page).error();
  const auto limit = static_cast<std::size_t>(request->page.most);
  auto found = context.store.identities(request->pool, page->last, limit + 1, request->hide_disabled);
  if (!found) return std::move(found).error();

  std::string next_token;
  if (found->size() > limit) {
    found->pop_back();
    page->last = found->back().id.text();
    next_token = context.tokens.seal_list(kList, request->pool.text(), *page);
  }
  std::vector<wire::IdentityDescription> descriptions;
  for (const Identity& identity : *found) descriptions.push_back(described(identity));
  return wire::encode_identities(request->pool.text(), descriptions, next_token);
}

// One that is not there is as good as deleted.
Result<std::string> delete_identities(const IdentityContext& context, const IdentityCall& call) {
  auto identities = wire::decode_delete_identities_request(call.body);
  if (!identities) return std::move(identities).error();
  std::vector<std::string> unprocessed;
  for (const IdentityId& identity : *identities) {
    if (!context.store.delete_identity(identity, call.now)) unprocessed.push_back(identity.text());
  }
  return wire::encode_unprocessed(unprocessed);
}

}  // namespace syncline::service
