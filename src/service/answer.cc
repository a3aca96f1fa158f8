#include "service/answer.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "auth/digest.h"
#include "core/text.h"
#include "wire/messages.h"

namespace syncline::service {

namespace {

std::string two_digits(unsigned number) {
  return {static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
}

}  // namespace

std::string random_uuid() {
  std::string bytes = auth::random_bytes(16);
  bytes[6] = static_cast<char>((static_cast<std::uint8_t>(bytes[6]) & 0x0FU) | 0x40U);
  bytes[8] = static_cast<char>((static_cast<std::uint8_t>(bytes[8]) & 0x3FU) | 0x80U);
  std::string text = hex_encode(bytes);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
  return text;
}

std::string http_date(Timestamp time) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::string text(kDays[std::chrono::weekday(day).c_encoding()]);
  text += ", " + two_digits(static_cast<unsigned>(date.day())) + " ";
  text += kMonths[static_cast<unsigned>(date.month()) - 1];
  text += " " + std::to_string(static_cast<int>(date.year())) + " ";
  text += two_digits(static_cast<unsigned>(clock.hours().count())) + ":";
  text += two_digits(static_cast<unsigned>(clock.minutes().count())) + ":";
  text += two_digits(static_cast<unsigned>(clock.seconds().count())) + " GMT";
  return text;
}

std::string json_quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20) {
      quoted += "\\u00" + hex_encode(std::string_view(&c, 1));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string json_object(std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  std::string object;
  for (const auto& [name, value] : fields) {
    object += (object.empty() ? "{" : ",") + json_quote(name) + ":" + json_quote(value);
  }
  return object + "}";
}

HttpResponse typed_error(int status, std::string_view type, std::string_view message) {
  return HttpResponse{.status = status,
                      .headers = {{"x-amzn-ErrorType", std::string(type)}},
                      .body = json_object({{"message", std::string(message)}})};
}

void complete(HttpResponse& response, Timestamp now) {
  response.headers.push_back({"x-amzn-RequestId", random_uuid()});
  response.headers.push_back({"Date", http_date(now)});
  response.headers.push_back({std::string(wire::kSessionHeader), std::string(wire::kSessionEndsWithDataset)});
  response.headers.push_back({"Accept-Encoding", "gzip"});  // of requests (RFC 9110, section 12.5.3)
  if (find_header(response.headers, "Content-Type") == nullptr) {
    response.headers.push_back({"Content-Type", "application/json"});
  }
}

}  // namespace syncline::service
