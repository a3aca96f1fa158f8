// What the files of this room share: the two connections, the transaction, and a dataset's totals.
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/directory.h"
#include "store/file_lock.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace syncline::store {

// What the quotas count: what the app sees.
struct Totals {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
};

// What the app sees of a dataset: a sum over each present value.
using Picture = std::unordered_map<std::string, std::int64_t>;

struct StoreImpl {
  StoreImpl(const StoreOptions& options, const std::string& file_path);
  ~StoreImpl();

  // Damage was met: nothing is written any more, and the next to open the store recovers it. [any thread]
  void note_damage();
  // Fails with kCorrupt if this file is damaged, or was set aside by another process. With the lock held.
  void check_file() const;

  std::string path;
  bool survive_power_cut;
  std::chrono::milliseconds lock_timeout;

  // Whether another connection has committed since the last call: what is kept in memory may be wrong. With
  // write_mutex.
  bool others_wrote();
  // Of datasets that were opened and are still in use. [any thread]
  void note_opened(DatasetId dataset);
  void forget_opened();

  // Compares the watched datasets with their pictures, if anybody else has written. With write_mutex.
  void look_at_others();

  std::mutex write_mutex;  // guards what follows, down to the next mutex
  FileLock file_lock;
  std::optional<Connection> writer;
  std::unordered_map<DatasetId, Totals> totals;  // right as long as SQLite's data_version is this one
  std::int64_t data_version = 0;
  bool power_cut_mode = false;  // the writer's PRAGMA synchronous is FULL
  std::unordered_map<DatasetId, Picture> watched;
  bool unseen = false;  // others wrote since the pictures were compared
  std::vector<std::pair<DatasetId, KeyChanges>> noticed;

  std::mutex opened_mutex;     // guards opened; no other is locked under it
  std::set<DatasetId> opened;  // since datasets last had to be opened anew

  std::mutex read_mutex;  // guards reader
  std::optional<Connection> reader;

  std::optional<FileIdentity> file;  // what was opened
  std::atomic<bool> damaged = false;
  std::optional<RecoveryReport> recovery;

 private:
  void open_file();
  void open_or_recover();
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

// What was begun ends with this, undone unless somebody has said that it was committed. A member, as a constructor that
// throws has no destructor to call: a transaction that stayed open would keep all other processes from writing.
class Begun {
 public:
  explicit Begun(Connection& connection) : connection_(connection) {}
  Begun(const Begun&) = delete;
  Begun& operator=(const Begun&) = delete;
  ~Begun() {
    if (!committed_) connection_.roll_back();
  }
  void committed() { committed_ = true; }

 private:
  Connection& connection_;
  bool committed_ = false;
};

// A write transaction under the process-wide locks; undone unless commit() was reached.
class WriteTransaction {
 public:
  WriteTransaction(StoreImpl& impl, Lasting lasting);
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  ~WriteTransaction() = default;

  Connection& connection() { return *impl_.writer; }
  // Moves the dataset's generation on, and the lease with the commit; kOutdated if somebody else did before.
  void renew(SyncLease& lease);
  // What the dataset held before this transaction; to be called before its first change.
  Totals totals_before(DatasetId dataset);
  // To be told of each key whose visible value changes: sizes in bytes of key and value, absent: not visible.
  void count(DatasetId dataset, std::optional<std::int64_t> before, std::optional<std::int64_t> after);
  [[nodiscard]] const Totals& grown() const { return grown_; }
  // To be told what the transaction changed, once it has.
  void changed(DatasetId dataset, const KeyChanges& changes);
  void forget_totals(DatasetId dataset) { impl_.totals.erase(dataset); }
  void commit();

 private:
  void set_synchronous(bool full);
  void prepare_to_paint();
  void paint() noexcept;

  StoreImpl& impl_;
  std::lock_guard<std::mutex> guard_;
  HeldFileLock lock_;
  Begun begun_;  // after the locks: it ends before they do
  DatasetId counted_ = 0;
  Totals grown_;
  SyncLease* lease_ = nullptr;
  // To the picture of painted_.
  DatasetId painted_ = 0;
  Picture strokes_;
  std::vector<std::string> wiped_off_;
};

// What to tell about an exception that reached the border. Makes do without memory.
Error describe(const std::exception& exception) noexcept;

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
    return describe(exception);
  }
}

template <typename Body>
auto guarded(StoreImpl& impl, Body&& body) {
  auto result = guarded(std::forward<Body>(body));
  if (!result && result.error().code == ErrorCode::kCorrupt) impl.note_damage();
  return result;
}

// A read on the reading connection, which never waits for a writer.
template <typename Body>
auto reading(StoreImpl& impl, Body&& body) {
  return guarded(impl, [&] {
    const std::lock_guard guard(impl.read_mutex);
    return std::forward<Body>(body)(*impl.reader);
  });
}

struct EndOfSnapshot {
  Connection& connection;
  ~EndOfSnapshot() { connection.roll_back(); }  // nothing was written
};

// As `reading`, with one snapshot for several statements.
template <typename Body>
auto reading_snapshot(StoreImpl& impl, Body&& body) {
  return reading(impl, [&](Connection& connection) {
    connection.begin("BEGIN");
    const EndOfSnapshot end{connection};
    return std::forward<Body>(body)(connection);
  });
}

}  // namespace syncline::store
