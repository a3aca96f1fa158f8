// Identities, and the life of a dataset on this device.
#include "store/impl.h"
#include "store/rows.h"

namespace syncline::store {

namespace {

std::string last_identity(Connection& connection) {
  auto query = connection.use("SELECT value FROM meta WHERE name = 'identity'");
  return query.step() ? query.text(0) : std::string();
}

}  // namespace

Result<std::string> Store::adopt_identity(const std::string& wanted) {
  return guarded([&]() -> std::string {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    const auto last = last_identity(connection);
    if (wanted.empty() || wanted == last) return last;
    if (last.empty()) {
      connection.use("UPDATE dataset SET identity = ? WHERE identity = ''").bind(std::string_view(wanted)).run();
    }
    connection
        .use(
            "INSERT INTO meta (name, value) VALUES ('identity', ?) ON CONFLICT (name) DO UPDATE SET value = "
            "excluded.value")
        .bind(std::string_view(wanted))
        .run();
    transaction.commit();
    return wanted;
  });
}

Result<DatasetId> Store::open_dataset(const std::string& identity, const std::string& name) {
  static constexpr const char* kFind = "SELECT id FROM dataset WHERE identity = ? AND name = ?";
  const auto find = [&](Connection& connection) -> DatasetId {
    auto query = connection.use(kFind);
    query.bind(std::string_view(identity)).bind(std::string_view(name));
    return query.step() ? query.number(0) : 0;
  };
  auto known = reading(*impl_, find);
  if (!known || *known != 0) return known;
  return guarded([&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    transaction.connection()
        .use("INSERT OR IGNORE INTO dataset (identity, name, phase, sync_count, generation) VALUES (?, ?, 0, 0, 0)")
        .bind(std::string_view(identity))
        .bind(std::string_view(name))
        .run();
    const auto id = find(transaction.connection());
    transaction.commit();
    return id;
  });
}

Result<std::vector<std::string>> Store::dataset_names(const std::string& identity) {
  return reading(*impl_, [&](Connection& connection) {
    auto query = connection.use("SELECT name FROM dataset WHERE identity = ? ORDER BY name");
    query.bind(std::string_view(identity));
    std::vector<std::string> names;
    while (query.step()) names.push_back(query.text(0));
    return names;
  });
}

Result<KeyChanges> Store::begin_deletion(DatasetId dataset) {
  return guarded([&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    KeyChanges changes;
    {
      auto visible = connection.use(R"sql(
        SELECT key FROM journal WHERE dataset = ?1 AND value IS NOT NULL
        UNION
        SELECT key FROM record AS r WHERE dataset = ?1 AND value IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM journal AS j WHERE j.dataset = r.dataset AND j.key = r.key))sql");
      visible.bind(dataset);
      while (visible.step()) changes.removed.push_back(visible.text(0));
    }
    // D14: what the service has is deleted only up to the count that was seen here; nothing seen, nothing to delete. A
    // dataset that was pushed to and not listed since is known by its records' counts.
    connection
        .use(R"sql(
      UPDATE dataset SET sync_count = (SELECT coalesce(max(sync_count), 0) FROM record WHERE dataset = ?1)
      WHERE id = ?1 AND sync_count = 0)sql")
        .bind(dataset)
        .run();
    // What was sent stays: a push that is out may still arrive, and must be known as this device's own (D6).
    for (const char* sql : {"DELETE FROM record WHERE dataset = ?", "DELETE FROM journal WHERE dataset = ?",
                            "DELETE FROM conflict WHERE dataset = ?", "DELETE FROM staged WHERE dataset = ?"}) {
      connection.use(sql).bind(dataset).run();
    }
    connection
        .use(
            "UPDATE dataset SET phase = CASE WHEN sync_count > 0 THEN 1 ELSE 0 END, generation = generation + 1 WHERE "
            "id = ?")
        .bind(dataset)
        .run();
    transaction.forget_totals(dataset);
    transaction.commit();
    return changes;
  });
}

Result<void> Store::finish_deletion(SyncLease& lease) {
  return guarded([&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    transaction.renew(lease);
    connection.use("UPDATE dataset SET phase = 0, sync_count = 0 WHERE id = ?").bind(lease.dataset).run();
    transaction.commit();
    lease.start = SyncStart{};
  });
}

}  // namespace syncline::store
