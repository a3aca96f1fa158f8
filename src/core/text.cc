#include "core/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace syncline {

namespace {

struct Utf8Lead {
  std::size_t length;
  std::uint8_t first_low;   // the lowest second byte that is no overlong form
  std::uint8_t first_high;  // the highest second byte: no surrogates, nothing above U+10FFFF
};

// RFC 3629, section 4.
std::optional<Utf8Lead> utf8_lead(std::uint8_t byte) {
  if (byte < 0x80) return Utf8Lead{1, 0, 0};
  if (byte < 0xC2) return std::nullopt;
  if (byte < 0xE0) return Utf8Lead{2, 0x80, 0xBF};
  if (byte == 0xE0) return Utf8Lead{3, 0xA0, 0xBF};
  if (byte == 0xED) return Utf8Lead{3, 0x80, 0x9F};
  if (byte < 0xF0) return Utf8Lead{3, 0x80, 0xBF};
  if (byte == 0xF0) return Utf8Lead{4, 0x90, 0xBF};
  if (byte < 0xF4) return Utf8Lead{4, 0x80, 0xBF};
  if (byte == 0xF4) return Utf8Lead{4, 0x80, 0x8F};
  return std::nullopt;
}

// Eight bytes at a time: every put checks its value with it.
std::size_t ascii_prefix(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if ((eight & 0x8080808080808080U) != 0) break;
  }
  while (at < text.size() && static_cast<std::uint8_t>(text[at]) < 0x80) ++at;
  return at;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

}  // namespace

std::optional<std::size_t> utf8_length(std::string_view text) {
  std::size_t at = ascii_prefix(text);
  std::size_t count = at;
  while (at < text.size()) {
    const auto lead = utf8_lead(static_cast<std::uint8_t>(text[at]));
    if (!lead || text.size() - at < lead->length) return std::nullopt;
    for (std::size_t i = 1; i < lead->length; ++i) {
      const auto byte = static_cast<std::uint8_t>(text[at + i]);
      const std::uint8_t low = i == 1 ? lead->first_low : std::uint8_t{0x80};
      const std::uint8_t high = i == 1 ? lead->first_high : std::uint8_t{0xBF};
      if (byte < low || byte > high) return std::nullopt;
    }
    at += lead->length;
    ++count;
  }
  return count;
}

char ascii_lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string ascii_lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char c) { return ascii_lower(c); });
  return lowered;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return ascii_lower(a) == ascii_lower(b); });
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 0x0FU];
  }
  return encoded;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string hex_encode(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string encoded;
  encoded.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 0x0FU];
  }
  return encoded;
}

}  // namespace syncline
