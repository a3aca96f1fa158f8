#include "engine/backoff.h"

#include <algorithm>

namespace syncline::engine {

std::chrono::milliseconds backoff_delay(const BackoffLimits& limits, int failures,
                                        std::optional<std::chrono::milliseconds> retry_after, Random& random) {
  auto ceiling = std::min(limits.first, limits.longest);
  for (int i = 1; i < failures && ceiling.count() > 0 && ceiling < limits.longest; ++i) {
    ceiling = ceiling > limits.longest / 2 ? limits.longest : ceiling * 2;  // never overflows
  }
  const auto choices = static_cast<std::uint64_t>(std::max<std::chrono::milliseconds::rep>(ceiling.count(), 0)) + 1;
  const std::chrono::milliseconds jittered(static_cast<std::chrono::milliseconds::rep>(random.next() % choices));
  const auto asked = std::min(retry_after.value_or(std::chrono::milliseconds{0}), limits.longest);
  return std::max({jittered, asked, limits.shortest});
}

}  // namespace syncline::engine
