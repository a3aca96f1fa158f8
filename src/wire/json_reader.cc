#include "wire/json_reader.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace syncline::wire {

namespace {

using nlohmann::json;

// 0001-01-01T00:00:00Z and the end of 9999: what every calendar type can show.
constexpr double kFirstSecond = -62'135'596'800.0;
constexpr double kLastSecond = 253'402'300'799.999;
// From here on doubles are no longer whole-number exact.
constexpr double kLastExactCount = 9'007'199'254'740'992.0;

struct ToSeconds {
  std::optional<double> operator()(std::int64_t value) const { return static_cast<double>(value); }
  std::optional<double> operator()(std::uint64_t value) const { return static_cast<double>(value); }
  std::optional<double> operator()(double value) const { return value; }
  std::optional<double> operator()(bool /*value*/) const { return std::nullopt; }
  std::optional<double> operator()(const std::string* /*value*/) const { return std::nullopt; }
};

// nlohmann's SAX interface, which is called by a parser that keeps its own stack: depth costs a bit a level.
class MessageSax {
 public:
  MessageSax(ObjectReader& message, std::span<const Nested> nested) : message_(message), nested_(nested) {}

  [[nodiscard]] std::optional<Problem> take_problem() { return std::move(problem_); }

  bool null() {
    if (skipped_depth_ > 0) return true;
    if (place_ == Place::kOutside) return no_object();
    return place_ != Place::kList || wrong_entry();
  }
  bool boolean(bool value) { return scalar(Scalar(value)); }
  bool number_integer(std::int64_t value) { return scalar(Scalar(value)); }
  bool number_unsigned(std::uint64_t value) { return scalar(Scalar(value)); }
  bool number_float(double value, const std::string& /*text*/) { return scalar(Scalar(value)); }
  bool string(const std::string& value) { return scalar(Scalar(&value)); }
  bool binary(const json::binary_t& /*value*/) { return true; }

  bool key(const std::string& name) {
    if (skipped_depth_ > 0) return true;
    field_ = object().find(name);
    if (place_ == Place::kMessage) child_ = find_nested(name);
    return true;
  }

  bool start_object(std::size_t /*size*/) {
    if (skipped_depth_ > 0) return skip_deeper();
    if (place_ == Place::kOutside) return enter(Place::kMessage, message_);
    if (place_ == Place::kMessage && child_ != nullptr) {
      if (child_->kind != Nested::Kind::kObject) return wrong("an array");
      return enter(Place::kObject, *child_->objects);
    }
    if (place_ == Place::kList) {
      if (child_->kind != Nested::Kind::kObjects) return wrong_entry();
      return next_of_list() && enter(Place::kObject, *child_->objects);
    }
    return container_as_scalar();
  }

  bool end_object() {
    if (skipped_depth_ > 0) return skip_higher();
    if (const auto missing = object().missing(); !missing.empty()) {
      return fail(Problem::Kind::kWrongField, path() + std::string(missing) + " is missing");
    }
    if (place_ == Place::kMessage) {
      place_ = Place::kOutside;
    } else {
      place_ = child_->kind == Nested::Kind::kObjects ? Place::kList : Place::kMessage;
    }
    return true;
  }

  bool start_array(std::size_t /*size*/) {
    if (skipped_depth_ > 0) return skip_deeper();
    if (place_ == Place::kOutside) return no_object();
    if (place_ == Place::kMessage && child_ != nullptr) {
      if (child_->kind == Nested::Kind::kObject) return wrong("an object");
      place_ = Place::kList;
      listed_ = 0;
      if (child_->objects != nullptr) child_->objects->start_list();
      if (child_->texts != nullptr) child_->texts->clear();
      return true;
    }
    if (place_ == Place::kList) return wrong_entry();
    return container_as_scalar();
  }

  bool end_array() {
    if (skipped_depth_ > 0) return skip_higher();
    place_ = Place::kMessage;
    return true;
  }

  // The library's own words quote the text, which may hold a record's value; the position is enough.
  bool parse_error(std::size_t position, const std::string& /*token*/, const json::exception& /*error*/) {
    return fail(Problem::Kind::kNoJson, "no JSON in UTF-8, or cut off, at byte " + std::to_string(position));
  }

 private:
  enum class Place : std::uint8_t { kOutside, kMessage, kList, kObject };

  ObjectReader& object() { return place_ == Place::kObject ? *child_->objects : message_; }

  const Nested* find_nested(std::string_view name) const {
    const auto found = std::find_if(nested_.begin(), nested_.end(), [name](const Nested& n) { return n.name == name; });
    return found == nested_.end() ? nullptr : &*found;
  }

  bool enter(Place place, ObjectReader& reader) {
    place_ = place;
    field_.reset();
    reader.start();
    return true;
  }

  bool next_of_list() {
    if (listed_++ < child_->most) return true;
    return fail(Problem::Kind::kTooMany,
                std::string(child_->name) + " has more than " + std::to_string(child_->most) + " entries");
  }

  bool scalar(const Scalar& value) {
    if (skipped_depth_ > 0) return true;
    if (place_ == Place::kOutside) return no_object();
    if (place_ == Place::kList) return text_of_list(value);
    if (place_ == Place::kMessage && child_ != nullptr) {
      return wrong(child_->kind == Nested::Kind::kObject ? "an object" : "an array");
    }
    if (!field_ || object().read(*field_, value)) return true;
    return wrong(object().expected(*field_));
  }

  bool text_of_list(const Scalar& value) {
    if (child_->kind != Nested::Kind::kTexts) return wrong_entry();
    return next_of_list() && (value.read(child_->texts->emplace_back()) || wrong(kText));
  }

  bool wrong_entry() { return next_of_list() && wrong(child_->kind == Nested::Kind::kTexts ? kText : "an object"); }

  bool container_as_scalar() {
    if (field_) return wrong(object().expected(*field_));
    return skip_deeper();
  }
  bool skip_deeper() {
    ++skipped_depth_;
    return true;
  }
  bool skip_higher() {
    --skipped_depth_;
    return true;
  }

  std::string entry() const { return std::string(child_->name) + "[" + std::to_string(listed_ - 1) + "]"; }

  // "Records[3]." or nothing.
  std::string path() const {
    if (place_ != Place::kObject) return {};
    return (child_->kind == Nested::Kind::kObjects ? entry() : std::string(child_->name)) + ".";
  }

  std::string named_last() {
    if (place_ == Place::kList) return entry();
    if (place_ == Place::kMessage && child_ != nullptr) return std::string(child_->name);
    return path() + std::string(object().name(*field_));
  }

  bool wrong(std::string_view expected) {
    return fail(Problem::Kind::kWrongField, named_last() + " is not " + std::string(expected));
  }

  bool no_object() { return fail(Problem::Kind::kNoJson, "no JSON object"); }

  bool fail(Problem::Kind kind, std::string text) {
    problem_ = Problem{kind, std::move(text)};
    return false;
  }

  ObjectReader& message_;
  std::span<const Nested> nested_;
  Place place_ = Place::kOutside;
  const Nested* child_ = nullptr;     // the nested field that was named last
  std::optional<std::size_t> field_;  // the scalar field that was named last; absent: unknown, skipped
  std::size_t listed_ = 0;            // entries of the list so far
  std::size_t skipped_depth_ = 0;     // how deep inside an unknown field
  std::optional<Problem> problem_;
};

}  // namespace

bool Scalar::read(std::string& into) const {
  const auto* text = std::get_if<const std::string*>(&value_);
  if (text != nullptr) into = **text;
  return text != nullptr;
}

bool Scalar::read(std::optional<std::string>& into) const {
  const auto* text = std::get_if<const std::string*>(&value_);
  if (text != nullptr) into = **text;
  return text != nullptr;
}

bool Scalar::read(bool& into) const {
  const auto* flag = std::get_if<bool>(&value_);
  if (flag != nullptr) into = *flag;
  return flag != nullptr;
}

bool Scalar::read(std::int64_t& into) const {
  if (const auto* number = std::get_if<std::uint64_t>(&value_)) {
    if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return false;
    into = static_cast<std::int64_t>(*number);
    return true;
  }
  if (const auto* number = std::get_if<std::int64_t>(&value_)) {
    if (*number < 0) return false;
    into = *number;
    return true;
  }
  if (const auto* number = std::get_if<double>(&value_)) {
    if (!(*number >= 0 && *number <= kLastExactCount) || std::trunc(*number) != *number) return false;
    into = static_cast<std::int64_t>(*number);
    return true;
  }
  return false;
}

bool Scalar::read(SyncCount& into) const {
  return read(into.value);
}

bool Scalar::read(Timestamp& into) const {
  const auto seconds = std::visit(ToSeconds{}, value_);
  if (!seconds || !(*seconds >= kFirstSecond && *seconds <= kLastSecond)) return false;
  into = Timestamp(std::chrono::milliseconds(std::llround(*seconds * 1000.0)));
  return true;
}

std::optional<Problem> read_message(std::string_view json_text, ObjectReader& message, std::span<const Nested> nested) {
  MessageSax sax(message, nested);
  if (json::sax_parse(json_text.begin(), json_text.end(), &sax)) return std::nullopt;
  return sax.take_problem();
}

}  // namespace syncline::wire
