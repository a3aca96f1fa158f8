// JSON Web Tokens as OpenID Connect providers give them out (RFC 7519, 7515, 7517): taken apart and verified with the
// provider's public keys, RS256 or ES256. OpenSSL stays inside. Only the service needs this: what an app embeds passes
// tokens on without looking. [any thread]
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::service {

// What a token says, verified or not.
struct Jwt {
  std::string algorithm;  // "RS256"
  std::string key_id;     // empty: absent
  std::string issuer;
  std::vector<std::string> audiences;
  std::string subject;
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> not_before;
  std::string signed_part;  // header.payload, as sent
  std::string signature;    // raw bytes
};

// nullopt: no token in compact form.
std::optional<Jwt> parse_jwt(std::string_view text);

struct PublicKey {
  std::string key_id;
  std::string algorithm;  // RS256 or ES256
  std::string first;      // RSA: modulus; EC: x
  std::string second;     // RSA: exponent; EC: y
};

// The keys of a JWKS document that are of use here; others are passed over. Error: kBadAnswer if it is none.
Result<std::vector<PublicKey>> parse_jwks(std::string_view document);

// Whether `key` made the token's signature.
bool signature_is_right(const Jwt& token, const PublicKey& key);

}  // namespace syncline::service
