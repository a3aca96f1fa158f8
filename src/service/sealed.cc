#include "service/sealed.h"

#include <cstddef>

#include "auth/digest.h"

namespace syncline::service {

namespace {

constexpr std::size_t kMacBytes = 32;
// Ours are shorter: the longest field is a name of 1,024 characters, 4 KiB. Saves the MAC of a long forged one.
constexpr std::size_t kMaxTokenCharacters = 8192;

int base64url_value(char digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  if (digit == '-') return 62;
  if (digit == '_') return 63;
  return -1;
}

std::string mac(const std::string& key, BoundTo bound, std::string_view payload) {
  std::string input;
  for (const std::string_view part : bound) put(input, part);
  put(input, payload);
  return auth::hmac_sha256(key, input);
}

}  // namespace

void put(std::string& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>((bits >> shift) & 0xFFU);
}

void put(std::string& out, std::string_view text) {
  put(out, static_cast<std::int64_t>(text.size()));
  out += text;
}

std::int64_t Fields::number() {
  if (rest_.size() < 8) return fail();
  std::uint64_t bits = 0;
  for (std::size_t i = 8; i-- > 0;) bits = (bits << 8U) | static_cast<std::uint8_t>(rest_[i]);
  rest_.remove_prefix(8);
  return static_cast<std::int64_t>(bits);
}

std::string Fields::text() {
  const std::int64_t size = number();
  if (size < 0 || static_cast<std::uint64_t>(size) > rest_.size()) {
    fail();
    return {};
  }
  std::string result(rest_.substr(0, static_cast<std::size_t>(size)));
  rest_.remove_prefix(result.size());
  return result;
}

std::int64_t Fields::fail() {
  failed_ = true;
  rest_ = {};
  return 0;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const int value = base64url_value(c);
    if (value < 0) return std::nullopt;
    pending = (pending << 6U) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((pending >> bits) & 0xFFU);
    pending &= (1U << bits) - 1U;
  }
  if (bits >= 6 || pending != 0) return std::nullopt;
  return bytes;
}

std::string seal(const std::string& key, BoundTo bound, std::string payload) {
  payload += mac(key, bound, payload);
  return auth::base64url_encode(payload);
}

std::optional<std::string> unseal(const std::string& key, BoundTo bound, char kind, std::string_view text) {
  if (text.size() > kMaxTokenCharacters) return std::nullopt;
  const auto bytes = base64url_decode(text);
  if (!bytes || bytes->size() <= kMacBytes) return std::nullopt;
  const std::string_view payload = std::string_view(*bytes).substr(0, bytes->size() - kMacBytes);
  const std::string_view received = std::string_view(*bytes).substr(payload.size());
  if (!auth::equal_in_constant_time(mac(key, bound, payload), received) || payload.front() != kind) {
    return std::nullopt;
  }
  return std::string(payload.substr(1));
}

}  // namespace syncline::service
