// A disk in memory, as SQLite's default VFS while it lives: every file operation can be watched, made to fail, or be
// the last one of a process; a power cut loses or tears what was not synced. Only SQLite's own files (database, -wal,
// journals, shared memory) are on it; directories and lock files beside them stay in the real file system. A database
// that is only in the real file system is read from there when it is first opened. Everything follows from the seed: no
// real time, no addresses. [one thread]
//
// Processes: call run_as() before the code of a process runs, also before it unwinds after its death, and let what it
// held go before revive(). A killed process can still tidy its half of the shared memory while it unwinds (hash slots
// of frames that were not committed), nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace syncline::testing {

// A process of the simulated machine: what is opened while it is the current one belongs to it. 0 at first.
using ProcessId = int;

struct DiskOperation {
  // Letting locks go, closing, and memory barriers are no operations: they can't fail.
  enum class Kind : std::uint8_t {
    kOpen,
    kRead,
    kWrite,
    kTruncate,
    kSync,
    kDelete,
    kSharedMemory,  // mapping a region, taking one of its locks
    kLock,          // the database file's
    kSize,
    kAccess,  // whether a file exists
  };
  Kind kind;
  const std::string& path;
  ProcessId process;
  std::uint64_t number;  // counts all operations of the disk, from 1
};

enum class DiskVerdict : std::uint8_t {
  kProceed,
  kFail,        // an I/O error
  kFull,        // no space: a write (a part of it may be there), a new file, more shared memory; else as kProceed
  kKillBefore,  // the process dies before it happens; every later operation of the process fails and does nothing
  kKillAfter,
  kTear,  // a write: a random part of its sectors is written, then the process dies; else as kKillBefore
};

class SimDisk {
 public:
  // Becomes SQLite's default VFS, and starts SQLite's own random numbers anew.
  explicit SimDisk(std::uint64_t seed);
  // Everything that was opened on it must be closed by now. The VFS before it is the default again.
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  // Asked before each operation of a living process; may call kill(). Empty: all proceeds.
  using Judge = std::function<DiskVerdict(const DiskOperation&)>;
  void set_judge(Judge judge);
  [[nodiscard]] std::uint64_t operations() const;

  // The current process, for files that are opened from now on.
  void run_as(ProcessId process);
  // Its handles are dead, its locks are let go, shared memory goes with its last living user; what it wrote stays.
  void kill(ProcessId process);
  [[nodiscard]] bool killed(ProcessId process) const;
  void revive(ProcessId process);  // a new process of that number

  // All files whose path starts with `prefix`: the processes that hold them are killed; of the writes and truncations
  // since each file's last sync, and of the creations and deletions since the directory's, any subset survives, the
  // last surviving write of a file perhaps torn at a 512-byte sector.
  void power_cut(const std::string& prefix);

  // As if every file and directory were synced: where a test's own history begins.
  void sync_all();

  // Files as bytes: backups, restores, templates, damaged files.
  [[nodiscard]] bool exists(const std::string& path) const;
  [[nodiscard]] std::string read_file(const std::string& path) const;  // empty if there is none
  void write_file(const std::string& path, std::string bytes);         // synced
  void remove_file(const std::string& path);
  [[nodiscard]] std::vector<std::string> files(const std::string& prefix) const;  // sorted

  // Whether a call of SQLite is inside a disk right now: allocators that fail on purpose must spare it.
  [[nodiscard]] static bool at_work();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::testing
