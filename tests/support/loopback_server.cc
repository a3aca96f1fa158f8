#include "support/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace syncline::testing {

namespace {

void require(bool fine, const char* what) {
  if (fine) return;
  std::perror(what);
  std::abort();
}

struct Listener {
  int socket;
  int port;
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// Bound to a free port; not listening yet.
Listener bind_loopback() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(socket >= 0, "socket");
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  require(::bind(socket, generic, size) == 0, "bind");
  require(::getsockname(socket, generic, &size) == 0, "getsockname");
  return Listener{socket, ntohs(address.sin_port)};
}

// A method is in capitals; a TLS greeting begins with 0x16.
bool begins_like_http(std::string_view bytes) {
  return bytes.front() >= 'A' && bytes.front() <= 'Z';
}

}  // namespace

// The server's side of TLS. The certificate and key come from the test, so failures here are the test's own.
struct LoopbackServer::Tls {
  explicit Tls(const TlsIdentity& identity, LoopbackServer& owner) : context(SSL_CTX_new(TLS_server_method())) {
    BIO* key_text = BIO_new_mem_buf(identity.key_pem.data(), static_cast<int>(identity.key_pem.size()));
    BIO* text = BIO_new_mem_buf(identity.certificate_pem.data(), static_cast<int>(identity.certificate_pem.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
    X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    require(SSL_CTX_use_certificate(context, certificate) == 1, "certificate");
    require(SSL_CTX_use_PrivateKey(context, key) == 1, "private key");
    SSL_CTX_set_alpn_select_cb(context, &select_protocol, &owner);
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(text);
    BIO_free(key_text);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  ~Tls() { SSL_CTX_free(context); }

  // RFC 7301: the client's list is a sequence of length-prefixed names. This server only speaks HTTP/1.1.
  static int select_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size,
                             const unsigned char* list, unsigned int size, void* owner) {
    auto& server = *static_cast<LoopbackServer*>(owner);
    static constexpr std::string_view kSpoken = "http/1.1";
    const std::lock_guard lock(server.mutex_);
    server.offered_.clear();
    for (unsigned int at = 0; at < size; at += 1U + list[at]) {
      server.offered_.emplace_back(reinterpret_cast<const char*>(list + at + 1), list[at]);
    }
    *chosen = reinterpret_cast<const unsigned char*>(kSpoken.data());
    *chosen_size = static_cast<unsigned char>(kSpoken.size());
    return SSL_TLSEXT_ERR_OK;
  }

  SSL_CTX* context;
};

// A connection's bytes, with or without TLS.
class LoopbackServer::Stream {
 public:
  Stream(int socket, const Tls* tls) : socket_(socket), ssl_(tls == nullptr ? nullptr : SSL_new(tls->context)) {
    if (ssl_ != nullptr) SSL_set_fd(ssl_, socket);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { SSL_free(ssl_); }

  bool handshake() { return ssl_ == nullptr || SSL_accept(ssl_) == 1; }

  // Appends what has come; false: the peer has closed.
  bool read_some(std::string& bytes) {
    std::array<char, 16384> buffer;
    const auto count = ssl_ == nullptr ? ::recv(socket_, buffer.data(), buffer.size(), 0)
                                       : SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
    if (count <= 0) return false;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }

  bool write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ssl_ == nullptr ? ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                         : SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  void close() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
  }

  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  int socket_;
  SSL* ssl_;
};

namespace {

std::optional<std::string> next_piece(const RawAnswer& answer) {
  return answer.more ? answer.more() : std::nullopt;
}

}  // namespace

struct LoopbackServer::Connection {
  int socket = -1;  // -1: closed
  std::thread thread;
};

LoopbackServer::LoopbackServer(Handler handler, std::optional<TlsIdentity> tls) : handler_(std::move(handler)) {
  if (tls) tls_ = std::make_unique<Tls>(*tls, *this);
  const Listener bound = bind_loopback();
  listener_ = bound.socket;
  port_ = bound.port;
  require(::listen(listener_, SOMAXCONN) == 0, "listen");
  acceptor_ = std::thread([this] { accept_connections(); });
}

LoopbackServer::~LoopbackServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const Connection& connection : connections_) {
      if (connection.socket >= 0) ::shutdown(connection.socket, SHUT_RDWR);
    }
    changed_.notify_all();
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (Connection& connection : connections_) connection.thread.join();
  ::close(listener_);
}

std::string LoopbackServer::host() const {
  return "127.0.0.1:" + std::to_string(port_);
}

std::string LoopbackServer::endpoint() const {
  return (tls_ == nullptr ? "http://" : "https://") + host();
}

std::size_t LoopbackServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

std::vector<ReceivedRequest> LoopbackServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> LoopbackServer::offered_protocols() const {
  const std::lock_guard lock(mutex_);
  return offered_;
}

void LoopbackServer::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

void LoopbackServer::wait_for_release() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return released_ || stopping_; });
}

void LoopbackServer::accept_connections() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(socket);
      return;
    }
    Connection& connection = connections_.emplace_back();
    connection.socket = socket;
    connection.thread = std::thread([this, &connection] { serve(connection); });
  }
}

void LoopbackServer::serve(Connection& connection) {
  sigset_t broken_pipe;  // OpenSSL writes without MSG_NOSIGNAL
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);

  int socket = -1;
  {
    const std::lock_guard lock(mutex_);
    socket = connection.socket;
  }
  {
    Stream stream(socket, tls_.get());
    std::string unread;
    bool keep = stream.handshake();
    while (keep) {
      const auto request = receive(stream, unread);
      if (!request) break;
      const RawAnswer answer = handler_(*request);
      if (answer.hold) wait_for_release();
      bool written = stream.write_all(answer.bytes);
      for (auto piece = next_piece(answer); written && piece; piece = next_piece(answer)) {
        written = stream.write_all(*piece);
      }
      keep = written && answer.then == RawAnswer::Then::kKeep;
      if (answer.then == RawAnswer::Then::kClose) stream.close();
      if (answer.then == RawAnswer::Then::kReset) stream.reset();
    }
  }
  const std::lock_guard lock(mutex_);
  connection.socket = -1;
  ::close(socket);
}

// The next request; what came after it stays in `unread`.
std::optional<ReceivedRequest> LoopbackServer::receive(Stream& stream, std::string& unread) {
  static constexpr std::string_view kEnd = "\r\n\r\n";
  std::size_t end = 0;
  while ((end = unread.find(kEnd)) == std::string::npos) {
    if (!stream.read_some(unread)) return std::nullopt;
    if (!begins_like_http(unread)) {
      unread.clear();
      return ReceivedRequest{};
    }
  }
  ReceivedRequest request = parse_head(std::string_view(unread).substr(0, end));
  unread.erase(0, end + kEnd.size());
  const std::string* length = find_header(request.headers, "Content-Length");
  const std::size_t size = length == nullptr ? 0 : std::strtoul(length->c_str(), nullptr, 10);
  while (unread.size() < size) {
    if (!stream.read_some(unread)) return std::nullopt;
  }
  request.body = unread.substr(0, size);
  unread.erase(0, size);
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  return request;
}

int closed_port() {
  const Listener bound = bind_loopback();
  ::close(bound.socket);
  return bound.port;
}

DeafListener::DeafListener() {
  const Listener bound = bind_loopback();
  listener_ = bound.socket;
  port_ = bound.port;
  require(::listen(listener_, 0) == 0, "listen");
  // Linux completes a connection or two more than the queue's length; the first that is not at once is left out.
  static constexpr int kEnough = 16;
  static constexpr int kMilliseconds = 100;
  for (int i = 0; i < kEnough; ++i) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    require(socket >= 0, "socket");
    fillers_.push_back(socket);
    const sockaddr_in address = loopback(port_);
    ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    pollfd connected{.fd = socket, .events = POLLOUT, .revents = 0};
    if (::poll(&connected, 1, kMilliseconds) == 0) return;
  }
}

DeafListener::~DeafListener() {
  for (const int socket : fillers_) ::close(socket);
  ::close(listener_);
}

std::string DeafListener::endpoint() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

}  // namespace syncline::testing
