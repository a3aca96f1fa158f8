// One device and one service of its own that are killed by SIGKILL at random moments and started again, while the
// device writes and syncs; a ledger checks after each death. Lanes share nothing: several run side by side, each on its
// thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fault/child_process.h"
#include "fault/kill_ledger.h"
#include "support/fake_random.h"
#include "support/temp_dir.h"

namespace syncline::fault {

struct KillOptions {
  std::string syncline;
  std::string device;
  // kill_at_commit's library; empty: the service dies at random moments only.
  std::string at_commit;
  bool tls = true;
};

// Where a lane's time went.
enum class KillPhase : std::uint8_t { kMoments, kDeviceStarts, kServiceStarts, kChecks };
inline constexpr std::size_t kKillPhases = 4;

struct KillCounts {
  int kills = 0;
  int of_service = 0;
  int after_commit = 0;  // of the service, between a commit and its answer
  std::int64_t syncs = 0;
  std::int64_t writes = 0;
  std::size_t versions = 0;
  std::array<std::chrono::microseconds, kKillPhases> time{};
  std::vector<std::string> violations;
};

class KillLane {
 public:
  KillLane(const KillOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}

  // Until `left` has been counted down by all lanes, or any has counted a violation. [blocks]
  KillCounts run(std::atomic<int>& left);

 private:
  using Micros = std::chrono::microseconds;
  class Timed;

  void prepare_service();
  void start_service();
  void start_device(bool finish);
  // Hears what the device says for `time`, or until it has said `reports` more, or has ended.
  void hear(Micros time, std::int64_t reports);
  void take(const KillReport& report);
  void one_life();
  void await_device();
  void kill_device();
  void kill_service();
  bool die_at_commit(Micros longest);
  void await_commit(Micros longest);
  void check_service();
  void finish();
  [[nodiscard]] Micros up_to(std::uint64_t micros) { return Micros(random_.next() % micros); }
  [[nodiscard]] std::string database() const { return dir_.file("service") + "/service.db"; }
  [[nodiscard]] std::string identity() const;

  KillOptions options_;
  testing::FakeRandom random_;
  testing::TempDir dir_;
  KillLedger ledger_;
  KillCounts counts_;
  std::string listen_;
  nlohmann::json ready_;
  std::unique_ptr<ChildProcess> service_;
  std::unique_ptr<ChildProcess> device_;
  std::string heard_;
  bool device_ended_ = true;
  std::int64_t reports_ = 0;
  std::optional<std::int64_t> settled_after_;
};

}  // namespace syncline::fault
