#include "service/temporary_credentials.h"

#include <utility>

#include "auth/digest.h"
#include "core/text.h"
#include "service/sealed.h"

namespace syncline::service {

namespace {

constexpr char kKind = 'C';

// Not in the token, since whoever sees a request sees that.
std::string secret_of(const std::string& key, std::string_view fields) {
  std::string input;
  put(input, "secret access key");
  put(input, fields);
  return auth::base64url_encode(auth::hmac_sha256(key, input).substr(0, 30));
}

}  // namespace

Credentials TemporaryCredentials::issue(const IdentityPoolId& pool, const IdentityId& identity,
                                        Timestamp expires_at) const {
  const std::string access_key_id = "SLTK" + hex_encode(auth::random_bytes(8));
  std::string fields;
  put(fields, access_key_id);
  put(fields, pool.text());
  put(fields, identity.text());
  put(fields, expires_at);
  return {.access_key_id = access_key_id,
          .secret_access_key = secret_of(key_, fields),
          .session_token = seal(key_, {}, kKind + fields),
          .expires_at = expires_at};
}

std::optional<Grant> TemporaryCredentials::open(std::string_view session_token) const {
  const auto opened = unseal(key_, {}, kKind, session_token);
  if (!opened) return std::nullopt;
  Fields fields(*opened);
  Grant grant{.access_key_id = fields.text(), .secret_access_key = secret_of(key_, *opened)};
  auto pool = IdentityPoolId::parse(fields.text());
  auto identity = IdentityId::parse(fields.text());
  grant.expires_at = fields.time();
  if (!fields.complete() || !pool || !identity) return std::nullopt;
  grant.pool = std::move(*pool);
  grant.identity = std::move(*identity);
  return grant;
}

}  // namespace syncline::service
