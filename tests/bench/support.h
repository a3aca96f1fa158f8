// What the benchmarks share: median latencies of two sides measured in turn, and the floor, raw SQLite.
#pragma once

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::bench {

[[noreturn]] void give_up(const std::string& message);

// The value of a result; ends the program with the error's message otherwise.
template <typename Result>
auto must(Result&& result) {
  if (!result) give_up(result.error().message);
  if constexpr (!std::is_void_v<typename std::remove_cvref_t<Result>::value_type>) {
    return *std::forward<Result>(result);
  }
}

// Latencies of one side.
class Latencies {
 public:
  template <typename Body>
  void time(Body&& body) {
    const auto start = std::chrono::steady_clock::now();
    body();
    seconds_.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  [[nodiscard]] double median();
  [[nodiscard]] double last() const { return seconds_.back(); }

 private:
  std::vector<double> seconds_;
};

// Sets the counters median_us, floor_us and ratio (ours by the floor).
void report(benchmark::State& state, Latencies& ours, Latencies& floor);
void report(benchmark::State& state, Latencies& ours);

// The same write or read by prepared statements, with nothing around them: WAL, ordinary tables with a unique index, an
// integer dataset id, the journal row in the same transaction.
class RawStore {
 public:
  RawStore(const std::string& path, bool full);
  ~RawStore();
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  void begin() { run(begin_); }
  void commit() { run(commit_); }
  void put(std::string_view key, std::string_view value);  // within a transaction
  std::string get(std::string_view key);

 private:
  sqlite3_stmt* prepare(const char* sql);
  void run(sqlite3_stmt* statement);

  sqlite3* database_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* put_record_ = nullptr;
  sqlite3_stmt* put_journal_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
};

// "key/0042", as long for every number below 10,000.
std::string numbered_key(int number);

// A folder of its own on the disk that the benchmark runs on ($TMPDIR, else /tmp), removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace syncline::bench
