// What everybody in a simulated history shares. [one thread]
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/clock.h"
#include "sim/events.h"
#include "sim/plan.h"
#include "sim/service_ledger.h"
#include "sim/trace.h"
#include "sim/verdict.h"
#include "sim/write_ledger.h"
#include "support/sim_disk.h"

namespace syncline::sim {

// A machine's clock: wrong by `skew` milliseconds.
class SimClock final : public Clock {
 public:
  explicit SimClock(const Events& events) : events_(events) {}
  Timestamp wall() override {
    // 2026-11-23T00:00:00Z
    return Timestamp{std::chrono::seconds{1'795'392'000}} + std::chrono::milliseconds{events_.now() + skew_};
  }
  MonotonicTime monotonic() override {
    return MonotonicTime{std::chrono::hours{1}} + std::chrono::milliseconds{events_.now()};
  }
  void set_skew(std::int64_t milliseconds) { skew_ = milliseconds; }

 private:
  const Events& events_;
  std::int64_t skew_ = 0;
};

// What the disk does to the processes that a step has picked.
class DiskFaults {
 public:
  explicit DiskFaults(testing::SimDisk& disk) : disk_(disk) {
    disk_.set_judge([this](const testing::DiskOperation& operation) { return judge(operation); });
  }
  // As Act::kKill and Act::kDiskFault say.
  void arm(testing::ProcessId process, const Step& step);
  void disarm(testing::ProcessId process) { armed_.erase(process); }
  void disarm_all() { armed_.clear(); }
  // While the simulator itself reads, as who no process is.
  void hold(bool held) { held_ = held; }
  // How many operations have failed so far.
  [[nodiscard]] std::int64_t failed() const { return failed_; }

 private:
  struct Armed {
    testing::DiskVerdict verdict = testing::DiskVerdict::kProceed;
    std::int64_t after = 0;  // operations
    std::int64_t times = 1;
  };
  testing::DiskVerdict judge(const testing::DiskOperation& operation);

  testing::SimDisk& disk_;
  std::map<testing::ProcessId, Armed> armed_;
  std::int64_t failed_ = 0;
  bool held_ = false;
};

struct Context {
  Context(const Plan& history, Trace& into, std::string directory)
      : plan(history),
        trace(into),
        root(std::move(directory)),
        verdict(into),
        disk(history.seed),
        faults(disk),
        writes(verdict),
        held(verdict, writes) {}

  testing::ProcessId new_process() { return ++last_process; }
  void say(const std::string& text) { trace.line(std::to_string(events.now()) + " " + text); }

  const Plan& plan;
  Trace& trace;
  std::string root;  // of all data directories, without a slash at the end
  Events events;
  Verdict verdict;
  testing::SimDisk disk;
  DiskFaults faults;
  WriteLedger writes;
  ServiceLedger held;
  testing::ProcessId last_process = 0;
};

}  // namespace syncline::sim
