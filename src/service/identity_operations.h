// Cognito Identity's operations (protocol.md, section 4), as a table: who may call each, and what answers it.
// [any thread]
#pragma once

#include <string>
#include <string_view>

#include "service/handlers.h"
#include "service/openid.h"
#include "service/pool_documents.h"
#include "service/temporary_credentials.h"
#include "service/tokens.h"
#include "syncline/result.h"
#include "wire/identity_messages.h"

namespace syncline::service {

struct IdentityContext {
  const ServiceOptions& options;
  ServiceStore& store;
  const Tokens& tokens;
  const TemporaryCredentials& credentials;
  const OwnTokens& own_tokens;
  OpenIdProviders& providers;
};

struct IdentityCall {
  wire::IdentityOperation operation;
  std::string_view body;
  Timestamp now{};
};

using IdentityHandler = Result<std::string> (*)(const IdentityContext& context, const IdentityCall& call);

struct IdentityRow {
  wire::IdentityOperation operation;
  bool signed_by_developer;  // else unsigned: what it carries is what proves it
  IdentityHandler handler;
};

const IdentityRow& row_of(wire::IdentityOperation operation);

// identity_pool_operations.cc
Result<std::string> create_identity_pool(const IdentityContext& context, const IdentityCall& call);
Result<std::string> describe_identity_pool(const IdentityContext& context, const IdentityCall& call);
Result<std::string> update_identity_pool(const IdentityContext& context, const IdentityCall& call);
Result<std::string> list_identity_pools(const IdentityContext& context, const IdentityCall& call);
Result<std::string> delete_identity_pool(const IdentityContext& context, const IdentityCall& call);

// login_operations.cc
Result<std::string> get_id(const IdentityContext& context, const IdentityCall& call);
Result<std::string> get_credentials_for_identity(const IdentityContext& context, const IdentityCall& call);
Result<std::string> get_openid_token(const IdentityContext& context, const IdentityCall& call);
Result<std::string> unlink_identity(const IdentityContext& context, const IdentityCall& call);

// developer_operations.cc
Result<std::string> get_openid_token_for_developer_identity(const IdentityContext& context, const IdentityCall& call);
Result<std::string> lookup_developer_identity(const IdentityContext& context, const IdentityCall& call);
Result<std::string> merge_developer_identities(const IdentityContext& context, const IdentityCall& call);
Result<std::string> unlink_developer_identity(const IdentityContext& context, const IdentityCall& call);

// identity_operations.cc
Result<std::string> describe_identity(const IdentityContext& context, const IdentityCall& call);
Result<std::string> list_identities(const IdentityContext& context, const IdentityCall& call);
Result<std::string> delete_identities(const IdentityContext& context, const IdentityCall& call);

// --- what they share: identity_operations.cc ------------------------------------------------------------------------

Error no_such_pool(const IdentityPoolId& pool);
Error no_such_identity(const IdentityId& identity);
// Error: kResourceNotFound.
Result<Identity> existing_identity(const IdentityContext& context, const IdentityId& identity);
Result<Revised<wire::IdentityPool>> existing_pool(const IdentityContext& context, const IdentityPoolId& pool);
// "us-east-1:GUID"
std::string fresh_id(const IdentityContext& context);
// Where a list goes on; `list` names it.
Result<ListPageToken> page_of(const IdentityContext& context, std::string_view list, std::string_view of,
                              const std::string& next_token, Timestamp now);
// Who the tokens of `logins` belong to. The developer's own users are taken at the caller's word if `developer`.
Result<std::vector<Login>> verified(const IdentityContext& context, const wire::IdentityPool& pool,
                                    const wire::TextPairs& logins, bool developer, Timestamp now);

}  // namespace syncline::service
