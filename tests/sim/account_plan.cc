// Plans of the profile "accounts".
#include "sim/plan_draw.h"

namespace syncline::sim {

namespace {

const std::vector<Weight> kDeeds{
    {Act::kPut, 30},    {Act::kRemove, 5},     {Act::kSync, 12},        {Act::kSyncAll, 14},
    {Act::kSignIn, 15}, {Act::kSignOut, 4},    {Act::kDelete, 2},       {Act::kRestart, 4},
    {Act::kResolve, 4}, {Act::kHandler, 3},    {Act::kPush, 7},         {Act::kSubscribe, 3},
    {Act::kFlush, 2},   {Act::kMergeUsers, 4}, {Act::kConnectivity, 2}, {Act::kFront, 1}};
const std::vector<Weight> kHarm{{Act::kNetFault, 14},   {Act::kPartition, 2},   {Act::kClock, 2},
                                {Act::kCredentials, 2}, {Act::kKill, 10},       {Act::kPowerCut, 3},
                                {Act::kDiskFault, 3},   {Act::kServiceKill, 3}, {Act::kServicePowerCut, 1},
                                {Act::kServiceFault, 1}};

// A fault of the network is one of Cognito Identity's calls as often as of another operation.
constexpr std::int64_t kOperationsToFail = 5;

void draw_deed(Chance& chance, const Plan& plan, Step& step) {
  draw_use(chance, plan, step);
  switch (step.act) {
    case Act::kSignIn:
      step.number = chance.below(plan.identities + 1);
      step.kind = static_cast<int>(chance.percent(60) ? 0 : chance.below(3));
      step.key = static_cast<int>(chance.percent(80) ? 0 : chance.below(kManners));
      break;
    case Act::kSignOut:
      step.kind = static_cast<int>(chance.percent(60) ? 0 : chance.between(1, 2));
      break;
    case Act::kPush:
      step.kind = static_cast<int>(chance.one_in(2) ? 0 : chance.below(kHints));
      break;
    case Act::kMergeUsers:
    case Act::kFront:
      step.kind = static_cast<int>(chance.below(2));
      break;
    case Act::kConnectivity:
      step.kind = static_cast<int>(chance.below(3));
      break;
    default:
      break;
  }
}

// The process dies over what it writes for it.
Step kill_during(Chance& chance, const Step& step, std::int64_t steps) {
  return Step{.id = steps + step.id,
              .wait = step.wait,
              .act = Act::kKill,
              .device = step.device,
              .kind = static_cast<int>(chance.below(3)),
              .number = chance.between(1, 90)};
}

}  // namespace

Plan make_accounts_plan(std::uint64_t seed) {
  Chance chance(seed);
  chance.next();
  Plan plan{.seed = seed, .profile = std::string(kAccounts)};
  const auto devices = chance.between(1, 3);
  for (std::int64_t i = 0; i < devices; ++i) {
    auto device = draw_device(chance);
    device.survives_power_cut = true;  // what a power cut may take of somebody who is not here can't be followed
    device.from_template = false;      // it has a known identity
    device.automatic = chance.one_in(4);
    device.keeps_deleted = chance.one_in(4);
    plan.devices.push_back(device);
  }
  plan.datasets = chance.one_in(3) ? 2 : 1;
  plan.identities = static_cast<int>(chance.between(1, kMostPersons));
  static constexpr int kLifetimes[] = {45, 600, 3'600};
  plan.credentials_seconds = kLifetimes[chance.below(3)];
  const auto harm_of_hundred = chance.one_in(5) ? 0 : 25;
  const auto steps = chance.between(10, 32);
  for (std::int64_t id = 1; id <= steps; ++id) {
    const bool harm = chance.percent(harm_of_hundred);
    Step step{.id = id, .wait = draw_wait(chance), .act = draw(chance, harm ? kHarm : kDeeds)};
    step.device = static_cast<int>(chance.below(devices));
    draw_deed(chance, plan, step);
    if (harm) draw_fault(chance, step);
    if (step.act == Act::kSignIn && harm_of_hundred > 0 && chance.one_in(4)) {
      plan.steps.push_back(kill_during(chance, step, steps));
    }
    if (step.act == Act::kNetFault) step.key = static_cast<int>(chance.below(kOperationsToFail));
    plan.steps.push_back(step);
  }
  return plan;
}

}  // namespace syncline::sim
