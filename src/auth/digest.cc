#include "auth/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
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

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(kSha256Bytes, '\0');
  if (EVP_Digest(bytes.data(), bytes.size(), bytes_of(digest), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  // HMAC's own rule for long keys (RFC 2104, section 2), applied here since OpenSSL takes the length as an int.
  static constexpr std::size_t kBlockBytes = 64;
  const std::string digested = key.size() > kBlockBytes ? sha256(key) : std::string(key);
  std::string code(kSha256Bytes, '\0');
  if (HMAC(EVP_sha256(), digested.data(), static_cast<int>(digested.size()), bytes_of(bytes), bytes.size(),
           bytes_of(code), nullptr) == nullptr) {
    throw std::bad_alloc();
  }
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
