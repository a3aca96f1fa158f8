// The seams for time and chance: everything that needs either takes one of these, so that a test decides both.
#pragma once

#include <cstdint>

#include "syncline/values.h"

namespace syncline {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp wall() = 0;           // may jump, may be wrong by years
  virtual MonotonicTime monotonic() = 0;  // never goes back
};

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  // uniform over all values
};

class SystemClock final : public Clock {
 public:
  Timestamp wall() override;
  MonotonicTime monotonic() override;
};

// [one thread]
class SystemRandom final : public Random {
 public:
  SystemRandom();
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

}  // namespace syncline
