// HTTP/1.1 as bytes, for servers that tests write themselves.
#pragma once

#include <string>
#include <string_view>

#include "core/http.h"

namespace syncline::testing {

// A request as it came over the wire.
struct ReceivedRequest {
  std::string method;
  std::string target;  // path and query, as sent
  Headers headers;
  std::string body;

  // The target taken apart, the query decoded.
  [[nodiscard]] HttpRequest parsed() const;
};

// The request line and headers, up to and without the empty line.
ReceivedRequest parse_head(std::string_view head);

// A complete answer with Content-Length.
std::string to_bytes(const HttpResponse& response);

std::string gzip(std::string_view bytes);

}  // namespace syncline::testing
