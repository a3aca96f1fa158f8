#include "support/sim_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

#include "support/fake_random.h"
#include "support/temp_dir.h"
#include "support/unsynced_bytes.h"

namespace syncline::testing {

namespace {

using Kind = DiskOperation::Kind;

int calls_inside = 0;

struct Inside {
  Inside() { ++calls_inside; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { --calls_inside; }
};

// One incarnation of a process.
struct Life {
  ProcessId process = 0;
  bool dead = false;
};

struct Handle;

struct SharedMemory {
  std::vector<std::unique_ptr<unsigned char[]>> regions;
  std::vector<Handle*> users;  // living ones
};

struct File : UnsyncedBytes {
  explicit File(std::string name) : path(std::move(name)) {}

  std::string path;
  std::vector<Handle*> handles;
  std::shared_ptr<SharedMemory> memory;
};

struct Handle {
  SimDisk::Impl& disk;
  std::shared_ptr<File> file;
  std::shared_ptr<Life> life;
  bool sync_directory = false;  // with the first sync: the file is a new journal or WAL
  int lock = SQLITE_LOCK_NONE;
  std::shared_ptr<SharedMemory> memory = {};
  unsigned shared = 0;  // shared memory's lock slots held, as bits
  unsigned exclusive = 0;
};

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// A creation or deletion since the directory's last sync.
struct NameChange {
  std::string path;
  std::shared_ptr<File> before;
};

}  // namespace

struct SimDisk::Impl {
  explicit Impl(std::uint64_t seed);
  ~Impl();

  DiskVerdict ask(const Life& life, Kind kind, const std::string& path);
  // Carries out `act` as the judge says; `failure` is what a failed or dead one answers.
  template <typename Act>
  int perform(const std::shared_ptr<Life>& life, Kind kind, const std::string& path, int failure, Act&& act);
  int write(Handle& handle, const char* data, std::size_t length, std::size_t offset);

  void end(Life& life);
  std::shared_ptr<Life>& life_of(ProcessId process);
  std::shared_ptr<File> find(const std::string& path) const;
  void note_name(const std::string& path, std::shared_ptr<File> before);
  void sync_directory(const std::string& directory);
  [[nodiscard]] bool is_name_unsynced(const std::string& path) const;
  void forget_name_changes(const std::string& path);
  void kill_users(const std::string& prefix);
  void cut_names(const std::string& prefix);

  sqlite3_vfs vfs{};
  std::string vfs_name;
  FakeRandom random;         // decides what faults leave behind
  FakeRandom sqlite_random;  // SQLite's
  std::int64_t slept_micros = 0;
  Judge judge;
  std::uint64_t operations = 0;
  ProcessId current = 0;
  std::map<ProcessId, std::shared_ptr<Life>> lives;
  std::map<std::string, std::shared_ptr<File>> names;
  std::vector<NameChange> name_changes;
  std::vector<Handle*> handles;
};

namespace {

void erase(std::vector<Handle*>& handles, Handle* handle) {
  handles.erase(std::remove(handles.begin(), handles.end(), handle), handles.end());
}

// The pointers that SQLite was given stay good until it unmaps them.
void leave_memory(Handle& handle) {
  handle.shared = handle.exclusive = 0;
  if (!handle.memory) return;
  erase(handle.memory->users, &handle);
  if (handle.memory->users.empty() && handle.file->memory == handle.memory) handle.file->memory.reset();
}

int failure_of(Kind kind) {
  switch (kind) {
    case Kind::kOpen:
      return SQLITE_CANTOPEN;
    case Kind::kRead:
      return SQLITE_IOERR_READ;
    case Kind::kWrite:
      return SQLITE_IOERR_WRITE;
    case Kind::kTruncate:
      return SQLITE_IOERR_TRUNCATE;
    case Kind::kSync:
      return SQLITE_IOERR_FSYNC;
    case Kind::kDelete:
      return SQLITE_IOERR_DELETE;
    case Kind::kSharedMemory:
      return SQLITE_IOERR_SHMLOCK;
    case Kind::kLock:
      return SQLITE_IOERR_LOCK;
    case Kind::kSize:
      return SQLITE_IOERR_FSTAT;
    case Kind::kAccess:
      return SQLITE_IOERR_ACCESS;
  }
  return SQLITE_IOERR;
}

}  // namespace

DiskVerdict SimDisk::Impl::ask(const Life& life, Kind kind, const std::string& path) {
  ++operations;
  if (!judge) return DiskVerdict::kProceed;
  return judge(DiskOperation{.kind = kind, .path = path, .process = life.process, .number = operations});
}

template <typename Act>
int SimDisk::Impl::perform(const std::shared_ptr<Life>& life, Kind kind, const std::string& path, int failure,
                           Act&& act) {
  const Inside inside;
  if (life->dead) return failure;
  const auto verdict = ask(*life, kind, path);
  if (life->dead) return failure;
  switch (verdict) {
    case DiskVerdict::kProceed:
    case DiskVerdict::kFull:
      return act(verdict == DiskVerdict::kFull);
    case DiskVerdict::kFail:
      return failure;
    case DiskVerdict::kKillAfter:
      act(false);
      break;
    case DiskVerdict::kKillBefore:
    case DiskVerdict::kTear:
      break;
  }
  end(*life);
  return failure;
}

int SimDisk::Impl::write(Handle& handle, const char* data, std::size_t length, std::size_t offset) {
  constexpr int kFailure = SQLITE_IOERR_WRITE;
  const Inside inside;
  if (handle.life->dead) return kFailure;
  const auto verdict = ask(*handle.life, Kind::kWrite, handle.file->path);
  if (handle.life->dead || verdict == DiskVerdict::kFail) return kFailure;
  auto& file = *handle.file;
  if (verdict == DiskVerdict::kFull) {
    // As a real write() that finds room for a part of it.
    if (const auto part = random.next() % length; part != 0) file.write(offset, data, part);
    return SQLITE_FULL;
  }
  if (verdict == DiskVerdict::kTear) {
    for (const auto& [start, part] : some_sectors(random, offset, length)) {
      file.write(start, data + (start - offset), part);
    }
  } else if (verdict != DiskVerdict::kKillBefore) {
    file.write(offset, data, length);
  }
  if (verdict == DiskVerdict::kProceed) return SQLITE_OK;
  end(*handle.life);
  return kFailure;
}

void SimDisk::Impl::end(Life& life) {
  life.dead = true;
  for (auto* handle : handles) {
    if (handle->life.get() != &life) continue;
    handle->lock = SQLITE_LOCK_NONE;
    leave_memory(*handle);
  }
}

std::shared_ptr<Life>& SimDisk::Impl::life_of(ProcessId process) {
  auto& life = lives[process];
  if (!life) life = std::make_shared<Life>(Life{.process = process});
  return life;
}

std::shared_ptr<File> SimDisk::Impl::find(const std::string& path) const {
  const auto found = names.find(path);
  return found == names.end() ? nullptr : found->second;
}

// An empty file and none mean the same to SQLite: such states are not told apart, so that the log stays short however
// often an unused WAL comes and goes.
void SimDisk::Impl::note_name(const std::string& path, std::shared_ptr<File> before) {
  if (before && before->bytes.empty() && before->all_synced()) before.reset();
  const bool known = std::any_of(name_changes.begin(), name_changes.end(), [&](const NameChange& change) {
    return change.path == path && change.before == before;
  });
  if (!known) name_changes.push_back(NameChange{.path = path, .before = std::move(before)});
}

void SimDisk::Impl::sync_directory(const std::string& directory) {
  name_changes.erase(std::remove_if(name_changes.begin(), name_changes.end(),
                                    [&](const NameChange& change) { return directory_of(change.path) == directory; }),
                     name_changes.end());
}

bool SimDisk::Impl::is_name_unsynced(const std::string& path) const {
  return std::any_of(name_changes.begin(), name_changes.end(),
                     [&](const NameChange& change) { return change.path == path; });
}

void SimDisk::Impl::forget_name_changes(const std::string& path) {
  name_changes.erase(std::remove_if(name_changes.begin(), name_changes.end(),
                                    [&](const NameChange& change) { return change.path == path; }),
                     name_changes.end());
}

void SimDisk::Impl::kill_users(const std::string& prefix) {
  for (auto* handle : handles) {
    if (handle->file->path.starts_with(prefix) && !handle->life->dead) end(*handle->life);
  }
}

// Of the states a name went through since its directory was synced, any may be what is found.
void SimDisk::Impl::cut_names(const std::string& prefix) {
  std::map<std::string, std::vector<std::shared_ptr<File>>> states;
  for (auto& change : name_changes) {
    if (change.path.starts_with(prefix)) states[change.path].push_back(change.before);
  }
  name_changes.erase(std::remove_if(name_changes.begin(), name_changes.end(),
                                    [&](const NameChange& change) { return change.path.starts_with(prefix); }),
                     name_changes.end());
  for (auto& [path, files] : states) {
    files.push_back(find(path));
    const auto& found = files[random.next() % files.size()];
    names.erase(path);
    if (found) names.emplace(path, found);
  }
}

// --- what SQLite calls

namespace {

struct OpenFile {
  sqlite3_file base;
  Handle* handle;
};

Handle& handle_of(sqlite3_file* file) {
  return *reinterpret_cast<OpenFile*>(file)->handle;
}

SimDisk::Impl& disk_of(sqlite3_vfs* vfs) {
  return *static_cast<SimDisk::Impl*>(vfs->pAppData);
}

template <typename Act>
int perform(Handle& handle, Kind kind, Act&& act) {
  return handle.disk.perform(handle.life, kind, handle.file->path, failure_of(kind), std::forward<Act>(act));
}

int close(sqlite3_file* file) {
  auto* handle = &handle_of(file);
  leave_memory(*handle);
  erase(handle->file->handles, handle);
  erase(handle->disk.handles, handle);
  delete handle;
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* into, int amount, sqlite3_int64 start) {
  auto& handle = handle_of(file);
  const auto length = static_cast<std::size_t>(amount);
  const auto offset = static_cast<std::size_t>(start);
  return perform(handle, Kind::kRead, [&](bool) {
    const auto& bytes = handle.file->bytes;
    const auto there = offset < bytes.size() ? std::min(length, bytes.size() - offset) : 0;
    if (there != 0) std::memcpy(into, bytes.data() + offset, there);
    if (there == length) return SQLITE_OK;
    std::memset(static_cast<char*>(into) + there, 0, length - there);
    return SQLITE_IOERR_SHORT_READ;
  });
}

int write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 start) {
  auto& handle = handle_of(file);
  return handle.disk.write(handle, static_cast<const char*>(data), static_cast<std::size_t>(amount),
                           static_cast<std::size_t>(start));
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto& handle = handle_of(file);
  return perform(handle, Kind::kTruncate, [&](bool) {
    handle.file->truncate(static_cast<std::size_t>(size));
    return SQLITE_OK;
  });
}

int sync(sqlite3_file* file, int) {
  auto& handle = handle_of(file);
  return perform(handle, Kind::kSync, [&](bool) {
    handle.file->forget_changes();
    if (handle.sync_directory) handle.disk.sync_directory(directory_of(handle.file->path));
    handle.sync_directory = false;
    return SQLITE_OK;
  });
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  auto& handle = handle_of(file);
  return perform(handle, Kind::kSize, [&](bool) {
    *size = static_cast<sqlite3_int64>(handle.file->bytes.size());
    return SQLITE_OK;
  });
}

int highest_lock_of_others(const Handle& handle) {
  int highest = SQLITE_LOCK_NONE;
  for (const auto* other : handle.file->handles) {
    if (other != &handle) highest = std::max(highest, other->lock);
  }
  return highest;
}

// The five states of a database file (SQLite's "File Locking And Concurrency In SQLite Version 3").
int take_lock(Handle& handle, int level) {
  if (handle.lock >= level) return SQLITE_OK;
  const int others = highest_lock_of_others(handle);
  if (level == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
  if (level == SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
  if (level == SQLITE_LOCK_EXCLUSIVE && others != SQLITE_LOCK_NONE) {
    // Keeps new readers out while it waits for the old ones.
    if (others < SQLITE_LOCK_PENDING) handle.lock = SQLITE_LOCK_PENDING;
    return SQLITE_BUSY;
  }
  handle.lock = level;
  return SQLITE_OK;
}

int lock(sqlite3_file* file, int level) {
  auto& handle = handle_of(file);
  return perform(handle, Kind::kLock, [&](bool) { return take_lock(handle, level); });
}

int unlock(sqlite3_file* file, int level) {
  auto& handle = handle_of(file);
  if (handle.life->dead) return SQLITE_IOERR_UNLOCK;
  handle.lock = std::min(handle.lock, level);
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* file, int* reserved) {
  auto& handle = handle_of(file);
  return perform(handle, Kind::kLock, [&](bool) {
    *reserved = static_cast<int>(std::max(handle.lock, highest_lock_of_others(handle)) >= SQLITE_LOCK_RESERVED);
    return SQLITE_OK;
  });
}

int file_control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}

// As SQLite's own VFS on Linux says.
int sector_size(sqlite3_file*) {
  return 4096;
}

int device_characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int map_region(Handle& handle, std::size_t region, std::size_t size, bool extend, bool full, void volatile** address) {
  *address = nullptr;
  if (!handle.memory) {
    auto& memory = handle.file->memory;
    if (!memory) memory = std::make_shared<SharedMemory>();
    memory->users.push_back(&handle);
    handle.memory = memory;
  }
  auto& regions = handle.memory->regions;
  while (regions.size() <= region) {
    if (!extend) return SQLITE_OK;
    if (full) return SQLITE_IOERR_SHMSIZE;
    regions.push_back(std::make_unique<unsigned char[]>(size));
  }
  *address = regions[region].get();
  return SQLITE_OK;
}

int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** address) {
  auto& handle = handle_of(file);
  return handle.disk.perform(handle.life, Kind::kSharedMemory, handle.file->path, SQLITE_IOERR_SHMMAP, [&](bool full) {
    return map_region(handle, static_cast<std::size_t>(region), static_cast<std::size_t>(size), extend != 0, full,
                      address);
  });
}

int take_slots(Handle& handle, unsigned slots, bool exclusive) {
  for (const auto* other : handle.memory->users) {
    if (other == &handle) continue;
    const unsigned taken = exclusive ? other->shared | other->exclusive : other->exclusive;
    if ((taken & slots) != 0) return SQLITE_BUSY;
  }
  (exclusive ? handle.exclusive : handle.shared) |= slots;
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* file, int first, int count, int flags) {
  auto& handle = handle_of(file);
  const unsigned slots = ((1U << static_cast<unsigned>(count)) - 1U) << static_cast<unsigned>(first);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    if (handle.life->dead) return SQLITE_IOERR_SHMLOCK;
    handle.shared &= ~slots;
    handle.exclusive &= ~slots;
    return SQLITE_OK;
  }
  return perform(handle, Kind::kSharedMemory,
                 [&](bool) { return take_slots(handle, slots, (flags & SQLITE_SHM_EXCLUSIVE) != 0); });
}

void shm_barrier(sqlite3_file*) {}

int shm_unmap(sqlite3_file* file, int) {
  auto& handle = handle_of(file);
  leave_memory(handle);
  handle.memory.reset();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods{.iVersion = 2,
                                      .xClose = close,
                                      .xRead = read,
                                      .xWrite = write,
                                      .xTruncate = truncate,
                                      .xSync = sync,
                                      .xFileSize = file_size,
                                      .xLock = lock,
                                      .xUnlock = unlock,
                                      .xCheckReservedLock = check_reserved_lock,
                                      .xFileControl = file_control,
                                      .xSectorSize = sector_size,
                                      .xDeviceCharacteristics = device_characteristics,
                                      .xShmMap = shm_map,
                                      .xShmLock = shm_lock,
                                      .xShmBarrier = shm_barrier,
                                      .xShmUnmap = shm_unmap,
                                      .xFetch = nullptr,
                                      .xUnfetch = nullptr};

// The file under a name, made if it may be; null: there is none.
std::shared_ptr<File> open_name(SimDisk::Impl& disk, const std::string& path, int flags, bool full) {
  if (auto found = disk.find(path)) return found;
  std::error_code none;
  const bool real = (flags & SQLITE_OPEN_MAIN_DB) != 0 && std::filesystem::exists(path, none);
  if (!real && ((flags & SQLITE_OPEN_CREATE) == 0 || full)) return nullptr;
  auto made = std::make_shared<File>(path);
  if (real) {
    made->bytes = read_file(path);
  } else {
    disk.note_name(path, nullptr);
  }
  disk.names.emplace(path, made);
  return made;
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  const Inside inside;
  auto& disk = disk_of(vfs);
  file->pMethods = nullptr;
  const auto life = disk.life_of(disk.current);
  const std::string path = name == nullptr ? std::string() : std::string(name);
  return disk.perform(life, Kind::kOpen, path, SQLITE_CANTOPEN, [&](bool full) {
    constexpr int kJournals = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    // A file without a name is a temporary one.
    const auto opened = name == nullptr ? std::make_shared<File>(path) : open_name(disk, path, flags, full);
    if (!opened) return SQLITE_CANTOPEN;
    // SQLite syncs the directory for a journal that it makes, but not for one that a process which died has just made.
    // The file systems that matter keep a new file's name when the file is synced, so this disk does.
    const bool sync_directory = (flags & kJournals) != 0 && disk.is_name_unsynced(path);
    auto* handle = new Handle{.disk = disk, .file = opened, .life = life, .sync_directory = sync_directory};
    opened->handles.push_back(handle);
    disk.handles.push_back(handle);
    reinterpret_cast<OpenFile*>(file)->handle = handle;
    file->pMethods = &kMethods;
    if (flags_out != nullptr) *flags_out = flags;
    return SQLITE_OK;
  });
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  const Inside inside;
  auto& disk = disk_of(vfs);
  const std::string path(name);
  return disk.perform(disk.life_of(disk.current), Kind::kDelete, path, SQLITE_IOERR_DELETE, [&](bool) {
    auto found = disk.find(path);
    if (!found) return SQLITE_IOERR_DELETE_NOENT;
    disk.note_name(path, std::move(found));
    disk.names.erase(path);
    if (sync_directory != 0) disk.sync_directory(directory_of(path));
    return SQLITE_OK;
  });
}

int access(sqlite3_vfs* vfs, const char* name, int, int* there) {
  const Inside inside;
  auto& disk = disk_of(vfs);
  const std::string path(name);
  return disk.perform(disk.life_of(disk.current), Kind::kAccess, path, SQLITE_IOERR_ACCESS, [&](bool) {
    const auto found = disk.find(path);
    *there = static_cast<int>(found && !found->bytes.empty());
    return SQLITE_OK;
  });
}

int full_pathname(sqlite3_vfs*, const char* name, int room, char* into) {
  const std::size_t length = std::strlen(name) + 1;
  if (length > static_cast<std::size_t>(room)) return SQLITE_CANTOPEN;
  std::memcpy(into, name, length);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int amount, char* into) {
  auto& random = disk_of(vfs).sqlite_random;
  for (int index = 0; index < amount; ++index) into[index] = static_cast<char>(random.next() & 0xFFU);
  return amount;
}

// Nobody else runs meanwhile, so there is nothing to wait for.
int sleep(sqlite3_vfs* vfs, int micros) {
  disk_of(vfs).slept_micros += micros;
  return micros;
}

int current_time_millis(sqlite3_vfs* vfs, sqlite3_int64* millis) {
  constexpr sqlite3_int64 kJulian2024 = 212'570'870'400'000;  // 2024-01-01, in milliseconds of the Julian day
  *millis = kJulian2024 + disk_of(vfs).slept_micros / 1000;
  return SQLITE_OK;
}

int current_time(sqlite3_vfs* vfs, double* day) {
  sqlite3_int64 millis = 0;
  current_time_millis(vfs, &millis);
  *day = static_cast<double>(millis) / 86'400'000.0;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

std::string next_vfs_name() {
  static int made = 0;
  return "syncline-sim-" + std::to_string(++made);
}

}  // namespace

SimDisk::Impl::Impl(std::uint64_t seed)
    : vfs_name(next_vfs_name()), random(seed), sqlite_random(seed ^ 0x5351'4c69'7465'0001U) {
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(OpenFile));
  vfs.mxPathname = 1024;
  vfs.zName = vfs_name.c_str();
  vfs.pAppData = this;
  vfs.xOpen = testing::open;
  vfs.xDelete = testing::remove;
  vfs.xAccess = testing::access;
  vfs.xFullPathname = full_pathname;
  vfs.xRandomness = randomness;
  vfs.xSleep = testing::sleep;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  vfs.xCurrentTimeInt64 = current_time_millis;
  sqlite3_vfs_register(&vfs, 1);
  sqlite3_randomness(0, nullptr);
}

SimDisk::Impl::~Impl() {
  sqlite3_vfs_unregister(&vfs);
  sqlite3_randomness(0, nullptr);
}

SimDisk::SimDisk(std::uint64_t seed) : impl_(std::make_unique<Impl>(seed)) {}

SimDisk::~SimDisk() = default;

void SimDisk::set_judge(Judge judge) {
  impl_->judge = std::move(judge);
}

std::uint64_t SimDisk::operations() const {
  return impl_->operations;
}

void SimDisk::run_as(ProcessId process) {
  impl_->current = process;
}

void SimDisk::kill(ProcessId process) {
  impl_->end(*impl_->life_of(process));
}

bool SimDisk::killed(ProcessId process) const {
  return impl_->life_of(process)->dead;
}

void SimDisk::revive(ProcessId process) {
  impl_->lives.erase(process);
}

void SimDisk::power_cut(const std::string& prefix) {
  impl_->kill_users(prefix);
  impl_->cut_names(prefix);
  for (auto found = impl_->names.lower_bound(prefix); found != impl_->names.end(); ++found) {
    if (!found->first.starts_with(prefix)) break;
    found->second->cut(impl_->random);
  }
}

bool SimDisk::at_work() {
  return calls_inside != 0;
}

void SimDisk::sync_all() {
  for (auto& [path, file] : impl_->names) file->forget_changes();
  impl_->name_changes.clear();
}

bool SimDisk::exists(const std::string& path) const {
  return impl_->find(path) != nullptr;
}

std::string SimDisk::read_file(const std::string& path) const {
  const auto found = impl_->find(path);
  return found ? found->bytes : std::string();
}

void SimDisk::write_file(const std::string& path, std::string bytes) {
  auto& file = impl_->names[path];
  if (!file) file = std::make_shared<File>(path);
  file->bytes = std::move(bytes);
  file->forget_changes();
  impl_->forget_name_changes(path);
}

void SimDisk::remove_file(const std::string& path) {
  impl_->names.erase(path);
  impl_->forget_name_changes(path);
}

std::vector<std::string> SimDisk::files(const std::string& prefix) const {
  std::vector<std::string> found;
  for (auto name = impl_->names.lower_bound(prefix); name != impl_->names.end(); ++name) {
    if (!name->first.starts_with(prefix)) break;
    found.push_back(name->first);
  }
  return found;
}

}  // namespace syncline::testing
