#include "store/sqlite.h"

#include <utility>

#include "store/checksum.h"

namespace syncline::store {

namespace {

ErrorCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_FULL:
      return ErrorCode::kStorageFull;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kStorageBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:      // our values are checked before: this one was made up by damage
    case SQLITE_CONSTRAINT:  // our statements violate none, unless an index and its table disagree
      return ErrorCode::kCorrupt;
    default:
      return ErrorCode::kStorage;
  }
}

[[noreturn]] void fail_sqlite(sqlite3* database, int sqlite_code) {
  const char* file = database == nullptr ? nullptr : sqlite3_db_filename(database, "main");
  std::string message = database == nullptr ? sqlite3_errstr(sqlite_code) : sqlite3_errmsg(database);
  if (file != nullptr && *file != '\0') message = std::string(file) + ": " + message;
  fail(code_of(sqlite_code), std::move(message));
}

}  // namespace

void fail(ErrorCode code, std::string message) {
  throw StoreFailure{.error = Error{.code = code, .message = std::move(message)}};
}

Statement::~Statement() {
  sqlite3_reset(prepared_);
}

void Statement::check_bound(int code) {
  if (code != SQLITE_OK) fail_sqlite(sqlite3_db_handle(prepared_), code);
}

Statement& Statement::bind(std::int64_t number) {
  check_bound(sqlite3_bind_int64(prepared_, ++bound_, number));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  check_bound(sqlite3_bind_text64(prepared_, ++bound_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(std::optional<std::string_view> bytes) {
  if (!bytes) {
    check_bound(sqlite3_bind_null(prepared_, ++bound_));
    return *this;
  }
  // An empty view may have no address, which SQLite would take for NULL.
  const char* data = bytes->empty() ? "" : bytes->data();
  check_bound(sqlite3_bind_blob64(prepared_, ++bound_, data, bytes->size(), SQLITE_STATIC));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(prepared_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail_sqlite(sqlite3_db_handle(prepared_), code);
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(prepared_, column);
}

std::string Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(prepared_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(prepared_, column) == SQLITE_NULL;
}

std::optional<std::string> Statement::blob(int column) const {
  if (is_null(column)) return std::nullopt;
  const auto* data = static_cast<const char*>(sqlite3_column_blob(prepared_, column));
  if (data == nullptr) return std::string();
  return std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column)));
}

Connection::Connection(const std::string& path, Mode mode, std::chrono::milliseconds busy_timeout) {
  // NOMUTEX: the store has its own lock around each connection.
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  database_.reset(opened);
  if (code != SQLITE_OK) fail(code_of(code), path + ": " + sqlite3_errstr(code));
  sqlite3_busy_timeout(opened, static_cast<int>(busy_timeout.count()));
  sqlite3_db_config(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (const int added = add_row_sum(opened); added != SQLITE_OK) fail_sqlite(opened, added);
}

void Connection::checkpoint_on_close() {
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

void Connection::begin(const char* sql) {
  if (!rollback_) rollback_.reset(prepare("ROLLBACK"));
  roll_back();
  use(sql).run();
}

void Connection::roll_back() noexcept {
  if (sqlite3_get_autocommit(database_.get()) != 0) return;  // SQLite did it by itself, as when the disk is full
  sqlite3_step(rollback_.get());
  sqlite3_reset(rollback_.get());
}

void Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail_sqlite(database_.get(), code);
}

sqlite3_stmt* Connection::prepare(const char* sql) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  // Our statements fit our tables: one that can't be prepared has met others.
  if ((code & 0xFF) == SQLITE_ERROR) fail(ErrorCode::kCorrupt, path() + ": " + sqlite3_errmsg(database_.get()));
  if (code != SQLITE_OK) fail_sqlite(database_.get(), code);
  return prepared;
}

Statement Connection::use(const char* sql) {
  auto& kept = statements_[sql];
  if (!kept) kept.reset(prepare(sql));
  return Statement(kept.get());
}

std::int64_t Connection::number(const char* sql) {
  auto query = use(sql);
  return query.step() ? query.number(0) : 0;
}

std::string Connection::path() const {
  const char* file = sqlite3_db_filename(database_.get(), "main");
  return file == nullptr ? std::string() : std::string(file);
}

sqlite3_file* Connection::file(int which) const {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database_.get(), "main", which, &file);
  return file == nullptr || file->pMethods == nullptr ? nullptr : file;
}

std::int64_t Connection::file_size() const {
  auto* const main = file(SQLITE_FCNTL_FILE_POINTER);
  sqlite3_int64 size = 0;
  return main != nullptr && main->pMethods->xFileSize(main, &size) == SQLITE_OK ? size : 0;
}

bool Connection::read_bytes(std::int64_t from, std::string& into) const {
  auto* const main = file(SQLITE_FCNTL_FILE_POINTER);
  if (main == nullptr) return false;
  return main->pMethods->xRead(main, into.data(), static_cast<int>(into.size()), from) == SQLITE_OK;
}

void Connection::sync_wal() const {
  auto* const wal = file(SQLITE_FCNTL_JOURNAL_POINTER);
  const int code = wal == nullptr ? SQLITE_OK : wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) fail(code_of(code), path() + "-wal: " + sqlite3_errstr(code));
}

int Connection::rows_changed() const {
  return sqlite3_changes(database_.get());
}

}  // namespace syncline::store
