#include "service/rate_limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "core/text.h"

namespace syncline::service {

namespace {

constexpr std::size_t kBytesForAToken = std::size_t{64} << 10U;

Result<void> verdict(const std::optional<std::chrono::nanoseconds>& wait, const Rate& rate, std::string_view of) {
  if (!wait) return {};
  return Error{.code = ErrorCode::kTooManyRequests,
               .message = "Rate exceeded: at most " + std::to_string(rate.per_second) + " calls a second " +
                          std::string(of) + ", and " + std::to_string(rate.burst) + " at once",
               .retry_after = std::chrono::ceil<std::chrono::milliseconds>(*wait)};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Anything that is no IPv6 address stays as it is.
std::string network_of(std::string_view address) {
  static constexpr std::size_t kSubscriberBytes = 8;
  std::string text(address.substr(0, address.find('%')));  // without the interface of a link-local one
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  const auto in6 = [&bytes] {
    in6_addr copy{};
    std::copy(bytes.begin(), bytes.end(), static_cast<unsigned char*>(copy.s6_addr));
    return copy;
  }();
  std::array<char, INET6_ADDRSTRLEN> name{};
  if (IN6_IS_ADDR_V4MAPPED(&in6)) {
    ::inet_ntop(AF_INET, bytes.data() + 12, name.data(), static_cast<socklen_t>(name.size()));
    return name.data();
  }
  std::fill(bytes.begin() + kSubscriberBytes, bytes.end(), static_cast<unsigned char>(0));
  ::inet_ntop(AF_INET6, bytes.data(), name.data(), static_cast<socklen_t>(name.size()));
  return std::string(name.data()) + "/64";
}

}  // namespace

RateLimiter::RateLimiter(RateLimits limits, Clock& clock, std::uint64_t seed)
    : limits_(std::move(limits)),
      clock_(clock),
      identities_(limits_.identity, seed),
      addresses_(limits_.address, seed + 1),
      unsigned_calls_(limits_.unsigned_calls, seed + 2) {}

std::string RateLimiter::caller_of(std::string_view remote_address, const Headers& headers) const {
  // An IPv4 proxy reaches a socket for both as ::ffff:A.B.C.D.
  const auto is_proxy = [this](std::string_view address) {
    static constexpr std::string_view kMapped = "::ffff:";
    if (address.starts_with(kMapped)) address.remove_prefix(kMapped.size());
    return std::find(limits_.proxies.begin(), limits_.proxies.end(), address) != limits_.proxies.end();
  };
  if (!is_proxy(remote_address)) return network_of(remote_address);
  // Several lines are one list: some proxies write what they add on a line of its own.
  std::string forwarded;
  for (const Header& header : headers) {
    if (equal_ignoring_case(header.name, "X-Forwarded-For")) forwarded += "," + header.value;
  }
  std::string_view left = forwarded;
  // Each proxy adds whom it was called by; what stands before the first that is not ours, anybody may have written.
  while (!left.empty()) {
    const auto comma = left.rfind(',');
    const std::string_view last = trimmed(comma == std::string_view::npos ? left : left.substr(comma + 1));
    if (!last.empty() && !is_proxy(last)) return network_of(last);
    left = comma == std::string_view::npos ? std::string_view() : left.substr(0, comma);
  }
  return {};
}

Result<void> RateLimiter::admit_address(std::string_view caller) {
  if (caller.empty()) return {};
  return verdict(addresses_.take(caller, clock_.monotonic()), limits_.address, "from one address");
}

Result<void> RateLimiter::admit_unsigned(std::string_view caller) {
  if (caller.empty()) return {};
  return verdict(unsigned_calls_.take(caller, clock_.monotonic()), limits_.unsigned_calls,
                 "without a signature from one address");
}

Result<void> RateLimiter::admit_identity(std::string_view identity) {
  return verdict(identities_.take(identity, clock_.monotonic()), limits_.identity, "of one identity");
}

void RateLimiter::forgive_address(std::string_view caller) {
  if (!caller.empty()) addresses_.give_back(caller, clock_.monotonic());
}

void RateLimiter::charge_bytes(std::string_view identity, std::size_t bytes) {
  identities_.charge(identity, static_cast<std::int64_t>(bytes / kBytesForAToken), clock_.monotonic());
}

}  // namespace syncline::service
