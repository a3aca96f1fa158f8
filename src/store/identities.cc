// Who works here, and what becomes of the data of one who became another.
#include <algorithm>

#include "store/devices.h"
#include "store/impl.h"
#include "store/rows.h"
#include "store/schema.h"
#include "syncline/limits.h"

namespace syncline::store {

namespace {

struct IdentityRow {
  std::string identity = {};
  IdentityKind kind = IdentityKind::kAccount;
  std::string heir = {};
  GuestData guest_data = GuestData::kMerge;
};

std::optional<IdentityRow> load_identity(Connection& connection, std::string_view identity) {
  auto row = connection.use(
      "SELECT kind, heir, guest_data, row_sum('i', identity, kind, heir, guest_data) = checksum FROM identity "
      "WHERE identity = ?");
  if (!row.bind(identity).step()) return std::nullopt;
  if (row.number(3) == 0) fail_sum(connection);
  return IdentityRow{.identity = std::string(identity),
                     .kind = static_cast<IdentityKind>(row.number(0)),
                     .heir = row.text(1),
                     .guest_data = static_cast<GuestData>(row.number(2))};
}

void set_identity(Connection& connection, const IdentityRow& known) {
  connection
      .use(R"sql(
    INSERT INTO identity (identity, kind, heir, guest_data, checksum)
    VALUES (?1, ?2, ?3, ?4, row_sum('i', ?1, ?2, ?3, ?4))
    ON CONFLICT (identity) DO UPDATE SET kind = excluded.kind, heir = excluded.heir, guest_data = excluded.guest_data,
      checksum = excluded.checksum)sql")
      .bind(std::string_view(known.identity))
      .bind(static_cast<std::int64_t>(known.kind))
      .bind(std::string_view(known.heir))
      .bind(static_cast<std::int64_t>(known.guest_data))
      .run();
}

void give(Connection& connection, DatasetId dataset, std::string_view owner) {
  connection
      .use(
          "UPDATE dataset SET identity = ?1, checksum = row_sum('d', id, ?1, name, phase, sync_count, newest) "
          "WHERE id = ?2")
      .bind(owner)
      .bind(dataset)
      .run();
}

struct NamedDataset {
  DatasetId id = 0;
  std::string name = {};
};

std::vector<NamedDataset> datasets_of(Connection& connection, std::string_view identity) {
  auto row = connection.use("SELECT id, name FROM dataset WHERE identity = ? ORDER BY name");
  row.bind(identity);
  std::vector<NamedDataset> found;
  while (row.step()) found.push_back({.id = row.number(0), .name = row.text(1)});
  return found;
}

// Those whose data is this identity's: itself, who became it, who became those; nullopt: all that are known.
std::vector<std::string> owners(Connection& connection, const std::optional<std::string>& identity) {
  auto row = connection.use(R"sql(
    WITH RECURSIVE own (identity) AS (
      SELECT ?2 WHERE NOT ?1
      UNION SELECT i.identity FROM identity AS i JOIN own ON i.heir = own.identity WHERE i.kind = ?3)
    SELECT identity FROM own
    UNION SELECT identity FROM dataset WHERE ?1
    UNION SELECT identity FROM identity WHERE ?1)sql");
  row.bind(identity ? 0 : 1).bind(identity ? std::string_view(*identity) : std::string_view());
  row.bind(static_cast<std::int64_t>(IdentityKind::kMerged));
  std::vector<std::string> found;
  while (row.step()) found.push_back(row.text(0));
  return found;
}

// What nobody wrote becomes `owner`'s. Where it has a dataset of that name already, the two are merged record by
// record: the nameless one waits for that as if it were a guest's.
void claim_for(Connection& connection, const std::string& owner) {
  std::string nameless;
  for (const auto& dataset : datasets_of(connection, "")) {
    if (find_dataset(connection, owner, dataset.name) == 0) {
      give(connection, dataset.id, owner);
      continue;
    }
    if (nameless.empty()) {  // no identity's id looks like this
      nameless = ":" + std::to_string(dataset.id);
      set_identity(connection, {.identity = nameless, .kind = IdentityKind::kMerged, .heir = owner});
    }
    give(connection, dataset.id, nameless);
  }
}

// What was opened while nobody was known has become whoever's another process found, perhaps, or was wiped.
bool all_opened_are_of(StoreImpl& impl, std::string_view owner) {
  const std::lock_guard guard(impl.opened_mutex);
  return std::all_of(impl.opened.begin(), impl.opened.end(), [&](DatasetId dataset) {
    auto row = impl.writer->use("SELECT identity FROM dataset WHERE id = ?");
    return row.bind(dataset).step() && row.text(0) == owner;
  });
}

// The name under which a guest's dataset is kept beside the account's own: the service's, if it has to keep one too.
std::string separate_name(const std::string& name, const std::string& guest) {
  const auto tail = "." + guest;
  return name.substr(0, kMaxDatasetNameCharacters - tail.size()) + tail;
}

void forget_key(Connection& connection, DatasetId dataset, std::string_view key) {
  for (const char* sql :
       {"DELETE FROM record WHERE dataset = ? AND key = ?", "DELETE FROM journal WHERE dataset = ? AND key = ?",
        "DELETE FROM conflict WHERE dataset = ? AND key = ?", "DELETE FROM sent WHERE dataset = ? AND key = ?"}) {
    connection.use(sql).bind(dataset).bind(key).run();
  }
}

void forget_records(Connection& connection, DatasetId dataset) {
  for (const char* sql : {"DELETE FROM record WHERE dataset = ?", "DELETE FROM journal WHERE dataset = ?",
                          "DELETE FROM conflict WHERE dataset = ?", "DELETE FROM sent WHERE dataset = ?",
                          "DELETE FROM staged WHERE dataset = ?", "DELETE FROM twin WHERE dataset = ?"}) {
    connection.use(sql).bind(dataset).run();
  }
}

// Nothing of the service's is known here any more, and nobody who still syncs it may write.
void start_over(Connection& connection, DatasetId dataset) {
  connection
      .use(
          "UPDATE dataset SET phase = 0, sync_count = 0, newest = 0, generation = generation + 1, "
          "checksum = row_sum('d', id, identity, name, 0, 0, 0) WHERE id = ?")
      .bind(dataset)
      .run();
}

std::vector<std::string> keys_of(Connection& connection, DatasetId dataset) {
  auto row =
      connection.use("SELECT key FROM journal WHERE dataset = ?1 UNION SELECT key FROM record WHERE dataset = ?1");
  row.bind(dataset);
  std::vector<std::string> keys;
  while (row.step()) keys.push_back(row.text(0));
  return keys;
}

// Moves one dataset of a guest's into one of the heir's, key by key.
class Move {
 public:
  Move(WriteTransaction& transaction, DatasetId from, DatasetId to)
      : transaction_(transaction), connection_(transaction.connection()), from_(from), to_(to) {}

  // False: some keys have to wait.
  bool run() {
    const auto before = transaction_.totals_before(to_);
    bool all = true;
    for (const auto& key : keys_of(connection_, from_)) {
      if (take(key)) {
        forget_key(connection_, from_, key);
      } else {
        all = false;
      }
    }
    check_quotas(transaction_, before);
    transaction_.forget_totals(from_);
    transaction_.changed(to_, changes_);
    return all;
  }
  [[nodiscard]] std::size_t moved() const { return moved_; }
  [[nodiscard]] KeyChanges changes() && { return std::move(changes_); }

 private:
  bool take(const std::string& key) {
    const auto guest = load_key(connection_, from_, key);
    const auto heir = load_key(connection_, to_, key);
    const auto& value = guest.visible();
    // A tombstone, or a removal of what the service does not have and will not get (push.cc).
    if (!value && !(guest.pending && may_be_present(key, guest))) return true;
    if (heir.pending) return heir.pending->value == value;  // two unsent values: the other one has to be sent first
    if (heir.base && heir.base->value == value) return true;
    const bool same_ancestor = guest.base && heir.base && guest.base->value == heir.base->value;
    if (heir.base && heir.base->value && !same_ancestor) {
      set_conflict(connection_, to_, key, *heir.base);  // D7: neither side has seen the other
      drop_base(connection_, to_, key);
    }
    write(key, guest, heir);
    return true;
  }

  bool may_be_present(const std::string& key, const KeyState& guest) {
    if (guest.base && guest.base->value) return true;
    const auto sends = sends_of(key);
    return std::any_of(sends.begin(), sends.end(), [](const auto& send) { return send.value.has_value(); });
  }

  void write(const std::string& key, const KeyState& guest, const KeyState& heir) {
    auto revision = std::max(heir.last_revision().value, last_sent(to_, key));
    // D6: should the service have moved the guest's dataset as it was, then these are the guest's own versions.
    auto own = sends_of(key);
    if (guest.base && guest.pending) own.push_back({guest.base->value, guest.base->device_modified_at});
    for (const auto& [value, written_at] : own) {
      add_sent(connection_, to_, key, value, Revision{++revision}, SyncCount{}, written_at);
    }
    const auto written_at = guest.pending ? guest.pending->written_at : guest.base->device_modified_at;
    set_pending(connection_, to_, key, guest.visible(), Revision{++revision}, written_at);
    note_change(transaction_, to_, key, heir.visible(), guest.visible(), changes_);
    ++moved_;
  }

  std::int64_t last_sent(DatasetId dataset, const std::string& key) {
    auto row = connection_.use("SELECT max(revision) FROM sent WHERE dataset = ? AND key = ?");
    row.bind(dataset).bind(std::string_view(key)).step();
    return row.number(0);
  }

  struct Send {
    std::optional<std::string> value;
    Timestamp written_at;
  };
  std::vector<Send> sends_of(const std::string& key) {
    auto row = connection_.use("SELECT value, written_at FROM sent WHERE dataset = ? AND key = ? ORDER BY id");
    row.bind(from_).bind(std::string_view(key));
    std::vector<Send> sends;
    while (row.step()) sends.push_back({.value = row.blob(0), .written_at = from_millis(row.number(1))});
    return sends;
  }

  WriteTransaction& transaction_;
  Connection& connection_;
  const DatasetId from_;
  const DatasetId to_;
  KeyChanges changes_;
  std::size_t moved_ = 0;
};

void add_progress(MergeProgress& progress, DatasetId to, Move&& move, bool all) {
  progress.moved += move.moved();
  progress.waiting += all ? 0 : 1;
  auto changes = std::move(move).changes();
  if (!changes.empty()) progress.changes.emplace_back(to, std::move(changes));
}

// One transaction.
void merge_one(StoreImpl& impl, const IdentityRow& guest, const NamedDataset& dataset, GuestData how,
               MergeProgress& progress) {
  WriteTransaction transaction(impl, Lasting::kAsOption);
  auto& connection = transaction.connection();
  const auto now = load_identity(connection, guest.identity);
  // Another process has wiped it meanwhile, or it is a guest again.
  if (!now || now->kind != IdentityKind::kMerged || now->heir != guest.heir) return;
  start_over(connection, dataset.id);
  if (how == GuestData::kDiscard) {
    forget_records(connection, dataset.id);
    transaction.forget_totals(dataset.id);
    return transaction.commit();
  }
  const bool apart = how == GuestData::kKeepSeparate;
  const auto to =
      find_or_add_dataset(connection, guest.heir, apart ? separate_name(dataset.name, guest.identity) : dataset.name);
  Move move(transaction, dataset.id, to);
  const bool all = move.run();
  if (all) forget_records(connection, dataset.id);
  transaction.commit();
  add_progress(progress, to, std::move(move), all);
}

// What would make the account's dataset larger than datasets can be stays apart.
void merge_or_keep(StoreImpl& impl, const IdentityRow& guest, const NamedDataset& dataset, MergeProgress& progress) {
  try {
    merge_one(impl, guest, dataset, guest.guest_data, progress);
  } catch (const StoreFailure& failure) {
    if (failure.error.code != ErrorCode::kLimitExceeded || guest.guest_data != GuestData::kMerge) throw;
    merge_one(impl, guest, dataset, GuestData::kKeepSeparate, progress);
  }
}

struct MergeTask {
  IdentityRow guest;
  NamedDataset dataset;
};

// Datasets of merged identities that still hold anything.
std::vector<MergeTask> merge_tasks(Connection& connection) {
  auto row = connection.use(R"sql(
    SELECT i.identity, i.heir, i.guest_data, d.id, d.name,
           row_sum('i', i.identity, i.kind, i.heir, i.guest_data) = i.checksum
    FROM identity AS i JOIN dataset AS d ON d.identity = i.identity
    WHERE i.kind = ? AND (EXISTS (SELECT 1 FROM journal AS j WHERE j.dataset = d.id)
                          OR EXISTS (SELECT 1 FROM record AS r WHERE r.dataset = d.id))
    ORDER BY i.id, d.id)sql");
  row.bind(static_cast<std::int64_t>(IdentityKind::kMerged));
  std::vector<MergeTask> tasks;
  while (row.step()) {
    if (row.number(5) == 0) fail_sum(connection);
    tasks.push_back({.guest = {.identity = row.text(0),
                               .kind = IdentityKind::kMerged,
                               .heir = row.text(1),
                               .guest_data = static_cast<GuestData>(row.number(2))},
                     .dataset = {.id = row.number(3), .name = row.text(4)}});
  }
  return tasks;
}

}  // namespace

Result<std::string> Store::current_identity() {
  return reading(*impl_, [](Connection& connection) { return last_identity(connection); });
}

Result<std::optional<IdentityKind>> Store::identity_kind(const std::string& identity) {
  return reading(*impl_, [&](Connection& connection) -> std::optional<IdentityKind> {
    const auto known = load_identity(connection, identity);
    return known ? std::optional(known->kind) : std::nullopt;
  });
}

Result<std::string> Store::last_guest() {
  return reading(*impl_, [&](Connection& connection) {
    auto row = connection.use("SELECT identity FROM identity WHERE kind = ? ORDER BY id DESC LIMIT 1");
    return row.bind(static_cast<std::int64_t>(IdentityKind::kGuest)).step() ? row.text(0) : std::string();
  });
}

Result<Switched> Store::switch_identity(const IdentitySwitch& change) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    const auto last = last_identity(connection);
    if (!change.asked_for && change.from.empty() && !last.empty()) {
      fail(ErrorCode::kOutdated, "another process has found an identity for this directory meanwhile");
    }
    set_identity(connection, {.identity = change.to, .kind = change.kind});
    if (change.guest_data && change.from != change.to) {
      set_identity(connection, {.identity = change.from,
                                .kind = IdentityKind::kMerged,
                                .heir = change.to,
                                .guest_data = *change.guest_data});
    }
    if (change.asked_for || last == change.from) {
      if (last.empty()) claim_for(connection, change.to);
      set_meta(connection, kIdentity, change.to);
    }
    const bool same = change.from.empty() || change.from == change.to;
    const Switched switched{.datasets_stay = same && all_opened_are_of(*impl_, change.to)};
    transaction.commit();
    if (!switched.datasets_stay) impl_->forget_opened();
    return switched;
  });
}

Result<void> Store::leave_identity() {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    set_meta(transaction.connection(), kIdentity, "");
    transaction.commit();
    impl_->forget_opened();
  });
}

Result<MergeProgress> Store::merge_identities() {
  auto tasks = reading(*impl_, [](Connection& connection) { return merge_tasks(connection); });
  if (!tasks) return std::move(tasks).error();
  MergeProgress progress;
  std::optional<Error> first_error;
  for (const auto& task : *tasks) {
    auto merged = guarded(*impl_, [&] { merge_or_keep(*impl_, task.guest, task.dataset, progress); });
    if (!merged && !first_error) first_error = std::move(merged).error();
  }
  if (first_error) return std::move(*first_error);
  return progress;
}

Result<std::vector<UnsentData>> Store::unsent(const std::optional<std::string>& identity) {
  return reading_snapshot(*impl_, [&](Connection& connection) {
    std::vector<UnsentData> found;
    for (const auto& owner : owners(connection, identity)) {
      auto row = connection.use(R"sql(
        SELECT d.name, (SELECT count(*) FROM journal AS j WHERE j.dataset = d.id) AS pending,
               (SELECT count(*) FROM conflict AS c WHERE c.dataset = d.id)
        FROM dataset AS d WHERE d.identity = ? AND pending > 0 ORDER BY d.name)sql");
      row.bind(std::string_view(owner));
      while (row.step()) {
        found.push_back({.identity_id = owner.starts_with(':') ? std::string() : owner,
                         .dataset = row.text(0),
                         .pending = static_cast<std::size_t>(row.number(1)),
                         .conflicts = static_cast<std::size_t>(row.number(2))});
      }
    }
    return found;
  });
}

Result<std::vector<std::string>> Store::known_identities(const std::optional<std::string>& identity) {
  return reading(*impl_, [&](Connection& connection) { return owners(connection, identity); });
}

Result<void> Store::wipe(const std::optional<std::string>& identity) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    set_meta(connection, "last_dataset", std::to_string(connection.number(R"sql(
      SELECT max(coalesce((SELECT max(id) FROM dataset), 0),
                 coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'last_dataset'), 0)))sql")));
    for (const auto& owner : owners(connection, identity)) {
      for (const auto& dataset : datasets_of(connection, owner)) {
        forget_records(connection, dataset.id);
        transaction.forget_totals(dataset.id);
        connection.use("DELETE FROM dataset WHERE id = ?").bind(dataset.id).run();
      }
      connection.use("DELETE FROM identity WHERE identity = ?").bind(std::string_view(owner)).run();
      forget_pushes(connection, owner);
    }
    if (!identity) forget_pushes(connection, identity);
    if (!identity || last_identity(connection) == *identity) set_meta(connection, kIdentity, "");
    transaction.commit();
    impl_->forget_opened();
  });
}

}  // namespace syncline::store
