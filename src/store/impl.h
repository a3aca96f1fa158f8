// What the files of this room share: the two connections, the transaction, and a dataset's totals.
#pragma once

#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "store/file_lock.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace syncline::store {

// What the quotas count: what the app sees.
struct Totals {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
};

struct StoreImpl {
  StoreImpl(const StoreOptions& options, const std::string& path);
  ~StoreImpl();

  std::string path;
  bool survive_power_cut;
  std::chrono::milliseconds lock_timeout;

  std::mutex write_mutex;  // guards file_lock, writer, totals
  FileLock file_lock;
  std::optional<Connection> writer;
  std::unordered_map<DatasetId, Totals> totals;  // right as long as SQLite's data_version is this one
  std::int64_t data_version = 0;
  bool power_cut_mode = false;  // the writer's PRAGMA synchronous is FULL

  std::mutex read_mutex;  // guards reader
  std::optional<Connection> reader;
};

// How long a transaction must last once it is committed.
enum class Lasting {
  kAsOption,    // the app was told that it is safe
  kRepeatable,  // a power cut may take it: the service tells it again, or opening makes up for it; saves an fsync
};

// Holds the lock of all processes for a scope.
class HeldFileLock {
 public:
  HeldFileLock(FileLock& lock, std::chrono::milliseconds longest) : lock_(lock) { lock_.lock(longest); }
  HeldFileLock(const HeldFileLock&) = delete;
  HeldFileLock& operator=(const HeldFileLock&) = delete;
  ~HeldFileLock() { lock_.unlock(); }

 private:
  FileLock& lock_;
};

// A write transaction under the process-wide locks; undone unless commit() was reached.
class WriteTransaction {
 public:
  WriteTransaction(StoreImpl& impl, Lasting lasting);
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  ~WriteTransaction();

  Connection& connection() { return *impl_.writer; }
  // Moves the dataset's generation on, and the lease with the commit; kOutdated if somebody else did before.
  void renew(SyncLease& lease);
  // What the dataset held before this transaction; to be called before its first change.
  Totals totals_before(DatasetId dataset);
  // To be told of each key whose visible value changes: sizes in bytes of key and value, absent: not visible.
  void count(DatasetId dataset, std::optional<std::int64_t> before, std::optional<std::int64_t> after);
  [[nodiscard]] const Totals& grown() const { return grown_; }
  void forget_totals(DatasetId dataset) { impl_.totals.erase(dataset); }
  void commit();

 private:
  void set_synchronous(bool full);

  StoreImpl& impl_;
  std::lock_guard<std::mutex> guard_;
  HeldFileLock lock_;
  DatasetId counted_ = 0;
  Totals grown_;
  SyncLease* lease_ = nullptr;
  bool open_ = false;
};

// The border of the room: no exception leaves it.
template <typename Body>
auto guarded(Body&& body) -> Result<std::remove_cvref_t<std::invoke_result_t<Body>>> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Body>>) {
      std::forward<Body>(body)();
      return {};
    } else {
      return std::forward<Body>(body)();
    }
  } catch (StoreFailure& failure) {
    return std::move(failure.error);
  } catch (const std::exception& exception) {
    return Error{.code = ErrorCode::kInternal, .message = std::string("store: ") + exception.what()};
  }
}

// A read on the reading connection, which never waits for a writer.
template <typename Body>
auto reading(StoreImpl& impl, Body&& body) {
  return guarded([&] {
    const std::lock_guard guard(impl.read_mutex);
    return std::forward<Body>(body)(*impl.reader);
  });
}

struct EndOfSnapshot {
  Connection& connection;
  ~EndOfSnapshot() {
    try {
      connection.use("COMMIT").run();
    } catch (const StoreFailure&) {
      // Nothing was written; the next BEGIN reports whatever is wrong.
    }
  }
};

// As `reading`, with one snapshot for several statements.
template <typename Body>
auto reading_snapshot(StoreImpl& impl, Body&& body) {
  return reading(impl, [&](Connection& connection) {
    connection.use("BEGIN").run();
    const EndOfSnapshot end{connection};
    return std::forward<Body>(body)(connection);
  });
}

}  // namespace syncline::store
