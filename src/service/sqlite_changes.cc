#include "service/sqlite_changes.h"

#include <string>
#include <utility>

namespace syncline::service {

// One statement, and so one snapshot: whatever has a number up to `last` is in it.
Result<Changes> read_changes(Connection& connection, const wire::Target& target, std::int64_t after) {
  Changes changes;
  auto read = read_rows(
      connection,
      "SELECT p.changes, d.name, d.sync_count, d.change_number, d.modified_by, d.change_by_others"
      " FROM pools p LEFT JOIN identities i ON i.pool_id = p.id AND i.name = ?2"
      " LEFT JOIN datasets d ON d.identity_id = i.id AND d.present = 1 AND d.change_number > ?3"
      " WHERE p.name = ?1 ORDER BY d.change_number",
      [&](const Query& row) {
        changes.last = row.integer(0);
        if (row.is_null(1)) return;
        changes.datasets.push_back({.dataset = std::string(row.text(1)),
                                    .count = SyncCount{row.integer(2)},
                                    .number = row.integer(3),
                                    .writer = std::string(row.text(4)),
                                    .by_others = row.integer(5)});
      },
      target.pool.text(), target.identity.text(), after);
  if (!read) return std::move(read).error();
  return changes;
}

}  // namespace syncline::service
