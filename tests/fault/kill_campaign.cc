// Kills a device and the service by SIGKILL at random moments, while the device writes and syncs over real HTTPS,
// restarts them and checks a ledger of every answered write: D1, D2, D4, D6, D10, D11, D12, S2, S7. Exit 0: no
// violation. The last line is `kills N, violations N, writes N, versions N, seconds N`.
#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "fault/kill_lane.h"

namespace syncline::fault {
namespace {

struct CampaignOptions {
  KillOptions lane;
  std::uint64_t seed = std::random_device{}();
  int kills = 300;
  int lanes = 2;
  bool plain = false;
};

KillCounts run_lanes(const CampaignOptions& options) {
  std::atomic<int> left = options.kills;
  std::vector<KillCounts> counts(static_cast<std::size_t>(options.lanes));
  std::vector<std::thread> threads;
  for (std::size_t lane = 0; lane < counts.size(); ++lane) {
    threads.emplace_back([&, lane] { counts[lane] = KillLane(options.lane, options.seed + lane).run(left); });
  }
  for (auto& thread : threads) thread.join();
  KillCounts all;
  for (const auto& one : counts) {
    all.kills += one.kills;
    all.of_service += one.of_service;
    all.after_commit += one.after_commit;
    all.syncs += one.syncs;
    all.writes += one.writes;
    all.versions += one.versions;
    for (std::size_t phase = 0; phase < kKillPhases; ++phase) all.time[phase] += one.time[phase];
    all.violations.insert(all.violations.end(), one.violations.begin(), one.violations.end());
  }
  return all;
}

bool run(const CampaignOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  auto counts = run_lanes(options);
  // What is not met can't be proven: a campaign in which no such kill succeeded must not pass.
  constexpr int kEnough = 20;
  if (!options.lane.at_commit.empty() && counts.of_service >= kEnough && counts.after_commit == 0)
    counts.violations.emplace_back("none: but the service never died between its commit and its answer");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  for (const auto& what : counts.violations) std::printf("VIOLATION %s\n", what.c_str());
  if (!counts.violations.empty()) std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  static constexpr std::array<const char*, kKillPhases> kPhases{"moments", "device starts", "service starts", "checks"};
  for (std::size_t phase = 0; phase < kKillPhases; ++phase) {
    std::printf("%s%s %.1f s", phase == 0 ? "" : ", ", kPhases.at(phase),
                std::chrono::duration<double>(counts.time.at(phase)).count());
  }
  std::printf(" in %d lanes; %.0f kills a minute\n", options.lanes, counts.kills / took.count() * 60);
  std::printf("of the service %d, of these between a commit and its answer %d; syncs %lld\n", counts.of_service,
              counts.after_commit, static_cast<long long>(counts.syncs));
  std::printf("kills %d, violations %zu, writes %lld, versions %zu, seconds %.0f\n", counts.kills,
              counts.violations.size(), static_cast<long long>(counts.writes), counts.versions, took.count());
  return counts.violations.empty();
}

}  // namespace
}  // namespace syncline::fault

int main(int argc, char** argv) {
  syncline::fault::CampaignOptions options;
  CLI::App app("kills a device and the service at random, and checks that nothing is lost and nothing doubled");
  app.add_option("--syncline", options.lane.syncline, "the syncline command")->required();
  app.add_option("--device", options.lane.device, "the kill_device program")->required();
  app.add_option("--at-commit", options.lane.at_commit, "the library kill_at_commit, for kills after a commit");
  app.add_option("--seed", options.seed, "of the random moments");
  app.add_option("--kills", options.kills, "how many");
  app.add_option("--lanes", options.lanes, "devices, each with its service, side by side")->check(CLI::PositiveNumber);
  app.add_flag("--plain", options.plain, "HTTP without TLS");
  CLI11_PARSE(app, argc, argv);
  options.lane.tls = !options.plain;
  return syncline::fault::run(options) ? 0 : 1;
}
