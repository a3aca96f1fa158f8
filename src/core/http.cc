#include "core/http.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "core/text.h"

namespace syncline {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::optional<int> parse_number(std::string_view digits) {
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

const std::string* find_header(const Headers& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [name](const Header& header) { return equal_ignoring_case(header.name, name); });
  return found == headers.end() ? nullptr : &found->value;
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  static constexpr std::string_view kShape = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (text.size() != kShape.size() || text.substr(25) != " GMT" || text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  const auto month_name = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto day_number = parse_number(text.substr(5, 2));
  const auto year_number = parse_number(text.substr(12, 4));
  const auto hour_number = parse_number(text.substr(17, 2));
  const auto minute_number = parse_number(text.substr(20, 2));
  const auto second_number = parse_number(text.substr(23, 2));
  if (month_name == kMonths.end() || !day_number || !year_number || !hour_number || !minute_number || !second_number) {
    return std::nullopt;
  }
  const year_month_day date{year{*year_number}, month{static_cast<unsigned>(month_name - kMonths.begin()) + 1},
                            day{static_cast<unsigned>(*day_number)}};
  if (!date.ok() || *hour_number > 23 || *minute_number > 59 || *second_number > 60) return std::nullopt;
  return Timestamp(sys_days{date}) + hours{*hour_number} + minutes{*minute_number} + seconds{*second_number};
}

std::string format_http_date(Timestamp time) {
  using namespace std::chrono;
  const auto midnight = floor<days>(time);
  const year_month_day date{midnight};
  const hh_mm_ss clock{floor<seconds>(time - midnight)};
  std::array<char, 64> text{};
  const auto weekday_name = kWeekdays[weekday{midnight}.c_encoding()];
  const auto month_name = kMonths[static_cast<unsigned>(date.month()) - 1];
  const int length = std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", weekday_name.data(),
                                   static_cast<unsigned>(date.day()), month_name.data(), static_cast<int>(date.year()),
                                   static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                   static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

}  // namespace syncline
