#include "client/directory_watch.h"

#ifdef __linux__

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace syncline {

namespace {

// inotify(7). The directory is watched, not the log: that is made anew now and then, and so is a damaged store.
class InotifyWatch final : public DirectoryWatch {
 public:
  explicit InotifyWatch(int descriptor) : descriptor_(descriptor) {}
  InotifyWatch(const InotifyWatch&) = delete;
  InotifyWatch& operator=(const InotifyWatch&) = delete;
  ~InotifyWatch() override { ::close(descriptor_); }

  [[nodiscard]] int descriptor() const override { return descriptor_; }

  bool changed() override {
    bool any = false;
    alignas(inotify_event) std::array<char, 4'096> events;
    for (;;) {
      const auto length = ::read(descriptor_, events.data(), events.size());
      if (length <= 0) return any;
      any = names_the_store(events.data(), static_cast<std::size_t>(length)) || any;
    }
  }

 private:
  static bool names_the_store(const char* events, std::size_t length) {
    for (std::size_t at = 0; at + sizeof(inotify_event) <= length;) {
      inotify_event event;
      std::memcpy(&event, events + at, sizeof event);
      const std::string_view name(event.len > 0 ? events + at + sizeof event : "");
      // When the queue has run over, what it would have said is unknown.
      if ((event.mask & IN_Q_OVERFLOW) != 0 || name == "syncline.db-wal" || name == "syncline.db") return true;
      at += sizeof event + event.len;
    }
    return false;
  }

  const int descriptor_;
};

}  // namespace

std::unique_ptr<DirectoryWatch> watch_store(const std::string& data_directory) {
  const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return nullptr;
  auto watch = std::make_unique<InotifyWatch>(descriptor);
  const auto what = IN_MODIFY | IN_CREATE | IN_MOVED_TO;
  return ::inotify_add_watch(descriptor, data_directory.c_str(), what) < 0 ? nullptr : std::move(watch);
}

}  // namespace syncline

#else

namespace syncline {

std::unique_ptr<DirectoryWatch> watch_store(const std::string& /*data_directory*/) {
  return nullptr;
}

}  // namespace syncline

#endif
