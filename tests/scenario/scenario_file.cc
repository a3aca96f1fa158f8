#include "scenario/scenario_file.h"

#include <charconv>
#include <fstream>

namespace syncline::scenario {

namespace {

// guarantees.md's numbers.
constexpr int kDeviceGuarantees = 20;
constexpr int kServiceGuarantees = 10;
constexpr int kCases = 25;

bool numbered(std::string_view name, std::string_view prefix, int last) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc{} && end == name.data() + name.size() && number >= 1 && number <= last;
}

void check_guarantees(const Json* names) {
  if (names == nullptr || !names->is_array() || names->empty()) throw BadScenario("it names no guarantees");
  for (const Json& name : *names) {
    const std::string text = text_of(name);
    if (numbered(text, "D", kDeviceGuarantees) || numbered(text, "S", kServiceGuarantees)) continue;
    if (!numbered(text, "case ", kCases)) throw BadScenario("unknown guarantee \"" + text + "\"");
  }
}

}  // namespace

ScenarioFile load_scenario(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw BadScenario("can't be read");
  Json json;
  try {
    json = Json::parse(file);
  } catch (const Json::parse_error& error) {
    throw BadScenario(error.what());
  }
  Fields head(json);
  ScenarioFile scenario{.title = head.word("title", "")};
  if (scenario.title.empty()) throw BadScenario("it has no title");
  check_guarantees(head.find("guarantees"));
  const std::string end = head.word("at_the_end", "all are equal");
  scenario.conflicts_stay = end == "conflicts wait";
  if (!scenario.conflicts_stay && end != "all are equal") throw BadScenario("unknown end \"" + end + "\"");
  const Json* steps = head.find("steps");
  if (steps == nullptr || !steps->is_array() || steps->empty()) throw BadScenario("it has no steps");
  scenario.steps.assign(steps->begin(), steps->end());
  head.done();
  return scenario;
}

}  // namespace syncline::scenario
