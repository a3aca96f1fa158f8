// The service without its HTTP front: a request's way is parse (wire), authenticate (auth), decide (rules), commit
// (store), answer.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/http.h"
#include "service/access.h"
#include "service/administration.h"
#include "service/change_streams.h"
#include "service/delivery.h"
#include "service/delivery_options.h"
#include "service/http_stream.h"
#include "service/log.h"
#include "service/metrics.h"
#include "service/openid.h"
#include "service/rate_limits.h"
#include "service/request_log.h"
#include "service/request_metrics.h"
#include "service/rules.h"
#include "service/service_store.h"
#include "service/sync_trigger.h"
#include "service/temporary_credentials.h"
#include "service/tokens.h"
#include "syncline/result.h"
#include "wire/identity_messages.h"
#include "wire/messages.h"

namespace syncline::service {

struct ServiceOptions {
  std::string data_dir;              // made at the first start, with a pool and a developer key
  std::string region = "us-east-1";  // of the pool that is made; an existing one must be of it
  Clock* clock = nullptr;            // null: the system's; must outlive the service; [any thread]
  Quotas quotas;
  RateLimits rates;                                                       // none
  std::chrono::milliseconds session_lifetime{std::chrono::hours(1)};      // of a SyncSessionToken
  std::chrono::milliseconds page_lifetime{std::chrono::minutes(10)};      // of a NextToken, from the first page on
  std::chrono::milliseconds credentials_lifetime{std::chrono::hours(1)};  // of an identity's temporary credentials
  std::vector<OpenIdProvider> openid;                                     // whose tokens a pool may take as logins
  KeySource key_source = fetch_jwks;                                      // what reads their keys
  std::size_t most_unpacked = std::size_t{8} << 20U;                      // bytes of a request's body
  int readers = 4;                                                        // calls that read the store at once
  DeliveryOptions delivery;                                               // whom the service calls
  bool metrics_here = true;  // /metrics answers whoever calls from this machine; else only answer_operator() has it
  Log log;                   // empty: silent
  RequestLog request_log;    // likewise
};

class Service {
 public:
  // Errors: those of open_sqlite_store(). [blocks: disk]
  static Result<std::unique_ptr<Service>> open(ServiceOptions options);

  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  // Answers anything, whatever the bytes; never throws (S6). `remote_address`, without a port, is whom the rates count.
  // [any thread] [blocks: disk]; GET never waits for a write.
  HttpResponse handle(const HttpRequest& request, std::string_view remote_address);

  // Sends what its writes queue, while what is returned lives: at most as long as the service. Call it once, before
  // anything is answered. Errors: those of Delivery::start().
  Result<std::unique_ptr<Delivery>> start_delivery() {
    return Delivery::start(*store_, *options_.clock, options_.delivery, delivery_metrics_, options_.log);
  }
  // For whoever carries messages out in the place of start_delivery(), without threads.
  [[nodiscard]] ServiceStore& store() { return *store_; }

  // Answers a request for a stream of changes; nullopt: it is for something else. Never throws. The stream must not
  // outlive the service. [any thread] [blocks: disk, reading]
  std::optional<StreamAnswer> open_stream(const HttpRequest& request, std::string_view remote_address);

  // /healthz, /readyz, /metrics, for whoever may see all of them. [any thread] [blocks: disk, reading]
  HttpResponse answer_operator(const HttpRequest& request);
  // Where others add what they count.
  [[nodiscard]] Metrics& metrics() { return metrics_; }
  // What the operator may do beyond the API: administration.h. [any thread] [blocks: disk]
  Result<std::string> administer(const AdminRequest& request);

  [[nodiscard]] const std::string& region() const { return store_->installation().region; }
  [[nodiscard]] const std::string& identity_pool_id() const { return store_->installation().pool; }
  // The newest developer key.
  [[nodiscard]] std::string access_key_id() const { return store_->developer_keys().back().access_key_id; }
  [[nodiscard]] std::string secret_access_key() const { return store_->developer_keys().back().secret_access_key; }

 private:
  Service(ServiceOptions options, std::unique_ptr<ServiceStore> store);

  // A request on its way through.
  struct Passage {
    std::string_view operation = "unknown";
    std::string caller;    // whom the rates count
    std::string identity;  // who signed, if an identity did
    std::string cause;     // of an error of the service's own
  };

  HttpResponse respond(const HttpRequest& request, std::string_view remote_address, Passage& passage);
  HttpResponse respond_to_sync(const HttpRequest& request, Passage& passage);
  HttpResponse respond_to_identity(std::string_view target, const HttpRequest& request, Passage& passage);
  Result<std::string> perform_identity(wire::IdentityOperation operation, const HttpRequest& request, Passage& passage);
  Result<Principal> admit(const HttpRequest& request, std::string_view signing_name, Passage& passage);
  Result<std::unique_ptr<HttpStream>> begin_stream(const HttpRequest& request, Passage& passage);
  Result<std::string> perform(const wire::Route& route, const Principal& caller, const HttpRequest& request);
  Result<std::string> carry_out(wire::IdentityOperation operation, std::string_view body);
  // What the client may know of it: the service's own troubles go to the log.
  static Error told(Error error, Passage& passage);
  void note(const HttpRequest& request, const HttpResponse& response, const Passage& passage,
            std::string_view remote_address, MonotonicTime began);
  void collect_storage(MetricsText& text);
  [[nodiscard]] Timestamp now() const { return options_.clock->wall(); }

  SystemClock system_clock_;
  ServiceOptions options_;
  std::unique_ptr<ServiceStore> store_;
  Tokens tokens_;
  TemporaryCredentials credentials_;
  Gate gate_;
  RateLimiter rates_;
  ChangeStreams streams_;
  OwnTokens own_tokens_;
  OpenIdProviders providers_;
  std::unique_ptr<SyncTrigger> trigger_;  // null: no endpoint
  RequestMetrics request_metrics_;
  DeliveryMetrics delivery_metrics_;
  Metrics metrics_;
};

}  // namespace syncline::service
