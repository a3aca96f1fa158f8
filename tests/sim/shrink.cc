#include "sim/shrink.h"

#include <algorithm>
#include <cstddef>

namespace syncline::sim {

namespace {

constexpr int kMostTries = 600;

class Shrinker {
 public:
  Shrinker(Plan plan, const std::function<bool(const Plan&)>& fails) : plan_(std::move(plan)), fails_(fails) {}

  Plan run() {
    for (std::size_t before = plan_.steps.size() + 1; plan_.steps.size() < before && tries_ < kMostTries;) {
      before = plan_.steps.size();
      for (std::size_t size = std::max<std::size_t>(before / 2, 1); size > 0; size /= 2) leave_out(size);
    }
    simplify();
    return plan_;
  }

 private:
  // Every run of `size` steps in turn.
  void leave_out(std::size_t size) {
    for (std::size_t at = 0; at < plan_.steps.size();) {
      Plan smaller = plan_;
      const auto from = smaller.steps.begin() + static_cast<std::ptrdiff_t>(at);
      smaller.steps.erase(from, from + static_cast<std::ptrdiff_t>(std::min(size, plan_.steps.size() - at)));
      if (!keep(smaller)) at += size;
    }
  }

  void simplify() {
    Plan simpler = plan_;
    simpler.page_size = 0;
    keep(simpler);
    simpler = plan_;
    for (Step& step : simpler.steps) step.process = 0;
    simpler.processes = 1;
    keep(simpler);
    while (plan_.devices.size() > 1) {
      simpler = plan_;
      const auto last = static_cast<int>(simpler.devices.size()) - 1;
      const bool used = std::any_of(simpler.steps.begin(), simpler.steps.end(),
                                    [last](const Step& step) { return step.device == last; });
      if (used) break;
      simpler.devices.pop_back();
      if (!keep(simpler)) break;
    }
  }

  bool keep(const Plan& smaller) {
    if (++tries_ > kMostTries || !fails_(smaller)) return false;
    plan_ = smaller;
    return true;
  }

  Plan plan_;
  const std::function<bool(const Plan&)>& fails_;
  int tries_ = 0;
};

}  // namespace

Plan shrink(Plan plan, const std::function<bool(const Plan&)>& fails) {
  return Shrinker(std::move(plan), fails).run();
}

}  // namespace syncline::sim
