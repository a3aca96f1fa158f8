#include "net/endpoint.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/text.h"

namespace syncline::net {

namespace {

// A part before '@' may be a password, so that such an endpoint is not shown at all.
Error invalid(std::string_view endpoint, std::string_view what) {
  static constexpr std::size_t kShown = 200;
  const bool printable = std::all_of(endpoint.begin(), endpoint.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  const bool show = printable && endpoint.find('@') == std::string_view::npos;
  const std::string shown = show ? " '" + std::string(endpoint.substr(0, kShown)) + "'" : "";
  return Error{.code = ErrorCode::kInvalidArgument, .message = "endpoint" + shown + " " + std::string(what)};
}

bool all(std::string_view text, bool (*allowed)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
}

bool is_ipv6_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

// `host` in lower case. Names as in RFC 3986, section 3.2.2, without percent-encoding; IPv6 in brackets.
bool is_host(std::string_view host) {
  if (!host.starts_with('[')) return all(host, is_name_character);
  return host.size() > 2 && host.ends_with(']') && all(host.substr(1, host.size() - 2), is_ipv6_character);
}

bool is_loopback(std::string_view host) {
  const auto is_address_character = [](char c) { return is_digit(c) || c == '.'; };
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && all(host, is_address_character));
}

std::optional<int> parse_port(std::string_view text) {
  static constexpr std::size_t kMostDigits = 5;
  static constexpr int kHighest = 65535;
  if (!all(text, is_digit) || text.size() > kMostDigits) return std::nullopt;
  int port = 0;
  for (const char digit : text) port = port * 10 + (digit - '0');
  if (port < 1 || port > kHighest) return std::nullopt;
  return port;
}

struct Authority {
  std::string host;
  std::optional<std::string_view> port;
};

Authority split_authority(std::string_view text) {
  const auto bracket = text.rfind(']');
  const auto colon = bracket == std::string_view::npos ? text.rfind(':') : text.find(':', bracket);
  if (colon == std::string_view::npos) return {.host = ascii_lower(text), .port = std::nullopt};
  return {.host = ascii_lower(text.substr(0, colon)), .port = text.substr(colon + 1)};
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  static constexpr std::string_view kSeparator = "://";
  static constexpr int kHttpPort = 80;
  static constexpr int kHttpsPort = 443;
  const auto separator = text.find(kSeparator);
  const std::string scheme = ascii_lower(text.substr(0, separator));
  if (separator == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return invalid(text, "does not start with http:// or https://");
  }
  std::string_view rest = text.substr(separator + kSeparator.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos) return invalid(text, "has a path, query or fragment");
  if (rest.find('@') != std::string_view::npos) return invalid(text, "has user info (what is before '@')");

  const Authority authority = split_authority(rest);
  if (authority.host.empty()) return invalid(text, "has no host");
  if (!is_host(authority.host)) return invalid(text, "has a host that is no name and no address");
  const bool tls = scheme == "https";
  const int default_port = tls ? kHttpsPort : kHttpPort;
  const auto port = authority.port ? parse_port(*authority.port) : default_port;
  if (!port) return invalid(text, "has a port that is not 1 to 65535");

  Endpoint endpoint{.tls = tls, .loopback = is_loopback(authority.host), .authority = authority.host, .base = {}};
  if (*port != default_port) endpoint.authority += ":" + std::to_string(*port);
  endpoint.base = scheme + "://" + endpoint.authority;
  return endpoint;
}

}  // namespace syncline::net
