#include "service/sqlite_rows.h"

#include <chrono>
#include <string>
#include <utility>

namespace syncline::service {

Timestamp time_of(std::int64_t milliseconds) {
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

std::int64_t milliseconds(Timestamp time) {
  return time.time_since_epoch().count();
}

DatasetState state_at(const Query& query, int column) {
  return DatasetState{.exists = query.integer(column) != 0,
                      .count = SyncCount{query.integer(column + 1)},
                      .first_count = SyncCount{query.integer(column + 2)},
                      .records = query.integer(column + 3),
                      .bytes = query.integer(column + 4),
                      .created_at = time_of(query.integer(column + 5)),
                      .modified_at = time_of(query.integer(column + 6)),
                      .modified_by = std::string(query.text(column + 7))};
}

Result<DatasetRow> find_dataset(const Statement& statement, const wire::Target& target, SyncCount floor) {
  Query query(statement, target.pool.text(), target.identity.text(), target.dataset.text());
  auto row = query.next();
  if (!row) return std::move(row).error();
  DatasetRow found;
  found.state.count = floor;
  if (!*row) return found;
  found.identity_id = query.integer(0);
  found.dataset_id = query.integer(1);
  if (found.dataset_id != 0) found.state = state_at(query, 2);
  return found;
}

Result<Standing> find_standing(const Statement& statement, const IdentityPoolId& pool, const IdentityId& identity) {
  Query query(statement, pool.text(), identity.text());
  auto row = query.next();
  if (!row) return std::move(row).error();
  return Standing{.pool_exists = *row, .identity_enabled = *row && query.integer(0) != 0};
}

}  // namespace syncline::service
