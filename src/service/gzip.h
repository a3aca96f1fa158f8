// gzip of answers (RFC 1952; negotiation: RFC 9110, section 12.5.3). zlib stays inside. [any thread]
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace syncline::service {

// Whether an Accept-Encoding header allows gzip: named, or covered by "*", and not with a weight of 0.
bool offers_gzip(std::string_view accept_encoding);

// nullopt: no memory for it; the caller sends the bytes as they are.
std::optional<std::string> gzip(std::string_view bytes);

}  // namespace syncline::service
