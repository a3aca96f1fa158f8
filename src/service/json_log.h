// The log of `syncline serve`: one JSON object a line. spdlog stays inside.
#pragma once

#include <string>
#include <string_view>

#include "service/log.h"
#include "service/request_log.h"
#include "syncline/values.h"

namespace syncline::service {

// {"time":"2026-01-31T12:00:00.000Z","level":"info","message":...}, without a line end. [any thread]
std::string log_line(Timestamp time, LogLevel level, std::string_view message);
// {"time":...,"level":...,"event":"request","request_id":...,"operation":...,"status":200,"duration_ms":1.25,...}; an
// answer of 5xx has level error.
std::string log_line(Timestamp time, const RequestEntry& entry);

struct JsonLog {
  Log messages;
  RequestLog requests;
};

// Onto standard error, from `least` on; requests are of level info.
JsonLog json_log_to_stderr(LogLevel least);

}  // namespace syncline::service
