#include "service/incarnation.h"

#include "service/sqlite_rows.h"

namespace syncline::service {

Result<void> begin_incarnation(Connection& writer, Timestamp now) {
  const std::int64_t leap = milliseconds(now);
  return run_once(writer,
                  "INSERT INTO lost_counts (dataset_id, last_known, next_known)"
                  " SELECT id, sync_count, sync_count + ?1 FROM datasets",
                  leap)
      .and_then([&] {
        return run_once(writer,
                        "UPDATE datasets SET sync_count = sync_count + ?1, change_number = change_number + ?1,"
                        " change_by_others = change_by_others + ?1",
                        leap);
      })
      .and_then([&] { return run_once(writer, "UPDATE pools SET changes = changes + ?1", leap); })
      .and_then([&] {
        return run_once(writer,
                        "INSERT INTO installation (name, value) VALUES ('count_floor', ?1)"
                        " ON CONFLICT (name) DO UPDATE SET value = value + ?1",
                        leap);
      });
}

Result<std::int64_t> read_count_floor(Connection& connection) {
  return connection.integer(
      "SELECT coalesce((SELECT CAST(value AS INTEGER) FROM installation WHERE name = 'count_floor'), 0)");
}

}  // namespace syncline::service
