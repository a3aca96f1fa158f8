#include "service/admin_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace syncline::service {

namespace {

constexpr const char* kName = "service.sock";
constexpr std::size_t kLongestRequest = std::size_t{1} << 20U;
// The other side is a command on this machine, which sends at once; it waits for as long as a backup takes.
constexpr int kRequestSeconds = 5;
constexpr int kAnswerSeconds = 3600;

Error failed(const std::string& data_dir, const char* what) {
  return Error{.code = errno == EAGAIN ? ErrorCode::kTimeout : ErrorCode::kStorage,
               .message = data_dir + "/" + kName + ": " + what + ": " + std::system_category().message(errno)};
}

class File {
 public:
  explicit File(int number = -1) : number_(number) {}
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~File() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }

 private:
  int number_;
};

// A socket's name has at most 107 bytes, and a directory may have more: so by way of the directory's descriptor.
sockaddr_un address_in(const File& directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(directory.number()) + "/" + kName;
  path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  return address;
}

File open_directory(const std::string& data_dir) {
  return File(::open(data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

void limit_waiting(int socket, int seconds) {
  const timeval longest{.tv_sec = seconds, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof(longest));
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof(longest));
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Until the other side ends; nullopt: it failed, took too long, or sent more than `most`.
std::optional<std::string> receive_all(int socket, std::size_t most) {
  std::string bytes;
  std::array<char, 4096> part{};
  while (true) {
    const auto got = ::recv(socket, part.data(), part.size(), 0);
    if (got == 0) return bytes;
    if (got < 0 || bytes.size() + static_cast<std::size_t>(got) > most) return std::nullopt;
    bytes.append(part.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

class AdminSocket::Impl {
 public:
  Impl(File directory, File listener, File stop, Handler handler)
      : directory_(std::move(directory)),
        listener_(std::move(listener)),
        stop_(std::move(stop)),
        handler_(std::move(handler)),
        thread_([this] { run(); }) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_.number(), &one, sizeof(one)) == sizeof(one));
    thread_.join();
    ::unlinkat(directory_.number(), kName, 0);
  }

 private:
  void run() {
    std::array<pollfd, 2> waited{{{.fd = listener_.number(), .events = POLLIN, .revents = 0},
                                  {.fd = stop_.number(), .events = POLLIN, .revents = 0}}};
    while (true) {
      const int ready = ::poll(waited.data(), waited.size(), -1);
      if (ready < 0 && errno != EINTR) return;
      if (waited[1].revents != 0) return;
      if (ready > 0 && waited[0].revents != 0) answer_one();
    }
  }

  void answer_one() {
    const File client(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.open()) return;
    limit_waiting(client.number(), kRequestSeconds);
    try {
      if (const auto request = receive_all(client.number(), kLongestRequest)) {
        send_all(client.number(), handler_(*request));
      }
    } catch (const std::exception&) {
      // Memory is short. The command hears of it by an answer that is empty; the service goes on.
    }
  }

  File directory_;
  File listener_;
  File stop_;
  Handler handler_;
  std::thread thread_;
};

AdminSocket::AdminSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminSocket::~AdminSocket() = default;

Result<std::unique_ptr<AdminSocket>> AdminSocket::listen(const std::string& data_dir, Handler handler) {
  File directory = open_directory(data_dir);
  if (!directory.open()) return failed(data_dir, "the directory cannot be opened");
  ::unlinkat(directory.number(), kName, 0);
  File listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  File stop(::eventfd(0, EFD_CLOEXEC));
  if (!listener.open() || !stop.open()) return failed(data_dir, "cannot be made");
  const sockaddr_un address = address_in(directory);
  // Nobody can connect before listen(), by when it is this user's only.
  if (::bind(listener.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::fchmodat(directory.number(), kName, S_IRUSR | S_IWUSR, 0) != 0 || ::listen(listener.number(), 16) != 0) {
    return failed(data_dir, "cannot be made");
  }
  auto impl = std::make_unique<Impl>(std::move(directory), std::move(listener), std::move(stop), std::move(handler));
  return std::unique_ptr<AdminSocket>(new AdminSocket(std::move(impl)));
}

Result<std::optional<std::string>> ask_service(const std::string& data_dir, const std::string& request) {
  const File directory = open_directory(data_dir);
  if (!directory.open()) {
    return Error{.code = ErrorCode::kStorage,
                 .message = data_dir + ": cannot be opened: " + std::system_category().message(errno)};
  }
  const File socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.open()) return failed(data_dir, "cannot be asked");
  const sockaddr_un address = address_in(directory);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::optional<std::string>();
    return failed(data_dir, "cannot be reached");
  }
  limit_waiting(socket.number(), kAnswerSeconds);
  if (!send_all(socket.number(), request) || ::shutdown(socket.number(), SHUT_WR) != 0) {
    return failed(data_dir, "cannot be asked");
  }
  auto answer = receive_all(socket.number(), std::string::npos);
  if (!answer) return failed(data_dir, "did not answer");
  return answer;
}

}  // namespace syncline::service
