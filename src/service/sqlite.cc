#include "service/sqlite.h"

#include <sqlite3.h>

#include <utility>

namespace syncline::service {

namespace {

ErrorCode code_of(int result) {
  switch (result & 0xFF) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return ErrorCode::kCorrupt;
    case SQLITE_FULL:
      return ErrorCode::kStorageFull;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kStorageBusy;
    default:
      return ErrorCode::kStorage;
  }
}

Error failure(sqlite3* connection, int result) {
  const char* file = connection != nullptr ? sqlite3_db_filename(connection, "main") : nullptr;
  const char* text = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(result);
  return Error{.code = code_of(result),
               .message = std::string(file != nullptr ? file : "the service's store") + ": " + text};
}

}  // namespace

void CloseConnection::operator()(sqlite3* connection) const noexcept {
  sqlite3_close_v2(connection);
}

void FinalizeStatement::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Result<Connection> Connection::open(const std::string& path) {
  sqlite3* handle = nullptr;
  // NOMUTEX: a connection is never used by two threads at once.
  const int result = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(handle);
  if (result != SQLITE_OK) {
    Error error = failure(handle, result);
    error.message = path + ": " + sqlite3_errstr(result);
    return error;
  }
  sqlite3_extended_result_codes(handle, 1);
  return connection;
}

Result<void> Connection::execute(const char* sql) {
  const int result = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return failure(handle(), result);
  return {};
}

Result<const Statement*> Connection::keep(const char* sql) {
  auto& kept = kept_[sql];
  if (kept.handle() == nullptr) {
    auto prepared = prepare(sql);
    if (!prepared) return std::move(prepared).error();
    kept = std::move(*prepared);
  }
  return &kept;
}

Result<void> Connection::use(const char* sql) {
  auto kept = keep(sql);
  if (!kept) return std::move(kept).error();
  return Query(**kept).run();
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int result = sqlite3_prepare_v3(this->handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (result != SQLITE_OK) return failure(this->handle(), result);
  return Statement(handle);
}

Result<std::int64_t> Connection::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::move(statement).error();
  Query query(*statement);
  auto row = query.next();
  if (!row) return std::move(row).error();
  return *row ? query.integer(0) : std::int64_t{0};
}

std::int64_t Connection::last_insert_id() const {
  return sqlite3_last_insert_rowid(handle());
}

Query::~Query() {
  sqlite3_reset(statement_);
}

Result<bool> Query::next() {
  if (failure_ != SQLITE_OK) return failure(sqlite3_db_handle(statement_), failure_);
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return failure(sqlite3_db_handle(statement_), result);
}

Result<void> Query::run() {
  while (true) {
    auto row = next();
    if (!row) return std::move(row).error();
    if (!*row) return {};
  }
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Query::text(int column) const {
  const auto* start = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return start == nullptr ? std::string_view{} : std::string_view(start, static_cast<std::size_t>(bytes(column)));
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Query::bytes(int column) const {
  return sqlite3_column_bytes(statement_, column);
}

void Query::bind(int index, std::int64_t value) {
  const int result = sqlite3_bind_int64(statement_, index, value);
  if (result != SQLITE_OK) failure_ = result;
}

void Query::bind(int index, std::string_view value) {
  // An empty view may have no address, which SQLite would take for NULL.
  const char* start = value.empty() ? "" : value.data();
  const int result = sqlite3_bind_text64(statement_, index, start, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (result != SQLITE_OK) failure_ = result;
}

void Query::bind(int index, const std::optional<std::string>& value) {
  if (value) return bind(index, std::string_view(*value));
  const int result = sqlite3_bind_null(statement_, index);
  if (result != SQLITE_OK) failure_ = result;
}

namespace {

constexpr const char* kRollBack = "ROLLBACK";

}  // namespace

Transaction::~Transaction() {
  static_cast<void>(roll_back());
}

Result<void> Transaction::roll_back() {
  // SQLite may have done it by itself, as when the disk is full.
  const bool needed = open_ && sqlite3_get_autocommit(connection_.handle()) == 0;
  open_ = false;
  return needed ? connection_.use(kRollBack) : Result<void>();
}

Result<void> Transaction::begin_as(const char* sql) {
  // Made ready before it is needed: rolling back may be all that is left to do when there is no memory.
  if (auto kept = connection_.keep(kRollBack); !kept) return std::move(kept).error();
  auto begun = connection_.use(sql);
  open_ = begun.has_value();
  return begun;
}

Result<void> Transaction::begin() {
  return begin_as("BEGIN");
}

Result<void> Transaction::begin_immediate() {
  return begin_as("BEGIN IMMEDIATE");
}

Result<void> Transaction::commit() {
  auto committed = connection_.use("COMMIT");
  if (committed) open_ = false;
  return committed;
}

}  // namespace syncline::service
