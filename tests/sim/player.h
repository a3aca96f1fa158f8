// Plays histories with connections to SQLite that have their statements compiled (warm_connections.h); one in 32 with
// those that it opens itself. [one thread]
#pragma once

#include <cstdint>
#include <string>

#include "sim/plan.h"
#include "sim/templates.h"

namespace syncline::sim {

struct Outcome {
  std::string guarantee;  // empty: nothing was violated
  std::string violation;
  std::uint64_t hash = 0;
};

class Player {
 public:
  // `root`: a directory of the real file system, for lock files; the same for all histories. Throws std::runtime_error.
  explicit Player(std::string root);
  // The same plan has the same outcome, whatever was played before.
  [[nodiscard]] Outcome play(const Plan& plan, bool print) const;

 private:
  [[nodiscard]] Outcome play_here(const Plan& plan, bool print) const;

  std::string root_;
  Templates templates_;
};

}  // namespace syncline::sim
