#include "service/listen_address.h"

#include <charconv>
#include <system_error>

namespace syncline::service {

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto invalid = [text](const char* why) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .message = "listen address '" + std::string(text) + "' is not HOST:PORT: " + why};
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid("there is no ':'");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);

  ListenAddress address;
  const char* const last = digits.data() + digits.size();
  const auto [end, failed] = std::from_chars(digits.data(), last, address.port);
  if (failed != std::errc{} || end != last) return invalid("the port is not a number from 0 to 65535");

  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty()) return invalid("the host is missing");
  if (!bracketed && host.find(':') != std::string_view::npos) return invalid("an IPv6 address needs [ and ]");
  address.host = host;
  return address;
}

std::string local_endpoint(const ListenAddress& address, std::string_view scheme) {
  std::string host = address.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return std::string(scheme) + "://" + host + ":" + std::to_string(address.port);
}

}  // namespace syncline::service
