#include "fault/kill_lane.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "support/tls_identity.h"

namespace syncline::fault {

namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;
using Kind = KillReport::Kind;

constexpr const char* kIdentityName = "b8a1c7de-0000-4000-8000-000000000001";
// Far beyond what a busy machine needs: reached only by what hangs.
constexpr microseconds kPatience{60'000'000};

// Below the ports that the system gives to whoever connects: a dead service's port must still be free for the next.
std::uint16_t free_port(testing::FakeRandom& random) {
  for (;;) {
    const auto port = static_cast<std::uint16_t>(20'000 + random.next() % 12'000);
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    if (is_free) return port;
  }
}

}  // namespace

// Adds the time of a scope to a phase.
class KillLane::Timed {
 public:
  Timed(KillLane& lane, KillPhase phase) : into_(lane.counts_.time.at(static_cast<std::size_t>(phase))) {}
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  ~Timed() { into_ += std::chrono::duration_cast<microseconds>(steady_clock::now() - start_); }

 private:
  microseconds& into_;
  steady_clock::time_point start_ = steady_clock::now();
};

std::string KillLane::identity() const {
  return ready_.at("region").get<std::string>() + ":" + kIdentityName;
}

void KillLane::prepare_service() {
  listen_ = "127.0.0.1:" + std::to_string(free_port(random_));
  // The ledger reads versions from the history; kept for ten minutes, it would read for longer and longer.
  std::string config = "[tokens]\npage_seconds = 60\n";
  if (options_.tls) {
    const auto tls = testing::make_tls_identity();
    testing::write_file(dir_.file("certificate.pem"), tls.certificate_pem);
    testing::write_file(dir_.file("key.pem"), tls.key_pem);
    config += "[tls]\ncertificate = \"" + dir_.file("certificate.pem") + "\"\nkey = \"" + dir_.file("key.pem") + "\"\n";
  }
  testing::write_file(dir_.file("service.toml"), config);
}

void KillLane::start_service() {
  const Timed timed(*this, KillPhase::kServiceStarts);
  std::vector<std::string> variables;
  if (!options_.at_commit.empty()) {
    variables = {"LD_PRELOAD=" + options_.at_commit, "SYNCLINE_KILL_AT_COMMIT=" + dir_.file("die")};
  }
  service_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{options_.syncline, "serve", "--listen", listen_, "--data", dir_.file("service"),
                               "--config", dir_.file("service.toml")},
      dir_.file("service.log"), variables);
  std::string line;
  const auto deadline = steady_clock::now() + kPatience;
  bool alive = true;
  while (line.find('\n') == std::string::npos && alive && steady_clock::now() < deadline) {
    alive = service_->read(line, kPatience);
  }
  if (line.find('\n') == std::string::npos) {
    return ledger_.violation("S7: the service does not start again: " + testing::read_file(dir_.file("service.log")));
  }
  ready_ = nlohmann::json::parse(line.substr(0, line.find('\n')));
}

void KillLane::start_device(bool finish) {
  const auto field = [&](const char* name) { return ready_.at(name).get<std::string>(); };
  std::vector<std::string> words{options_.device,
                                 dir_.file("device"),
                                 field("endpoint"),
                                 field("region"),
                                 field("identity_pool_id"),
                                 identity(),
                                 field("access_key_id"),
                                 field("secret_access_key"),
                                 options_.tls ? dir_.file("certificate.pem") : "",
                                 random_.next() % 4 == 0 ? "full" : "process",
                                 std::to_string(ledger_.next())};
  if (finish) words.emplace_back("--finish");
  device_ = std::make_unique<ChildProcess>(words, dir_.file("device.log"));
  heard_.clear();
  device_ended_ = false;
}

void KillLane::take(const KillReport& report) {
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
      ++counts_.syncs;
      return;
    case Kind::kDone:
      settled_after_ = report.number;
      return;
    case Kind::kReady:
      return;
  }
}

void KillLane::hear(microseconds time, std::int64_t reports) {
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
void KillLane::await_device() {
  const Timed timed(*this, KillPhase::kDeviceStarts);
  hear(kPatience, 1);
  if (device_ended_)
    ledger_.violation("D10: the device does not start again: " + testing::read_file(dir_.file("device.log")));
}

void KillLane::kill_device() {
  device_->kill();
  ++counts_.kills;
  while (!device_ended_) hear(kPatience, 1'000'000);
  device_.reset();
  const Timed timed(*this, KillPhase::kChecks);
  ledger_.check_device(dir_.file("device"), identity());
}

// Until the service's WAL is written: then it is somewhere between that and its answer.
void KillLane::await_commit(microseconds longest) {
  const int watch = ::inotify_init1(IN_CLOEXEC);
  ::inotify_add_watch(watch, (database() + "-wal").c_str(), IN_MODIFY);
  pollfd waiting{.fd = watch, .events = POLLIN, .revents = 0};
  ::poll(&waiting, 1, static_cast<int>(longest.count() / 1'000));
  ::close(watch);
}

// The service ends itself between its next commit and the answer to it. False: there was none.
bool KillLane::die_at_commit(microseconds longest) {
  testing::write_file(dir_.file("die"), "");
  std::string nothing;
  const auto deadline = steady_clock::now() + longest;
  bool alive = true;
  while (alive && steady_clock::now() < deadline) alive = service_->read(nothing, longest);
  std::filesystem::remove(dir_.file("die"));
  return !alive;
}

void KillLane::check_service() {
  const Timed timed(*this, KillPhase::kChecks);
  ledger_.check_service(database());
}

void KillLane::kill_service() {
  const auto how = random_.next() % 4;
  bool at_commit = false;
  {
    const Timed timed(*this, KillPhase::kMoments);
    if (how < 2 && !options_.at_commit.empty()) at_commit = die_at_commit(microseconds(100'000));
    if (how == 2) await_commit(microseconds(50'000));
  }
  service_->kill();
  ++counts_.kills;
  ++counts_.of_service;
  service_->wait();
  if (at_commit && KillLedger::has_unanswered(dir_.file("device"), database())) ++counts_.after_commit;
  check_service();
  hear(up_to(10'000), 1'000'000);
  start_service();
}

void KillLane::finish() {
  start_device(true);
  hear(kPatience, 1'000'000);
  device_.reset();
  if (!settled_after_)
    return ledger_.violation("D12: the device does not settle: " + testing::read_file(dir_.file("device.log")));
  if (*settled_after_ > 3) ledger_.violation("D12: it took " + std::to_string(*settled_after_) + " syncs");
  ledger_.check_settled(dir_.file("device"), identity(), database());
}

// From a start to a death: at the start, within a few writes, or after a while in which the service dies too.
void KillLane::one_life() {
  start_device(false);
  const auto how = random_.next() % 8;
  if (how != 0) await_device();
  {
    const Timed timed(*this, KillPhase::kMoments);
    hear(up_to(how >= 5 ? 20'000 : how == 1 ? 200'000 : 40'000), 1'000'000);
  }
  if (how >= 5) {
    kill_service();
    const Timed timed(*this, KillPhase::kMoments);
    hear(up_to(20'000), 1'000'000);
  }
  kill_device();
}

KillCounts KillLane::run(std::atomic<int>& left) {
  prepare_service();
  start_service();
  for (int lives = 0; left > 0 && ledger_.violations().empty(); ++lives) {
    const int before = counts_.kills;
    one_life();
    left -= counts_.kills - before;
    if (lives % 10 == 0) check_service();
  }
  if (ledger_.violations().empty()) {
    finish();
  } else {
    left = 0;
  }
  counts_.writes = ledger_.next() - 1;
  counts_.versions = ledger_.versions();
  counts_.violations = ledger_.violations();
  return counts_;
}

}  // namespace syncline::fault
