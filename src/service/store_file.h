// The service's files in its data directory: service.db (and SQLite's two beside it) and service.lock. Makes them at
// the first start, with the installation's pool, developer key and token key in them; checks them at every other.
#pragma once

#include <cstdint>
#include <string>

#include "service/service_store.h"
#include "service/sqlite.h"
#include "syncline/result.h"

namespace syncline::service {

// Held while a process serves the directory. Besides two services being in each other's way, this keeps Debian's SQLite
// 3.40.1 from its WAL-reset bug: all writes and checkpoints come from one connection of one process.
class DirectoryLock {
 public:
  static Result<DirectoryLock> take(const std::string& data_dir);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

// Makes the directory if it is missing, for this user only since there will be secrets in it.
Result<void> make_data_directory(const std::string& data_dir);
// Makes an empty service.db if it is missing, for this user only; returns its path.
Result<std::string> make_store_file(const std::string& data_dir);

// What was made or renamed in it lasts.
Result<void> sync_directory(const std::string& directory);

Result<void> configure_reader(Connection& connection);

// The schema's version, 0: an empty file. Changes nothing. Errors: kSchemaTooNew, kCorrupt, naming `path`.
Result<std::int64_t> examine_store(Connection& connection, const std::string& path);
// To this program's schema. One transaction, so that a kill leaves the old schema or the new one.
Result<void> migrate_store(Connection& writer, std::int64_t version);

// Configures the connection that writes; creates the schema and the installation where there are none, and reads the
// latter. A file that it refuses is not changed. Without a region in the options an existing one is taken as it is.
// Errors: kSchemaTooNew, kCorrupt (another program's database), kStorage (another region).
Result<Installation> open_installation(Connection& writer, const StoreOptions& options, const std::string& path);

}  // namespace syncline::service
