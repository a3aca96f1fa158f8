// How a dataset lies in SQLite; shared by the connection that writes and those that read.
#pragma once

#include <cstdint>
#include <string_view>

#include "service/service_store.h"
#include "service/sqlite.h"
#include "syncline/result.h"
#include "wire/messages.h"

namespace syncline::service {

// Ids are SQLite's, 0: no such row.
struct DatasetRow {
  std::int64_t identity_id = 0;
  std::int64_t dataset_id = 0;
  DatasetState state;
};

// The statement that find_dataset() runs.
inline constexpr std::string_view kFindDataset =
    "SELECT i.id, d.id, d.present, d.sync_count, d.first_count, d.records, d.bytes, d.created_at, d.modified_at,"
    " d.modified_by"
    " FROM pools p JOIN identities i ON i.pool_id = p.id LEFT JOIN datasets d ON d.identity_id = i.id AND d.name = ?3"
    " WHERE p.name = ?1 AND i.name = ?2";

// One that never existed has the count `floor` (Installation::count_floor).
Result<DatasetRow> find_dataset(const Statement& statement, const wire::Target& target, SyncCount floor);

// The statement that find_standing() runs.
inline constexpr std::string_view kFindStanding =
    "SELECT i.created_at IS NOT NULL AND i.disabled_at IS NULL"
    " FROM pools p LEFT JOIN identities i ON i.pool_id = p.id AND i.name = ?2 WHERE p.name = ?1";

Result<Standing> find_standing(const Statement& statement, const IdentityPoolId& pool, const IdentityId& identity);

// The state in eight columns from `column` on: present, sync_count, first_count, records, bytes, created_at,
// modified_at, modified_by.
DatasetState state_at(const Query& query, int column);

// Times are stored as milliseconds since 1970.
Timestamp time_of(std::int64_t milliseconds);
std::int64_t milliseconds(Timestamp time);

}  // namespace syncline::service
