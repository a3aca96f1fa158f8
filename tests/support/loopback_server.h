// A server on a loopback port of its own that answers with whatever bytes a test wants, HTTP or not, over TCP or TLS.
// One thread accepts, one more serves each connection; all end with the object. [any thread]
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/http_text.h"
#include "support/tls_identity.h"

namespace syncline::testing {

// What is done about one request.
struct RawAnswer {
  enum class Then : std::uint8_t {
    kKeep,   // read the next request
    kClose,  // close in an orderly way (with TLS: close_notify)
    kReset,  // drop the connection: TCP RST
  };
  std::string bytes;
  Then then = Then::kKeep;
  bool hold = false;  // until release(), before the bytes
  // Called for each piece that follows the bytes, as it has gone out; nullopt: that was all. It may block, but not for
  // longer than the server lives.
  std::function<std::optional<std::string>()> more = {};
};

class LoopbackServer {
 public:
  using Handler = std::function<RawAnswer(const ReceivedRequest&)>;

  // The handler runs on the connections' threads, several at once; what is no HTTP it gets as an empty request. With
  // `tls` the server speaks TLS and offers HTTP/1.1.
  explicit LoopbackServer(Handler handler, std::optional<TlsIdentity> tls = std::nullopt);
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  [[nodiscard]] std::string host() const;      // "127.0.0.1:PORT"
  [[nodiscard]] std::string endpoint() const;  // "http://127.0.0.1:PORT", or https
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::vector<ReceivedRequest> requests() const;
  // The application protocols that the last TLS client offered (ALPN), in its order.
  [[nodiscard]] std::vector<std::string> offered_protocols() const;
  // Lets the requests that are held now, and all later ones, go on.
  void release();

 private:
  struct Tls;
  class Stream;
  struct Connection;

  void accept_connections();
  void serve(Connection& connection);
  std::optional<ReceivedRequest> receive(Stream& stream, std::string& unread);
  void wait_for_release();

  const Handler handler_;
  std::unique_ptr<Tls> tls_;
  int listener_ = -1;
  int port_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Connection> connections_;
  std::vector<ReceivedRequest> requests_;
  std::vector<std::string> offered_;
  bool released_ = false;
  bool stopping_ = false;
  std::thread acceptor_;
};

// A port of 127.0.0.1 on which nobody listens.
int closed_port();

// A listener that never accepts and whose queue is full: connecting to it neither succeeds nor fails.
class DeafListener {
 public:
  DeafListener();
  DeafListener(const DeafListener&) = delete;
  DeafListener& operator=(const DeafListener&) = delete;
  ~DeafListener();
  [[nodiscard]] std::string endpoint() const;

 private:
  int listener_ = -1;
  int port_ = 0;
  std::vector<int> fillers_;
};

}  // namespace syncline::testing
