// A Random whose numbers a test knows: those it was given, then a sequence that follows from the seed. [one thread]
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "core/clock.h"

namespace syncline::testing {

class FakeRandom final : public Random {
 public:
  explicit FakeRandom(std::uint64_t seed = 1) : state_(seed) {}

  // Numbers that come before all others, in this order.
  void prepare(std::deque<std::uint64_t> numbers) { prepared_ = std::move(numbers); }

  std::uint64_t next() override {
    if (!prepared_.empty()) {
      const std::uint64_t number = prepared_.front();
      prepared_.pop_front();
      return number;
    }
    // SplitMix64 (Steele, Lea, Flood 2014): the same everywhere, unlike the standard library's distributions.
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

 private:
  std::uint64_t state_;
  std::deque<std::uint64_t> prepared_;
};

}  // namespace syncline::testing
