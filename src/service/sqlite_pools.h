// Pools in SQLite: usage figures and documents. Writing functions are called inside a transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/service_store.h"
#include "service/session_counts.h"
#include "service/sqlite.h"

namespace syncline::service {

Result<void> load_sessions(Connection& connection, SessionCounts& sessions);
Result<void> save_sessions(Connection& connection, const SessionCounts& sessions);

Result<IdentityFigures> read_identity_usage(Connection& connection, const IdentityPoolId& pool,
                                            const IdentityId& identity);
// Of the store `path`, which the connection is to.
Result<StoreFigures> read_figures(Connection& connection, const std::string& path);
Result<std::vector<PoolFigures>> read_pool_usages(Connection& connection, const SessionCounts& sessions,
                                                  std::string_view after, std::size_t limit);
Result<PoolFigures> read_pool_usage(Connection& connection, const SessionCounts& sessions, const IdentityPoolId& pool);

Result<StoredDocument> read_document(Connection& connection, const IdentityPoolId& pool, PoolDocument document);
Result<void> write_document(Connection& connection, const IdentityPoolId& pool, PoolDocument document,
                            std::string_view body, std::int64_t expected);

// SQLite's id of a pool. Error: kResourceNotFound.
Result<std::int64_t> pool_row(Connection& connection, const IdentityPoolId& pool);

}  // namespace syncline::service
