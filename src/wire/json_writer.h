// Writes one JSON message into a string, field by field. For wire, and for what the service says to others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "syncline/values.h"

namespace syncline::wire {

// The caller opens and closes; a list's entries come without names. Text that is no UTF-8 is written with U+FFFD in
// place of each bad sequence.
class JsonWriter {
 public:
  void open_object() { open('{'); }
  void open_object(std::string_view name);
  void open_pair(std::string_view key);  // an object in a map: the key may hold anything
  void close_object() { close('}'); }
  void open_list() { open('['); }
  void open_list(std::string_view name);
  void close_list() { close(']'); }

  void text(std::string_view name, std::string_view value);
  void text_if_any(std::string_view name, std::string_view value);  // nothing if it is empty
  void number(std::string_view name, std::int64_t value);
  void flag(std::string_view name, bool value);
  void time(std::string_view name, Timestamp value);        // seconds with three decimals
  void raw(std::string_view name, std::string_view json);   // which must be JSON
  void entry(std::string_view value);                       // of a list
  void pair(std::string_view key, std::string_view value);  // of a map: the key may hold anything

  void reserve(std::size_t bytes) { json_.reserve(bytes); }
  [[nodiscard]] std::string take() { return std::move(json_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void name(std::string_view name);
  void quote(std::string_view value);

  std::string json_;
  bool first_ = true;  // nothing written since the last bracket was opened
};

}  // namespace syncline::wire
