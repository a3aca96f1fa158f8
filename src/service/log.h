// Where the room's messages go; what runs the service decides.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace syncline::service {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// [any thread] Must not throw. What it is given holds no secret and no record's value.
using Log = std::function<void(LogLevel, const std::string&)>;

}  // namespace syncline::service
