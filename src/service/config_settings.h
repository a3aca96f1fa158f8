// The settings of `syncline serve`, a row each: what it is called, what it is for, where it goes and what it may be.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/config.h"

namespace syncline::service {

struct TextField {
  std::string& text;
  bool may_be_empty = false;
};
struct SecretField {  // never printed; may be empty
  std::string& text;
};
struct TextsField {
  std::vector<std::string>& texts;  // none of them empty
};
struct NumberField {
  std::variant<int*, std::int64_t*, std::size_t*> number;
  std::int64_t least = 0;
  std::int64_t most = 0;
};
struct SecondsField {  // 1 second to a day
  std::chrono::milliseconds& seconds;
};
struct SwitchField {
  bool& on;
};
struct LevelField {
  LogLevel& level;
};
using Field = std::variant<TextField, SecretField, TextsField, NumberField, SecondsField, SwitchField, LevelField>;

struct Setting {
  std::string_view key;   // with its table: "limits.connections"; tables stand together, plain keys before them
  std::string_view help;  // a line
  Field (*field)(ServeConfig& config);
};

std::span<const Setting> settings();

inline constexpr LogLevel kLevels[] = {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError};

}  // namespace syncline::service
