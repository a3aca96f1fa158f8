#include "scenario/fields.h"

#include <utility>

namespace syncline::scenario {

namespace {

constexpr std::size_t kLongestShown = 160;

[[noreturn]] void wrong_type(std::string_view name, const char* wanted, const Json& found) {
  throw BadScenario("\"" + std::string(name) + "\" must be " + wanted + ", not " + shown(found));
}

}  // namespace

std::string text_of(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_object()) throw BadScenario("not a text: " + shown(json));
  Fields fields(json);
  const std::string part = fields.word("repeat", "");
  const std::int64_t times = fields.number("times", 0);
  fields.done();
  std::string text;
  for (std::int64_t i = 0; i < times; ++i) text += part;
  if (text.empty()) throw BadScenario("not a text: " + shown(json));
  return text;
}

std::optional<std::string> value_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return text_of(json);
}

Json to_json(const std::optional<std::string>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string shown(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kLongestShown) return text;
  return text.substr(0, kLongestShown) + "... (" + std::to_string(text.size()) + " bytes)";
}

// --- Fields -------------------------------------------------------------------------------------------------------

Fields::Fields(Json object) : object_(std::move(object)) {
  if (!object_.is_object()) throw BadScenario("not an object: " + shown(object_));
}

const Json* Fields::find(std::string_view name) {
  asked_.emplace(name);
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

std::int64_t Fields::number(std::string_view name, std::int64_t otherwise) {
  const Json* json = find(name);
  if (json == nullptr) return otherwise;
  if (!json->is_number_integer()) wrong_type(name, "a whole number", *json);
  return json->get<std::int64_t>();
}

std::string Fields::word(std::string_view name, std::string otherwise) {
  const Json* json = find(name);
  if (json == nullptr) return otherwise;
  if (!json->is_string()) wrong_type(name, "a string", *json);
  return json->get<std::string>();
}

bool Fields::flag(std::string_view name) {
  const Json* json = find(name);
  if (json == nullptr) return false;
  if (!json->is_boolean()) wrong_type(name, "true or false", *json);
  return json->get<bool>();
}

void Fields::done() const {
  for (const auto& [name, value] : object_.items()) {
    if (!asked_.contains(name)) throw BadScenario("unknown field \"" + name + "\"");
  }
}

// --- Arguments ----------------------------------------------------------------------------------------------------

const Json& Arguments::next(std::string_view what) {
  if (position_ >= step_.size()) throw BadScenario("lacks its " + std::string(what));
  return step_.at(position_++);
}

std::string Arguments::word(std::string_view what) {
  const Json& json = next(what);
  if (!json.is_string()) wrong_type(what, "a string", json);
  return json.get<std::string>();
}

std::int64_t Arguments::number(std::string_view what) {
  const Json& json = next(what);
  if (!json.is_number_integer()) wrong_type(what, "a whole number", json);
  return json.get<std::int64_t>();
}

Fields& Arguments::details() {
  if (!details_) details_ = position_ < step_.size() ? Fields(step_.at(position_++)) : Fields();
  return *details_;
}

void Arguments::done() {
  if (position_ < step_.size()) throw BadScenario("one argument too many: " + shown(step_.at(position_)));
  if (details_) details_->done();
}

// --- comparison ---------------------------------------------------------------------------------------------------

void check_same(std::string_view what, const Json& expected, const Json& found) {
  std::string differences;
  for (const auto& [name, value] : expected.items()) {
    const auto other = found.find(name);
    if (other == found.end()) {
      differences += "\n    " + name + ": expected " + shown(value) + ", found nothing";
    } else if (*other != value) {
      differences += "\n    " + name + ": expected " + shown(value) + ", found " + shown(*other);
    }
  }
  for (const auto& [name, value] : found.items()) {
    if (!expected.contains(name)) differences += "\n    " + name + ": expected nothing, found " + shown(value);
  }
  if (!differences.empty()) throw Mismatch(std::string(what) + ":" + differences);
}

}  // namespace syncline::scenario
