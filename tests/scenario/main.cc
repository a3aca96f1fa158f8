// scenario_runner FILE...: runs scenario files, each in a world of its own. Exit status: 0 all held, 1 one did not, 2
// usage.
#include <exception>
#include <iostream>

#include "scenario/scenario_file.h"
#include "scenario/world.h"

namespace syncline::scenario {

namespace {

bool run_file(const std::string& path) {
  try {
    const ScenarioFile scenario = load_scenario(path);
    World world;
    world.run(scenario.steps);
    world.settle(scenario.conflicts_stay);
    std::cout << "ok    " << path << ": " << scenario.title << '\n';
    return true;
  } catch (const BadScenario& bad) {
    std::cout << "BAD   " << path << ": " << bad.what() << '\n';
  } catch (const Mismatch& mismatch) {
    std::cout << "FAIL  " << path << ": " << mismatch.what() << '\n';
  } catch (const std::exception& other) {
    std::cout << "BAD   " << path << ": " << other.what() << '\n';
  }
  return false;
}

}  // namespace

}  // namespace syncline::scenario

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: scenario_runner FILE...\n";
    return 2;
  }
  bool all_held = true;
  for (int i = 1; i < count; ++i) all_held = syncline::scenario::run_file(arguments[i]) && all_held;
  return all_held ? 0 : 1;
}
