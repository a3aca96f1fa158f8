// Goes through a small world: breadth first over all states, or along random ways. [one thread]
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "small_worlds/world.h"

namespace syncline::small {

struct Explored {
  std::uint64_t states = 0;
  std::uint64_t settled = 0;     // states from which a settling run was made
  std::string violation = {};    // empty: none
  std::vector<Action> way = {};  // to the violation
};

// Every state that can be reached, each once; stops at the first violation, which then has the shortest way there.
Explored explore(const Budget& budget);

// `steps` random actions from the beginning, then a settling run; the same seed goes the same way. A way to a violation
// is shrunk: no action can be left out of it.
Explored wander(const Budget& budget, std::uint64_t seed, int steps);

}  // namespace syncline::small
