// The whole service in one process: rules, store and HTTP front, on a real socket. What `syncline serve` runs, and what
// tests and benchmarks start inside themselves.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
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
  HttpLimits limits = {};
  TlsFiles tls = {};                                                  // empty: plain HTTP
  std::chrono::milliseconds session_lifetime{std::chrono::hours(1)};  // of a SyncSessionToken
  std::chrono::milliseconds page_lifetime{std::chrono::minutes(10)};  // of a NextToken
  std::chrono::milliseconds credentials_lifetime{std::chrono::hours(1)};
  std::vector<OpenIdProvider> openid = {};  // whose tokens a pool may take as logins
  DeliveryOptions delivery = {};            // whom the service calls
  Clock* clock = nullptr;                   // null: the system's; must outlive the server; [any thread]
  Log log = {};                             // empty: silent
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
  [[nodiscard]] const std::string& access_key_id() const { return service_->access_key_id(); }
  [[nodiscard]] const std::string& secret_access_key() const { return service_->secret_access_key(); }

  // HttpServer::reload_tls()
  Result<void> reload_tls() { return front_->reload_tls(); }
  // Ends what is under way, then closes the socket and every connection; the destructor does it too. [blocks]
  void stop() { front_->stop(); }

 private:
  Server(std::unique_ptr<Service> service, std::unique_ptr<Delivery> delivery, std::unique_ptr<HttpServer> front)
      : service_(std::move(service)), delivery_(std::move(delivery)), front_(std::move(front)) {}

  std::unique_ptr<Service> service_;
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<HttpServer> front_;  // destroyed first: its threads call the service
};

}  // namespace syncline::service
