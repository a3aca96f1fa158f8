// A pool that takes guests and pushes to phones, made through whatever carries requests to a service: what only an
// identity itself may do, a developer's key can't test.
#pragma once

#include <functional>
#include <string>

#include "core/http.h"
#include "service/administration.h"
#include "syncline/credentials.h"
#include "syncline/values.h"

namespace syncline::testing {

struct ServiceAccess {
  std::function<Result<std::string>(const service::AdminRequest&)> administer;
  std::function<HttpResponse(const HttpRequest&)> carry;
  std::string host;
  Credentials developer;
  std::function<Timestamp()> now;
};

class PushPool {
 public:
  // The pool's push applications are for Google's and Apple's service.
  explicit PushPool(ServiceAccess access);

  struct Guest {
    std::string identity;
    Credentials credentials;
  };
  [[nodiscard]] Guest new_guest() const;
  // Credentials of an identity, anew.
  [[nodiscard]] Credentials log_in(const std::string& identity) const;
  [[nodiscard]] const std::string& id() const { return id_; }

  // What a vendor's service would deliver.
  [[nodiscard]] std::string push(const std::string& identity, const std::string& dataset, std::int64_t count) const;

 private:
  [[nodiscard]] std::string ask(const std::string& operation, const std::string& body) const;

  ServiceAccess access_;
  std::string id_;
};

}  // namespace syncline::testing
