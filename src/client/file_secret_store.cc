// SecretStore in one file: "SYNCLINE SECRETS 1", then for each secret the sizes of name and value in a line, and both.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "syncline/secret_store.h"

namespace syncline {

namespace {

constexpr std::string_view kHead = "SYNCLINE SECRETS 1\n";
// More than any set of credentials: a file that is larger is none of ours.
constexpr off_t kLargestFile = off_t{16} << 20U;
// Another process's change takes milliseconds; this one may be all that the client's thread does meanwhile.
constexpr std::chrono::milliseconds kLongestWait{2'000};
constexpr std::chrono::microseconds kLongestLockPause{10'000};

using Secrets = std::map<std::string, std::string, std::less<>>;

Error failure(const std::string& path, const char* what, int code) {
  return Error{.code = code == ENOSPC ? ErrorCode::kStorageFull : ErrorCode::kStorage,
               .message = "secret store " + path + ": " + what + ": " + std::system_category().message(code)};
}

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] bool open() const { return descriptor_ >= 0; }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

// Takes "NAME-SIZE VALUE-SIZE\n" and what follows; false: that is not there.
bool take_secret(std::string_view& text, Secrets& secrets) {
  const auto number = [&text](char end, std::size_t& into) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (error != std::errc{} || stop == text.data() + text.size() || *stop != end) return false;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
    return true;
  };
  std::size_t name = 0;
  std::size_t value = 0;
  if (!number(' ', name) || !number('\n', value)) return false;
  if (name > text.size() || value > text.size() - name) return false;
  secrets.insert_or_assign(std::string(text.substr(0, name)), std::string(text.substr(name, value)));
  text.remove_prefix(name + value);
  return true;
}

class FileSecretStore final : public SecretStore {
 public:
  explicit FileSecretStore(std::string path) : path_(std::move(path)) {}

  Result<std::optional<std::string>> get(std::string_view name) override {
    const std::lock_guard guard(mutex_);
    return load().transform([name](const Secrets& secrets) {
      const auto found = secrets.find(name);
      return found == secrets.end() ? std::nullopt : std::optional(found->second);
    });
  }
  Result<void> set(std::string_view name, std::string_view value) override {
    return change([&](Secrets& secrets) {
      secrets.insert_or_assign(std::string(name), std::string(value));
      return true;
    });
  }
  Result<void> remove(std::string_view name) override {
    return change([&](Secrets& secrets) {
      const auto found = secrets.find(name);
      if (found == secrets.end()) return false;
      secrets.erase(found);
      return true;
    });
  }

  Result<Secrets> load() const {
    const File file(path_, O_RDONLY);
    if (!file.open() && errno == ENOENT) return Secrets{};
    if (!file.open()) return failure(path_, "can't be opened", errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return failure(path_, "can't be read", errno);
    if (!S_ISREG(status.st_mode) || status.st_size > kLargestFile) return damaged();
    if ((status.st_mode & 077U) != 0 || status.st_uid != ::geteuid()) {
      return Error{.code = ErrorCode::kInvalidArgument,
                   .message = "secret store " + path_ + ": others than this user may read or write it (not mode 0600)"};
    }
    std::string text;
    std::array<char, 4'096> block;
    for (;;) {
      const auto count = ::read(file.get(), block.data(), block.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failure(path_, "can't be read", errno);
      if (count == 0) break;
      text.append(block.data(), static_cast<std::size_t>(count));
    }
    return parse(text);
  }

 private:
  [[nodiscard]] Error damaged() const {
    return Error{.code = ErrorCode::kCorrupt,
                 .message = "secret store " + path_ + ": is damaged, or no secret store of Syncline's"};
  }

  [[nodiscard]] Result<Secrets> parse(std::string_view text) const {
    if (!text.starts_with(kHead)) return damaged();
    text.remove_prefix(kHead.size());
    Secrets secrets;
    while (!text.empty()) {
      if (!take_secret(text, secrets)) return damaged();
    }
    return secrets;
  }

  // `apply` says whether there is something to write. Other processes are kept out by a lock beside the file.
  template <typename Apply>
  Result<void> change(Apply apply) {
    const std::lock_guard guard(mutex_);
    const File lock(path_ + ".lock", O_RDWR | O_CREAT);
    if (!lock.open()) return failure(path_ + ".lock", "can't be opened", errno);
    if (auto alone = wait_for(lock); !alone) return alone;
    auto secrets = load();
    if (!secrets) return std::move(secrets).error();
    return apply(*secrets) ? save(*secrets) : Result<void>();
  }

  // flock() can't wait with a limit, so it is asked again, at growing intervals.
  [[nodiscard]] Result<void> wait_for(const File& lock) const {
    const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
    std::chrono::microseconds pause{100};
    while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return failure(path_ + ".lock", "can't be locked", errno);
      if (std::chrono::steady_clock::now() >= deadline) {
        return Error{.code = ErrorCode::kStorageBusy,
                     .message = "secret store " + path_ + ": another process held it for more than " +
                                std::to_string(kLongestWait.count()) + " ms"};
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, kLongestLockPause);
    }
    return {};
  }

  [[nodiscard]] Result<void> save(const Secrets& secrets) const {
    std::string text(kHead);
    for (const auto& [name, value] : secrets) {
      text += std::to_string(name.size()) + " " + std::to_string(value.size()) + "\n" + name + value;
    }
    const auto fresh = path_ + ".new";
    ::unlink(fresh.c_str());  // of a process that was killed
    auto written = write_file(fresh, text);
    if (written && ::rename(fresh.c_str(), path_.c_str()) != 0) written = failure(path_, "can't be replaced", errno);
    if (!written) {
      ::unlink(fresh.c_str());
      return written;
    }
    const auto parent = std::filesystem::path(path_).parent_path();
    const File directory(parent.empty() ? "." : parent.string(), O_RDONLY | O_DIRECTORY);
    if (directory.open()) ::fsync(directory.get());
    return {};
  }

  [[nodiscard]] static Result<void> write_file(const std::string& path, std::string_view text) {
    const File file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.open()) return failure(path, "can't be made", errno);
    while (!text.empty()) {
      const auto count = ::write(file.get(), text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failure(path, "can't be written", errno);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(file.get()) != 0) return failure(path, "can't be written", errno);
    return {};
  }

  const std::string path_;
  std::mutex mutex_;
};

}  // namespace

SecretStore::~SecretStore() = default;

Result<std::shared_ptr<SecretStore>> file_secret_store(std::string path) {
  if (path.empty()) {
    return Error{.code = ErrorCode::kInvalidArgument, .message = "secret store: the path is empty"};
  }
  auto store = std::make_shared<FileSecretStore>(std::move(path));
  if (auto readable = store->load(); !readable) return std::move(readable).error();
  return std::shared_ptr<SecretStore>(std::move(store));
}

}  // namespace syncline
