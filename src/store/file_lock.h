// One lock for all processes on a data directory.
#pragma once

#include <chrono>
#include <string>

namespace syncline::store {

// An advisory lock on a file of its own, let go by the system when its process dies. Debian's SQLite 3.40.1 can lose a
// commit if a checkpoint resets the WAL while another process writes (fixed in 3.51.3): so whoever writes or
// checkpoints holds this lock. [one thread at a time]
class FileLock {
 public:
  explicit FileLock(std::string path);  // throws StoreFailure: kStorage
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

  // What the lock file says of the directory, for whoever finds the store file damaged.
  enum class Mark : char {
    kNone,     // no store was ever opened here
    kStore,    // there is a store here, even if the file no longer looks like one
    kSuspect,  // damage was met: whoever opens the store next looks at everything
  };
  [[nodiscard]] Mark mark() const;
  void set_mark(Mark mark) noexcept;  // [any thread]

  void lock(std::chrono::milliseconds longest);  // throws StoreFailure: kStorageBusy after `longest`
  [[nodiscard]] bool try_lock();                 // throws StoreFailure: kStorage
  void unlock();

 private:
  std::string path_;
  int file_ = -1;
};

}  // namespace syncline::store
