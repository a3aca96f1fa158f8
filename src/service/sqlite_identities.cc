#include "service/sqlite_identities.h"

#include <utility>

#include "service/sqlite_pools.h"
#include "service/sqlite_rows.h"

namespace syncline::service {

namespace {

// An identity and its SQLite id.
struct Row {
  std::int64_t id = 0;
  Identity identity;
};

constexpr const char* kIdentityColumns =
    "SELECT i.id, p.name, i.name, i.created_at, i.modified_at, i.disabled_at IS NULL"
    " FROM identities i JOIN pools p ON p.id = i.pool_id";

Row row_at(const Query& query) {
  return Row{.id = query.integer(0),
             .identity = {.pool = IdentityPoolId::parse(query.text(1)).value_or(IdentityPoolId()),
                          .id = IdentityId::parse(query.text(2)).value_or(IdentityId()),
                          .created_at = time_of(query.integer(3)),
                          .modified_at = time_of(query.integer(4)),
                          .enabled = query.integer(5) != 0,
                          .logins = {}}};
}

Result<void> add_logins(Connection& connection, Row& row) {
  return read_rows(
      connection, "SELECT provider, user FROM logins WHERE identity_id = ?1 ORDER BY provider, user",
      [&](const Query& query) {
        row.identity.logins.push_back({.provider = std::string(query.text(0)), .user = std::string(query.text(1))});
      },
      row.id);
}

// The rows that `condition` selects, with their logins.
template <typename... Values>
Result<std::vector<Row>> find_rows(Connection& connection, const std::string& condition, const Values&... values) {
  std::vector<Row> rows;
  auto read = read_rows(
      connection, kIdentityColumns + condition, [&](const Query& query) { rows.push_back(row_at(query)); }, values...);
  if (!read) return std::move(read).error();
  for (Row& row : rows) {
    if (auto added = add_logins(connection, row); !added) return std::move(added).error();
  }
  return rows;
}

Result<std::optional<Row>> only(Result<std::vector<Row>> rows) {
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<Row>();
  return std::optional<Row>(std::move(rows->front()));
}

Result<std::optional<Row>> find_row(Connection& connection, const IdentityId& identity) {
  return only(find_rows(connection, " WHERE i.name = ?1 AND i.created_at IS NOT NULL", identity.text()));
}

Result<std::optional<Row>> find_owner(Connection& connection, const IdentityPoolId& pool, const Login& login) {
  if (login.provider == kOwnProvider) {
    return only(find_rows(connection, " WHERE p.name = ?1 AND i.name = ?2 AND i.created_at IS NOT NULL", pool.text(),
                          login.user));
  }
  return only(find_rows(connection,
                        " JOIN logins l ON l.identity_id = i.id"
                        " WHERE p.name = ?1 AND l.pool_id = p.id AND l.provider = ?2 AND l.user = ?3",
                        pool.text(), login.provider, login.user));
}

std::optional<Identity> identity_of(std::optional<Row> row) {
  if (!row) return std::nullopt;
  return std::move(row->identity);
}

Result<LoginFacts> find_facts(Connection& connection, const IdentityPoolId& pool, const IdentityId& presented,
                              const std::vector<Login>& logins) {
  LoginFacts facts;
  if (!presented.empty()) {
    auto row = find_row(connection, presented);
    if (!row) return std::move(row).error();
    if (*row && (*row)->identity.pool == pool) facts.presented = identity_of(std::move(*row));
  }
  for (const Login& login : logins) {
    auto owner = find_owner(connection, pool, login);
    if (!owner) return std::move(owner).error();
    facts.owners.push_back(identity_of(std::move(*owner)));
  }
  return facts;
}

// A developer may have written data under the id before; it becomes an identity with that.
Result<void> add_identity(Connection& connection, const IdentityPoolId& pool, const IdentityId& identity,
                          std::int64_t time) {
  auto pool_id = pool_row(connection, pool);
  if (!pool_id) return std::move(pool_id).error();
  return run_once(connection,
                  "INSERT INTO identities (pool_id, name, created_at, modified_at) VALUES (?1, ?2, ?3, ?3)"
                  " ON CONFLICT (pool_id, name) DO UPDATE SET created_at = ?3, modified_at = ?3",
                  *pool_id, identity.text(), time);
}

Result<void> remove_devices(Connection& connection, std::int64_t identity) {
  return run_once(connection,
                  "DELETE FROM subscriptions WHERE device_id IN (SELECT id FROM devices WHERE identity_id = ?1)",
                  identity)
      .and_then([&] { return run_once(connection, "DELETE FROM devices WHERE identity_id = ?1", identity); });
}

// Its logins and datasets move; what is left points to nothing of anybody's.
Result<void> merge_identity(Connection& connection, const IdentityId& source, std::int64_t destination,
                            std::int64_t time) {
  auto row = find_row(connection, source);
  if (!row) return std::move(row).error();
  if (!*row) return {};
  const std::int64_t id = (*row)->id;
  return run_once(connection, "UPDATE logins SET identity_id = ?2 WHERE identity_id = ?1", id, destination)
      .and_then([&] { return remove_devices(connection, id); })
      .and_then([&] { return merge_datasets(connection, id, source.text(), destination); })
      .and_then([&] {
        return run_once(connection, "UPDATE identities SET disabled_at = ?2, modified_at = ?2 WHERE id = ?1", id, time);
      });
}

Result<void> add_link(Connection& connection, const Login& login, std::int64_t identity) {
  return run_once(connection,
                  "INSERT INTO logins (pool_id, provider, user, identity_id)"
                  " SELECT pool_id, ?2, ?3, id FROM identities WHERE id = ?1",
                  identity, login.provider, login.user);
}

Result<void> carry_out(Connection& connection, const IdentityPoolId& pool, const LoginDecision& decision,
                       std::int64_t time) {
  if (decision.made) {
    if (auto added = add_identity(connection, pool, decision.identity, time); !added) return added;
  }
  if (decision.merged.empty() && decision.linked.empty()) return {};
  auto row = find_row(connection, decision.identity);
  if (!row) return std::move(row).error();
  if (!*row) return Error{.code = ErrorCode::kInternal, .message = "a login was decided for an identity that is gone"};
  const std::int64_t id = (*row)->id;
  for (const IdentityId& source : decision.merged) {
    if (auto merged = merge_identity(connection, source, id, time); !merged) return merged;
  }
  for (const Login& login : decision.linked) {
    if (auto linked = add_link(connection, login, id); !linked) return linked;
  }
  return run_once(connection, "UPDATE identities SET modified_at = ?2 WHERE id = ?1", id, time);
}

// All that hangs on the identities that `which` selects, and they themselves.
Result<void> remove_identities(Connection& connection, const std::string& which, std::int64_t value) {
  const std::string datasets = "(SELECT id FROM datasets WHERE identity_id IN " + which + ")";
  const std::string devices = "(SELECT id FROM devices WHERE identity_id IN " + which + ")";
  for (const std::string& sql :
       {"DELETE FROM subscriptions WHERE dataset_id IN " + datasets,
        "DELETE FROM subscriptions WHERE device_id IN " + devices, "DELETE FROM devices WHERE identity_id IN " + which,
        "DELETE FROM records WHERE dataset_id IN " + datasets, "DELETE FROM history WHERE dataset_id IN " + datasets,
        "DELETE FROM lost_counts WHERE dataset_id IN " + datasets, "DELETE FROM datasets WHERE identity_id IN " + which,
        "DELETE FROM logins WHERE identity_id IN " + which, "DELETE FROM identities WHERE id IN " + which}) {
    if (auto removed = run_once(connection, sql, value); !removed) return removed;
  }
  return {};
}

}  // namespace

Result<void> write_pool(Connection& connection, const IdentityPoolId& pool, std::string_view definition,
                        Timestamp now) {
  const std::int64_t time = milliseconds(now);
  return run_once(connection, "INSERT INTO pools (name, created_at) VALUES (?1, ?2)", pool.text(), time).and_then([&] {
    return write_document(connection, pool, PoolDocument::kDefinition, definition, 0);
  });
}

Result<bool> remove_pool(Connection& connection, const IdentityPoolId& pool) {
  auto id = pool_row(connection, pool);
  if (!id && id.error().code == ErrorCode::kResourceNotFound) return false;
  if (!id) return std::move(id).error();
  auto removed =
      remove_identities(connection, "(SELECT id FROM identities WHERE pool_id = ?1)", *id)
          .and_then([&] { return run_once(connection, "DELETE FROM pool_documents WHERE pool_id = ?1", *id); })
          .and_then([&] { return run_once(connection, "DELETE FROM pools WHERE id = ?1", *id); });
  if (!removed) return std::move(removed).error();
  return true;
}

Result<std::vector<std::string>> read_pools(Connection& connection, std::string_view after, std::size_t limit) {
  std::vector<std::string> names;
  const auto most = static_cast<std::int64_t>(limit);
  auto read = read_rows(
      connection, "SELECT name FROM pools WHERE name > ?1 ORDER BY name LIMIT ?2",
      [&](const Query& row) { names.emplace_back(row.text(0)); }, after, most);
  if (!read) return std::move(read).error();
  return names;
}

Result<std::optional<Identity>> read_identity(Connection& connection, const IdentityId& identity) {
  return find_row(connection, identity).transform(identity_of);
}

Result<std::vector<Identity>> read_identities(Connection& connection, const IdentityPoolId& pool,
                                              std::string_view after, std::size_t limit, bool hide_disabled) {
  const auto most = static_cast<std::int64_t>(limit);
  const std::string shown = hide_disabled ? " AND i.disabled_at IS NULL" : "";
  auto rows =
      find_rows(connection,
                " WHERE p.name = ?1 AND i.name > ?2 AND i.created_at IS NOT NULL" + shown + " ORDER BY i.name LIMIT ?3",
                pool.text(), after, most);
  if (!rows) return std::move(rows).error();
  std::vector<Identity> found;
  for (Row& row : *rows) found.push_back(std::move(row.identity));
  return found;
}

Result<std::optional<Identity>> read_owner(Connection& connection, const IdentityPoolId& pool, const Login& login) {
  return find_owner(connection, pool, login).transform(identity_of);
}

Result<IdentityId> write_login(Connection& connection, const IdentityPoolId& pool, const IdentityId& presented,
                               const std::vector<Login>& logins, const LoginRule& rule, Timestamp now) {
  auto facts = find_facts(connection, pool, presented, logins);
  if (!facts) return std::move(facts).error();
  auto decision = rule(*facts);
  if (!decision) return std::move(decision).error();
  if (auto done = carry_out(connection, pool, *decision, milliseconds(now)); !done) return std::move(done).error();
  return std::move(decision->identity);
}

Result<void> remove_logins(Connection& connection, const IdentityId& identity, const std::vector<Login>& logins,
                           Timestamp now) {
  auto row = find_row(connection, identity);
  if (!row) return std::move(row).error();
  if (!*row) return {};
  for (const Login& login : logins) {
    auto removed = run_once(connection, "DELETE FROM logins WHERE identity_id = ?1 AND provider = ?2 AND user = ?3",
                            (*row)->id, login.provider, login.user);
    if (!removed) return removed;
  }
  // Whoever has lost the last login is nobody's any more: as a guest it would be anybody's who knows its id.
  const std::int64_t time = milliseconds(now);
  return run_once(connection,
                  "UPDATE identities SET modified_at = ?2, disabled_at = CASE WHEN ?3 > 0 AND NOT EXISTS"
                  " (SELECT 1 FROM logins WHERE identity_id = ?1) THEN ?2 ELSE disabled_at END WHERE id = ?1",
                  (*row)->id, time, static_cast<std::int64_t>((*row)->identity.logins.size()));
}

Result<bool> remove_identity(Connection& connection, const IdentityId& identity, Timestamp now) {
  auto row = find_row(connection, identity);
  if (!row) return std::move(row).error();
  if (!*row) return false;
  const std::int64_t time = milliseconds(now);
  auto removed = run_once(connection,
                          "UPDATE pools SET modified_at = ?2, bytes = bytes -"
                          " (SELECT coalesce(sum(bytes), 0) FROM datasets WHERE identity_id = ?1)"
                          " WHERE id = (SELECT pool_id FROM identities WHERE id = ?1)",
                          (*row)->id, time)
                     .and_then([&] { return remove_identities(connection, "(?1)", (*row)->id); });
  if (!removed) return std::move(removed).error();
  return true;
}

}  // namespace syncline::service
