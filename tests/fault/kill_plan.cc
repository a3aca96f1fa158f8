#include "fault/kill_plan.h"

#include <charconv>

namespace syncline::fault {

namespace {

constexpr std::uint64_t kKeys = 24;

// SplitMix64's finalizer: spreads the numbers.
std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31U);
}

std::string key(std::uint64_t number) {
  return "key" + std::to_string(number % kKeys);
}

}  // namespace

std::vector<Change> planned_write(std::int64_t number) {
  const auto chance = mixed(static_cast<std::uint64_t>(number));
  const auto first = chance >> 32U;
  const std::string value = std::to_string(number) + ":" + std::string(chance % 10 == 0 ? 6'000 : chance % 50, 'v');
  if (chance % 7 == 3) return {{.key = key(first)}};
  std::vector<Change> changes{{.key = key(first), .value = value}};
  if (chance % 11 != 5) return changes;
  changes.push_back({.key = key(first + 1), .value = value});
  changes.push_back({.key = key(first + 2)});
  changes.push_back({.key = key(first + 3), .value = value});
  return changes;
}

std::optional<std::int64_t> write_of(const std::string& value) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end == value.data() + value.size() || *end != ':') return std::nullopt;
  return number;
}

void take_over(Values& values, const std::vector<Change>& changes) {
  for (const auto& change : changes) {
    if (change.value) {
      values[change.key] = *change.value;
    } else {
      values.erase(change.key);
    }
  }
}

}  // namespace syncline::fault
