// Content-Encoding of a request (RFC 9110, section 8.4). Every answer offers to take gzip.
#pragma once

#include <cstddef>
#include <optional>

#include "core/http.h"
#include "syncline/result.h"

namespace syncline::service {

// The request with its body as it was before it was compressed; nullopt: it was not. Errors, each kInvalidParameter:
// 415 another coding, 413 more than `most` bytes, 400 damaged. To unpack costs more than to verify a signature: first
// see who asks. [any thread]
Result<std::optional<HttpRequest>> unpack(const HttpRequest& request, std::size_t most);

}  // namespace syncline::service
