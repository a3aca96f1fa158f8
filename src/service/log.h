// Where the room's messages go; what runs the service decides.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace syncline::service {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// As in the settings and in the log: "debug", "info", "warning", "error".
constexpr std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

// [any thread] Must not throw. What it is given holds no secret and no record's value.
using Log = std::function<void(LogLevel, const std::string&)>;

}  // namespace syncline::service
