#include "store/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "store/sqlite.h"

namespace syncline::store {

FileLock::FileLock(std::string path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) fail(ErrorCode::kStorage, path_ + ": " + std::system_category().message(errno));
}

FileLock::~FileLock() {
  ::close(file_);
}

void FileLock::lock(std::chrono::milliseconds longest) {
  // flock() can't wait with a limit, so it is asked again, at growing intervals.
  const auto deadline = std::chrono::steady_clock::now() + longest;
  std::chrono::microseconds pause{100};
  while (!try_lock()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      fail(ErrorCode::kStorageBusy,
           path_ + ": another process held the store for more than " + std::to_string(longest.count()) + " ms");
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds{10'000});
  }
}

FileLock::Mark FileLock::mark() const {
  char first = 0;
  if (::pread(file_, &first, 1, 0) != 1) return Mark::kNone;
  return first == '!' ? Mark::kSuspect : Mark::kStore;
}

void FileLock::set_mark(Mark mark) noexcept {
  const char first = mark == Mark::kSuspect ? '!' : 'S';
  // Failing leaves the mark as it is, and only costs comfort: a file without a header is then refused, not recovered.
  if (this->mark() != mark) [[maybe_unused]]
    const auto written = ::pwrite(file_, &first, 1, 0);
}

bool FileLock::try_lock() {
  while (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) fail(ErrorCode::kStorage, path_ + ": " + std::system_category().message(errno));
    return false;
  }
  return true;
}

void FileLock::unlock() {
  ::flock(file_, LOCK_UN);
}

}  // namespace syncline::store
