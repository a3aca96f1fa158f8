#include "fault/store_rig.h"

#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "support/old_stores.h"
#include "support/temp_dir.h"

namespace syncline::fault {

namespace {

using testing::DiskOperation;
using testing::DiskVerdict;
using testing::SimDisk;

using Files = std::map<std::string, std::string>;

Files all_files(const SimDisk& disk) {
  Files files;
  for (const auto& path : disk.files(store_directory())) files[path] = disk.read_file(path);
  return files;
}

// The files of the world, made once; with a full WAL as a killed process leaves it.
Files make_files(bool full_wal) {
  SimDisk disk(1);
  auto store = store::Store::open({.directory = store_directory()}).value();
  make_world(*store);
  if (full_wal) {
    fill_wal(*store);
    disk.kill(0);
  }
  store.reset();
  return all_files(disk);
}

const Files& files_of(const StoreCase& one) {
  static const Files kClosed = make_files(false);
  static const Files kFullWal = make_files(true);
  return one.full_wal ? kFullWal : kClosed;
}

// Of the world, closed or killed after one more write.
Files files_of_start(bool killed) {
  SimDisk disk(1);
  for (const auto& [path, bytes] : files_of({})) disk.write_file(path, bytes);
  auto store = store::Store::open({.directory = store_directory()}).value();
  (void)store->put(1, "before", "the kill", Timestamp{}).value();
  if (killed) disk.kill(0);
  store.reset();
  return all_files(disk);
}

Files files_of_version1(bool killed) {
  SimDisk disk(1);
  std::filesystem::create_directories(store_directory());
  sqlite3* database = nullptr;
  sqlite3_open(database_path().c_str(), &database);
  sqlite3_exec(database, testing::kStoreVersion1, nullptr, nullptr, nullptr);
  if (killed) disk.kill(0);
  sqlite3_close(database);
  return all_files(disk);
}

Files files_before(Start start) {
  switch (start) {
    case Start::kNew:
      return {};
    case Start::kExisting:
      return files_of_start(false);
    case Start::kAfterAKill:
      return files_of_start(true);
    case Start::kVersion1:
      return files_of_version1(false);
    case Start::kVersion1AfterAKill:
      return files_of_version1(true);
  }
  return {};
}

std::string column(sqlite3_stmt* row, int index) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, index));
  if (sqlite3_column_type(row, index) == SQLITE_NULL) return "null";
  const std::string_view value(bytes == nullptr ? "" : bytes,
                               static_cast<std::size_t>(sqlite3_column_bytes(row, index)));
  if (value.size() < 100) return std::string(value);
  return std::to_string(value.size()) + " bytes of hash " + std::to_string(std::hash<std::string_view>{}(value));
}

// The rows of a query, or what went wrong.
std::vector<std::string> rows(sqlite3* database, const std::string& sql) {
  std::vector<std::string> all;
  sqlite3_stmt* row = nullptr;
  int code = sqlite3_prepare_v2(database, sql.c_str(), -1, &row, nullptr);
  while (row != nullptr && (code = sqlite3_step(row)) == SQLITE_ROW) {
    std::string line;
    for (int index = 0; index < sqlite3_column_count(row); ++index) line += column(row, index) + "|";
    all.push_back(std::move(line));
  }
  sqlite3_finalize(row);
  if (code != SQLITE_DONE) all.push_back(std::string("failed: ") + sqlite3_errmsg(database));
  return all;
}

}  // namespace

const std::string& store_directory() {
  static const testing::TempDir kDirectory;
  static const std::string kPath = kDirectory.file("data");
  return kPath;
}

std::string database_path() {
  return store_directory() + "/syncline.db";
}

namespace {

// Opening a store that was not closed marks all that is pending as perhaps sent: such rows do not tell before from
// after.
const std::string kSent = R"sql(
  SELECT s.dataset, s.key, s.value, s.revision, s.base, s.written_at FROM sent AS s
  WHERE NOT EXISTS (SELECT 1 FROM journal AS j
                    LEFT JOIN record AS r ON r.dataset = j.dataset AND r.key = j.key
                    WHERE j.dataset = s.dataset AND j.key = s.key AND j.value IS s.value AND j.revision = s.revision
                      AND coalesce(r.sync_count, 0) = s.base)
  ORDER BY s.dataset, s.key, s.revision, s.base)sql";

}  // namespace

std::string contents() {
  sqlite3* database = nullptr;
  sqlite3_open_v2(database_path().c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
  std::string all;
  for (const auto& line : rows(database, "PRAGMA integrity_check")) {
    if (line != "ok|") all += "damaged: " + line + "\n";
  }
  for (auto& table : rows(database, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")) {
    table.pop_back();
    const auto select = table == "sent" ? kSent : "SELECT * FROM " + table + " ORDER BY rowid";
    for (const auto& line : rows(database, select)) {
      all.append(table).append(": ").append(line).append("\n");
    }
  }
  sqlite3_close_v2(database);
  return all;
}

StoreRig::StoreRig(const StoreCase& one, const Options& options) : disk(options.seed), options_(options) {
  disk.run_as(kWorker);
  for (const auto& [path, bytes] : files_of(one)) disk.write_file(path, bytes);
  store = open().value();
  act = one.ready(*store, store->open_dataset(kIdentity, kDataset).value());
  disk.sync_all();
}

StoreRig::StoreRig(Start start, std::uint64_t seed) : disk(seed) {
  static std::map<Start, Files> known;
  auto found = known.find(start);
  if (found == known.end()) found = known.emplace(start, files_before(start)).first;
  disk.run_as(kWorker);
  for (const auto& [path, bytes] : found->second) disk.write_file(path, bytes);
}

std::string start_name(Start start) {
  static const std::map<Start, std::string> kNames{{Start::kNew, "New"},
                                                   {Start::kExisting, "Existing"},
                                                   {Start::kAfterAKill, "AfterAKill"},
                                                   {Start::kVersion1, "Version1"},
                                                   {Start::kVersion1AfterAKill, "Version1AfterAKill"}};
  return kNames.at(start);
}

void StoreRig::fail(DiskVerdict verdict, std::uint64_t first, std::uint64_t last) {
  failed_ = 0;
  const auto start = disk.operations();
  disk.set_judge([this, verdict, first, last, start](const DiskOperation& operation) {
    const auto number = operation.number - start;
    if (number < first || number > last) return DiskVerdict::kProceed;
    ++failed_;
    return verdict;
  });
}

bool StoreRig::stop_failing() {
  disk.set_judge({});
  return failed_ != 0;
}

Result<std::unique_ptr<store::Store>> StoreRig::open() const {
  return store::Store::open({.directory = store_directory(), .survive_power_cut = options_.survive_power_cut});
}

void StoreRig::restart() {
  disk.run_as(kWorker);
  act = {};
  store.reset();
  disk.revive(kWorker);
  auto opened = open();
  if (opened) store = std::move(*opened);
}

const Reference& reference(const StoreCase& one) {
  static std::map<std::string, Reference> known;
  auto& entry = known[one.name];
  if (!entry.before.empty()) return entry;
  StoreRig rig(one);
  entry.before = contents();
  const auto start = rig.disk.operations();
  entry.answer = rig.act().value();
  entry.operations = rig.disk.operations() - start;
  entry.after = contents();
  return entry;
}

std::string contents_once_open(Start start) {
  StoreRig rig(start);
  rig.restart();
  return contents();
}

}  // namespace syncline::fault
