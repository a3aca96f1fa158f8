// Back-off: bounds, jitter, Retry-After, and numbers that would overflow.
#include "engine/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "support/fake_random.h"

namespace syncline::engine {
namespace {

using std::chrono::milliseconds;
using testing::FakeRandom;

constexpr BackoffLimits kLimits{.first = milliseconds{500}, .longest = milliseconds{30'000}};

// The longest of many draws: close to the ceiling, as the jitter is over the whole range.
milliseconds longest_of_many(int failures) {
  FakeRandom random(7);
  milliseconds longest{0};
  for (int i = 0; i < 20'000; ++i) longest = std::max(longest, backoff_delay(kLimits, failures, std::nullopt, random));
  return longest;
}

TEST(Backoff, TheCeilingDoublesUpToTheLongest) {
  const milliseconds ceilings[] = {milliseconds{500},    milliseconds{1'000}, milliseconds{2'000},
                                   milliseconds{4'000},  milliseconds{8'000}, milliseconds{16'000},
                                   milliseconds{30'000}, milliseconds{30'000}};
  int failures = 1;
  for (const auto ceiling : ceilings) {
    const auto longest = longest_of_many(failures++);
    EXPECT_LE(longest, ceiling);
    EXPECT_GE(longest, ceiling * 99 / 100);
  }
}

TEST(Backoff, TheWholeRangeIsReachedBothEndsIncluded) {
  FakeRandom random;
  random.prepare({0, 500, 501, std::numeric_limits<std::uint64_t>::max()});
  EXPECT_EQ(backoff_delay(kLimits, 1, std::nullopt, random), milliseconds{0});
  EXPECT_EQ(backoff_delay(kLimits, 1, std::nullopt, random), milliseconds{500});
  EXPECT_EQ(backoff_delay(kLimits, 1, std::nullopt, random), milliseconds{0});
  EXPECT_LE(backoff_delay(kLimits, 1, std::nullopt, random), milliseconds{500});
}

TEST(Backoff, AFleetIsSpreadOut) {
  std::set<milliseconds> delays;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    FakeRandom random(seed);
    delays.insert(backoff_delay(kLimits, 7, std::nullopt, random));
  }
  EXPECT_GT(delays.size(), 90U);
}

TEST(Backoff, RetryAfterIsALowerBoundCutAtTheLongest) {
  FakeRandom random;
  random.prepare({0, 500, 0, 0});
  EXPECT_EQ(backoff_delay(kLimits, 1, milliseconds{200}, random), milliseconds{200});
  EXPECT_EQ(backoff_delay(kLimits, 1, milliseconds{200}, random), milliseconds{500});
  EXPECT_EQ(backoff_delay(kLimits, 1, milliseconds{86'400'000}, random), milliseconds{30'000});
  EXPECT_EQ(backoff_delay(kLimits, 1, milliseconds{-5}, random), milliseconds{0});
}

TEST(Backoff, ManyFailuresAndHugeLimitsDoNotOverflow) {
  FakeRandom random;
  EXPECT_LE(backoff_delay(kLimits, std::numeric_limits<int>::max(), std::nullopt, random), milliseconds{30'000});
  const BackoffLimits huge{.first = milliseconds{1}, .longest = milliseconds::max()};
  for (int failures = 1; failures < 200; ++failures) {
    const auto delay = backoff_delay(huge, failures, std::nullopt, random);
    EXPECT_GE(delay, milliseconds{0});
  }
}

TEST(Backoff, OddArgumentsStillGiveADelay) {
  FakeRandom random;
  EXPECT_LE(backoff_delay(kLimits, 0, std::nullopt, random), milliseconds{500});
  EXPECT_LE(backoff_delay(kLimits, -3, std::nullopt, random), milliseconds{500});
  const BackoffLimits none{.first = milliseconds{0}, .longest = milliseconds{0}};
  EXPECT_EQ(backoff_delay(none, 5, std::nullopt, random), milliseconds{0});
  EXPECT_EQ(backoff_delay(none, 5, milliseconds{100}, random), milliseconds{0});
  const BackoffLimits no_first{.first = milliseconds{0}, .longest = milliseconds{30'000}};
  EXPECT_EQ(backoff_delay(no_first, std::numeric_limits<int>::max(), std::nullopt, random), milliseconds{0});
  const BackoffLimits first_above_longest{.first = milliseconds{100}, .longest = milliseconds{10}};
  EXPECT_LE(backoff_delay(first_above_longest, 3, std::nullopt, random), milliseconds{10});
}

}  // namespace
}  // namespace syncline::engine
