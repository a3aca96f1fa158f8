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
#include "service/change_streams.h"
#include "service/delivery.h"
#include "service/delivery_options.h"
#include "service/http_stream.h"
#include "service/log.h"
#include "service/openid.h"
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
  std::chrono::milliseconds session_lifetime{std::chrono::hours(1)};      // of a SyncSessionToken
  std::chrono::milliseconds page_lifetime{std::chrono::minutes(10)};      // of a NextToken, from the first page on
  std::chrono::milliseconds credentials_lifetime{std::chrono::hours(1)};  // of an identity's temporary credentials
  std::vector<OpenIdProvider> openid;                                     // whose tokens a pool may take as logins
  KeySource key_source = fetch_jwks;                                      // what reads their keys
  int readers = 4;                                                        // calls that read the store at once
  DeliveryOptions delivery;                                               // whom the service calls
  Log log;                                                                // empty: silent
};

class Service {
 public:
  // Errors: those of open_sqlite_store(). [blocks: disk]
  static Result<std::unique_ptr<Service>> open(ServiceOptions options);

  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  // Answers anything, whatever the bytes; never throws (S6). `remote_address` is for the log only.
  // [any thread] [blocks: disk]; GET never waits for a write.
  HttpResponse handle(const HttpRequest& request, std::string_view remote_address);
  // Sends what its writes queue, while what is returned lives: at most as long as the service. Call it once, before
  // anything is answered. Errors: those of Delivery::start().
  Result<std::unique_ptr<Delivery>> start_delivery() {
    return Delivery::start(*store_, *options_.clock, options_.delivery, options_.log);
  }

  // Answers a request for a stream of changes; nullopt: it is for something else. Never throws. The stream must not
  // outlive the service. [any thread] [blocks: disk, reading]
  std::optional<StreamAnswer> open_stream(const HttpRequest& request, std::string_view remote_address);

  [[nodiscard]] const std::string& region() const { return store_->installation().region; }
  [[nodiscard]] const std::string& identity_pool_id() const { return store_->installation().pool; }
  [[nodiscard]] const std::string& access_key_id() const { return store_->installation().access_key_id; }
  [[nodiscard]] const std::string& secret_access_key() const { return store_->installation().secret_access_key; }

 private:
  Service(ServiceOptions options, std::unique_ptr<ServiceStore> store);

  HttpResponse respond(const HttpRequest& request, std::string_view& operation);
  HttpResponse respond_to_identity(std::string_view target, const HttpRequest& request, std::string_view& operation);
  Result<std::string> perform_identity(wire::IdentityOperation operation, const HttpRequest& request);
  Result<std::string> perform(const wire::Route& route, const Principal& caller, const HttpRequest& request);
  // What the client may know of it: the service's own troubles go to the log.
  [[nodiscard]] Error told(Error error) const;
  void log(LogLevel level, const std::string& text) const;
  [[nodiscard]] Timestamp now() const { return options_.clock->wall(); }

  SystemClock system_clock_;
  ServiceOptions options_;
  std::unique_ptr<ServiceStore> store_;
  Tokens tokens_;
  TemporaryCredentials credentials_;
  Gate gate_;
  ChangeStreams streams_;
  OwnTokens own_tokens_;
  OpenIdProviders providers_;
  std::unique_ptr<SyncTrigger> trigger_;  // null: no endpoint
};

}  // namespace syncline::service
