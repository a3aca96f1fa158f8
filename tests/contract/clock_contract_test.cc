// What everybody may expect of a Clock, real or fake.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/clock.h"
#include "support/fake_clock.h"

namespace syncline {
namespace {

struct ClockUnderTest {
  std::string name;
  std::function<std::unique_ptr<Clock>()> make;
};

class ClockContract : public ::testing::TestWithParam<ClockUnderTest> {
 protected:
  const std::unique_ptr<Clock> clock_ = GetParam().make();
};

TEST_P(ClockContract, MonotonicTimeNeverGoesBack) {
  MonotonicTime last = clock_->monotonic();
  for (int i = 0; i < 10'000; ++i) {
    const MonotonicTime now = clock_->monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST_P(ClockContract, WallTimeIsADateInUse) {
  EXPECT_GT(clock_->wall(), Timestamp{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}});
  EXPECT_LT(clock_->wall(), Timestamp{std::chrono::sys_days{std::chrono::year{2200} / 1 / 1}});
}

TEST_P(ClockContract, MonotonicTimeIsNotZero) {  // which callers may use for "never"
  EXPECT_GT(clock_->monotonic().time_since_epoch().count(), 0);
}

INSTANTIATE_TEST_SUITE_P(Clocks, ClockContract,
                         ::testing::Values(ClockUnderTest{"System", [] { return std::make_unique<SystemClock>(); }},
                                           ClockUnderTest{"Fake",
                                                          [] { return std::make_unique<testing::FakeClock>(); }}),
                         [](const auto& each) { return each.param.name; });

TEST(SystemClock, GoesOn) {
  SystemClock clock;
  const MonotonicTime start = clock.monotonic();
  while (clock.monotonic() == start) {
  }
  EXPECT_GT(clock.monotonic(), start);
}

TEST(FakeClock, StandsStillUntilItIsMoved) {
  testing::FakeClock clock;
  const auto wall = clock.wall();
  const auto monotonic = clock.monotonic();
  EXPECT_EQ(clock.wall(), wall);
  clock.advance(std::chrono::seconds{5});
  EXPECT_EQ(clock.wall() - wall, std::chrono::seconds{5});
  EXPECT_EQ(clock.monotonic() - monotonic, std::chrono::seconds{5});
}

TEST(FakeClock, SettingTheWallLeavesTheMonotonicAlone) {
  testing::FakeClock clock;
  const auto monotonic = clock.monotonic();
  clock.set_wall(clock.wall() - std::chrono::hours{1});
  EXPECT_EQ(clock.monotonic(), monotonic);
}

}  // namespace
}  // namespace syncline
