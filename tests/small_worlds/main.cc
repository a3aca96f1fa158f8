// small_worlds [--bound N] [--only NAME] [--random RUNS [--seed N]]: see README.md.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "small_worlds/explorer.h"

namespace syncline::small {
namespace {

struct Profile {
  const char* name;
  Budget small;  // explored in seconds, in a debug build
  Budget large;  // --bound 2
};

constexpr Profile kProfiles[] = {
    {"fresh", {.writes = 2, .syncs = 1, .faults = 1}, {.writes = 2, .syncs = 1, .faults = 2}},
    {"shared",
     {.writes = 1, .syncs = 1, .faults = 1, .shared_start = true},
     {.writes = 1, .syncs = 2, .faults = 1, .shared_start = true}},
    {"pages",
     {.writes = 2, .syncs = 1, .faults = 0, .page_size = 1},
     {.writes = 2, .syncs = 1, .faults = 1, .page_size = 1}},
    {"alone",
     {.writes = 2, .syncs = 2, .faults = 2, .b_is_silent = true},
     {.writes = 3, .syncs = 3, .faults = 3, .b_is_silent = true}},
    {"deletion",
     {.writes = 1, .syncs = 1, .faults = 1, .deletions = 1, .shared_start = true, .keeps = true},
     {.writes = 1, .syncs = 1, .faults = 1, .deletions = 2, .shared_start = true, .keeps = true}},
    {"lenient",
     {.writes = 1, .syncs = 1, .faults = 1, .deletions = 1, .shared_start = true, .lenient = true},
     {.writes = 2, .syncs = 2, .faults = 0, .deletions = 1, .shared_start = true, .lenient = true}},
    {"restore",
     {.writes = 1, .syncs = 1, .faults = 1, .restores = 1, .shared_start = true},
     {.writes = 1, .syncs = 1, .faults = 2, .restores = 1, .shared_start = true}},
};

// Random ways are longer than anything that can be explored completely.
constexpr Budget kWandering[] = {
    {.writes = 12, .syncs = 12, .faults = 6},
    {.writes = 12, .syncs = 12, .faults = 6, .page_size = 1, .shared_start = true},
    {.writes = 12, .syncs = 12, .faults = 8, .b_is_silent = true},
    {.writes = 10, .syncs = 12, .faults = 4, .deletions = 3, .page_size = 1, .keeps = true},
    {.writes = 10, .syncs = 12, .faults = 3, .restores = 2, .shared_start = true, .keeps = true},
    {.writes = 10, .syncs = 12, .faults = 2, .deletions = 3, .shared_start = true, .lenient = true},
};
constexpr int kSteps = 90;

struct Options {
  int bound = 1;
  std::string only = {};
  std::uint64_t runs = 0;
  std::uint64_t seed = 1;
};

bool parse_number(std::string_view text, std::uint64_t& number) {
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    std::uint64_t number = 0;
    if (name == "--only") {
      options.only = argv[i + 1];
      continue;
    }
    if (!parse_number(argv[i + 1], number)) return false;
    if (name == "--bound") {
      options.bound = static_cast<int>(number);
    } else if (name == "--random") {
      options.runs = number;
    } else if (name == "--seed") {
      options.seed = number;
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

bool report(const std::string& what, const Explored& found) {
  if (found.violation.empty()) return true;
  std::printf("VIOLATED %s: %s\n", what.c_str(), found.violation.c_str());
  for (const auto& action : found.way) std::printf("    %s\n", describe(action).c_str());
  return false;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool explore_all(const Options& options) {
  bool held = true;
  for (const auto& profile : kProfiles) {
    if (!options.only.empty() && options.only != profile.name) continue;
    const auto start = std::chrono::steady_clock::now();
    const auto found = explore(options.bound > 1 ? profile.large : profile.small);
    std::printf("%-9s states %llu, settled %llu, %.1f s\n", profile.name, static_cast<unsigned long long>(found.states),
                static_cast<unsigned long long>(found.settled), seconds_since(start));
    held = report(profile.name, found) && held;
  }
  return held;
}

bool wander_all(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t steps = 0;
  for (std::uint64_t seed = options.seed; seed < options.seed + options.runs; ++seed) {
    const auto found = wander(kWandering[seed % std::size(kWandering)], seed, kSteps);
    steps += found.states;
    if (!report("seed " + std::to_string(seed), found)) return false;
  }
  const auto seconds = seconds_since(start);
  std::printf("runs %llu, violations 0, steps %llu, runs per second %.0f\n",
              static_cast<unsigned long long>(options.runs), static_cast<unsigned long long>(steps),
              static_cast<double>(options.runs) / seconds);
  return true;
}

}  // namespace
}  // namespace syncline::small

int main(int argc, char** argv) {
  syncline::small::Options options;
  if (!syncline::small::parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: small_worlds [--bound N] [--only NAME] [--random RUNS [--seed N]]\n");
    return 2;
  }
  const bool held = options.runs > 0 ? syncline::small::wander_all(options) : syncline::small::explore_all(options);
  return held ? 0 : 1;
}
