#include "service/store_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "auth/digest.h"
#include "core/text.h"
#include "service/answer.h"
#include "service/developer_keys.h"
#include "service/incarnation.h"
#include "service/schema.h"

namespace syncline::service {

namespace {

// "SLsv", so that `file` and we can tell whose database it is.
constexpr std::int64_t kApplicationId = 0x534C7376;
Error storage(std::string message) {
  return Error{.code = ErrorCode::kStorage, .message = std::move(message)};
}

Error system_failure(const std::string& path, const char* what) {
  return storage(path + ": " + what + ": " + std::system_category().message(errno));
}

Installation new_installation(const std::string& region) {
  return Installation{
      .region = region, .pool = region + ":" + random_uuid(), .token_key = hex_encode(auth::random_bytes(32))};
}

Result<std::string> read_text(Connection& connection, std::string_view sql) {
  auto statement = connection.prepare(sql);
  if (!statement) return std::move(statement).error();
  Query query(*statement);
  auto row = query.next();
  if (!row) return std::move(row).error();
  return *row ? std::string(query.text(0)) : std::string();
}

Result<void> write_installation(Connection& writer, const Installation& made, Timestamp now) {
  const std::int64_t time = now.time_since_epoch().count();
  return run_once(writer, "INSERT INTO installation (name, value) VALUES ('region', ?1), ('token_key', ?2)",
                  made.region, made.token_key)
      .and_then([&] {
        return run_once(writer, "INSERT INTO pools (id, name, created_at) VALUES (1, ?1, ?2)", made.pool, time);
      })
      .and_then([&] { return write_developer_key(writer, new_developer_key(now)); });
}

// One transaction: a kill at the first start leaves either nothing or a whole installation (S7).
Result<void> create(Connection& writer, const StoreOptions& options) {
  if (auto region = IdentityPoolId::parse(options.region + ":0"); !region) {
    return storage("region '" + options.region + "' is not made of letters, digits, - and _");
  }
  Transaction transaction(writer);
  return transaction.begin_immediate()
      .and_then([&] { return bring_up_to_date(writer, 0); })
      .and_then([&] { return write_installation(writer, new_installation(options.region), options.now); })
      .and_then([&] {
        const std::string mark = "PRAGMA application_id = " + std::to_string(kApplicationId);
        return writer.execute(mark.c_str());
      })
      .and_then([&] { return transaction.commit(); });
}

Result<void> configure_writer(Connection& connection) {
  return connection.execute(
      // Readers never wait for the writer, and a commit is one sync.
      "PRAGMA journal_mode = WAL;"
      // An answer of 200 means durable: NORMAL would sync at checkpoints only (S2, S7).
      "PRAGMA synchronous = FULL;"
      // 16 MiB: a call touches up to 1,024 records; SQLite's 2 MiB spill.
      "PRAGMA cache_size = -16384;"
      // What a burst has left of the WAL is given back at a checkpoint.
      "PRAGMA journal_size_limit = 67108864;");
}

Result<Installation> read_installation(Connection& writer) {
  struct Field {
    std::string Installation::*member;
    std::string_view sql;
  };
  static constexpr Field kFields[] = {
      {&Installation::region, "SELECT value FROM installation WHERE name = 'region'"},
      {&Installation::token_key, "SELECT value FROM installation WHERE name = 'token_key'"},
      {&Installation::pool, "SELECT name FROM pools ORDER BY id LIMIT 1"},
  };
  Installation installation;
  for (const Field& field : kFields) {
    auto text = read_text(writer, field.sql);
    if (!text) return std::move(text).error();
    installation.*field.member = std::move(*text);
  }
  auto keys = read_developer_keys(writer);
  if (!keys) return std::move(keys).error();
  auto floor = read_count_floor(writer);
  if (!floor) return std::move(floor).error();
  installation.developer_keys = std::move(*keys);
  installation.count_floor = *floor;
  return installation;
}

}  // namespace

Result<void> sync_directory(const std::string& directory) {
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return system_failure(directory, "cannot be opened");
  const bool synced = ::fsync(file) == 0;
  ::close(file);
  if (!synced) return system_failure(directory, "cannot be synced");
  return {};
}

Result<std::int64_t> examine_store(Connection& connection, const std::string& path) {
  auto application = connection.integer("PRAGMA application_id");
  if (!application) return std::move(application).error();
  auto tables = connection.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::move(tables).error();
  if (*application == 0 && *tables == 0) return std::int64_t{0};
  if (*application != kApplicationId) {
    return Error{.code = ErrorCode::kCorrupt, .message = path + ": is a database of another program"};
  }
  auto version = connection.integer("PRAGMA user_version");
  if (!version) return std::move(version).error();
  if (*version > kSchemaVersion) {
    return Error{.code = ErrorCode::kSchemaTooNew,
                 .message = path + ": has schema " + std::to_string(*version) + ", this program knows up to " +
                            std::to_string(kSchemaVersion)};
  }
  return version;
}

Result<void> migrate_store(Connection& writer, std::int64_t version) {
  Transaction transaction(writer);
  return transaction.begin_immediate().and_then([&] { return bring_up_to_date(writer, version); }).and_then([&] {
    return transaction.commit();
  });
}

Result<DirectoryLock> DirectoryLock::take(const std::string& data_dir) {
  const std::string path = data_dir + "/service.lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return system_failure(path, "cannot be opened");
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    const bool held = errno == EWOULDBLOCK;
    Error error = held ? storage(data_dir + ": another service is running on this data directory")
                       : system_failure(path, "cannot be locked");
    ::close(file);
    return error;
  }
  return DirectoryLock(file);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) ::close(file_);
}

Result<void> make_data_directory(const std::string& data_dir) {
  if (data_dir.empty()) return storage("the data directory's name is empty");
  std::error_code failed;
  const bool made = std::filesystem::create_directories(data_dir, failed);
  if (failed) return storage(data_dir + ": cannot be made a directory: " + failed.message());
  if (!made) return {};
  std::filesystem::permissions(data_dir, std::filesystem::perms::owner_all, failed);
  if (failed) return storage(data_dir + ": permissions cannot be set: " + failed.message());
  return sync_directory(std::filesystem::absolute(data_dir).lexically_normal().parent_path().string());
}

Result<std::string> make_store_file(const std::string& data_dir) {
  std::string path = data_dir + "/service.db";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return system_failure(path, "cannot be opened");
  ::close(file);
  // SQLite syncs the directory for its own files, but this one it finds already made.
  if (auto synced = sync_directory(data_dir); !synced) return std::move(synced).error();
  return path;
}

Result<void> configure_reader(Connection& connection) {
  // The last connection to close checkpoints; that must be the writer (see DirectoryLock).
  sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return connection.execute(
      "PRAGMA busy_timeout = 5000;"
      // A reader that wrote would be a defect; this makes it an error.
      "PRAGMA query_only = ON;"
      // 4 MiB holds the largest dataset.
      "PRAGMA cache_size = -4096;");
}

Result<Installation> open_installation(Connection& writer, const StoreOptions& options, const std::string& path) {
  // Others may hold a lock for a moment: a backup, an operator's shell.
  if (auto set = writer.execute("PRAGMA busy_timeout = 5000"); !set) return std::move(set).error();
  const auto version = examine_store(writer, path);
  if (!version) return version.error();
  if (auto configured = configure_writer(writer); !configured) return std::move(configured).error();
  // What a killed process had written but not synced is read again now: before anybody is told of it, it must last
  // (S7).
  if (auto synced = writer.execute("PRAGMA wal_checkpoint(PASSIVE)"); !synced) return std::move(synced).error();
  auto ready = *version == 0 ? create(writer, options) : migrate_store(writer, *version);
  if (!ready) return std::move(ready).error();
  auto installation = read_installation(writer);
  if (installation && !options.region.empty() && installation->region != options.region) {
    return storage(path + ": belongs to region " + installation->region + ", not " + options.region);
  }
  return installation;
}

}  // namespace syncline::service
