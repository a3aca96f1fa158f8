// Text helpers without locale: UTF-8, letter case, percent-encoding (RFC 3986, section 2). [any thread]
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace syncline {

// The number of code points; nullopt: not UTF-8 (overlong forms and surrogates included).
std::optional<std::size_t> utf8_length(std::string_view text);

char ascii_lower(char letter);
std::string ascii_lower(std::string_view text);
bool equal_ignoring_case(std::string_view left, std::string_view right);

// Everything but RFC 3986's unreserved characters becomes %XX, in capitals.
std::string percent_encode(std::string_view text);
// nullopt: a '%' that is not followed by two hexadecimal digits. '+' stays '+'.
std::optional<std::string> percent_decode(std::string_view text);

// Lower case.
std::string hex_encode(std::string_view bytes);

}  // namespace syncline
