// How often whom may call (S10): a token bucket for each identity, for each address, and one more for what an address
// calls unsigned. Memory is bounded (token_buckets.h). [any thread] [never blocks]
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/http.h"
#include "service/token_buckets.h"
#include "syncline/result.h"

namespace syncline::service {

struct RateLimits {
  Rate identity = {};        // of calls that it signed
  Rate address = {};         // of all calls but a developer's
  Rate unsigned_calls = {};  // of an address: GetId makes an identity at each
  // Proxies before this service: a call of theirs counts for the address that X-Forwarded-For names last, and for
  // nobody's without it.
  std::vector<std::string> proxies = {};
};

class RateLimiter {
 public:
  RateLimiter(RateLimits limits, Clock& clock, std::uint64_t seed);

  // Whom a request counts for: an IPv4 address, an IPv6 network of 64 bits (one subscriber has all of it), or what the
  // proxy says. Empty: nobody.
  [[nodiscard]] std::string caller_of(std::string_view remote_address, const Headers& headers) const;

  // Errors: kTooManyRequests with retry_after, naming the limit. `caller` as above; an empty one always passes.
  Result<void> admit_address(std::string_view caller);
  Result<void> admit_unsigned(std::string_view caller);
  Result<void> admit_identity(std::string_view identity);
  // A call of a developer's does not count for its address.
  void forgive_address(std::string_view caller);
  // An identity's call counts once more for each 64 KiB that it moved.
  void charge_bytes(std::string_view identity, std::size_t bytes);

 private:
  RateLimits limits_;
  Clock& clock_;
  TokenBuckets identities_;
  TokenBuckets addresses_;
  TokenBuckets unsigned_calls_;
};

}  // namespace syncline::service
