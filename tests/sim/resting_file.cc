#include "sim/resting_file.h"

#include <algorithm>
#include <cstring>

namespace syncline::sim {

namespace {

const std::string* at_rest = nullptr;

struct RestingFile {
  sqlite3_file base;
  const std::string* bytes;
  int exclusive_locks;
};

RestingFile& resting(sqlite3_file* file) {
  return *reinterpret_cast<RestingFile*>(file);
}

sqlite3_vfs* current() {
  return sqlite3_vfs_find(nullptr);
}

int read(sqlite3_file* file, void* into, int amount, sqlite3_int64 from) {
  const auto& bytes = *resting(file).bytes;
  const auto wanted = static_cast<std::size_t>(amount);
  const auto start = std::min(static_cast<std::size_t>(from), bytes.size());
  const auto length = std::min(wanted, bytes.size() - start);
  std::memset(into, 0, wanted);
  std::memcpy(into, bytes.data() + start, length);
  return length == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int refuse_write(sqlite3_file*, const void*, int, sqlite3_int64) {
  return SQLITE_READONLY;
}

int size_of(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(resting(file).bytes->size());
  return SQLITE_OK;
}

// Exclusive once: SQLite takes it before it closes its log, and again to fold the log into the file, which it must not.
int lock(sqlite3_file* file, int level) {
  return level == SQLITE_LOCK_EXCLUSIVE && ++resting(file).exclusive_locks > 1 ? SQLITE_BUSY : SQLITE_OK;
}

constexpr sqlite3_io_methods kResting{
    .iVersion = 2,
    .xClose = [](sqlite3_file*) { return SQLITE_OK; },
    .xRead = read,
    .xWrite = refuse_write,
    .xTruncate = [](sqlite3_file*, sqlite3_int64) { return SQLITE_READONLY; },
    .xSync = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xFileSize = size_of,
    .xLock = lock,
    .xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xCheckReservedLock =
        [](sqlite3_file*, int* reserved) {
          *reserved = 0;
          return SQLITE_OK;
        },
    .xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },
    .xSectorSize = [](sqlite3_file*) { return 4096; },
    .xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; },
    .xShmMap = [](sqlite3_file*, int, int, int, void volatile**) { return SQLITE_IOERR_SHMMAP; },
    .xShmLock = [](sqlite3_file*, int, int, int) { return SQLITE_BUSY; },
    .xShmBarrier = [](sqlite3_file*) {},
    .xShmUnmap = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xFetch = nullptr,
    .xUnfetch = nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  if (at_rest == nullptr) return current()->xOpen(current(), name, file, flags, out);
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return SQLITE_CANTOPEN;
  rest(file, *at_rest);
  if (out != nullptr) *out = flags;
  return SQLITE_OK;
}

int access(sqlite3_vfs*, const char* name, int flags, int* there) {
  if (at_rest == nullptr) return current()->xAccess(current(), name, flags, there);
  *there = 0;
  return SQLITE_OK;
}

sqlite3_vfs make_relay() {
  sqlite3_vfs relay{};
  relay.iVersion = 2;
  relay.szOsFile = std::max(current()->szOsFile, static_cast<int>(sizeof(RestingFile)));
  relay.mxPathname = current()->mxPathname;
  relay.zName = kRelay;
  relay.xOpen = open;
  relay.xDelete = [](sqlite3_vfs*, const char* name, int sync) { return current()->xDelete(current(), name, sync); };
  relay.xAccess = access;
  relay.xFullPathname = [](sqlite3_vfs*, const char* name, int room, char* out) {
    return current()->xFullPathname(current(), name, room, out);
  };
  relay.xRandomness = [](sqlite3_vfs*, int room, char* out) { return current()->xRandomness(current(), room, out); };
  relay.xSleep = [](sqlite3_vfs*, int micros) { return current()->xSleep(current(), micros); };
  relay.xCurrentTime = [](sqlite3_vfs*, double* day) { return current()->xCurrentTime(current(), day); };
  relay.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
  relay.xCurrentTimeInt64 = [](sqlite3_vfs*, sqlite3_int64* millis) {
    return current()->xCurrentTimeInt64(current(), millis);
  };
  return relay;
}

}  // namespace

void register_relay() {
  static sqlite3_vfs relay = make_relay();
  sqlite3_vfs_register(&relay, 0);
}

void let_rest(const std::string* bytes) {
  at_rest = bytes;
}

void rest(sqlite3_file* file, const std::string& bytes) {
  resting(file) = RestingFile{.base = {.pMethods = &kResting}, .bytes = &bytes, .exclusive_locks = 0};
}

}  // namespace syncline::sim
