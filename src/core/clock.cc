#include "core/clock.h"

#include <random>

namespace syncline {

Timestamp SystemClock::wall() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

MonotonicTime SystemClock::monotonic() {
  return std::chrono::steady_clock::now();
}

SystemRandom::SystemRandom() {
  std::random_device device;
  state_ = (static_cast<std::uint64_t>(device()) << 32U) | device();
}

// SplitMix64 (Steele, Lea, Flood 2014): spreads devices' back-off; nothing secret hangs on it.
std::uint64_t SystemRandom::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31U);
}

}  // namespace syncline
