#include "store/store.h"

#include <filesystem>
#include <system_error>

#include "store/impl.h"
#include "store/push.h"
#include "store/rows.h"
#include "store/schema.h"

namespace syncline::store {

namespace {

namespace fs = std::filesystem;

void make_directory(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) fail(ErrorCode::kStorage, "data directory " + directory + ": " + error.message());
  if (!fs::is_directory(directory, error))
    fail(ErrorCode::kStorage, "data directory " + directory + ": is no directory");
}

// SQLite takes a file that is shorter than its smallest page for an empty one, and would write over it. It is only
// asked for its size: opening and closing it here would drop the locks of another Store of this process (fcntl(2)).
void check_length(const std::string& path) {
  constexpr std::uintmax_t kSmallestPage = 512;
  std::error_code error;
  const auto length = fs::file_size(path, error);
  if (!error && length > 0 && length < kSmallestPage) fail(ErrorCode::kCorrupt, path + ": is too short for a database");
}

// Asks SQLite, whose files need not be the system's.
bool exists(const std::string& path) {
  auto* files = sqlite3_vfs_find(nullptr);
  int found = 0;
  return files->xAccess(files, path.c_str(), SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK && found != 0;
}

// FULL: every commit reaches the disk. NORMAL: only checkpoints do; a power cut then takes the newest commits, in
// order.
constexpr const char* kSynchronousFull = "PRAGMA synchronous = FULL";
constexpr const char* kSynchronousNormal = "PRAGMA synchronous = NORMAL";

void configure(Connection& connection, int cache_kib) {
  // The default cache of 2 MB halves the rate of gets on a dataset of 1 MB.
  connection.execute("PRAGMA cache_size = -" + std::to_string(cache_kib));
  // Nothing that a file from elsewhere brings along may run.
  connection.execute("PRAGMA trusted_schema = OFF");
  // Finds damaged pages before they are used (D19).
  connection.execute("PRAGMA cell_size_check = ON");
}

}  // namespace

StoreImpl::StoreImpl(const StoreOptions& options, const std::string& file)
    : path(file),
      survive_power_cut(options.survive_power_cut),
      lock_timeout(options.lock_timeout),
      file_lock(options.directory + "/syncline.lock") {
  const HeldFileLock held(file_lock, lock_timeout);
  check_length(path);
  const bool was_closed = !exists(path + "-wal");
  writer.emplace(path, Connection::Mode::kReadWrite, lock_timeout);
  prepare_schema(*writer, path);
  configure(*writer, 2'048);
  // WAL: five times a rollback journal's rate of puts, and readers never wait for writers. It is kept in the file.
  writer->execute("PRAGMA journal_mode = WAL");
  // The WAL file is cut back to this after a checkpoint, should one long transaction have blown it up.
  writer->execute("PRAGMA journal_size_limit = 8388608");
  writer->execute(kSynchronousNormal);
  if (!was_closed) mark_perhaps_sent(*writer);
  reader.emplace(path, Connection::Mode::kReadOnly, lock_timeout);
  configure(*reader, 4'096);
}

StoreImpl::~StoreImpl() {
  reader.reset();
  try {
    // The last connection to close checkpoints, which other processes must not write through.
    const HeldFileLock held(file_lock, lock_timeout);
    writer->checkpoint_on_close();
    writer.reset();
  } catch (const StoreFailure&) {
    // Busy for that long: the WAL is left to whoever is busy there.
  }
}

Store::Store(std::unique_ptr<StoreImpl> impl) : impl_(std::move(impl)) {}

Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  return guarded([&] {
    make_directory(options.directory);
    auto impl = std::make_unique<StoreImpl>(options, options.directory + "/syncline.db");
    return std::unique_ptr<Store>(new Store(std::move(impl)));
  });
}

WriteTransaction::WriteTransaction(StoreImpl& impl, Lasting lasting)
    : impl_(impl), guard_(impl.write_mutex), lock_(impl.file_lock, impl.lock_timeout) {
  set_synchronous(lasting == Lasting::kAsOption && impl_.survive_power_cut);
  connection().use("BEGIN IMMEDIATE").run();
  open_ = true;
}

WriteTransaction::~WriteTransaction() {
  if (!open_) return;
  try {
    connection().execute("ROLLBACK");
  } catch (const StoreFailure&) {
    // SQLite has rolled back by itself, as it does when the disk is full.
  }
}

void WriteTransaction::set_synchronous(bool full) {
  if (impl_.power_cut_mode == full) return;
  connection().execute(full ? kSynchronousFull : kSynchronousNormal);
  impl_.power_cut_mode = full;
}

void WriteTransaction::renew(SyncLease& lease) {
  connection()
      .use("UPDATE dataset SET generation = generation + 1 WHERE id = ? AND generation = ?")
      .bind(lease.dataset)
      .bind(lease.generation)
      .run();
  if (connection().rows_changed() != 1) {
    fail(ErrorCode::kOutdated, "the dataset was synchronized or deleted by somebody else meanwhile");
  }
  lease_ = &lease;
}

Totals WriteTransaction::totals_before(DatasetId dataset) {
  // It changes with each commit of another connection.
  const auto version = connection().number("PRAGMA data_version");
  if (version != impl_.data_version) impl_.totals.clear();
  impl_.data_version = version;
  if (const auto known = impl_.totals.find(dataset); known != impl_.totals.end()) return known->second;
  return impl_.totals[dataset] = load_totals(connection(), dataset);
}

void WriteTransaction::count(DatasetId dataset, std::optional<std::int64_t> before, std::optional<std::int64_t> after) {
  counted_ = dataset;
  grown_.records += static_cast<std::int64_t>(after.has_value()) - static_cast<std::int64_t>(before.has_value());
  grown_.bytes += after.value_or(0) - before.value_or(0);
}

void WriteTransaction::commit() {
  connection().use("COMMIT").run();
  open_ = false;
  if (lease_ != nullptr) ++lease_->generation;
  if (const auto known = impl_.totals.find(counted_); known != impl_.totals.end()) {
    known->second.records += grown_.records;
    known->second.bytes += grown_.bytes;
  }
}

}  // namespace syncline::store
