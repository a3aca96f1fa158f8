// Who is let in, and to what (S4): the developer's key to every pool of this installation, an identity's temporary
// credentials to that identity's own data. Everything else is 403, and does not tell whether it exists. [any thread]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/http.h"
#include "service/service_store.h"
#include "service/temporary_credentials.h"
#include "syncline/result.h"
#include "syncline/values.h"
#include "wire/messages.h"

namespace syncline::service {

enum class Access : std::uint8_t { kDeveloper, kIdentity, kEither };

struct Principal {
  bool developer = false;
  IdentityPoolId pool;  // of an identity; empty for the developer
  IdentityId identity;
  std::optional<Timestamp> expires_at = {};  // absent: never
  std::string developer_key = {};            // the id of the key that the developer signed with
};

class Gate {
 public:
  Gate(ServiceStore& store, const TemporaryCredentials& credentials) : store_(store), credentials_(credentials) {}

  // Who signed the request. `signing_name`: "cognito-sync". Errors: those of auth::verify(); kNotAuthorized for an
  // expired token. [never blocks]
  [[nodiscard]] Result<Principal> admit(const HttpRequest& request, std::string_view signing_name, Timestamp now) const;

  // Whether `caller` may do this to `target`. An identity that was deleted, or disabled by a merge, may nothing more,
  // nor may whoever signed with a developer key that has been revoked since. Error: kNotAuthorized. [blocks: disk,
  // reading]
  [[nodiscard]] Result<void> allow(const Principal& caller, Access access, const wire::Target& target) const;

 private:
  ServiceStore& store_;
  const TemporaryCredentials& credentials_;
};

}  // namespace syncline::service
