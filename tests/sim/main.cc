// syncline_sim: plays simulated histories. See README.md.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "sim/plan.h"
#include "sim/world.h"
#include "support/temp_dir.h"

namespace syncline::sim {

namespace {

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t runs = 1;
  std::string profile = "default";
  std::string replay;
  bool trace = false;
};

int usage() {
  std::cerr << "usage: syncline_sim --seed N [--runs M] [--profile NAME] [--trace]\n"
               "       syncline_sim --replay FILE [--trace]\nprofiles:\n";
  for (const auto& name : profile_names()) std::cerr << "  " << name << ": " << about_profile(name) << '\n';
  return 2;
}

std::optional<Options> read_options(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (name == "--trace") {
      options.trace = true;
      continue;
    }
    if (++i >= count) return std::nullopt;
    const std::string value = arguments[i];
    if (name == "--seed")
      options.seed = std::strtoull(value.c_str(), nullptr, 10);
    else if (name == "--runs")
      options.runs = std::strtoull(value.c_str(), nullptr, 10);
    else if (name == "--profile")
      options.profile = value;
    else if (name == "--replay")
      options.replay = value;
    else
      return std::nullopt;
  }
  if (about_profile(options.profile).empty()) return std::nullopt;
  return options;
}

int run(const Options& options) {
  const testing::TempDir home;
  const auto root = home.path().string();
  const auto templates = make_templates(root);
  if (!options.replay.empty()) {
    const auto outcome = play(read_plan(testing::read_file(options.replay)), templates, root, options.trace);
    std::cout << (outcome.guarantee.empty() ? "ok" : outcome.guarantee + ": " + outcome.violation) << '\n';
    return outcome.guarantee.empty() ? 0 : 1;
  }
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t violations = 0;
  std::uint64_t hash = 0;
  for (std::uint64_t i = 0; i < options.runs; ++i) {
    const Plan plan = make_plan(options.seed + i, options.profile);
    const auto outcome = play(plan, templates, root, options.trace);
    hash = (hash ^ outcome.hash) * 0x100000001b3U;
    if (outcome.guarantee.empty()) continue;
    ++violations;
    std::cout << "seed " << plan.seed << ": " << outcome.guarantee << ": " << outcome.violation << '\n';
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::cout << "trace hash " << std::hex << hash << std::dec << '\n';
  std::cout << "runs " << options.runs << ", violations " << violations << ", schedules per second "
            << static_cast<std::uint64_t>(static_cast<double>(options.runs) / took.count()) << '\n';
  return violations == 0 ? 0 : 1;
}

}  // namespace

}  // namespace syncline::sim

int main(int count, char** arguments) {
  // Lock files are real; memory is faster than a disk for them.
  if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
  const auto options = syncline::sim::read_options(count, arguments);
  if (!options) return syncline::sim::usage();
  try {
    return syncline::sim::run(*options);
  } catch (const std::exception& failed) {
    std::cerr << "syncline_sim: " << failed.what() << '\n';
    return 2;
  }
}
