#include "core/clock.h"

#include <gtest/gtest.h>

#include <set>

namespace syncline {
namespace {

TEST(SystemClock, MonotonicNeverGoesBack) {
  SystemClock clock;
  auto last = clock.monotonic();
  for (int i = 0; i < 1'000; ++i) {
    const auto now = clock.monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemClock, WallIsThisCentury) {
  EXPECT_GT(SystemClock().wall(), Timestamp(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)));
  EXPECT_LT(SystemClock().wall(), Timestamp(std::chrono::sys_days(std::chrono::year(2100) / 1 / 1)));
}

TEST(SystemRandom, TwoDevicesDoNotDrawAlike) {
  SystemRandom one;
  SystemRandom other;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) {
    seen.insert(one.next());
    seen.insert(other.next());
  }
  EXPECT_EQ(seen.size(), 2'000U);
}

}  // namespace
}  // namespace syncline
