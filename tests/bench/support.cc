#include "bench/support.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace syncline::bench {

void give_up(const std::string& message) {
  std::fprintf(stderr, "benchmark: %s\n", message.c_str());
  std::exit(1);
}

double Latencies::median() {
  if (seconds_.empty()) give_up("nothing was measured");
  const auto middle = seconds_.begin() + static_cast<std::ptrdiff_t>(seconds_.size() / 2);
  std::nth_element(seconds_.begin(), middle, seconds_.end());
  return *middle;
}

void report(benchmark::State& state, Latencies& ours) {
  state.counters["median_us"] = ours.median() * 1e6;
}

void report(benchmark::State& state, Latencies& ours, Latencies& floor) {
  report(state, ours);
  state.counters["floor_us"] = floor.median() * 1e6;
  state.counters["ratio"] = ours.median() / floor.median();
}

RawStore::RawStore(const std::string& path, bool full) {
  if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) give_up("cannot open " + path);
  const std::string setup = std::string(R"sql(
    PRAGMA journal_mode = WAL;
    PRAGMA cache_size = -4096;
    CREATE TABLE record (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
                         UNIQUE (dataset, key));
    CREATE TABLE journal (id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, revision INTEGER,
                          UNIQUE (dataset, key));
    PRAGMA synchronous = )sql") +
                            (full ? "FULL" : "NORMAL");
  if (sqlite3_exec(database_, setup.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) give_up("cannot set up " + path);
  begin_ = prepare("BEGIN IMMEDIATE");
  commit_ = prepare("COMMIT");
  put_record_ = prepare(
      "INSERT INTO record (dataset, key, value) VALUES (1, ?, ?) "
      "ON CONFLICT (dataset, key) DO UPDATE SET value = excluded.value");
  put_journal_ = prepare(
      "INSERT INTO journal (dataset, key, revision) VALUES (1, ?, 1) "
      "ON CONFLICT (dataset, key) DO UPDATE SET revision = revision + 1");
  get_ = prepare("SELECT value FROM record WHERE dataset = 1 AND key = ?");
}

RawStore::~RawStore() {
  for (auto* statement : {begin_, commit_, put_record_, put_journal_, get_}) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

sqlite3_stmt* RawStore::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) give_up(sql);
  return statement;
}

void RawStore::run(sqlite3_stmt* statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) give_up(sqlite3_errmsg(database_));
  sqlite3_reset(statement);
}

void RawStore::put(std::string_view key, std::string_view value) {
  sqlite3_bind_text64(put_record_, 1, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
  sqlite3_bind_blob64(put_record_, 2, value.data(), value.size(), SQLITE_STATIC);
  run(put_record_);
  sqlite3_bind_text64(put_journal_, 1, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
  run(put_journal_);
}

std::string RawStore::get(std::string_view key) {
  sqlite3_bind_text64(get_, 1, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (sqlite3_step(get_) != SQLITE_ROW) give_up("the raw store lacks a key");
  std::string value(static_cast<const char*>(sqlite3_column_blob(get_, 0)),
                    static_cast<std::size_t>(sqlite3_column_bytes(get_, 0)));
  sqlite3_reset(get_);
  return value;
}

std::string numbered_key(int number) {
  auto digits = std::to_string(number);
  return "key/" + std::string(4 - std::min<std::size_t>(4, digits.size()), '0') + digits;
}

ScratchFolder::ScratchFolder() {
  auto shape = (std::filesystem::temp_directory_path() / "syncline-bench-XXXXXX").string();
  if (mkdtemp(shape.data()) == nullptr) give_up("cannot make " + shape);
  path_ = shape;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace syncline::bench
