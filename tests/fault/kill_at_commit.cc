// Loaded into a real `syncline serve` by LD_PRELOAD: the process dies when it has just made a commit durable and
// nobody has heard of it yet. That is the return from the sync of SQLite's write-ahead log, in WAL mode with
// synchronous = FULL. It happens only while the file named by SYNCLINE_KILL_AT_COMMIT exists.
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

bool is_log(int file) {
  std::array<char, 4096> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const auto size = ::readlink(link.c_str(), path.data(), path.size());
  return size > 0 && std::string_view(path.data(), static_cast<std::size_t>(size)).ends_with("-wal");
}

int sync_and_die(const char* name, int file) {
  using Sync = int (*)(int);
  const auto sync = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, name));
  const int result = sync(file);
  const char* flag = std::getenv("SYNCLINE_KILL_AT_COMMIT");
  if (result == 0 && flag != nullptr && ::access(flag, F_OK) == 0 && is_log(file)) ::kill(::getpid(), SIGKILL);
  return result;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int fdatasync(int file) {
  return sync_and_die("fdatasync", file);
}
extern "C" __attribute__((visibility("default"))) int fsync(int file) {
  return sync_and_die("fsync", file);
}
