// Identities, and the life of a dataset on this device.
#include "store/impl.h"
#include "store/rows.h"

namespace syncline::store {

std::string last_identity(Connection& connection) {
  return load_meta(connection, kIdentity).value_or(std::string());
}

void StoreImpl::note_opened(DatasetId dataset) {
  const std::lock_guard guard(opened_mutex);
  opened.insert(dataset);
}

void StoreImpl::forget_opened() {
  const std::lock_guard guard(opened_mutex);
  opened.clear();
}

namespace {

// What was written before any identity was known becomes `owner`'s.
bool claim(Connection& connection, std::string_view owner) {
  connection
      .use(R"sql(
    UPDATE OR IGNORE dataset SET identity = ?1, checksum = row_sum('d', id, ?1, name, phase, sync_count, newest)
    WHERE identity = '')sql")
      .bind(owner)
      .run();
  return connection.rows_changed() > 0;
}

// A client that was opened before any identity was known works for the one that another process has adopted since.
std::string owner_of(Connection& connection, const std::string& identity) {
  return identity.empty() ? last_identity(connection) : identity;
}

}  // namespace

void fail_wiped() {
  fail(ErrorCode::kIdentityChanged, "the dataset was wiped by another process; open it again");
}

void check_not_wiped(Connection& connection, DatasetId dataset) {
  if (!connection.use("SELECT 1 FROM dataset WHERE id = ?").bind(dataset).step()) fail_wiped();
}

DatasetId find_dataset(Connection& connection, std::string_view identity, std::string_view name) {
  auto query = connection.use("SELECT id FROM dataset WHERE identity = ? AND name = ?");
  return query.bind(identity).bind(name).step() ? query.number(0) : 0;
}

// An id is never given again: another process may still hold the one of a dataset that was wiped.
DatasetId find_or_add_dataset(Connection& connection, std::string_view identity, std::string_view name) {
  connection
      .use(R"sql(
    INSERT OR IGNORE INTO dataset (id, identity, name, phase, sync_count, newest, generation, checksum)
    SELECT next, ?1, ?2, 0, 0, 0, 0, row_sum('d', next, ?1, ?2, 0, 0, 0)
    FROM (SELECT max(coalesce((SELECT max(id) FROM dataset), 0),
                     coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'last_dataset'), 0)) + 1 AS next))sql")
      .bind(identity)
      .bind(name)
      .run();
  return find_dataset(connection, identity, name);
}

Result<std::string> Store::adopt_identity(const std::string& wanted) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    const auto last = last_identity(connection);
    const auto& first = last.empty() ? wanted : last;
    const bool claimed = !first.empty() && claim(connection, first);
    const bool another = !wanted.empty() && wanted != last;
    if (another) set_meta(connection, kIdentity, wanted);
    std::string adopted = another ? wanted : last;  // copied before the commit: after it nothing may fail
    if (claimed || another) transaction.commit();
    return adopted;
  });
}

Result<DatasetId> Store::open_dataset(const std::string& identity, const std::string& name) {
  auto known = reading(*impl_, [&](Connection& connection) {
    const auto id = find_dataset(connection, owner_of(connection, identity), name);
    if (id != 0) impl_->note_opened(id);
    return id;
  });
  if (!known || *known != 0) return known;
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    const auto owner = owner_of(transaction.connection(), identity);
    const auto id = find_or_add_dataset(transaction.connection(), owner, name);
    impl_->note_opened(id);
    transaction.commit();
    return id;
  });
}

Result<std::vector<std::string>> Store::dataset_names(const std::string& identity) {
  return reading(*impl_, [&](Connection& connection) {
    auto query = connection.use("SELECT name FROM dataset WHERE identity = ? ORDER BY name");
    const auto owner = owner_of(connection, identity);
    query.bind(std::string_view(owner));
    std::vector<std::string> names;
    while (query.step()) names.push_back(query.text(0));
    return names;
  });
}

Result<KeyChanges> Store::begin_deletion(DatasetId dataset) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    check_not_wiped(connection, dataset);
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
    // What was sent stays: a push that is out may still arrive, and must be known as this device's own (D6).
    for (const char* sql : {"DELETE FROM record WHERE dataset = ?", "DELETE FROM journal WHERE dataset = ?",
                            "DELETE FROM conflict WHERE dataset = ?", "DELETE FROM staged WHERE dataset = ?"}) {
      connection.use(sql).bind(dataset).run();
    }
    // D14: what the service has is deleted only up to the count that was seen here; nothing seen, nothing to delete. A
    // dataset that was pushed to and not listed since is known by what the answers told.
    connection
        .use(R"sql(
      UPDATE dataset SET phase = seen > 0, sync_count = seen, newest = seen, generation = generation + 1,
                         checksum = row_sum('d', id, identity, name, seen > 0, seen, seen)
      FROM (SELECT CASE sync_count WHEN 0 THEN newest ELSE sync_count END AS seen FROM dataset WHERE id = ?1)
      WHERE id = ?1)sql")
        .bind(dataset)
        .run();
    transaction.forget_totals(dataset);
    transaction.changed(dataset, changes);
    transaction.commit();
    return changes;
  });
}

Result<void> Store::finish_deletion(SyncLease& lease) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    transaction.renew(lease);
    connection
        .use(
            "UPDATE dataset SET phase = 0, sync_count = 0, newest = 0, "
            "checksum = row_sum('d', id, identity, name, 0, 0, 0) WHERE id = ?")
        .bind(lease.dataset)
        .run();
    transaction.commit();
    lease.start = SyncStart{};
  });
}

}  // namespace syncline::store
