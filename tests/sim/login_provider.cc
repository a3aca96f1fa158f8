#include "sim/login_provider.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <map>
#include <memory>
#include <stdexcept>

#include "auth/digest.h"

namespace syncline::sim {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr unsigned kBits = 2'048;
constexpr const char* kForEver = "4000000000";  // seconds since 1970

EVP_PKEY* key() {
  static const Key the_key{EVP_RSA_gen(kBits), EVP_PKEY_free};
  if (!the_key) throw std::runtime_error("OpenSSL makes no key");
  return the_key.get();
}

std::string number(const char* name) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key(), name, &value) != 1) throw std::runtime_error("OpenSSL tells no part of a key");
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
  BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(value);
  return auth::base64url_encode(bytes);
}

std::string signature(const std::string& text) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  std::string bytes(kBits / 8, '\0');
  std::size_t size = bytes.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1) {
    throw std::runtime_error("OpenSSL signs nothing");
  }
  return auth::base64url_encode(bytes);
}

}  // namespace

Result<std::string> provider_keys() {
  static const std::string keys = R"({"keys":[{"kty":"RSA","use":"sig","kid":"sim","n":")" +
                                  number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" + number(OSSL_PKEY_PARAM_RSA_E) +
                                  R"("}]})";
  return keys;
}

std::string provider_token(const std::string& user) {
  static std::map<std::string, std::string> made;
  auto& token = made[user];
  if (token.empty()) {
    const std::string body = R"({"iss":"https://)" + std::string(kProvider) + R"(","aud":")" + std::string(kAudience) +
                             R"(","sub":")" + user + R"(","exp":)" + kForEver + "}";
    const std::string text =
        auth::base64url_encode(R"({"alg":"RS256","kid":"sim"})") + "." + auth::base64url_encode(body);
    token = text + "." + signature(text);
  }
  return token;
}

}  // namespace syncline::sim
