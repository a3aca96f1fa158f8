// Which points of a call fail in turn.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace syncline::fault {

// With SYNCLINE_FAULTS=all in the environment, no point is passed over.
inline bool all_points() {
  const char* faults = std::getenv("SYNCLINE_FAULTS");
  return faults != nullptr && std::string_view(faults) == "all";
}

// The point after this one: the next, or from the 12th on, where a sanitizer makes each take ten times as long, one
// `step` away (SYNCLINE_FAULT_STEP, CMakeLists.txt).
inline std::uint64_t next_point(std::uint64_t point) {
  constexpr std::uint64_t kEachOne = 12;
  return point + (point < kEachOne || all_points() ? 1 : SYNCLINE_FAULT_STEP);
}

}  // namespace syncline::fault
