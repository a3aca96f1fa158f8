// Cognito Identity in SQLite. Writing functions are called inside a transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/identity_store.h"
#include "service/sqlite.h"

namespace syncline::service {

Result<void> write_pool(Connection& connection, const IdentityPoolId& pool, std::string_view definition, Timestamp now);
Result<bool> remove_pool(Connection& connection, const IdentityPoolId& pool);
Result<std::vector<std::string>> read_pools(Connection& connection, std::string_view after, std::size_t limit);

Result<std::optional<Identity>> read_identity(Connection& connection, const IdentityId& identity);
Result<std::vector<Identity>> read_identities(Connection& connection, const IdentityPoolId& pool,
                                              std::string_view after, std::size_t limit, bool hide_disabled);
Result<std::optional<Identity>> read_owner(Connection& connection, const IdentityPoolId& pool, const Login& login);

Result<IdentityId> write_login(Connection& connection, const IdentityPoolId& pool, const IdentityId& presented,
                               const std::vector<Login>& logins, const LoginRule& rule, Timestamp now);
Result<void> remove_logins(Connection& connection, const IdentityId& identity, const std::vector<Login>& logins,
                           Timestamp now);
Result<bool> remove_identity(Connection& connection, const IdentityId& identity, Timestamp now);

// The datasets of one identity become another's: sqlite_merge.cc. A twin, one that the destination has as well, is kept
// as NAME.SOURCE-ID. `source` and `destination` are rows.
Result<void> merge_datasets(Connection& connection, std::int64_t source, std::string_view source_id,
                            std::int64_t destination);

}  // namespace syncline::service
