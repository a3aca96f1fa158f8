// Signature Version 4 (AWS General Reference, "Create a signed AWS API request"): signing for the client, verifying for
// the service, one canonical form for both. OpenSSL stays inside. No function throws, but for
// std::bad_alloc. [any thread]
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/http.h"
#include "syncline/credentials.h"
#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::auth {

// What a signature is bound to besides the request.
struct Scope {
  std::string region = {};   // "us-east-1"
  std::string service = {};  // "cognito-sync"
};

// A clock that is further off than this is refused (protocol.md, section 4).
inline constexpr std::chrono::minutes kAllowedSkew{5};

// Adds Host, X-Amz-Date, X-Amz-Security-Token (if there is one), X-Amz-Content-Sha256 and Authorization. Headers that
// the request already has are all signed. `host` is the authority as it will be sent: "127.0.0.1:8080".
void sign(HttpRequest& request, std::string_view host, const Scope& scope, const Credentials& credentials,
          Timestamp now);

// The same in the query (X-Amz-Algorithm, -Credential, -Date, -Expires, -SignedHeaders, -Security-Token, -Signature).
void presign(HttpRequest& request, std::string_view host, const Scope& scope, const Credentials& credentials,
             Timestamp now, std::chrono::seconds lifetime);

// Finds the secret for an access key id and session token (empty: none); nullopt: unknown, expired or forged.
using SecretLookup =
    std::function<std::optional<std::string>(std::string_view access_key_id, std::string_view session_token)>;

struct Verified {
  std::string access_key_id = {};
  std::string session_token = {};  // empty: none
};

// Checks a request as received, header or query form: the signature in constant time, the body against its hash, the
// date within kAllowedSkew of `now` (a presigned one: within its lifetime), the scope, and that Host and X-Amz-Date are
// signed. Errors: kNotAuthorized; a wrong date says "Signature expired: ..." or "Signature not yet current: ...", as
// the vendor's service does; a malformed one names the part. Never an oracle: which of key and signature was wrong is
// not told.
Result<Verified> verify(const HttpRequest& request, const Scope& scope, Timestamp now, const SecretLookup& lookup);

}  // namespace syncline::auth
