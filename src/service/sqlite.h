// SQLite as this room uses it: connections, prepared statements, transactions; errors as values. It shares no code with
// the device's store on purpose (src/README.md: the service is an independent reading). A connection and all that hangs
// on it is for [one thread at a time].
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "syncline/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace syncline::service {

struct CloseConnection {
  void operator()(sqlite3* connection) const noexcept;
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept;
};

// Prepared once, run often.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  [[nodiscard]] sqlite3_stmt* handle() const { return handle_.get(); }

 private:
  std::unique_ptr<sqlite3_stmt, FinalizeStatement> handle_;
};

class Connection {
 public:
  // Errors of all that follows: kCorrupt (no database, or damaged), kStorageFull, kStorageBusy, kStorage; the message
  // names the file and what SQLite said, never a value.
  static Result<Connection> open(const std::string& path);

  Result<void> execute(const char* sql);  // any number of statements, their rows are dropped
  // One statement without values, prepared at its first use and kept. `sql` must be a literal: its address is the key.
  Result<void> use(const char* sql);
  Result<const Statement*> keep(const char* sql);  // the same, not run yet
  Result<Statement> prepare(std::string_view sql);
  Result<std::int64_t> integer(std::string_view sql);  // the first column of the first row
  [[nodiscard]] std::int64_t last_insert_id() const;
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  std::unique_ptr<sqlite3, CloseConnection> handle_;
  std::unordered_map<const char*, Statement> kept_;  // goes before the handle
};

// One execution of a statement, which it resets at its end. What is bound is not copied: it must outlive the query.
class Query {
 public:
  template <typename... Values>
  explicit Query(const Statement& statement, const Values&... values) : statement_(statement.handle()) {
    int index = 0;
    (bind(++index, values), ...);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  Result<bool> next();  // whether there is a row
  Result<void> run();   // to the end

  // Columns of the row that next() found, counted from 0.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;  // until the next step
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t bytes(int column) const;

 private:
  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, const std::optional<std::string>& value);  // absent: NULL

  sqlite3_stmt* statement_;
  int failure_ = 0;
};

// What is run too rarely to be kept prepared.
template <typename... Values>
Result<void> run_once(Connection& connection, std::string_view sql, const Values&... values) {
  auto statement = connection.prepare(sql);
  if (!statement) return std::move(statement).error();
  return Query(*statement, values...).run();
}

// Likewise; calls `read(const Query&)` for each row.
template <typename Read, typename... Values>
Result<void> read_rows(Connection& connection, std::string_view sql, Read read, const Values&... values) {
  auto statement = connection.prepare(sql);
  if (!statement) return std::move(statement).error();
  Query query(*statement, values...);
  while (true) {
    auto row = query.next();
    if (!row) return std::move(row).error();
    if (!*row) return {};
    read(static_cast<const Query&>(query));
  }
}

// Rolled back unless commit() succeeded.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  Result<void> begin();            // a snapshot for reading, from the first read on
  Result<void> begin_immediate();  // takes the write lock at once
  Result<void> commit();
  Result<void> roll_back();  // then another may begin

 private:
  Result<void> begin_as(const char* sql);
  Connection& connection_;
  bool open_ = false;
};

}  // namespace syncline::service
