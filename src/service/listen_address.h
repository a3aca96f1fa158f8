// "HOST:PORT" as the service takes it. [any thread]
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "syncline/result.h"

namespace syncline::service {

struct ListenAddress {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without its brackets
  std::uint16_t port = 0;
};

// Errors: kInvalidArgument, naming the text.
Result<ListenAddress> parse_listen_address(std::string_view text);

// "SCHEME://HOST:PORT" for a client on this machine: a host that stands for all interfaces becomes the loopback one.
std::string local_endpoint(const ListenAddress& address, std::string_view scheme = "http");

}  // namespace syncline::service
