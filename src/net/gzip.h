// gzip of HTTP bodies, the service's answers and the client's requests (RFC 1952; negotiation: RFC 9110,
// sections 12.5.3 and 15.5.16). zlib stays inside. [any thread]
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace syncline::net {

// Bytes of a body; below, gzip's own header and the time for it outweigh what it saves.
inline constexpr std::size_t kLeastToCompress = 1024;

// Whether an Accept-Encoding header allows gzip: named, or covered by "*", and not with a weight of 0.
bool offers_gzip(std::string_view accept_encoding);

// nullopt: no memory for it; the caller sends the bytes as they are.
std::optional<std::string> gzip(std::string_view bytes);

enum class GunzipFailure {
  kDamaged,   // no gzip, cut off, or followed by something else
  kTooLarge,  // more than `most` bytes come out
};
// Never keeps more than `most` bytes, whatever they claim to be.
std::variant<std::string, GunzipFailure> gunzip(std::string_view bytes, std::size_t most);

}  // namespace syncline::net
