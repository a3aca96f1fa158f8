// A Clock that stands still until a test moves it. [any thread]
#pragma once

#include <atomic>
#include <chrono>

#include "core/clock.h"

namespace syncline::testing {

class FakeClock final : public Clock {
 public:
  FakeClock() = default;
  explicit FakeClock(Timestamp wall) : wall_(wall) {}

  Timestamp wall() override { return wall_.load(); }
  MonotonicTime monotonic() override { return monotonic_.load(); }

  // Time passes: both clocks go on. Never negative.
  void advance(std::chrono::milliseconds passed) {
    wall_.store(wall_.load() + passed);
    monotonic_.store(monotonic_.load() + passed);
  }
  // Somebody sets the wall clock, to any moment; the monotonic one does not notice (D16).
  void set_wall(Timestamp wall) { wall_.store(wall); }
  // For tests that hand a moment of their own to tick(); must not go back.
  void set_monotonic(MonotonicTime moment) { monotonic_.store(moment); }

 private:
  // 2024-01-01T00:00:00Z, and an hour after boot: neither is a zero that could pass for "not set".
  std::atomic<Timestamp> wall_{Timestamp{std::chrono::seconds{1'704'067'200}}};
  std::atomic<MonotonicTime> monotonic_{MonotonicTime{std::chrono::hours{1}}};
};

}  // namespace syncline::testing
