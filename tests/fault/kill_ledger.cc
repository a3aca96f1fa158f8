#include "fault/kill_ledger.h"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "store/store.h"

namespace syncline::fault {

namespace {

struct Seen {
  Values values;
  std::size_t pending = 0;
  std::size_t conflicts = 0;
};

Result<Seen> look(const std::string& directory, const std::string& identity) {
  auto store = store::Store::open({.directory = directory, .survive_power_cut = false});
  if (!store) return store.error();
  const auto dataset = (*store)->open_dataset(identity, kKillDataset);
  if (!dataset) return dataset.error();
  const auto records = (*store)->records(*dataset);
  if (!records) return records.error();
  const auto info = (*store)->info(*dataset);
  if (!info) return info.error();
  Seen seen{.pending = info->pending, .conflicts = info->conflicts};
  for (const auto& record : *records) seen.values[record.key] = record.value;
  return seen;
}

// The first key in which two pictures differ, for a message.
std::string difference(const Values& found, const Values& wanted) {
  const auto head = [](const Values& values, const std::string& key) {
    const auto value = values.find(key);
    return value == values.end() ? std::string("nothing") : value->second.substr(0, 12);
  };
  Values all = found;
  all.insert(wanted.begin(), wanted.end());
  for (const auto& [key, value] : all) {
    if (head(found, key) != head(wanted, key)) return key + " is " + head(found, key) + ", not " + head(wanted, key);
  }
  return "values differ in length";
}

struct Version {
  std::string key;
  std::string value;
  std::int64_t count;
};

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};

std::string text(sqlite3_stmt* row, int column) {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return data == nullptr ? std::string()
                         : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
}

// Rows of key, value and count; false: the file can't be read.
bool read_versions(const std::string& file, const std::string& sql, std::vector<Version>& into) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, Close> database(opened);
  sqlite3_busy_timeout(opened, 10'000);
  sqlite3_stmt* row = nullptr;
  if (code != SQLITE_OK || sqlite3_prepare_v2(opened, sql.c_str(), -1, &row, nullptr) != SQLITE_OK) return false;
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(row)) == SQLITE_ROW) {
    into.push_back(Version{.key = text(row, 0), .value = text(row, 1), .count = sqlite3_column_int64(row, 2)});
  }
  sqlite3_finalize(row);
  return step == SQLITE_DONE;
}

}  // namespace

void KillLedger::violation(std::string what) {
  // A loop that goes wrong repeats itself.
  if (std::find(violations_.begin(), violations_.end(), what) == violations_.end())
    violations_.push_back(std::move(what));
}

std::size_t KillLedger::versions() const {
  return count_of_.size();
}

void KillLedger::written(std::int64_t number) {
  if (number != next())
    violation("D1: write " + std::to_string(number) + " was answered after " + std::to_string(answered_));
  answered_ = number;
  take_over(values_, planned_write(number));
}

void KillLedger::check_device(const std::string& directory, const std::string& identity) {
  const auto seen = look(directory, identity);
  if (!seen) return violation("D10: the store does not open: " + seen.error().message);
  if (seen->conflicts != 0) violation("D6: a conflict waits, with a single device");
  if (seen->values == values_) return;
  Values with_next = values_;
  take_over(with_next, planned_write(next()));
  if (seen->values != with_next) {
    return violation("D1: after write " + std::to_string(answered_) + " " + difference(seen->values, values_));
  }
  written(next());
}

void KillLedger::note_version(const std::string& key, const std::string& value, std::int64_t count) {
  const auto number = write_of(value);
  if (!number) return violation("S2: " + key + " holds a value that nobody wrote");
  const auto [known, is_new] = count_of_.try_emplace({key, *number}, count);
  if (known->second != count) {
    return violation("D4: write " + std::to_string(*number) + " of " + key + " made two versions, " +
                     std::to_string(known->second) + " and " + std::to_string(count));
  }
  if (!is_new) return;
  auto& order = versions_[key];
  const auto place = order.emplace(count, *number).first;
  const bool after_older = place == order.begin() || std::prev(place)->second < *number;
  const bool before_newer = std::next(place) == order.end() || std::next(place)->second > *number;
  if (!after_older || !before_newer) {
    violation("D1: version " + std::to_string(count) + " of " + key + ", write " + std::to_string(*number) +
              ", is out of order");
  }
}

void KillLedger::check_service(const std::string& database) {
  std::vector<Version> versions;
  const bool read = read_versions(database,
                                  "SELECT key, value, sync_count FROM records WHERE value IS NOT NULL UNION ALL "
                                  "SELECT key, value, sync_count FROM history WHERE value IS NOT NULL",
                                  versions);
  std::vector<Version> datasets;
  if (!read || !read_versions(database, "SELECT name, '', sync_count FROM datasets", datasets)) {
    return violation("S7: the service's file can't be read");
  }
  for (const auto& version : versions) note_version(version.key, version.value, version.count);
  for (const auto& dataset : datasets) {
    if (dataset.count < highest_count_)
      violation("S7: the dataset's count went back to " + std::to_string(dataset.count));
    highest_count_ = dataset.count;
  }
}

bool KillLedger::has_unanswered(const std::string& directory, const std::string& database) {
  std::vector<Version> known;
  std::vector<Version> committed;
  return read_versions(directory + "/syncline.db", "SELECT '', '', coalesce(max(sync_count), 0) FROM record", known) &&
         read_versions(database, "SELECT '', '', coalesce(max(sync_count), 0) FROM datasets", committed) &&
         known.front().count < committed.front().count;
}

void KillLedger::check_settled(const std::string& directory, const std::string& identity, const std::string& database) {
  check_device(directory, identity);
  check_service(database);
  const auto seen = look(directory, identity);
  if (seen && seen->pending != 0) violation("D12: the journal is not empty");
  std::vector<Version> versions;
  if (!read_versions(database, "SELECT key, value, sync_count FROM records WHERE value IS NOT NULL", versions)) {
    return violation("S7: the service's file can't be read");
  }
  Values there;
  for (const auto& version : versions) there[version.key] = version.value;
  if (there != values_) violation("D12: at the service " + difference(there, values_));
}

}  // namespace syncline::fault
