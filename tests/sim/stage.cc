#include "sim/stage.h"

namespace syncline::sim {

namespace {

// Longer than any sync: four attempts, each with some time-outs, and their delays (D13).
constexpr std::int64_t kLongestSync = std::int64_t{2} * 3'600 * 1'000;

}  // namespace

Stage::Stage(const Plan& plan, const Installation& installation, const std::string& root, Trace& trace)
    : context_(plan, trace, root),
      service_(context_, installation),
      network_(context_.events, trace, plan.seed, [this](int device, const std::string& bytes, bool first) {
        return service_.serve(device, bytes, first);
      }) {}

void Stage::run() {
  for (const Step& step : context_.plan.steps) {
    run_until(context_.events.now() + step.wait);
    if (context_.verdict.failed()) return;
    take(step);
  }
  if (!context_.verdict.failed()) settle();
}

void Stage::run_until(std::int64_t moment) {
  while (!context_.verdict.failed() && !context_.events.empty() && context_.events.next() <= moment)
    context_.events.take()();
  context_.events.advance_to(moment);
}

void Stage::take(const Step& step) {
  context_.say("step " + std::to_string(step.id) + " " + std::string(to_string(step.act)));
  if (!work(step)) harm(step);
}

void Stage::harm(const Step& step) {
  switch (step.act) {
    case Act::kKill:
      if (step.number == 0) return life(step).kill();
      return life(step).fail(step);
    case Act::kDiskFault:
      return life(step).fail(step);
    case Act::kPowerCut:
      context_.say("device " + std::to_string(step.device) + " loses its power");
      return power_cut(step.device);
    case Act::kNetFault:
      return network_.arm(step);
    case Act::kPartition:
      return network_.cut_off(step.device, step.number);
    case Act::kClock:
      return clock(step.device).set_skew(step.number);
    case Act::kCredentials:
      return sign_as(step);
    default:
      return harm_service(step);
  }
}

void Stage::harm_service(const Step& step) {
  switch (step.act) {
    case Act::kServiceKill:
      return service_.kill(step);
    case Act::kServicePowerCut:
      return service_.power_cut();
    case Act::kServiceFault:
      return service_.fail(step);
    case Act::kBackup:
      return service_.back_up();
    case Act::kRestore:
      return service_.restore();
    case Act::kReceiverFault:
      return service_.fail_receiver(step);
    default:
      return;
  }
}

void Stage::end_faults() {
  context_.say("faults end");
  network_.heal();
  context_.held.set_quota(0);
  service_.must_run();
}

void Stage::finish_what_runs() {
  const auto latest = context_.events.now() + kLongestSync;
  while (!context_.verdict.failed() && !context_.events.empty() && context_.events.next() <= latest)
    context_.events.take()();
  if (!context_.verdict.failed() && anybody_waits()) context_.verdict.fail("D13", "a sync does not end");
}

}  // namespace syncline::sim
