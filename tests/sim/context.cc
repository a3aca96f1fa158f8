#include "sim/context.h"

namespace syncline::sim {

using testing::DiskVerdict;

void DiskFaults::arm(testing::ProcessId process, const Step& step) {
  Armed armed{.after = step.number};
  if (step.act == Act::kKill || step.act == Act::kServiceKill) {
    static constexpr DiskVerdict kDeaths[] = {DiskVerdict::kKillBefore, DiskVerdict::kKillAfter, DiskVerdict::kTear};
    armed.verdict = kDeaths[step.kind % 3];
  } else {
    armed.verdict = step.kind % 3 == 2 ? DiskVerdict::kFull : DiskVerdict::kFail;
    armed.times = step.kind % 3 == 0 ? 1 : 12;
  }
  armed_[process] = armed;
}

DiskVerdict DiskFaults::judge(const testing::DiskOperation& operation) {
  const auto found = armed_.find(operation.process);
  if (held_ || found == armed_.end()) return DiskVerdict::kProceed;
  Armed& armed = found->second;
  if (--armed.after > 0) return DiskVerdict::kProceed;
  const auto verdict = armed.verdict;
  if (--armed.times <= 0) armed_.erase(found);
  ++failed_;
  return verdict;
}

}  // namespace syncline::sim
