// Strict reading of what a scenario file says: an argument or field that nobody asks for is an error, since a scenario
// that silently checks nothing is worse than none. [one thread]
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace syncline::scenario {

using Json = nlohmann::ordered_json;

// The file is wrong: it says something that has no meaning here.
struct BadScenario : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The file is right and Syncline did something else.
struct Mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A key or a value: a string, or {"repeat": "x", "times": 3}.
std::string text_of(const Json& json);
// The same, and null for a removed or absent one.
std::optional<std::string> value_of(const Json& json);
Json to_json(const std::optional<std::string>& value);
// As JSON on one line, for messages; what is long is cut.
std::string shown(const Json& json);

// An object whose fields are each asked for by name.
class Fields {
 public:
  explicit Fields(Json object = Json::object());

  // nullptr: the field is absent.
  const Json* find(std::string_view name);
  std::int64_t number(std::string_view name, std::int64_t otherwise);
  std::string word(std::string_view name, std::string otherwise);
  bool flag(std::string_view name);
  // Fails if a field is left that nobody asked for.
  void done() const;

 private:
  Json object_;
  std::set<std::string, std::less<>> asked_;
};

// What follows subject and verb in a step: arguments by position, then maybe an object with details.
class Arguments {
 public:
  explicit Arguments(const Json& step) : step_(step) {}

  // `what` names it, for the message if it is missing.
  const Json& next(std::string_view what);
  std::string text(std::string_view what) { return text_of(next(what)); }
  std::string word(std::string_view what);
  std::int64_t number(std::string_view what);
  // To be called after the last next().
  Fields& details();
  void done();

 private:
  const Json& step_;
  std::size_t position_ = 2;
  std::optional<Fields> details_;
};

// Fails with a Mismatch that names the entries of two objects that differ.
void check_same(std::string_view what, const Json& expected, const Json& found);

}  // namespace syncline::scenario
