#include "sim/warm_connections.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "sim/resting_file.h"

extern "C" {
int __real_sqlite3_open_v2(const char* name, sqlite3** opened, int flags, const char* vfs);
int __real_sqlite3_close_v2(sqlite3* database);
int __real_sqlite3_finalize(sqlite3_stmt* statement);
int __real_sqlite3_db_config(sqlite3* database, int operation, ...);
int __real_sqlite3_prepare_v3(sqlite3* database, const char* sql, int length, unsigned flags, sqlite3_stmt** statement,
                              const char** rest);
int __real_sqlite3_exec(sqlite3* database, const char* sql, int (*row)(void*, int, char**, char**), void* user,
                        char** error);
int __real_sqlite3_create_function_v2(sqlite3* database, const char* name, int arguments, int encoding, void* user,
                                      void (*call)(sqlite3_context*, int, sqlite3_value**),
                                      void (*step)(sqlite3_context*, int, sqlite3_value**),
                                      void (*final)(sqlite3_context*), void (*destroy)(void*));
}

namespace syncline::sim {

namespace {

// The same use of the same sort of file.
struct Kind {
  std::string file;  // its name without the directory
  int flags = 0;
  auto operator<=>(const Kind&) const = default;
};

struct Function {
  std::string name;
  int arguments = 0;
  int encoding = 0;
  void (*call)(sqlite3_context*, int, sqlite3_value**) = nullptr;
};

// What is done to each connection of a kind.
struct Habits {
  std::vector<Function> functions;
  std::vector<std::string> settings;                           // each would make all statements compile anew
  std::map<std::string, std::size_t, std::less<>> statements;  // numbered
};

struct Connection {
  sqlite3* database = nullptr;
  sqlite3_file* file = nullptr;
  std::vector<sqlite3_stmt*> statements;  // by number; null: in use
};

struct Shelf {
  Kind kind;
  Habits habits;
  std::string path;   // as long as those of its files
  std::string bytes;  // of the file in which its connections rest
  std::vector<Connection> idle;
  int left = 0;  // to be lent in this history
};

struct Lent {
  Connection connection;
  Shelf* shelf = nullptr;
};

struct Pool {
  bool learning = false;
  std::unordered_map<sqlite3*, Kind> seen;  // while learning
  std::map<Kind, Shelf> shelves;
  std::unordered_map<sqlite3*, Lent> lent;
};

Pool& pool() {
  static auto& the_pool = *new Pool;  // never destroyed: its connections are open till the process ends
  return the_pool;
}

constexpr int kMostLent = 12;         // of a kind, in a history
constexpr std::size_t kHeader = 100;  // bytes (SQLite's "Database File Format", section 1.3)
constexpr std::size_t kFormats = 18;  // two bytes: 1 rollback journal, 2 WAL
constexpr std::size_t kChangeCounter = 24;
constexpr std::size_t kSchemaCookie = 40;

std::string name_of(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

bool is_setting(std::string_view sql) {
  return sql.starts_with("PRAGMA trusted_schema") || sql.starts_with("PRAGMA cell_size_check");
}

// What can't be undone without compiling all anew: whoever reads through a lent connection is not kept from writing.
bool is_of_a_reader(std::string_view sql) {
  return sql.find("PRAGMA query_only") != std::string_view::npos;
}

// --- making them --------------------------------------------------------------------------------------------------

void require(int code, const char* what) {
  if (code != SQLITE_OK) throw std::runtime_error(std::string("warm connections: ") + what);
}

// Out of WAL mode, so that no log is open, and with another change counter than any file that it will meet.
std::string as_left_alone(std::string bytes) {
  bytes[kFormats] = bytes[kFormats + 1] = 1;
  std::memset(bytes.data() + kChangeCounter, 0x5A, 4);
  return bytes;
}

Connection make(const Shelf& shelf) {
  Connection made;
  let_rest(&shelf.bytes);
  require(__real_sqlite3_open_v2(shelf.path.c_str(), &made.database, shelf.kind.flags, kRelay), "open");
  __real_sqlite3_db_config(made.database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  for (const Function& each : shelf.habits.functions) {
    require(__real_sqlite3_create_function_v2(made.database, each.name.c_str(), each.arguments, each.encoding, nullptr,
                                              each.call, nullptr, nullptr, nullptr),
            "function");
  }
  for (const auto& sql : shelf.habits.settings) {
    require(__real_sqlite3_exec(made.database, sql.c_str(), nullptr, nullptr, nullptr), "setting");
  }
  made.statements.resize(shelf.habits.statements.size());
  for (const auto& [sql, number] : shelf.habits.statements) {
    __real_sqlite3_prepare_v3(made.database, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &made.statements[number],
                              nullptr);
  }
  require(sqlite3_file_control(made.database, "main", SQLITE_FCNTL_FILE_POINTER, &made.file), "file");
  let_rest(nullptr);
  return made;
}

// --- lending them -------------------------------------------------------------------------------------------------

// SQLite keeps its file's name and those of the journal and the log as long as the connection.
void rename(const Connection& connection, const std::string& path) {
  const char* name = sqlite3_db_filename(connection.database, "main");
  for (const char* each : {name, sqlite3_filename_journal(name), sqlite3_filename_wal(name)}) {
    std::memcpy(const_cast<char*>(each), path.data(), path.size());
  }
}

// As SQLite opens a file: opened, and its header read. nullopt: another schema than it knows.
std::optional<int> attach(const Connection& connection, const Shelf& shelf) {
  auto* vfs = sqlite3_vfs_find(nullptr);
  auto* file = connection.file;
  constexpr int kHow = SQLITE_OPEN_READONLY | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  file->pMethods = nullptr;
  int out = 0;
  int code = vfs->xOpen(vfs, sqlite3_db_filename(connection.database, "main"), file,
                        SQLITE_OPEN_MAIN_DB | (shelf.kind.flags & kHow), &out);
  if (code == SQLITE_OK) {
    std::string header(kHeader, '\0');
    code = file->pMethods->xRead(file, header.data(), static_cast<int>(kHeader), 0);
    const bool same = header[kFormats] == 2 && header[kFormats + 1] == 2 &&
                      header.compare(kSchemaCookie, 4, shelf.bytes, kSchemaCookie, 4) == 0;
    if (code == SQLITE_OK && same) return SQLITE_OK;
    file->pMethods->xClose(file);
  }
  rest(file, shelf.bytes);
  if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ) return std::nullopt;
  return code;
}

// nullopt: none that fits.
std::optional<int> lend(const std::string& path, sqlite3** opened, int flags) {
  const auto found = pool().shelves.find(Kind{.file = name_of(path), .flags = flags});
  if (found == pool().shelves.end() || found->second.left == 0) return std::nullopt;
  Shelf& shelf = found->second;
  if (shelf.path.size() != path.size()) return std::nullopt;
  --shelf.left;
  rename(shelf.idle.back(), path);
  const auto code = attach(shelf.idle.back(), shelf);
  if (code != SQLITE_OK) return code;
  *opened = shelf.idle.back().database;
  pool().lent[*opened] = Lent{.connection = std::move(shelf.idle.back()), .shelf = &shelf};
  shelf.idle.pop_back();
  return SQLITE_OK;
}

Lent* lent_as(sqlite3* database) {
  if (pool().lent.empty()) return nullptr;
  const auto found = pool().lent.find(database);
  return found == pool().lent.end() ? nullptr : &found->second;
}

// --- taking them back ---------------------------------------------------------------------------------------------

// Nothing that closing it in order would do reaches the disk: its process was killed, or it only reads.
bool leaves_no_trace(const Lent& lent) {
  auto* file = lent.connection.file;
  if ((lent.shelf->kind.flags & SQLITE_OPEN_READONLY) != 0) return true;
  return file->pMethods->xUnlock(file, SQLITE_LOCK_EXCLUSIVE) != SQLITE_OK;  // lets nothing go
}

bool is_idle(sqlite3* database) {
  return sqlite3_get_autocommit(database) != 0 && sqlite3_txn_state(database, nullptr) == SQLITE_TXN_NONE;
}

// Forgets the file: SQLite closes its log as if others were still using it, then sees another file.
void take_back(Lent lent) {
  auto* database = lent.connection.database;
  auto* file = lent.connection.file;
  file->pMethods->xClose(file);
  rest(file, lent.shelf->bytes);
  let_rest(&lent.shelf->bytes);
  __real_sqlite3_exec(database, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
  const int code = __real_sqlite3_exec(database, "PRAGMA user_version", nullptr, nullptr, nullptr);
  sqlite3_file_control(database, "main", SQLITE_FCNTL_RESET_CACHE, nullptr);
  let_rest(nullptr);
  require(code, "a connection does not come to rest");
  lent.shelf->idle.push_back(std::move(lent.connection));
}

void end(const Connection& connection) {
  for (auto* statement : connection.statements) __real_sqlite3_finalize(statement);
}

// What is noted of a new connection; null: nothing.
Habits* habits_of(sqlite3* database) {
  if (!pool().learning) return nullptr;
  const auto seen = pool().seen.find(database);
  return seen == pool().seen.end() ? nullptr : &pool().shelves[seen->second].habits;
}

}  // namespace

void learn_connections() {
  pool().learning = true;
}

void keep_connections(const std::vector<WarmFile>& files) {
  pool().learning = false;
  pool().seen.clear();
  register_relay();
  for (auto& [kind, shelf] : pool().shelves) {
    const auto file =
        std::find_if(files.begin(), files.end(), [&](const WarmFile& each) { return name_of(each.path) == kind.file; });
    if (file == files.end()) throw std::runtime_error("warm connections: what is " + kind.file + "?");
    shelf.kind = kind;
    shelf.path = file->path;
    shelf.bytes = as_left_alone(file->bytes);
  }
}

void lend_connections() {
  for (auto& [kind, shelf] : pool().shelves) {
    while (shelf.idle.size() < static_cast<std::size_t>(kMostLent)) shelf.idle.push_back(make(shelf));
    shelf.left = kMostLent;
  }
}

void lend_no_connections() {
  for (auto& [kind, shelf] : pool().shelves) shelf.left = 0;
}

}  // namespace syncline::sim

// --- what the rooms call in place of SQLite -------------------------------------------------------------------------

using syncline::sim::pool;

extern "C" {

int __wrap_sqlite3_open_v2(const char* name, sqlite3** opened, int flags, const char* vfs) {
  *opened = nullptr;
  if (vfs == nullptr) {
    if (const auto code = syncline::sim::lend(name, opened, flags)) return *code;
  }
  const int code = __real_sqlite3_open_v2(name, opened, flags, vfs);
  if (pool().learning && code == SQLITE_OK) {
    pool().seen[*opened] = {.file = syncline::sim::name_of(name), .flags = flags};
  }
  return code;
}

int __wrap_sqlite3_close_v2(sqlite3* database) {
  auto lent = pool().lent.extract(database);
  if (lent.empty()) return __real_sqlite3_close_v2(database);
  if (syncline::sim::leaves_no_trace(lent.mapped()) && syncline::sim::is_idle(database)) {
    syncline::sim::take_back(std::move(lent.mapped()));
    return SQLITE_OK;
  }
  syncline::sim::end(lent.mapped().connection);
  return __real_sqlite3_close_v2(database);
}

int __wrap_sqlite3_prepare_v3(sqlite3* database, const char* sql, int length, unsigned flags, sqlite3_stmt** statement,
                              const char** rest) {
  const auto text = length < 0 ? std::string_view(sql) : std::string_view(sql, static_cast<std::size_t>(length));
  if (auto* lent = syncline::sim::lent_as(database)) {
    const auto& known = lent->shelf->habits.statements;
    const auto found = known.find(text);
    if (found != known.end() && lent->connection.statements[found->second] != nullptr) {
      *statement = std::exchange(lent->connection.statements[found->second], nullptr);
      return SQLITE_OK;
    }
  }
  const int code = __real_sqlite3_prepare_v3(database, sql, length, flags, statement, rest);
  if (auto* habits = syncline::sim::habits_of(database); habits != nullptr && code == SQLITE_OK) {
    habits->statements.try_emplace(std::string(text), habits->statements.size());
  }
  return code;
}

int __wrap_sqlite3_finalize(sqlite3_stmt* statement) {
  auto* lent = statement == nullptr ? nullptr : syncline::sim::lent_as(sqlite3_db_handle(statement));
  if (lent == nullptr) return __real_sqlite3_finalize(statement);
  const auto known = lent->shelf->habits.statements.find(std::string_view(sqlite3_sql(statement)));
  if (known == lent->shelf->habits.statements.end() || lent->connection.statements[known->second] != nullptr) {
    return __real_sqlite3_finalize(statement);
  }
  lent->connection.statements[known->second] = statement;
  sqlite3_clear_bindings(statement);
  return sqlite3_reset(statement);
}

// Of whether closing folds the log: settled when it is made, and no matter for one that leaves no trace.
int __wrap_sqlite3_db_config(sqlite3* database, int operation, ...) {
  va_list arguments;
  va_start(arguments, operation);
  const int on = va_arg(arguments, int);
  int* const is = va_arg(arguments, int*);
  va_end(arguments);
  const auto* lent = syncline::sim::lent_as(database);
  if (lent != nullptr && syncline::sim::leaves_no_trace(*lent)) return SQLITE_OK;
  return __real_sqlite3_db_config(database, operation, on, is);
}

int __wrap_sqlite3_exec(sqlite3* database, const char* sql, int (*row)(void*, int, char**, char**), void* user,
                        char** error) {
  const bool setting = syncline::sim::is_setting(sql);
  const bool spared = setting || syncline::sim::is_of_a_reader(sql);
  if (spared && syncline::sim::lent_as(database) != nullptr) return SQLITE_OK;
  if (auto* habits = syncline::sim::habits_of(database); setting && habits != nullptr) {
    auto& known = habits->settings;
    if (std::find(known.begin(), known.end(), sql) == known.end()) known.emplace_back(sql);
  }
  return __real_sqlite3_exec(database, sql, row, user, error);
}

int __wrap_sqlite3_create_function_v2(sqlite3* database, const char* name, int arguments, int encoding, void* user,
                                      void (*call)(sqlite3_context*, int, sqlite3_value**),
                                      void (*step)(sqlite3_context*, int, sqlite3_value**),
                                      void (*final)(sqlite3_context*), void (*destroy)(void*)) {
  if (syncline::sim::lent_as(database) != nullptr) return SQLITE_OK;
  if (auto* habits = syncline::sim::habits_of(database); habits != nullptr && habits->functions.empty()) {
    habits->functions.push_back({.name = name, .arguments = arguments, .encoding = encoding, .call = call});
  }
  return __real_sqlite3_create_function_v2(database, name, arguments, encoding, user, call, step, final, destroy);
}
}
