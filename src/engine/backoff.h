// How long to wait before another attempt: exponential, with full jitter, so that a fleet does not come back at once; a
// Retry-After of the service is obeyed, up to the longest delay. [any thread]
#pragma once

#include <chrono>
#include <optional>

#include "core/clock.h"

namespace syncline::engine {

// Where nobody counts the attempts, whatever the options say: no busy loop.
inline constexpr std::chrono::milliseconds kShortestEndlessDelay{100};

struct BackoffLimits {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{30'000};
  std::chrono::milliseconds shortest{0};
};

// `failures`: attempts that have failed so far, at least 1. Uniform over [0, min(longest, first * 2^(failures-1))], but
// never below `shortest`, nor below `retry_after` (itself cut at the longest delay).
std::chrono::milliseconds backoff_delay(const BackoffLimits& limits, int failures,
                                        std::optional<std::chrono::milliseconds> retry_after, Random& random);

}  // namespace syncline::engine
