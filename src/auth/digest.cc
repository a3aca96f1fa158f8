#include "auth/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace syncline::auth {

namespace {

constexpr std::size_t kSha256Bytes = 32;

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// Looked up once: OpenSSL's providers take longer to find a digest than to make one of a short text.
const EVP_MD* sha256_method() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched != nullptr ? fetched : EVP_sha256();
}

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// The digest of both, one after the other.
std::string sha256_of(std::string_view first, std::string_view second) {
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  std::string digest(kSha256Bytes, '\0');
  const bool made = context && EVP_DigestInit_ex(context.get(), sha256_method(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1 &&
                    EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), bytes_of(digest), nullptr) == 1;
  if (!made) std::abort();
  return digest;
}

}  // namespace

// A build of OpenSSL that refuses SHA-256 could not sign anything: nothing sensible is left to do.
std::string sha256(std::string_view bytes) {
  return sha256_of(bytes, {});
}

// RFC 2104, section 2, in a third of the time that OpenSSL's own takes, which looks its method up in each call.
std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  static constexpr std::size_t kBlockBytes = 64;
  std::string digested = key.size() > kBlockBytes ? sha256(key) : std::string(key);
  std::array<char, kBlockBytes> block{};
  const auto pad_with = [&](unsigned char pad) {
    for (std::size_t i = 0; i < kBlockBytes; ++i) {
      const auto byte = i < digested.size() ? static_cast<unsigned char>(digested[i]) : 0U;
      block[i] = static_cast<char>(byte ^ pad);
    }
    return std::string_view(block.data(), block.size());
  };
  const std::string inner = sha256_of(pad_with(0x36), bytes);
  std::string code = sha256_of(pad_with(0x5C), inner);
  OPENSSL_cleanse(block.data(), block.size());
  OPENSSL_cleanse(digested.data(), digested.size());
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
