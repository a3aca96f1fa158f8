// The whole service in one process: rules, store and HTTP front, on a real socket. What `syncline serve` runs, and what
// tests and benchmarks start inside themselves.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "service/admin_socket.h"
#include "service/delivery.h"
#include "service/handlers.h"
#include "service/http_server.h"
#include "service/log.h"
#include "service/openid.h"
#include "service/rules.h"
#include "syncline/result.h"

namespace syncline::service {

struct ServerOptions {
  std::string data_dir;                // made at the first start, with a pool and a developer key
  std::string listen = "127.0.0.1:0";  // HOST:PORT; port 0 takes a free one
  std::string region = "us-east-1";
  Quotas quotas = {};
  RateLimits rates = {};  // none
  HttpLimits limits = {};
  TlsFiles tls = {};                                                  // empty: plain HTTP
  std::chrono::milliseconds session_lifetime{std::chrono::hours(1)};  // of a SyncSessionToken
  std::chrono::milliseconds page_lifetime{std::chrono::minutes(10)};  // of a NextToken
  std::chrono::milliseconds credentials_lifetime{std::chrono::hours(1)};
  std::vector<OpenIdProvider> openid = {};  // whose tokens a pool may take as logins
  DeliveryOptions delivery = {};            // whom the service calls
  // HOST:PORT of its own for /metrics, with /healthz and /readyz; empty: `listen` has it, for callers on this machine.
  std::string metrics_listen = {};
  bool admin_socket = false;    // `syncline admin` reaches it while it runs
  Clock* clock = nullptr;       // null: the system's; must outlive the server; [any thread]
  Log log = {};                 // empty: silent
  RequestLog request_log = {};  // likewise
};

class Server {
 public:
  // Answers requests when it returns. Errors: those of Service::open(), Delivery::start() and HttpServer::start().
  // [blocks: disk]
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options);

  // "http://127.0.0.1:PORT", or https
  [[nodiscard]] std::string endpoint() const { return front_->endpoint(); }
  [[nodiscard]] std::uint16_t port() const { return front_->port(); }
  [[nodiscard]] const std::string& region() const { return service_->region(); }
  [[nodiscard]] const std::string& identity_pool_id() const { return service_->identity_pool_id(); }
  // The newest developer key.
  [[nodiscard]] std::string access_key_id() const { return service_->access_key_id(); }
  [[nodiscard]] std::string secret_access_key() const { return service_->secret_access_key(); }
  // "http://127.0.0.1:PORT" of metrics_listen; empty: it has none.
  [[nodiscard]] std::string metrics_endpoint() const { return metrics_ ? metrics_->endpoint() : std::string(); }

  // Service::administer(), and the word `about`: {"endpoint":...,"region":...,"identity_pool_id":...,
  // "access_key_id":...,"secret_access_key":...}. [any thread] [blocks: disk]
  Result<std::string> administer(const AdminRequest& request);

  // HttpServer::reload_tls()
  Result<void> reload_tls() { return front_->reload_tls(); }
  // Ends what is under way, then closes the socket and every connection; the destructor does it too. [blocks]
  void stop();

 private:
  Server() = default;
  Result<void> listen(const ServerOptions& options);
  void collect(MetricsText& text) const;

  // Destroyed from the last to the first: threads of those below call those above.
  std::unique_ptr<Service> service_;
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<HttpServer> front_;
  std::unique_ptr<HttpServer> metrics_;
  std::unique_ptr<AdminSocket> admin_;
};

}  // namespace syncline::service
