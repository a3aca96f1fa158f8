// Hashes, keyed hashes and random bytes, as raw bytes. OpenSSL stays inside. Without memory, OpenSSL's
// or ours, they throw std::bad_alloc. [any thread]
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace syncline::auth {

std::string sha256(std::string_view bytes);                             // 32 bytes
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 bytes
// Takes the same time wherever the first difference is.
bool equal_in_constant_time(std::string_view left, std::string_view right);
// From the operating system's generator; ends the program if there is none.
std::string random_bytes(std::size_t count);

// Base64 for URLs (RFC 4648, section 5), without padding.
std::string base64url_encode(std::string_view bytes);

}  // namespace syncline::auth
