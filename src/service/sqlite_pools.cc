#include "service/sqlite_pools.h"

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "service/sqlite_rows.h"

namespace syncline::service {

namespace {

// Each row's place is its document's number.
constexpr std::array<std::string_view, 4> kDocumentNames{"definition", "configuration", "events", "bulk_publish"};

std::string_view name_of(PoolDocument document) {
  return kDocumentNames[static_cast<std::size_t>(document)];
}

std::optional<Timestamp> time_if_any(const Query& query, int column) {
  if (query.is_null(column)) return std::nullopt;
  return time_of(query.integer(column));
}

PoolFigures figures_at(const Query& query, const SessionCounts& sessions) {
  return PoolFigures{.pool = std::string(query.text(0)),
                     .sync_sessions = sessions.of(query.text(0)),
                     .bytes = query.integer(1),
                     .modified_at = time_if_any(query, 2)};
}

Error no_pool() {
  return Error{.code = ErrorCode::kResourceNotFound, .message = "The identity pool does not exist"};
}

}  // namespace

Result<void> load_sessions(Connection& connection, SessionCounts& sessions) {
  return read_rows(connection, "SELECT name, sync_sessions FROM pools",
                   [&](const Query& row) { sessions.set(row.text(0), row.integer(1)); });
}

Result<void> save_sessions(Connection& connection, const SessionCounts& sessions) {
  Transaction transaction(connection);
  if (auto begun = transaction.begin_immediate(); !begun) return begun;
  for (const auto& [pool, count] : sessions.all()) {
    auto saved = run_once(connection, "UPDATE pools SET sync_sessions = ?2 WHERE name = ?1 AND sync_sessions != ?2",
                          pool, count);
    if (!saved) return saved;
  }
  return transaction.commit();
}

Result<IdentityFigures> read_identity_usage(Connection& connection, const IdentityPoolId& pool,
                                            const IdentityId& identity) {
  IdentityFigures figures;
  auto read = read_rows(
      connection,
      "SELECT coalesce(sum(d.present), 0), coalesce(sum(d.bytes), 0), max(d.modified_at)"
      " FROM pools p JOIN identities i ON i.pool_id = p.id JOIN datasets d ON d.identity_id = i.id"
      " WHERE p.name = ?1 AND i.name = ?2",
      [&](const Query& row) {
        figures = {.datasets = row.integer(0), .bytes = row.integer(1), .modified_at = time_if_any(row, 2)};
      },
      pool.text(), identity.text());
  if (!read) return std::move(read).error();
  return figures;
}

Result<StoreFigures> read_figures(Connection& connection, const std::string& path) {
  StoreFigures figures;
  auto read = read_rows(connection, "SELECT count(*), coalesce(sum(bytes), 0) FROM pools", [&](const Query& row) {
    figures.pools = row.integer(0);
    figures.data_bytes = row.integer(1);
  });
  if (!read) return std::move(read).error();
  const auto size_of = [](const std::string& file) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    return failed ? std::int64_t{0} : static_cast<std::int64_t>(size);  // a log may not be there yet
  };
  figures.file_bytes = size_of(path);
  figures.log_bytes = size_of(path + "-wal");
  return figures;
}

Result<std::vector<PoolFigures>> read_pool_usages(Connection& connection, const SessionCounts& sessions,
                                                  std::string_view after, std::size_t limit) {
  std::vector<PoolFigures> pools;
  const auto most = static_cast<std::int64_t>(limit);
  auto read = read_rows(
      connection, "SELECT name, bytes, modified_at FROM pools WHERE name > ?1 ORDER BY name LIMIT ?2",
      [&](const Query& row) { pools.push_back(figures_at(row, sessions)); }, after, most);
  if (!read) return std::move(read).error();
  return pools;
}

Result<PoolFigures> read_pool_usage(Connection& connection, const SessionCounts& sessions, const IdentityPoolId& pool) {
  std::optional<PoolFigures> figures;
  auto read = read_rows(
      connection, "SELECT name, bytes, modified_at FROM pools WHERE name = ?1",
      [&](const Query& row) { figures = figures_at(row, sessions); }, pool.text());
  if (!read) return std::move(read).error();
  if (!figures) return no_pool();
  return std::move(*figures);
}

Result<std::int64_t> pool_row(Connection& connection, const IdentityPoolId& pool) {
  std::int64_t id = 0;
  auto read = read_rows(
      connection, "SELECT id FROM pools WHERE name = ?1", [&](const Query& row) { id = row.integer(0); }, pool.text());
  if (!read) return std::move(read).error();
  if (id == 0) return no_pool();
  return id;
}

Result<StoredDocument> read_document(Connection& connection, const IdentityPoolId& pool, PoolDocument document) {
  auto id = pool_row(connection, pool);
  if (!id) return std::move(id).error();
  StoredDocument stored;
  auto read = read_rows(
      connection, "SELECT body, revision FROM pool_documents WHERE pool_id = ?1 AND kind = ?2",
      [&](const Query& row) { stored = {.body = std::string(row.text(0)), .revision = row.integer(1)}; }, *id,
      name_of(document));
  if (!read) return std::move(read).error();
  return stored;
}

Result<void> write_document(Connection& connection, const IdentityPoolId& pool, PoolDocument document,
                            std::string_view body, std::int64_t expected) {
  auto id = pool_row(connection, pool);
  if (!id) return std::move(id).error();
  auto current = read_document(connection, pool, document);
  if (!current) return std::move(current).error();
  if (current->revision != expected) {
    return Error{.code = ErrorCode::kConcurrentModification,
                 .message = "The identity pool was changed by another call at the same time"};
  }
  const std::int64_t next = expected + 1;
  return run_once(connection,
                  "INSERT INTO pool_documents (pool_id, kind, body, revision) VALUES (?1, ?2, ?3, ?4)"
                  " ON CONFLICT (pool_id, kind) DO UPDATE SET body = ?3, revision = ?4",
                  *id, name_of(document), body, next);
}

}  // namespace syncline::service
