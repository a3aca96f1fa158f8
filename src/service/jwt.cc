#include "service/jwt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <utility>

#include "service/sealed.h"
#include "wire/json_tree.h"

namespace syncline::service {

namespace {

constexpr std::size_t kCoordinateBytes = 32;     // of P-256
constexpr std::size_t kLeastModulusBytes = 256;  // RFC 7518, section 3.3: 2048 bits or more
constexpr std::size_t kMostModulusBytes = 1024;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using ParametersPtr = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using EcSignaturePtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

NumberPtr number_of(std::string_view bytes) {
  return NumberPtr(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

KeyPtr key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const ParametersPtr parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return KeyPtr(key);
}

KeyPtr rsa_key(const PublicKey& key) {
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  const NumberPtr modulus = number_of(key.first);
  const NumberPtr exponent = number_of(key.second);
  if (!builder || !modulus || !exponent ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return key_from("RSA", builder.get());
}

KeyPtr ec_key(const PublicKey& key) {
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  const std::string point = '\x04' + key.first + key.second;  // uncompressed
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return nullptr;
  }
  return key_from("EC", builder.get());
}

// JWS writes r and s side by side (RFC 7518, section 3.4), OpenSSL takes them in ASN.1.
std::string ec_signature(std::string_view raw) {
  if (raw.size() != 2 * kCoordinateBytes) return {};
  const EcSignaturePtr signature(ECDSA_SIG_new());
  NumberPtr r = number_of(raw.substr(0, kCoordinateBytes));
  NumberPtr s = number_of(raw.substr(kCoordinateBytes));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* encoded = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &encoded);
  if (length <= 0) return {};
  std::string result(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length));
  OPENSSL_free(encoded);
  return result;
}

// A part of a token: base64 of one JSON object.
bool read_part(std::string_view part, wire::JsonNode& into) {
  const auto text = base64url_decode(part);
  return text && !wire::read_tree(*text, into);
}

void read_header(const wire::JsonNode& node, std::optional<wire::Problem>& problem, Jwt& token) {
  wire::TreeReader header(node, {}, problem);
  header.require("alg");
  header.text("alg", token.algorithm);
  header.text("kid", token.key_id);
  // What a receiver must understand (RFC 7515, section 4.1.11): nothing of it is.
  if (header.has("crit")) problem = wire::Problem{.text = "crit"};
}

void read_claims(const wire::JsonNode& node, std::optional<wire::Problem>& problem, Jwt& token) {
  wire::TreeReader claims(node, {}, problem);
  claims.text("iss", token.issuer);
  claims.text("sub", token.subject);
  claims.text_or_texts("aud", token.audiences);
  claims.time("exp", token.expires_at);
  claims.time("nbf", token.not_before);
}

std::optional<PublicKey> read_key(wire::TreeReader& entry) {
  std::string type;
  std::string use = "sig";
  std::string curve;
  std::string algorithm;
  std::string first;
  std::string second;
  PublicKey key;
  entry.text("kty", type);
  entry.text("use", use);
  entry.text("alg", algorithm);
  entry.text("crv", curve);
  entry.text("kid", key.key_id);
  const bool rsa = type == "RSA";
  entry.text(rsa ? "n" : "x", first);
  entry.text(rsa ? "e" : "y", second);
  if (use != "sig" || (!rsa && (type != "EC" || curve != "P-256"))) return std::nullopt;
  key.algorithm = rsa ? "RS256" : "ES256";
  if (!algorithm.empty() && algorithm != key.algorithm) return std::nullopt;
  key.first = base64url_decode(first).value_or("");
  key.second = base64url_decode(second).value_or("");
  const bool sized = rsa ? key.first.size() >= kLeastModulusBytes && key.first.size() <= kMostModulusBytes &&
                               !key.second.empty() && key.second.size() <= 8
                         : key.first.size() == kCoordinateBytes && key.second.size() == kCoordinateBytes;
  if (!sized) return std::nullopt;
  return key;
}

}  // namespace

std::optional<Jwt> parse_jwt(std::string_view text) {
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  wire::JsonNode header;
  wire::JsonNode claims;
  const auto signature = base64url_decode(text.substr(second + 1));
  if (!signature || !read_part(text.substr(0, first), header) ||
      !read_part(text.substr(first + 1, second - first - 1), claims)) {
    return std::nullopt;
  }
  Jwt token;
  std::optional<wire::Problem> problem;
  read_header(header, problem, token);
  read_claims(claims, problem, token);
  if (problem) return std::nullopt;
  token.signed_part = text.substr(0, second);
  token.signature = *signature;
  return token;
}

Result<std::vector<PublicKey>> parse_jwks(std::string_view document) {
  wire::JsonNode root;
  auto problem = wire::read_tree(document, root);
  std::vector<PublicKey> keys;
  if (!problem) {
    wire::TreeReader reader(root, {}, problem);
    reader.require("keys");
    reader.objects("keys", [&](wire::TreeReader& entry) {
      if (auto key = read_key(entry)) keys.push_back(std::move(*key));
    });
  }
  if (problem) return Error{.code = ErrorCode::kBadAnswer, .message = "no JWKS: " + problem->text};
  return keys;
}

bool signature_is_right(const Jwt& token, const PublicKey& key) {
  if (token.algorithm != key.algorithm) return false;
  const bool rsa = key.algorithm == "RS256";
  const KeyPtr public_key = rsa ? rsa_key(key) : ec_key(key);
  const DigestContextPtr context(EVP_MD_CTX_new());
  if (!public_key || !context) return false;
  const std::string signature = rsa ? token.signature : ec_signature(token.signature);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, public_key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(token.signed_part),
                          token.signed_part.size()) == 1;
}

}  // namespace syncline::service
