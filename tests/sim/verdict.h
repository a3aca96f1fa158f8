// The first thing that a history did wrong. [one thread]
#pragma once

#include <string>
#include <utility>

#include "sim/trace.h"

namespace syncline::sim {

class Verdict {
 public:
  explicit Verdict(Trace& trace) : trace_(trace) {}

  // `guarantee`: a number of guarantees.md.
  void fail(const std::string& guarantee, const std::string& what) {
    trace_.line("VIOLATION " + guarantee + ": " + what);
    if (!violation_.empty()) return;
    guarantee_ = guarantee;
    violation_ = what;
  }
  void require(bool holds, const char* guarantee, const std::string& what) {
    if (!holds) fail(guarantee, what);
  }
  [[nodiscard]] bool failed() const { return !violation_.empty(); }
  [[nodiscard]] const std::string& guarantee() const { return guarantee_; }
  [[nodiscard]] const std::string& violation() const { return violation_; }

 private:
  Trace& trace_;
  std::string guarantee_;
  std::string violation_;
};

}  // namespace syncline::sim
