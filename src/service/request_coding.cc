#include "service/request_coding.h"

#include <string>
#include <utility>
#include <variant>

#include "core/text.h"
#include "net/gzip.h"

namespace syncline::service {

namespace {

Error not_taken(int status, std::string message) {
  return Error{.code = ErrorCode::kInvalidParameter, .message = std::move(message), .http_status = status};
}

}  // namespace

Result<std::optional<HttpRequest>> unpack(const HttpRequest& request, std::size_t most) {
  const std::string* coding = find_header(request.headers, "Content-Encoding");
  if (coding == nullptr || coding->empty() || equal_ignoring_case(*coding, "identity")) return std::nullopt;
  if (!equal_ignoring_case(*coding, "gzip")) return not_taken(415, "Content-Encoding must be gzip or identity");
  auto plain = net::gunzip(request.body, most);
  if (const auto* failed = std::get_if<net::GunzipFailure>(&plain)) {
    if (*failed == net::GunzipFailure::kDamaged) return not_taken(400, "The request's body is not what gzip makes");
    return not_taken(413, "The request's body is larger than " + std::to_string(most) + " bytes when it is unpacked");
  }
  HttpRequest unpacked = request;
  unpacked.body = std::move(std::get<std::string>(plain));
  return std::optional(std::move(unpacked));
}

}  // namespace syncline::service
