// What a seed decides. Own arithmetic: the standard library's distributions differ between its versions. [one thread]
#pragma once

#include <cstdint>

#include "support/fake_random.h"

namespace syncline::sim {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  std::uint64_t next() { return random_.next(); }
  // 0 .. n-1; n is at least 1.
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n)); }
  std::int64_t between(std::int64_t least, std::int64_t most) { return least + below(most - least + 1); }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  bool percent(std::int64_t of_hundred) { return below(100) < of_hundred; }

 private:
  testing::FakeRandom random_;
};

// A number that depends on the three alone, whatever else was drawn: what is left of a shrunk history keeps its
// chances.
inline std::uint64_t drawn(std::uint64_t seed, std::uint64_t what, std::uint64_t number) {
  Chance chance(seed ^ (what * 0x9e3779b97f4a7c15U) ^ (number * 0xd1b54a32d192ed03U));
  chance.next();
  return chance.next();
}

}  // namespace syncline::sim
