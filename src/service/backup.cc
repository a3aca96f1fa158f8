#include "service/backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "service/incarnation.h"
#include "service/sqlite.h"
#include "service/sqlite_rows.h"
#include "service/store_file.h"

namespace syncline::service {

namespace {

namespace fs = std::filesystem;

Error storage(std::string message) {
  return Error{.code = ErrorCode::kStorage, .message = std::move(message)};
}

// Gone again unless it is kept.
class UnfinishedFile {
 public:
  // Takes the place of one that a killed process has left.
  static Result<UnfinishedFile> make(std::string path) {
    std::error_code ignored;
    fs::remove(path, ignored);
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return storage(path + ": cannot be made: " + std::system_category().message(errno));
    ::close(file);
    return UnfinishedFile(std::move(path));
  }
  UnfinishedFile(UnfinishedFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  UnfinishedFile& operator=(UnfinishedFile&&) = delete;
  ~UnfinishedFile() {
    if (path_.empty()) return;
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(path_ + suffix, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  // Under its name for good, in place of what has it.
  Result<void> keep_as(const std::string& name) {
    if (::rename(path_.c_str(), name.c_str()) != 0)
      return storage(name + ": cannot be made: " + std::system_category().message(errno));
    path_.clear();
    return sync_directory(fs::absolute(name).lexically_normal().parent_path().string());
  }

 private:
  explicit UnfinishedFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// All of it in one step: a snapshot, which writers go on beside.
Result<void> copy_pages(Connection& from, Connection& to, const std::string& names) {
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) return storage(names + ": " + sqlite3_errmsg(to.handle()));
  sqlite3_backup_step(backup, -1);
  const int result = sqlite3_backup_finish(backup);
  if (result == SQLITE_OK) return {};
  ErrorCode code = result == SQLITE_FULL ? ErrorCode::kStorageFull : ErrorCode::kStorage;
  if (result == SQLITE_NOTADB || result == SQLITE_CORRUPT) code = ErrorCode::kCorrupt;
  return Error{.code = code, .message = names + ": " + sqlite3_errstr(result)};
}

// `file` exists and is empty. Leaves it without SQLite's files beside it.
Result<void> copy_into(const std::string& path, const std::string& file) {
  auto from = Connection::open(path);
  if (!from) return std::move(from).error();
  if (auto configured = configure_reader(*from); !configured) return configured;
  auto to = Connection::open(file);
  if (!to) return std::move(to).error();
  return copy_pages(*from, *to, "copying " + path + " to " + file).and_then([&] {
    return to->execute("PRAGMA journal_mode = DELETE");
  });
}

Result<void> check_undamaged(Connection& connection, const std::string& file) {
  std::string found;
  auto read = read_rows(connection, "PRAGMA quick_check(1)", [&](const Query& row) { found = row.text(0); });
  if (!read) return read;
  if (found == "ok") return {};
  return Error{.code = ErrorCode::kCorrupt, .message = file + ": is damaged: " + found};
}

// The copy of a backup becomes a store that can take its place.
Result<void> prepare_restored(const std::string& copy, const std::string& file, Timestamp now) {
  auto opened = Connection::open(copy);
  if (!opened) return std::move(opened).error();
  auto version = examine_store(*opened, file);
  if (!version) return std::move(version).error();
  if (*version == 0) return Error{.code = ErrorCode::kCorrupt, .message = file + ": is empty, not a backup"};
  if (auto checked = check_undamaged(*opened, file); !checked) return checked;
  if (auto migrated = migrate_store(*opened, *version); !migrated) return migrated;
  Transaction transaction(*opened);
  return transaction.begin_immediate().and_then([&] { return begin_incarnation(*opened, now); }).and_then([&] {
    return transaction.commit();
  });
}

// Whatever is in the write-ahead log must not be played onto the store that comes.
Result<void> end_log(const std::string& store, const std::string& aside) {
  std::error_code failed;
  if (auto old = Connection::open(store); old) {
    static_cast<void>(old->execute("PRAGMA wal_checkpoint(TRUNCATE)"));  // one that is damaged stays as it is
  }
  if (!fs::exists(store + "-wal", failed)) return {};
  fs::rename(store + "-wal", aside + "-wal", failed);
  if (failed) return storage(store + "-wal: cannot be set aside: " + failed.message());
  fs::remove(store + "-shm", failed);
  return {};
}

// Under a second name as well: until the new one has its place, the old one is where it was.
Result<std::string> set_aside(const std::string& store, Timestamp now) {
  std::error_code failed;
  if (!fs::exists(store, failed)) return std::string();
  std::string aside = store + ".before-restore-" + std::to_string(milliseconds(now));
  if (auto ended = end_log(store, aside); !ended) return std::move(ended).error();
  fs::create_hard_link(store, aside, failed);
  if (failed) return storage(store + ": cannot be set aside as " + aside + ": " + failed.message());
  return aside;
}

}  // namespace

Result<void> copy_database(const std::string& path, const std::string& file) {
  std::error_code failed;
  if (fs::exists(file, failed)) return storage(file + ": exists already");
  auto copy = UnfinishedFile::make(file + ".unfinished");
  if (!copy) return std::move(copy).error();
  return copy_into(path, copy->path()).and_then([&] { return copy->keep_as(file); });
}

Result<Restored> restore_backup(const std::string& data_dir, const std::string& file, Timestamp now) {
  std::error_code failed;
  if (!fs::is_regular_file(file, failed)) return storage(file + ": is no file");
  if (auto made = make_data_directory(data_dir); !made) return std::move(made).error();
  auto lock = DirectoryLock::take(data_dir);
  if (!lock) return std::move(lock).error();
  const std::string store = data_dir + "/service.db";
  auto copy = UnfinishedFile::make(store + ".restoring");
  if (!copy) return std::move(copy).error();
  auto ready = copy_into(file, copy->path()).and_then([&] { return prepare_restored(copy->path(), file, now); });
  if (!ready) return std::move(ready).error();
  auto aside = set_aside(store, now);
  if (!aside) return std::move(aside).error();
  if (auto kept = copy->keep_as(store); !kept) return std::move(kept).error();
  return Restored{.set_aside = std::move(*aside)};
}

}  // namespace syncline::service
