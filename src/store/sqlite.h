// SQLite, as far as the store needs it: connections, prepared statements, transactions. Inside this room failures
// travel as StoreFailure; Store turns them into Errors at its border (store.cc, guarded()).
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "syncline/error.h"

namespace syncline::store {

struct StoreFailure {
  Error error;
  bool not_ours = false;  // kCorrupt: nothing says that the file was ever a store
};

[[noreturn]] void fail(ErrorCode code, std::string message);

// A prepared statement's use: bind, step, read; it is reset when it goes out of scope. [one thread]
// Texts and blobs are bound without a copy: they must live until the statement is done.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* prepared) : prepared_(prepared) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(std::int64_t number);
  Statement& bind(std::string_view text);
  Statement& bind_blob(std::optional<std::string_view> bytes);  // absent: NULL

  bool step();  // true: there is a row
  void run();   // steps to the end

  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::optional<std::string> blob(int column) const;  // NULL: absent

 private:
  void check_bound(int code);
  sqlite3_stmt* prepared_;
  int bound_ = 0;
};

// [one thread at a time]
class Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  Connection(const std::string& path, Mode mode, std::chrono::milliseconds busy_timeout);
  // Lets closing it fold the WAL into the file, if it is the last connection. Otherwise the WAL stays for the next one.
  void checkpoint_on_close();

  // `sql` is a literal BEGIN. Makes ready for roll_back(), which is what is left to do when there is no memory.
  void begin(const char* sql);
  // Ends the transaction or snapshot, if one is open. Should even that fail, the next begin() does it: a transaction
  // that stayed open would be in the way of all later ones.
  void roll_back() noexcept;

  void execute(const std::string& sql);  // may hold several statements, no values
  // A statement that is prepared at its first use and kept. `sql` must be a literal: its address is the key.
  [[nodiscard]] Statement use(const char* sql);
  [[nodiscard]] std::int64_t number(const char* sql);  // a query of one number
  [[nodiscard]] int rows_changed() const;
  [[nodiscard]] std::string path() const;
  // The file itself, past the pages: through SQLite's own handle, as closing another one would drop its locks
  // (fcntl(2)).
  [[nodiscard]] std::int64_t file_size() const;
  [[nodiscard]] bool read_bytes(std::int64_t from, std::string& into) const;  // as many as it has; false: not that many
  void sync_wal() const;  // a power cut takes nothing any more of what it holds now

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3_stmt* prepare(const char* sql);
  // By the number of SQLite's file control that tells it; null: there is none to be had.
  [[nodiscard]] sqlite3_file* file(int which) const;

  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
  std::unique_ptr<sqlite3_stmt, Finalize> rollback_;
};

}  // namespace syncline::store
