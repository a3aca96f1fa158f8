#include "service/json_log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "core/clock.h"
#include "service/answer.h"

namespace syncline::service {

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string padded(unsigned number, std::size_t digits) {
  std::string text = std::to_string(number);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

std::string iso_time(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(time - day));
  return std::to_string(static_cast<int>(date.year())) + "-" + padded(static_cast<unsigned>(date.month()), 2) + "-" +
         padded(static_cast<unsigned>(date.day()), 2) + "T" + padded(static_cast<unsigned>(clock.hours().count()), 2) +
         ":" + padded(static_cast<unsigned>(clock.minutes().count()), 2) + ":" +
         padded(static_cast<unsigned>(clock.seconds().count()), 2) + "." +
         padded(static_cast<unsigned>(clock.subseconds().count()), 3) + "Z";
}

std::string head(Timestamp time, LogLevel level) {
  return "{\"time\":\"" + iso_time(time) + "\",\"level\":\"" + std::string(level_name(level)) + "\"";
}

void add_text(std::string& line, std::string_view name, std::string_view value) {
  if (!value.empty()) line += "," + json_quote(name) + ":" + json_quote(value);
}

// Milliseconds, to the microsecond.
std::string duration(std::chrono::nanoseconds took) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  return std::to_string(microseconds / 1000) + "." + padded(static_cast<unsigned>(microseconds % 1000), 3);
}

LogLevel level_of(const RequestEntry& entry) {
  return entry.status >= 500 ? LogLevel::kError : LogLevel::kInfo;
}

}  // namespace

std::string log_line(Timestamp time, LogLevel level, std::string_view message) {
  return head(time, level) + ",\"message\":" + json_quote(message) + "}";
}

std::string log_line(Timestamp time, const RequestEntry& entry) {
  std::string line = head(time, level_of(entry)) + ",\"event\":\"request\"";
  add_text(line, "request_id", entry.request_id);
  add_text(line, "operation", entry.operation);
  line += ",\"status\":" + std::to_string(entry.status) + ",\"duration_ms\":" + duration(entry.took);
  line += ",\"bytes_in\":" + std::to_string(entry.bytes_in) + ",\"bytes_out\":" + std::to_string(entry.bytes_out);
  add_text(line, "remote", entry.remote_address);
  add_text(line, "error", entry.error);
  add_text(line, "cause", entry.cause);
  return line + "}";
}

JsonLog json_log_to_stderr(LogLevel least) {
  auto logger = std::make_shared<spdlog::logger>("syncline", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(spdlog_level(least));
  return {.messages =
              [logger](LogLevel level, const std::string& text) {
                if (!logger->should_log(spdlog_level(level))) return;
                logger->log(spdlog_level(level), "{}", log_line(SystemClock().wall(), level, text));
              },
          .requests =
              [logger](const RequestEntry& entry) {
                const auto level = spdlog_level(level_of(entry));
                if (!logger->should_log(level)) return;
                logger->log(level, "{}", log_line(SystemClock().wall(), entry));
              }};
}

}  // namespace syncline::service
