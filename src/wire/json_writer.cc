#include "wire/json_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace syncline::wire {

namespace {

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escaped(std::string& text, char c) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"':
      text += "\\\"";
      return;
    case '\\':
      text += "\\\\";
      return;
    case '\n':
      text += "\\n";
      return;
    case '\r':
      text += "\\r";
      return;
    case '\t':
      text += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  text += "\\u00";
  text += kDigits[byte >> 4U];
  text += kDigits[byte & 0x0FU];
}

}  // namespace

void JsonWriter::open_object(std::string_view field) {
  name(field);
  json_ += '{';
  first_ = true;
}

void JsonWriter::open_pair(std::string_view key) {
  separate();
  quote(key);
  json_ += ":{";
  first_ = true;
}

void JsonWriter::open_list(std::string_view field) {
  name(field);
  json_ += '[';
  first_ = true;
}

void JsonWriter::text(std::string_view field, std::string_view value) {
  name(field);
  quote(value);
}

void JsonWriter::text_if_any(std::string_view field, std::string_view value) {
  if (!value.empty()) text(field, value);
}

void JsonWriter::number(std::string_view field, std::int64_t value) {
  name(field);
  json_ += std::to_string(value);
}

void JsonWriter::flag(std::string_view field, bool value) {
  name(field);
  json_ += value ? "true" : "false";
}

// From the whole number of milliseconds, not through a double: what is written is what is held.
void JsonWriter::time(std::string_view field, Timestamp value) {
  name(field);
  const auto total = value.time_since_epoch().count();
  const auto seconds = std::to_string(total / 1000);
  const auto milliseconds = std::to_string(total < 0 ? -(total % 1000) : total % 1000);
  if (total < 0 && total > -1000) json_ += '-';
  json_ += seconds;
  json_ += '.';
  json_.append(3 - milliseconds.size(), '0');
  json_ += milliseconds;
}

void JsonWriter::raw(std::string_view field, std::string_view json) {
  name(field);
  json_ += json;
}

void JsonWriter::entry(std::string_view value) {
  separate();
  quote(value);
}

void JsonWriter::pair(std::string_view key, std::string_view value) {
  separate();
  quote(key);
  json_ += ':';
  quote(value);
}

void JsonWriter::open(char bracket) {
  separate();
  json_ += bracket;
  first_ = true;
}

void JsonWriter::close(char bracket) {
  json_ += bracket;
  first_ = false;
}

void JsonWriter::separate() {
  if (!first_) json_ += ',';
  first_ = false;
}

void JsonWriter::name(std::string_view name) {
  separate();
  json_ += '"';
  json_ += name;
  json_ += "\":";
}

void JsonWriter::quote(std::string_view value) {
  using nlohmann::json;
  if (!utf8_length(value)) {
    json_ += json(value).dump(-1, ' ', false, json::error_handler_t::replace);
    return;
  }
  json_ += '"';
  while (!value.empty()) {
    const auto plain = std::find_if(value.begin(), value.end(), needs_escape);
    const auto length = static_cast<std::size_t>(plain - value.begin());
    json_ += value.substr(0, length);
    value.remove_prefix(length);
    if (value.empty()) break;
    append_escaped(json_, value.front());
    value.remove_prefix(1);
  }
  json_ += '"';
}

}  // namespace syncline::wire
