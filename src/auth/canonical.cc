#include "auth/canonical.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "auth/digest.h"
#include "core/text.h"

namespace syncline::auth {

namespace {

constexpr std::size_t kDateDigits = 8;  // "20261122"

void append_number(std::string& text, unsigned number, std::size_t digits) {
  const auto written = std::to_string(number);
  text.append(digits - std::min(digits, written.size()), '0');
  text += written;
}

// The digits at [at, at + count); nullopt: something else there.
std::optional<unsigned> number_at(std::string_view text, std::size_t at, std::size_t count) {
  unsigned number = 0;
  const auto* first = text.data() + at;
  const auto [end, error] = std::from_chars(first, first + count, number);
  if (error != std::errc{} || end != first + count) return std::nullopt;
  return number;
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

// The values under one name, in the order in which they came.
std::string canonical_values(const Headers& headers, std::string_view name) {
  std::string joined;
  bool first = true;
  for (const auto& header : headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    if (!first) joined += ',';
    joined += canonical_header_value(header.value);
    first = false;
  }
  return joined;
}

std::vector<std::string_view> resolved_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      segments.push_back(segment);
    } else if (!segments.empty()) {
      segments.pop_back();
    }
  }
  return segments;
}

}  // namespace

std::string format_date(Timestamp moment) {
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(moment - day));
  std::string text;
  append_number(text, static_cast<unsigned>(std::clamp(static_cast<int>(date.year()), 0, 9999)), 4);
  append_number(text, static_cast<unsigned>(date.month()), 2);
  append_number(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  append_number(text, static_cast<unsigned>(time.hours().count()), 2);
  append_number(text, static_cast<unsigned>(time.minutes().count()), 2);
  append_number(text, static_cast<unsigned>(time.seconds().count()), 2);
  text += 'Z';
  return text;
}

std::optional<Timestamp> parse_date(std::string_view text) {
  if (text.size() != 16 || text[kDateDigits] != 'T' || text.back() != 'Z') return std::nullopt;
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 4, 2);
  const auto day = number_at(text, 6, 2);
  const auto hours = number_at(text, 9, 2);
  const auto minutes = number_at(text, 11, 2);
  const auto seconds = number_at(text, 13, 2);
  if (!year || !month || !day || !hours || !minutes || !seconds) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok() || *hours > 23 || *minutes > 59 || *seconds > 59) return std::nullopt;
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
         std::chrono::seconds(*seconds);
}

std::string canonical_path(std::string_view path) {
  const auto segments = resolved_segments(path);
  std::string canonical;
  for (const auto segment : segments) canonical += "/" + percent_encode(segment);
  if (segments.empty() || path.back() == '/') canonical += '/';
  return canonical;
}

std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) {
    if (name != kQuerySignature) encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string canonical;
  for (const auto& [name, value] : encoded) {
    if (!canonical.empty()) canonical += '&';
    canonical += name + '=' + value;
  }
  return canonical;
}

std::string canonical_header_value(std::string_view value) {
  std::string canonical;
  bool space_pending = false;
  for (const char c : value) {
    if (is_space(c)) {
      space_pending = !canonical.empty();
      continue;
    }
    if (space_pending) canonical += ' ';
    space_pending = false;
    canonical += c;
  }
  return canonical;
}

std::vector<std::string> header_names(const Headers& headers) {
  std::vector<std::string> names;
  names.reserve(headers.size());
  for (const auto& header : headers) names.push_back(ascii_lower(header.name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string join(std::span<const std::string> names, char separator) {
  std::string joined;
  for (const auto& name : names) {
    if (&name != names.data()) joined += separator;
    joined += name;
  }
  return joined;
}

std::string canonical_request(const HttpRequest& request, std::span<const std::string> names,
                              std::string_view payload_hash) {
  std::string canonical = request.method;
  canonical += '\n';
  canonical += canonical_path(request.path);
  canonical += '\n';
  canonical += canonical_query(request.query);
  canonical += '\n';
  for (const auto& name : names) canonical += name + ':' + canonical_values(request.headers, name) + '\n';
  canonical += '\n';
  canonical += join(names, ';');
  canonical += '\n';
  canonical += payload_hash;
  return canonical;
}

std::string credential_scope(std::string_view date_time, const Scope& scope) {
  const std::array parts{std::string(date_time.substr(0, kDateDigits)), scope.region, scope.service,
                         std::string(kTerminator)};
  return join(parts, '/');
}

std::string signature_of(std::string_view canonical_request, std::string_view date_time, const Scope& scope,
                         std::string_view secret) {
  const std::array lines{std::string(kAlgorithm), std::string(date_time), credential_scope(date_time, scope),
                         hex_encode(sha256(canonical_request))};
  std::string key = hmac_sha256("AWS4" + std::string(secret), date_time.substr(0, kDateDigits));
  key = hmac_sha256(key, scope.region);
  key = hmac_sha256(key, scope.service);
  key = hmac_sha256(key, kTerminator);
  return hex_encode(hmac_sha256(key, join(lines, '\n')));
}

}  // namespace syncline::auth
