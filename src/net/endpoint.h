// An endpoint's address, taken apart and checked. [any thread]
#pragma once

#include <string>
#include <string_view>

#include "syncline/result.h"

namespace syncline::net {

struct Endpoint {
  bool tls = false;
  bool loopback = false;  // localhost, 127.0.0.0/8 or ::1
  std::string authority;  // "host[:port]", lower case, without the scheme's default port
  std::string base;       // "https://host[:port]": a path can be appended
};

// Takes "http[s]://host[:port]" and a lone '/' behind it. Errors: kInvalidArgument, see endpoint_host().
Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace syncline::net
