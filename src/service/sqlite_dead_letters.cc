// What could not be sent: shown, sent again, forgotten.
#include <utility>

#include "service/sqlite_outbox.h"
#include "service/sqlite_rows.h"

namespace syncline::service {

namespace {

// A choice as two values of a statement: an id (0: any) and a pool (empty: any).
constexpr std::string_view kChosen = " WHERE (?1 = 0 OR id = ?1) AND (?2 = '' OR pool = ?2)";

struct Chosen {
  explicit Chosen(const DeadLetterChoice& which)
      : id(which.id.value_or(0)), pool(which.pool ? which.pool->text() : std::string()) {}
  std::int64_t id;
  std::string pool;
};

Result<std::int64_t> count_chosen(Connection& connection, const Chosen& chosen) {
  std::int64_t count = 0;
  auto read = read_rows(
      connection, "SELECT count(*) FROM dead_letters" + std::string(kChosen),
      [&](const Query& row) { count = row.integer(0); }, chosen.id, chosen.pool);
  if (!read) return std::move(read).error();
  return count;
}

DeadLetter letter_at(const Query& row) {
  return DeadLetter{
      .id = row.integer(0),
      .kind = static_cast<OutboxKind>(row.integer(1)),
      .target = {.pool = IdentityPoolId::parse(row.text(2)).value_or(IdentityPoolId()),
                 .identity = IdentityId::parse(row.text(3)).value_or(IdentityId()),
                 .dataset = DatasetName::parse(row.text(4)).value_or(DatasetName())},
      .device = std::string(row.text(5)),
      .count = SyncCount{row.integer(6)},
      .bytes = row.integer(7),
      .created_at = time_of(row.integer(8)),
      .died_at = time_of(row.integer(9)),
      .attempts = static_cast<int>(row.integer(10)),
      .failure = std::string(row.text(11)),
  };
}

}  // namespace

Result<std::vector<DeadLetter>> read_dead_letters(Connection& connection, std::int64_t after, std::size_t limit) {
  std::vector<DeadLetter> letters;
  const auto most = static_cast<std::int64_t>(limit);
  auto read = read_rows(
      connection,
      "SELECT id, kind, pool, identity, dataset, device, sync_count, length(CAST(records AS BLOB)), created_at,"
      " died_at, attempts, failure FROM dead_letters WHERE id > ?1 ORDER BY id LIMIT ?2",
      [&](const Query& row) { letters.push_back(letter_at(row)); }, after, most);
  if (!read) return std::move(read).error();
  return letters;
}

Result<std::int64_t> revive_dead_letters(Connection& connection, const DeadLetterChoice& which, Timestamp now) {
  const Chosen chosen(which);
  const std::int64_t time = milliseconds(now);
  auto count = count_chosen(connection, chosen);
  if (!count) return count;
  const std::string condition(kChosen);
  auto revived =
      run_once(connection,
               "INSERT INTO outbox_lanes (kind, pool, identity, dataset, device, due_at, attempts)"
               " SELECT DISTINCT kind, pool, identity, dataset, device, ?3, 0 FROM dead_letters" +
                   condition + " ON CONFLICT (identity, dataset, kind, device, pool) DO NOTHING",
               chosen.id, chosen.pool, time)
          .and_then([&] {
            return run_once(connection,
                            "INSERT INTO outbox (lane_id, bulk, sync_count, modified_at, removal, records, created_at)"
                            " SELECT (SELECT l.id FROM outbox_lanes l WHERE l.identity = d.identity"
                            " AND l.dataset = d.dataset AND l.kind = d.kind AND l.device = d.device"
                            " AND l.pool = d.pool), 0, sync_count, modified_at, removal, records, ?3"
                            " FROM dead_letters d" +
                                condition + " ORDER BY d.id",
                            chosen.id, chosen.pool, time);
          })
          .and_then(
              [&] { return run_once(connection, "DELETE FROM dead_letters" + condition, chosen.id, chosen.pool); });
  if (!revived) return std::move(revived).error();
  return count;
}

Result<std::int64_t> remove_dead_letters(Connection& connection, const DeadLetterChoice& which) {
  const Chosen chosen(which);
  auto count = count_chosen(connection, chosen);
  if (!count) return count;
  auto removed = run_once(connection, "DELETE FROM dead_letters" + std::string(kChosen), chosen.id, chosen.pool);
  if (!removed) return std::move(removed).error();
  return count;
}

}  // namespace syncline::service
