// Kills a device and the service by SIGKILL at random moments, while the device writes and syncs over real HTTP (TLS
// with a service that is configured for it), restarts them and checks a ledger of every answered write: D1, D2, D4, D6,
// D10, D12, S7. Exit 0: no violation. The last line is `kills N, violations N, writes N, versions N, seconds N`.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "fault/child_process.h"
#include "fault/kill_ledger.h"
#include "support/fake_random.h"
#include "support/temp_dir.h"

namespace syncline::fault {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;
using Kind = KillReport::Kind;

struct CampaignOptions {
  std::string syncline;
  std::string device;
  std::string config;   // of the service
  std::string ca_file;  // that the device trusts
  std::uint64_t seed = std::random_device{}();
  int kills = 300;
};

constexpr const char* kIdentityName = "b8a1c7de-0000-4000-8000-000000000001";
// Far beyond what a busy machine needs: reached only by what hangs.
constexpr microseconds kPatience{60'000'000};

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options) : options_(options), random_(options.seed) {}

  bool run();

 private:
  void start_service();
  void start_device(bool finish);
  // Hears what the device says for `time`, or until it has said `reports` more, or has ended.
  void hear(microseconds time, std::int64_t reports);
  void take(const KillReport& report);
  void await_device();
  void kill_device();
  void kill_service();
  void await_commit(microseconds longest);
  void finish();
  [[nodiscard]] microseconds up_to(std::uint64_t micros) { return microseconds(random_.next() % micros); }
  [[nodiscard]] std::string database() const { return dir_.file("service") + "/service.db"; }
  [[nodiscard]] std::string identity() const { return ready_.at("region").get<std::string>() + ":" + kIdentityName; }

  CampaignOptions options_;
  testing::FakeRandom random_;
  testing::TempDir dir_;
  KillLedger ledger_;
  std::string listen_ = "127.0.0.1:0";
  nlohmann::json ready_;
  std::unique_ptr<ChildProcess> service_;
  std::unique_ptr<ChildProcess> device_;
  std::string heard_;
  bool device_ended_ = true;
  std::int64_t reports_ = 0;
  std::int64_t syncs_ = 0;
  std::optional<std::int64_t> settled_after_;
  int kills_ = 0;
  int service_kills_ = 0;
};

void Campaign::start_service() {
  std::vector<std::string> words{options_.syncline, "serve", "--listen", listen_, "--data", dir_.file("service")};
  if (!options_.config.empty()) words.insert(words.end(), {"--config", options_.config});
  service_ = std::make_unique<ChildProcess>(words, dir_.file("service.log"));
  std::string line;
  const auto deadline = steady_clock::now() + kPatience;
  while (line.find('\n') == std::string::npos) {
    if (!service_->read(line, microseconds(10'000)) || steady_clock::now() > deadline) {
      return ledger_.violation("S7: the service does not start again: " + testing::read_file(dir_.file("service.log")));
    }
  }
  ready_ = nlohmann::json::parse(line.substr(0, line.find('\n')));
  const auto endpoint = ready_.at("endpoint").get<std::string>();
  listen_ = endpoint.substr(endpoint.find("//") + 2);
}

void Campaign::start_device(bool finish) {
  const auto field = [&](const char* name) { return ready_.at(name).get<std::string>(); };
  std::vector<std::string> words{options_.device,
                                 dir_.file("device"),
                                 field("endpoint"),
                                 field("region"),
                                 field("identity_pool_id"),
                                 identity(),
                                 field("access_key_id"),
                                 field("secret_access_key"),
                                 options_.ca_file,
                                 random_.next() % 4 == 0 ? "full" : "process",
                                 std::to_string(ledger_.next())};
  if (finish) words.emplace_back("--finish");
  device_ = std::make_unique<ChildProcess>(words, dir_.file("device.log"));
  heard_.clear();
  device_ended_ = false;
}

void Campaign::take(const KillReport& report) {
  ++reports_;
  switch (report.kind) {
    case Kind::kWritten:
      return ledger_.written(report.number);
    case Kind::kConflict:
      return ledger_.violation("D6: the app was asked about a conflict, with a single device");
    case Kind::kFailed:
      return ledger_.violation("D18: a local call failed with error code " + std::to_string(report.number) + ": " +
                               testing::read_file(dir_.file("device.log")));
    case Kind::kSynced:
      ++syncs_;
      return;
    case Kind::kDone:
      settled_after_ = report.number;
      return;
    case Kind::kReady:
      return;
  }
}

void Campaign::hear(microseconds time, std::int64_t reports) {
  const auto deadline = steady_clock::now() + time;
  const auto enough = reports_ + reports;
  for (auto now = steady_clock::now(); !device_ended_ && reports_ < enough; now = steady_clock::now()) {
    const auto left = std::chrono::duration_cast<microseconds>(deadline - now);
    if (left.count() <= 0) return;
    device_ended_ = !device_->read(heard_, left);
    std::size_t taken = 0;
    for (; heard_.size() - taken >= sizeof(KillReport); taken += sizeof(KillReport)) {
      KillReport report{};
      std::memcpy(&report, heard_.data() + taken, sizeof report);
      take(report);
    }
    heard_.erase(0, taken);
  }
}

// The device has opened its store and begun; one that is killed before that is killed at its start.
void Campaign::await_device() {
  hear(kPatience, 1);
  if (device_ended_)
    ledger_.violation("D10: the device does not start again: " + testing::read_file(dir_.file("device.log")));
}

void Campaign::kill_device() {
  device_->kill();
  ++kills_;
  while (!device_ended_) hear(kPatience, 1'000'000);
  device_.reset();
  ledger_.check_device(dir_.file("device"), identity());
}

// Until the service's WAL is written: then it is somewhere between that and its answer.
void Campaign::await_commit(microseconds longest) {
  const auto path = database() + "-wal";
  const auto stamp = [&path] {
    struct stat state {};
    ::stat(path.c_str(), &state);
    return std::pair(state.st_mtim.tv_sec, state.st_mtim.tv_nsec);
  };
  const auto before = stamp();
  const auto deadline = steady_clock::now() + longest;
  while (stamp() == before && steady_clock::now() < deadline) {
  }
}

void Campaign::kill_service() {
  if (random_.next() % 2 == 0) await_commit(microseconds(50'000));
  service_->kill();
  ++kills_;
  ++service_kills_;
  service_->wait();
  ledger_.check_service(database());
  hear(up_to(10'000), 1'000'000);
  start_service();
}

void Campaign::finish() {
  start_device(true);
  hear(kPatience, 1'000'000);
  device_.reset();
  if (!settled_after_)
    return ledger_.violation("D12: the device does not settle: " + testing::read_file(dir_.file("device.log")));
  if (*settled_after_ > 3) ledger_.violation("D12: it took " + std::to_string(*settled_after_) + " syncs");
  ledger_.check_settled(dir_.file("device"), identity(), database());
}

bool Campaign::run() {
  const auto start = steady_clock::now();
  start_service();
  while (kills_ < options_.kills && ledger_.violations().empty()) {
    start_device(false);
    const auto how = random_.next() % 8;
    // At its start, within a few writes, or after a while in which the service dies too.
    if (how != 0) await_device();
    if (how < 5) hear(up_to(how == 1 ? 200'000 : 40'000), 1'000'000);
    if (how >= 5) {
      hear(up_to(20'000), 1'000'000);
      kill_service();
      hear(up_to(20'000), 1'000'000);
    }
    kill_device();
    if (kills_ % 10 == 0) ledger_.check_service(database());
  }
  if (ledger_.violations().empty()) finish();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - start).count();
  for (const auto& what : ledger_.violations()) std::printf("VIOLATION %s\n", what.c_str());
  if (!ledger_.violations().empty()) std::printf("seed %llu\n", static_cast<unsigned long long>(options_.seed));
  std::printf("of the service %d, syncs %lld\n", service_kills_, static_cast<long long>(syncs_));
  std::printf("kills %d, violations %zu, writes %lld, versions %zu, seconds %lld\n", kills_,
              ledger_.violations().size(), static_cast<long long>(ledger_.next() - 1), ledger_.versions(),
              static_cast<long long>(seconds));
  return ledger_.violations().empty();
}

}  // namespace
}  // namespace syncline::fault

int main(int argc, char** argv) {
  syncline::fault::CampaignOptions options;
  CLI::App app("kills a device and the service at random, and checks that nothing is lost and nothing doubled");
  app.add_option("--syncline", options.syncline, "the syncline command")->required();
  app.add_option("--device", options.device, "the kill_device program")->required();
  app.add_option("--config", options.config, "a configuration file for the service");
  app.add_option("--ca-file", options.ca_file, "certificates for the device to trust");
  app.add_option("--seed", options.seed, "of the random moments");
  app.add_option("--kills", options.kills, "how many");
  CLI11_PARSE(app, argc, argv);
  return syncline::fault::Campaign(options).run() ? 0 : 1;
}
