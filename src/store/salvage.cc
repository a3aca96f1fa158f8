#include "store/salvage.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>

#include "store/devices.h"
#include "store/rows.h"

namespace syncline::store {

namespace {

namespace fs = std::filesystem;
using RowId = std::int64_t;

// A row's place in its table's unique index: the first two columns.
using Place = std::pair<std::string, std::string>;

// What is still found of a damaged table: by its own tree from both ends, and by its index from both ends.
struct Found {
  std::set<RowId> in_table;
  std::map<RowId, Place> in_index;
  bool whole_table = true;  // the scan ended at the end
  bool whole_index = true;

  [[nodiscard]] std::set<RowId> ids() const {
    auto all = in_table;
    for (const auto& [id, place] : in_index) all.insert(id);
    return all;
  }
  // A page of another time or table may be sound in itself: unless the index is broken too, it has to know the row.
  [[nodiscard]] bool confirms(RowId id, const Place& place) const {
    const auto known = in_index.find(id);
    return known == in_index.end() ? !whole_index : known->second == place;
  }
  [[nodiscard]] bool agreed() const { return whole_table && whole_index && ids().size() == in_table.size(); }
};

// Runs a query to its end or to the first damage; false: it was damage.
template <typename Take>
bool read_on(Connection& source, const char* sql, Take&& take) {
  try {
    auto row = source.use(sql);
    while (row.step()) take(row);
    return true;
  } catch (const StoreFailure&) {
    return false;
  }
}

// Of one table: all row numbers upwards and downwards, and the same by index with the row's place.
struct Scans {
  const char* table_up;
  const char* table_down;
  const char* index_up;
  const char* index_down;
};

Found find_rows(Connection& source, const Scans& scans) {
  Found found;
  const auto table = [&](const Statement& row) { found.in_table.insert(row.number(0)); };
  const auto index = [&](const Statement& row) {
    found.in_index.emplace(row.number(0), Place(row.text(1), row.text(2)));
  };
  found.whole_table = read_on(source, scans.table_up, table);
  if (!found.whole_table) read_on(source, scans.table_down, table);
  found.whole_index = read_on(source, scans.index_up, index);
  if (!found.whole_index) read_on(source, scans.index_down, index);
  return found;
}

class Salvage {
 public:
  Salvage(Connection& source, Connection& fresh) : source_(source), fresh_(fresh) {
    // Asked of the tables rather than of the version number, which may be what is damaged.
    has_sums_ = read_on(source_, "SELECT checksum FROM journal WHERE id < 0", [](const Statement&) {});
  }

  Salvaged run() {
    save_datasets();
    save_identity();
    save_journal();
    save_sent();
    save_identities();
    save_twins();
    save_pushes();
    return result_;
  }

 private:
  // Reads one row by its number with the statement that fits the file's version; false: it is not there, can't be read,
  // or its first column, the verdict on its checksum, is 0.
  template <typename Take>
  bool read_row(const char* with_sums, const char* without, RowId id, Take&& take) {
    try {
      auto row = source_.use(has_sums_ ? with_sums : without);
      if (!row.bind(id).step() || row.number(0) == 0) return false;
      return take(row);
    } catch (const StoreFailure&) {
      return false;
    }
  }

  void save_datasets();
  void save_dataset(RowId id, const Place& place, std::int64_t phase, std::int64_t sync_count);
  void save_identity();
  void save_journal();
  bool save_change(const Statement& row, RowId id, const Found& found);
  void save_sent();
  void save_identities();
  void save_twins();
  void save_pushes();

  Connection& source_;
  Connection& fresh_;
  bool has_sums_ = false;
  std::set<RowId> datasets_;
  std::set<std::string> identities_;
  Salvaged result_{.changes = 0, .complete = true};
};

void Salvage::save_datasets() {
  const auto found =
      find_rows(source_, {"SELECT id FROM dataset ORDER BY id", "SELECT id FROM dataset ORDER BY id DESC",
                          "SELECT id, identity, name FROM dataset INDEXED BY sqlite_autoindex_dataset_1 "
                          "ORDER BY identity, name",
                          "SELECT id, identity, name FROM dataset INDEXED BY sqlite_autoindex_dataset_1 "
                          "ORDER BY identity DESC, name DESC"});
  if (!found.agreed()) result_.complete = false;
  for (const auto id : found.ids()) {
    const bool saved = read_row(
        "SELECT row_sum('d', id, identity, name, phase, sync_count, newest) = checksum, identity, name, phase, "
        "sync_count "
        "FROM dataset WHERE id = ?",
        "SELECT 1, identity, name, phase, sync_count FROM dataset WHERE id = ?", id, [&](const Statement& row) {
          const Place place(row.text(1), row.text(2));
          if (!found.confirms(id, place)) return false;
          save_dataset(id, place, row.number(3), row.number(4));
          return true;
        });
    if (saved) continue;
    result_.complete = false;
    // The index alone still says whose changes these are.
    if (const auto known = found.in_index.find(id); known != found.in_index.end())
      save_dataset(id, known->second, 0, 0);
  }
}

void Salvage::save_dataset(RowId id, const Place& place, std::int64_t phase, std::int64_t sync_count) {
  const auto& [identity, name] = place;
  if (!DatasetName::parse(name)) return;
  // A deletion that waits is for what was seen up to this count (D14). All else is listed anew.
  const bool deleting = phase == static_cast<std::int64_t>(DatasetPhase::kDeleting);
  fresh_
      .use(R"sql(
    INSERT OR IGNORE INTO dataset (id, identity, name, phase, sync_count, newest, generation, checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, row_sum('d', ?1, ?2, ?3, ?4, ?5, ?5)))sql")
      .bind(id)
      .bind(std::string_view(identity))
      .bind(std::string_view(name))
      .bind(static_cast<std::int64_t>(deleting))
      .bind(deleting ? sync_count : 0)
      .run();
  if (fresh_.rows_changed() == 0) return;
  datasets_.insert(id);
  identities_.insert(identity);
}

void Salvage::save_identity() {
  std::optional<std::string> identity;
  const auto take = [&](const Statement& row) { identity = row.text(0); };
  const bool read = read_on(source_,
                            has_sums_ ? "SELECT value FROM meta WHERE name = 'identity' AND "
                                        "row_sum('m', name, value) = checksum"
                                      : "SELECT value FROM meta WHERE name = 'identity'",
                            take);
  if (!read && !identity && identities_.size() == 1) identity = *identities_.begin();
  if (!identity || identity->empty()) return;
  set_meta(fresh_, "identity", *identity);
}

void Salvage::save_journal() {
  const auto found =
      find_rows(source_, {"SELECT id FROM journal ORDER BY id", "SELECT id FROM journal ORDER BY id DESC",
                          "SELECT id, dataset, key FROM journal INDEXED BY sqlite_autoindex_journal_1 "
                          "ORDER BY dataset, key",
                          "SELECT id, dataset, key FROM journal INDEXED BY sqlite_autoindex_journal_1 "
                          "ORDER BY dataset DESC, key DESC"});
  if (!found.agreed()) result_.complete = false;
  for (const auto id : found.ids()) {
    const bool saved = read_row(
        "SELECT row_sum('j', dataset, key, value, revision, written_at) = checksum, dataset, key, value, revision, "
        "written_at FROM journal WHERE id = ?",
        "SELECT 1, dataset, key, value, revision, written_at FROM journal WHERE id = ?", id,
        [&](const Statement& row) { return save_change(row, id, found); });
    if (saved) {
      ++result_.changes;
    } else {
      result_.complete = false;
    }
  }
}

bool Salvage::save_change(const Statement& row, RowId id, const Found& found) {
  const auto dataset = row.number(1);
  const auto key = row.text(2);
  const auto value = row.blob(3);
  if (!found.confirms(id, Place(row.text(1), key)) || !datasets_.contains(dataset)) return false;
  // A file of version 1 has no checksums: at least nothing comes in that a put would refuse.
  if (!check_key(key) || (value && !check_value(*value))) return false;
  set_pending(fresh_, dataset, key, value, Revision{row.number(4)}, from_millis(row.number(5)));
  return true;
}

// Without it, a push whose answer was lost would come back as somebody else's (D11).
void Salvage::save_sent() {
  const auto take = [&](const Statement& row) {
    const auto value = row.blob(2);
    const auto key = row.text(1);
    add_sent(fresh_, row.number(0), key, value, Revision{row.number(3)}, SyncCount{row.number(4)},
             from_millis(row.number(5)));
  };
  const bool has_dates = read_on(source_, "SELECT written_at FROM sent WHERE id < 0", [](const Statement&) {});
  const char* before_4 = has_sums_ ? "SELECT dataset, key, value, revision, base_count, 0 FROM sent WHERE "
                                     "row_sum('o', dataset, key, value, revision, base_count) = checksum ORDER BY id"
                                   : "SELECT dataset, key, value, revision, base_count, 0 FROM sent ORDER BY id";
  read_on(source_,
          has_dates ? "SELECT dataset, key, value, revision, base, written_at FROM sent WHERE "
                      "row_sum('o', dataset, key, value, revision, base, written_at) = checksum ORDER BY id"
                    : before_4,
          take);
}

// Without it, a guest's data would never reach the account that it became. Versions before 3 have no such table.
void Salvage::save_identities() {
  const auto take = [&](const Statement& row) {
    const auto identity = row.text(0);
    const auto heir = row.text(2);
    fresh_
        .use(
            "INSERT OR IGNORE INTO identity (identity, kind, heir, guest_data, checksum) "
            "VALUES (?1, ?2, ?3, ?4, row_sum('i', ?1, ?2, ?3, ?4))")
        .bind(std::string_view(identity))
        .bind(row.number(1))
        .bind(std::string_view(heir))
        .bind(row.number(3))
        .run();
  };
  read_on(source_,
          "SELECT identity, kind, heir, guest_data FROM identity WHERE "
          "row_sum('i', identity, kind, heir, guest_data) = checksum ORDER BY id",
          take);
}

// Without it, the app is asked again, and what it agreed to delete stays. Versions before 3 have no such table.
void Salvage::save_twins() {
  read_on(source_,
          "SELECT dataset, name, doomed FROM twin WHERE row_sum('t', dataset, name, doomed) = checksum ORDER BY id",
          [&](const Statement& row) {
            if (datasets_.contains(row.number(0))) add_twin(fresh_, row.number(0), row.text(1), row.number(2) != 0);
          });
}

// Nobody else knows what the app wants to hear of. A store before version 3 has none of it.
void Salvage::save_pushes() {
  read_on(source_,
          "SELECT name, value FROM meta WHERE name LIKE 'push%' AND row_sum('m', name, value) = checksum ORDER BY name",
          [&](const Statement& row) { set_meta(fresh_, row.text(0), row.text(1)); });
  read_on(source_,
          "SELECT identity, dataset, device, confirmed FROM push_subscription WHERE "
          "row_sum('u', identity, dataset, device, confirmed) = checksum ORDER BY id",
          [&](const Statement& row) {
            put_push_subscription(fresh_, row.text(0),
                                  {.dataset = row.text(1), .device_id = row.text(2), .confirmed = row.number(3) != 0});
          });
}

// Tolerates what can be tolerated; fails if the file can't be read as a database at all.
Salvaged salvage_from(const std::string& path, Connection& fresh) {
  Connection source(path, Connection::Mode::kReadOnly, std::chrono::milliseconds{0});
  source.execute("PRAGMA writable_schema = ON");  // a file that is shorter than it says is read as far as it goes
  source.execute("PRAGMA cell_size_check = ON");
  source.use("SELECT count(*) FROM sqlite_schema").run();
  return Salvage(source, fresh).run();
}

bool copy_bytes(Connection& from, const std::string& to) {
  const auto length = from.file_size();
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  std::string block(1U << 20U, '\0');
  for (std::int64_t at = 0; at < length; at += static_cast<std::int64_t>(block.size())) {
    const auto part = std::min<std::int64_t>(length - at, static_cast<std::int64_t>(block.size()));
    block.resize(static_cast<std::size_t>(part));
    if (!from.read_bytes(at, block)) return false;
    out.write(block.data(), part);
  }
  return out.good();
}

// The first page holds the header and where the tables begin. Every store that began as this version has them at the
// same places, so a new store's first page serves.
bool copy_with_first_page_of(const std::string& damaged, Connection& fresh, const std::string& scratch) {
  static constexpr std::size_t kPage = 4'096;
  std::string first(kPage, '\0');
  if (!fresh.read_bytes(0, first)) return false;
  first[18] = first[19] = 2;                 // read and write as WAL
  std::fill_n(first.begin() + 28, 4, '\0');  // the number of pages: the file's size says
  Connection source(damaged, Connection::Mode::kReadOnly, std::chrono::milliseconds{0});
  if (!copy_bytes(source, scratch)) return false;
  std::fstream out(scratch, std::ios::binary | std::ios::in | std::ios::out);
  out.write(first.data(), static_cast<std::streamsize>(first.size()));
  std::error_code error;
  fs::copy_file(damaged + "-wal", scratch + "-wal", fs::copy_options::overwrite_existing, error);
  return out.good();
}

}  // namespace

void remove_scratch(const std::string& scratch) {
  std::error_code error;
  for (const char* part : kDatabaseParts) fs::remove(scratch + part, error);
}

Salvaged salvage(const std::string& damaged, Connection& fresh, const std::string& scratch) {
  std::error_code error;
  // SQLite deletes the log of an empty file.
  if (fs::file_size(damaged, error) == 0 || error) return {};
  const auto as_it_is = [&] { return salvage_from(damaged, fresh); };
  const auto with_another_first_page = [&] {
    remove_scratch(scratch);
    return copy_with_first_page_of(damaged, fresh, scratch) ? salvage_from(scratch, fresh) : Salvaged{};
  };
  fresh.execute("SAVEPOINT salvage");
  const auto attempt = [&](const auto& read) {
    try {
      return read();
    } catch (const StoreFailure&) {
      return Salvaged{};  // not even the list of tables could be read
    }
  };
  auto saved = attempt(as_it_is);
  if (saved.complete) return saved;
  fresh.execute("ROLLBACK TO salvage");
  const auto more = attempt(with_another_first_page);
  remove_scratch(scratch);
  // Nobody can tell whether the tables of a store that came from an older version began at these places.
  if (more.changes > saved.changes) return Salvaged{.changes = more.changes, .complete = false};
  fresh.execute("ROLLBACK TO salvage");
  return attempt(as_it_is);
}

}  // namespace syncline::store
