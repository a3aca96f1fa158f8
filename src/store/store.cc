#include "store/store.h"

#include <filesystem>
#include <new>
#include <system_error>

#include "store/impl.h"
#include "store/push.h"
#include "store/recovery.h"
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

StoreImpl::StoreImpl(const StoreOptions& options, const std::string& file_path)
    : path(file_path),
      survive_power_cut(options.survive_power_cut),
      lock_timeout(options.lock_timeout),
      file_lock(options.directory + "/syncline.lock") {
  const HeldFileLock held(file_lock, lock_timeout);
  finish_recovery(path);
  open_or_recover();
  file_lock.set_mark(FileLock::Mark::kStore);
  file = identity_of(path);
}

void StoreImpl::open_or_recover() {
  bool recovered = false;
  try {
    open_file();
  } catch (const StoreFailure& failure) {
    reader.reset();
    writer.reset();
    if (failure.error.code != ErrorCode::kCorrupt) throw;
    const bool ours = file_lock.mark() != FileLock::Mark::kNone && !failure.not_ours;
    if (!ours && !header_is_ours(path)) throw;
    recover(path, failure.error.message);
    open_file();
    recovered = true;
  }
  recovery = load_recovery(*writer);
  if (recovery) recovery->at_this_open = recovered;
}

void StoreImpl::open_file() {
  check_length(path);
  const bool was_closed = !exists(path + "-wal");
  writer.emplace(path, Connection::Mode::kReadWrite, lock_timeout);
  // A kill or a power cut while the file was made leaves a journal, from which SQLite puts it right at the first read.
  if (!exists(path + "-journal")) check_header(*writer);
  prepare_schema(*writer, path);
  configure(*writer, 2'048);
  if (was_closed && file_lock.mark() != FileLock::Mark::kSuspect) {
    check_small_tables(*writer);
  } else {
    check_everything(*writer);
  }
  // WAL: five times a rollback journal's rate of puts, and readers never wait for writers. It is kept in the file.
  writer->execute("PRAGMA journal_mode = WAL");
  // The WAL file is cut back to this after a checkpoint, should one long transaction have blown it up.
  writer->execute("PRAGMA journal_size_limit = 8388608");
  writer->execute(kSynchronousNormal);
  if (!was_closed) {
    // What a killed process had written but not synced is read again now: before it is sent, it must last (D2, D6).
    if (survive_power_cut) writer->sync_wal();
    mark_perhaps_sent(*writer);
  }
  reader.emplace(path, Connection::Mode::kReadOnly, lock_timeout);
  configure(*reader, 4'096);
}

void StoreImpl::note_damage() {
  damaged = true;
  if (identity_of(path) == file) file_lock.set_mark(FileLock::Mark::kSuspect);
}

void StoreImpl::check_file() const {
  if (damaged) fail(ErrorCode::kCorrupt, path + ": was found damaged; close the store and open it again");
  const auto now = identity_of(path);
  if (now && now != file) {
    fail(ErrorCode::kCorrupt,
         path + ": was damaged and set aside by another process; close the store and open it again");
  }
}

StoreImpl::~StoreImpl() {
  reader.reset();
  try {
    // The last connection to close checkpoints, which other processes must not write through.
    const HeldFileLock held(file_lock, lock_timeout);
    const auto now = identity_of(path);
    // What was set aside stays as it was found.
    if (!damaged && (!now || now == file)) writer->checkpoint_on_close();
    writer.reset();
  } catch (const StoreFailure&) {
    // Busy for that long: the WAL is left to whoever is busy there.
  } catch (const std::exception&) {
    // No memory to fold it: the next one to open the store will.
  }
}

Error describe(const std::exception& exception) noexcept {
  // Short enough to need no memory of its own.
  constexpr const char* kNoMemory = "out of memory";
  const bool no_memory = dynamic_cast<const std::bad_alloc*>(&exception) != nullptr;
  try {
    if (!no_memory) return Error{.code = ErrorCode::kInternal, .message = std::string("store: ") + exception.what()};
  } catch (const std::bad_alloc&) {
    // Then this is what stands in the way of all else.
  }
  return Error{.code = ErrorCode::kStorage, .message = kNoMemory};
}

Store::Store(std::unique_ptr<StoreImpl> impl) : impl_(std::move(impl)) {}

Store::~Store() = default;

const std::optional<RecoveryReport>& Store::recovery() const {
  return impl_->recovery;
}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  return guarded([&] {
    make_directory(options.directory);
    auto impl = std::make_unique<StoreImpl>(options, options.directory + "/syncline.db");
    return std::unique_ptr<Store>(new Store(std::move(impl)));
  });
}

WriteTransaction::WriteTransaction(StoreImpl& impl, Lasting lasting)
    : impl_(impl), guard_(impl.write_mutex), lock_(impl.file_lock, impl.lock_timeout), begun_(connection()) {
  impl_.check_file();
  // Inside a transaction, which an earlier call may not have been able to end, SQLite refuses to change it.
  connection().roll_back();
  set_synchronous(lasting == Lasting::kAsOption && impl_.survive_power_cut);
  connection().begin("BEGIN IMMEDIATE");
  impl_.look_at_others();
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
  impl_.others_wrote();
  if (const auto known = impl_.totals.find(dataset); known != impl_.totals.end()) return known->second;
  return impl_.totals[dataset] = load_totals(connection(), dataset);
}

void WriteTransaction::count(DatasetId dataset, std::optional<std::int64_t> before, std::optional<std::int64_t> after) {
  counted_ = dataset;
  grown_.records += static_cast<std::int64_t>(after.has_value()) - static_cast<std::int64_t>(before.has_value());
  grown_.bytes += after.value_or(0) - before.value_or(0);
}

void WriteTransaction::commit() {
  prepare_to_paint();
  connection().use("COMMIT").run();
  begun_.committed();
  paint();
  if (lease_ != nullptr) ++lease_->generation;
  if (const auto known = impl_.totals.find(counted_); known != impl_.totals.end()) {
    known->second.records += grown_.records;
    known->second.bytes += grown_.bytes;
  }
}

}  // namespace syncline::store
