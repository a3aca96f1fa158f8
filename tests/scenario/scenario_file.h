// A scenario file: its head, checked, and its steps, still to be read one by one. Format: README.md.
#pragma once

#include <string>
#include <vector>

#include "scenario/fields.h"

namespace syncline::scenario {

struct ScenarioFile {
  std::string title;
  bool conflicts_stay = false;  // "at_the_end": "conflicts wait"
  std::vector<Json> steps;
};

// Throws BadScenario, naming what is wrong.
ScenarioFile load_scenario(const std::string& path);

}  // namespace syncline::scenario
