// The HTTP front: connections, limits, time-outs, gzip, TLS. HTTP/1.1.
// Boost.Beast stays inside http_server.cc.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "core/clock.h"
#include "core/http.h"
#include "service/http_stream.h"
#include "service/log.h"
#include "service/tls_files.h"
#include "syncline/result.h"

namespace syncline::service {

struct HttpLimits {
  // Threads that move bytes and answer GETs, which wait for no writer.
  int io_threads = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
  int worker_threads = 64;                                 // answer everything else; as many writes can share a commit
  std::size_t queue = 1024;                                // requests that wait for them; one more is answered 503
  std::size_t connections = 4096;                          // one more is answered 503 and closed; 7/8 for streams
  std::size_t header_bytes = std::size_t{64} << 10U;       // request line included; more is 431
  std::size_t body_bytes = std::size_t{8} << 20U;          // more is 413
  std::size_t all_bodies_bytes = std::size_t{256} << 20U;  // of all that has arrived; more is 503
  std::chrono::milliseconds header_timeout{60'000};        // from the last answer to the end of the next header
  std::chrono::milliseconds body_timeout{120'000};         // for one request's body, and for sending one answer
  std::chrono::milliseconds heartbeat{15'000};             // how long a stream is silent at most
  std::chrono::milliseconds stop_timeout{5'000};           // how long stop() lets requests under way end
};

struct HttpServerOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT, [V6]:PORT; port 0 takes a free one
  HttpLimits limits;
  TlsFiles tls;            // empty: plain HTTP
  Clock* clock = nullptr;  // null: the system's; dates the front's own errors; [any thread]
  StreamHandler streams;   // asked before the handler, for each GET; empty: there are none
  Log log;                 // empty: silent
};

// What the front does besides handing requests on.
struct HttpFigures {
  std::size_t connections = 0;   // open
  std::size_t queued = 0;        // requests that wait for a worker
  std::uint64_t shed = 0;        // answered 503: too many connections, streams, requests waiting, or bytes of bodies
  std::uint64_t unreadable = 0;  // answered 400, 413 or 431: no HTTP, or too large
};

// Must not throw. Called from several threads at once.
using HttpHandler = std::function<HttpResponse(const HttpRequest& request, std::string_view remote_address)>;

class HttpServer {
 public:
  // Listens when it returns. Errors: kInvalidArgument (`listen` is no address), kNetwork (in use, not permitted); the
  // message names the address. Those of TlsContext::load().
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHandler handler);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  // stop()

  [[nodiscard]] std::uint16_t port() const;
  // "http://127.0.0.1:PORT", or https: where a client on this machine reaches it.
  [[nodiscard]] std::string endpoint() const;

  [[nodiscard]] HttpFigures figures() const;  // [any thread]

  // Reads the certificate and key anew, for connections from now on; after an error the old ones stay. [any thread]
  Result<void> reload_tls();

  // Takes no more requests, lets those under way end within stop_timeout, and returns when no handler runs any more.
  // [any thread but the server's own] [blocks]
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::service
