#include "sim/plan_draw.h"

#include <algorithm>

namespace syncline::sim {

namespace {

constexpr std::int64_t kTenYears = std::int64_t{10} * 365 * 24 * 3'600 * 1'000;

std::int64_t draw_clock(Chance& chance) {
  switch (chance.below(4)) {
    case 0:
      return 0;
    case 1:
      return chance.between(-kTenYears, kTenYears);
    case 2:
      return chance.between(-3'600'000, 3'600'000);
    default:
      return chance.between(-10'000, 10'000);
  }
}

}  // namespace

Act draw(Chance& chance, const std::vector<Weight>& weights) {
  int total = 0;
  for (const auto& each : weights) total += each.weight;
  auto left = chance.below(total);
  for (const auto& each : weights) {
    left -= each.weight;
    if (left < 0) return each.act;
  }
  return weights.back().act;
}

// Short ones most often, so that steps meet syncs that are under way.
std::int64_t draw_wait(Chance& chance) {
  if (chance.percent(60)) return chance.between(0, 60);
  if (chance.percent(90)) return chance.between(100, 2'000);
  return chance.between(2'000, 120'000);
}

Value draw_value(Chance& chance) {
  if (chance.percent(80)) return Value::kOwn;
  if (chance.one_in(3)) return Value::kOwnLong;
  return chance.one_in(2) ? Value::kEmpty : Value::kSame;
}

void draw_use(Chance& chance, const Plan& plan, Step& step) {
  step.dataset = static_cast<int>(chance.below(plan.datasets));
  // The first keys more often: collisions are what this is for.
  step.key = static_cast<int>(std::min(chance.below(kKeys.size()), chance.below(kKeys.size())));
  switch (step.act) {
    case Act::kPut:
      step.kind = static_cast<int>(draw_value(chance));
      break;
    case Act::kResolve:
      step.kind = static_cast<int>(chance.between(static_cast<int>(Answer::kLocal), static_cast<int>(Answer::kUse)));
      break;
    case Act::kHandler:
      step.kind = static_cast<int>(chance.below(kAnswers));
      break;
    default:
      break;
  }
}

void draw_fault(Chance& chance, Step& step) {
  switch (step.act) {
    case Act::kKill:
    case Act::kServiceKill:
      step.number = chance.one_in(4) ? 0 : chance.between(1, 60);
      step.kind = static_cast<int>(chance.below(3));
      break;
    case Act::kDiskFault:
    case Act::kServiceFault:
      step.number = chance.between(1, 40);
      step.kind = static_cast<int>(chance.below(3));
      break;
    case Act::kReceiverFault:
      step.kind = static_cast<int>(chance.below(kReceiverFaults));
      step.key = static_cast<int>(chance.below(3));
      step.number = chance.one_in(3) ? chance.between(1, 60'000) : chance.between(1, 900);
      break;
    case Act::kNetFault:
      step.kind = static_cast<int>(chance.below(kNetFaults));
      step.key = static_cast<int>(chance.below(4));
      step.number = chance.one_in(3) ? chance.between(1, 60'000) : chance.between(1, 900);
      break;
    case Act::kPartition:
      step.number = chance.between(50, 30'000);
      break;
    case Act::kClock:
      step.number = draw_clock(chance);
      break;
    case Act::kCredentials:
      step.kind = static_cast<int>(chance.between(1, 4));
      step.number = chance.between(50, 20'000);
      break;
    default:
      break;
  }
}

DevicePlan draw_device(Chance& chance) {
  return DevicePlan{.survives_power_cut = !chance.one_in(4),
                    .from_template = !chance.one_in(12),
                    .attempts = static_cast<int>(chance.between(1, 3)),
                    .answer = static_cast<Answer>(chance.below(kAnswers))};
}

}  // namespace syncline::sim
