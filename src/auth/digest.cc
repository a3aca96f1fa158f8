#include "auth/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace syncline::auth {

namespace {

constexpr std::size_t kSha256Bytes = 32;

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

template <typename Handle>
Handle* or_no_memory(Handle* handle) {
  if (handle == nullptr) throw std::bad_alloc();
  return handle;
}
void or_no_memory(int done) {
  if (done != 1) throw std::bad_alloc();
}

struct Free {
  void operator()(EVP_MD* method) const { EVP_MD_free(method); }
  void operator()(EVP_MAC* method) const { EVP_MAC_free(method); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using Mac = std::unique_ptr<EVP_MAC_CTX, Free>;

// OpenSSL takes longer to find a method by its name than to digest a short text, so each is found once.
const EVP_MD* sha256_method() {
  static const std::unique_ptr<EVP_MD, Free> method(or_no_memory(EVP_MD_fetch(nullptr, "SHA256", nullptr)));
  return method.get();
}

const EVP_MAC_CTX* hmac_without_key() {
  static const Mac context = [] {
    const std::unique_ptr<EVP_MAC, Free> method(or_no_memory(EVP_MAC_fetch(nullptr, "HMAC", nullptr)));
    Mac made(or_no_memory(EVP_MAC_CTX_new(method.get())));
    std::string name = "SHA256";
    const std::array settings{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                              OSSL_PARAM_construct_end()};
    or_no_memory(EVP_MAC_CTX_set_params(made.get(), settings.data()));
    return made;
  }();
  return context.get();
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(kSha256Bytes, '\0');
  or_no_memory(EVP_Digest(bytes.data(), bytes.size(), bytes_of(digest), nullptr, sha256_method(), nullptr));
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  const Mac context(or_no_memory(EVP_MAC_CTX_dup(hmac_without_key())));
  std::string code(kSha256Bytes, '\0');
  std::size_t length = 0;
  // An empty key is one too, a null pointer is none.
  const auto* key_bytes = key.empty() ? bytes_of(std::string_view("")) : bytes_of(key);
  or_no_memory(EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr));
  or_no_memory(EVP_MAC_update(context.get(), bytes_of(bytes), bytes.size()));
  or_no_memory(EVP_MAC_final(context.get(), bytes_of(code), &length, code.size()));
  return code;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string random_bytes(std::size_t count) {
  static constexpr std::size_t kChunk = std::size_t{1} << 20U;
  std::string bytes(count, '\0');
  for (std::size_t at = 0; at < count; at += kChunk) {
    const auto length = std::min(kChunk, count - at);
    if (RAND_bytes(bytes_of(bytes) + at, static_cast<int>(length)) != 1) std::abort();
  }
  return bytes;
}

std::string base64url_encode(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string encoded;
  encoded.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t pending = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    pending = (pending << 8U) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) encoded += kDigits[(pending >> (bits - 6)) & 0x3FU];
  }
  if (bits > 0) encoded += kDigits[(pending << (6 - bits)) & 0x3FU];
  return encoded;
}

}  // namespace syncline::auth
