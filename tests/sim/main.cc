// syncline_sim: plays simulated histories. See README.md.
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

#include "sim/plan.h"
#include "sim/player.h"
#include "sim/shrink.h"
#include "support/temp_dir.h"

namespace syncline::sim {

namespace {

// More are reported by their seed only: each takes a few hundred plays to shrink.
constexpr std::uint64_t kMostShrunk = 3;
constexpr std::size_t kPages = 2'000;
constexpr std::size_t kPageBytes = 4'096 + 512;  // SQLite's own part of each is half of that

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t runs = 1;
  std::string profile = "default";
  std::string replay;
  std::string failures = ".";
  bool trace = false;
  bool twice = false;
};

int usage() {
  std::cerr << "usage: syncline_sim --seed N [--runs M] [--profile NAME] [--trace] [--twice] [--failures DIRECTORY]\n"
               "       syncline_sim --replay FILE [--trace]\nprofiles:\n";
  for (const auto& name : profile_names()) std::cerr << "  " << name << ": " << about_profile(name) << '\n';
  return 2;
}

bool read_flag(const std::string& name, Options& options) {
  if (name == "--trace") options.trace = true;
  if (name == "--twice") options.twice = true;
  return name == "--trace" || name == "--twice";
}

bool read_option(const std::string& name, const std::string& value, Options& options) {
  if (name == "--profile") options.profile = value;
  if (name == "--replay") options.replay = value;
  if (name == "--failures") options.failures = value;
  if (name == "--profile" || name == "--replay" || name == "--failures") return !value.empty();
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(value.c_str(), &end, 10);
  if (name == "--seed") options.seed = number;
  if (name == "--runs") options.runs = number;
  return (name == "--seed" || name == "--runs") && !value.empty() && *end == '\0';
}

std::optional<Options> read_options(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    if (read_flag(arguments[i], options)) continue;
    if (i + 1 == count || !read_option(arguments[i], arguments[i + 1], options)) return std::nullopt;
    ++i;
  }
  if (about_profile(options.profile).empty()) return std::nullopt;
  return options;
}

class Campaign {
 public:
  explicit Campaign(Options options) : options_(std::move(options)), player_(home_.path().string()) {}

  int replay() {
    const auto outcome = player_.play(read_plan(testing::read_file(options_.replay)), options_.trace);
    std::cout << (outcome.guarantee.empty() ? "ok" : outcome.guarantee + ": " + outcome.violation) << '\n';
    return outcome.guarantee.empty() ? 0 : 1;
  }

  int run() {
    const auto began = std::chrono::steady_clock::now();
    std::uint64_t hash = 0;
    for (std::uint64_t i = 0; i < options_.runs; ++i) hash = (hash ^ run_one(options_.seed + i)) * 0x100000001b3U;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::cout << "trace hash " << std::hex << hash << std::dec << '\n';
    std::cout << "runs " << options_.runs << ", violations " << violations_ << ", schedules per second "
              << static_cast<std::uint64_t>(static_cast<double>(options_.runs) / took.count()) << '\n';
    return violations_ == 0 ? 0 : 1;
  }

 private:
  std::uint64_t run_one(std::uint64_t seed) {
    const Plan plan = make_plan(seed, options_.profile);
    auto outcome = player_.play(plan, options_.trace);
    if (options_.twice && player_.play(plan, false).hash != outcome.hash) {
      outcome.guarantee = "seed";
      outcome.violation = "the second play of the same plan has another trace";
    }
    if (!outcome.guarantee.empty()) report(plan, outcome);
    return outcome.hash;
  }

  void report(const Plan& plan, const Outcome& outcome) {
    std::cout << "seed " << plan.seed << " --profile " << plan.profile << ": " << outcome.guarantee << ": "
              << outcome.violation << std::endl;
    if (++violations_ > kMostShrunk || outcome.guarantee == "seed") return;
    Plan small =
        shrink(plan, [&](const Plan& each) { return player_.play(each, false).guarantee == outcome.guarantee; });
    small.violated = outcome.guarantee + ": " + outcome.violation;
    const auto file =
        std::filesystem::path(options_.failures) / ("sim-" + plan.profile + "-" + std::to_string(plan.seed) + ".json");
    testing::write_file(file, write_plan(small));
    std::cout << "  " << small.steps.size() << " of its " << plan.steps.size() << " steps are enough: --replay "
              << file.string() << std::endl;
  }

  Options options_;
  testing::TempDir home_;
  Player player_;
  std::uint64_t violations_ = 0;
};

}  // namespace

}  // namespace syncline::sim

int main(int count, char** arguments) {
  const auto options = syncline::sim::read_options(count, arguments);
  if (!options) return syncline::sim::usage();
  // Lock files are real; memory is faster than a disk for them.
  if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
  // There is one thread: SQLite's mutexes and statistics are a tenth of the time.
  sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  // Pages that all connections share, so that those of one that was closed are at hand for the next.
  static std::array<std::byte, syncline::sim::kPages * syncline::sim::kPageBytes> pages;
  sqlite3_config(SQLITE_CONFIG_PAGECACHE, pages.data(), static_cast<int>(syncline::sim::kPageBytes),
                 static_cast<int>(syncline::sim::kPages));
  try {
    syncline::sim::Campaign campaign(*options);
    return options->replay.empty() ? campaign.run() : campaign.replay();
  } catch (const std::exception& failed) {
    std::cerr << "syncline_sim: " << failed.what() << '\n';
    return 2;
  }
}
