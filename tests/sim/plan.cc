#include "sim/plan.h"

#include <algorithm>
#include <map>

#include "sim/plan_draw.h"

namespace syncline::sim {

namespace {

struct Profile {
  const char* name;
  const char* about;
  int most_devices = 4;
  int most_processes = 1;
  int identities = 1;
  int strangers_of_hundred = 1;  // steps that are a stranger's
  int faults_of_hundred = 0;     // steps that are faults
  std::vector<Weight> faults = {};
};

const std::vector<Weight> kNetwork{
    {Act::kNetFault, 12}, {Act::kPartition, 2}, {Act::kClock, 2}, {Act::kCredentials, 2}};
const std::vector<Weight> kDisk{{Act::kKill, 6},        {Act::kPowerCut, 3},        {Act::kDiskFault, 4},
                                {Act::kServiceKill, 3}, {Act::kServicePowerCut, 1}, {Act::kServiceFault, 1},
                                {Act::kNetFault, 4}};
const std::vector<Weight> kAll{{Act::kNetFault, 10},   {Act::kPartition, 1},   {Act::kClock, 2},
                               {Act::kCredentials, 2}, {Act::kKill, 4},        {Act::kPowerCut, 2},
                               {Act::kDiskFault, 2},   {Act::kServiceKill, 2}, {Act::kServicePowerCut, 1},
                               {Act::kServiceFault, 1}};
const std::vector<Weight> kOutward{{Act::kReceiverFault, 16}, {Act::kServiceKill, 8}, {Act::kServicePowerCut, 2},
                                   {Act::kServiceFault, 6},   {Act::kNetFault, 3},    {Act::kKill, 1}};
// What a disk has failed to write may be in a backup all the same, which no ledger can know: either, but not both.
const std::vector<Weight> kOutwardBackups{{Act::kReceiverFault, 12}, {Act::kServiceKill, 6}, {Act::kServicePowerCut, 1},
                                          {Act::kBackup, 4},         {Act::kRestore, 3},     {Act::kNetFault, 2}};
const std::vector<Weight> kBackups{{Act::kBackup, 6}, {Act::kRestore, 3}, {Act::kNetFault, 2}, {Act::kKill, 1}};

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all{
      {.name = "calm", .about = "no fault at all", .most_devices = 5},
      {.name = "default",
       .about = "all but restored backups",
       .most_devices = 5,
       .most_processes = 2,
       .faults_of_hundred = 30,
       .faults = kAll},
      {.name = "network", .about = "the network, clocks and credentials", .faults_of_hundred = 40, .faults = kNetwork},
      {.name = "disk",
       .about = "kills, power cuts, disk errors, on both sides",
       .faults_of_hundred = 35,
       .faults = kDisk},
      {.name = "restore",
       .about = "the service is restored from older backups",
       .faults_of_hundred = 15,
       .faults = kBackups},
      {.name = "single",
       .about = "one device: never a conflict, whatever fails",
       .most_devices = 1,
       .faults_of_hundred = 40,
       .faults = kAll},
      {.name = "processes",
       .about = "two processes on each store",
       .most_devices = 2,
       .most_processes = 2,
       .faults_of_hundred = 25,
       .faults = kAll},
      {.name = "identities",
       .about = "two accounts on each device, and strangers",
       .most_devices = 3,
       .most_processes = 2,
       .identities = 2,
       .strangers_of_hundred = 10,
       .faults_of_hundred = 20,
       .faults = kAll},
      {.name = kDeliveries.data(),
       .about = "streams and pushes leave the service, whose receivers fail",
       .most_devices = 3,
       .faults_of_hundred = 35,
       .faults = kOutward},
      {.name = kAccounts.data(), .about = "guests who sign in, accounts that change, pushes, automatic syncs"}};
  return all;
}

const Profile* find_profile(std::string_view name) {
  const auto& all = profiles();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Profile& each) { return name == each.name; });
  return found == all.end() ? nullptr : &*found;
}

const std::vector<Weight> kWork{{Act::kPut, 30},   {Act::kRemove, 8},  {Act::kPutAll, 6},
                                {Act::kSync, 40},  {Act::kResolve, 6}, {Act::kHandler, 4},
                                {Act::kDelete, 2}, {Act::kRestart, 3}, {Act::kDescribe, 1}};

const std::vector<Weight> kWorkToTellOf{{Act::kPut, 30},       {Act::kRemove, 6}, {Act::kPutAll, 6}, {Act::kSync, 40},
                                        {Act::kSubscribe, 16}, {Act::kDelete, 2}, {Act::kReplay, 5}, {Act::kStream, 4}};
constexpr std::int64_t kHugeOneIn = 12;

void draw_work(Chance& chance, const Plan& plan, Step& step) {
  draw_use(chance, plan, step);
  if (step.act == Act::kStream) step.kind = static_cast<int>(chance.below(3) / 2);
  if (plan.profile == kDeliveries && step.act == Act::kPut && chance.one_in(kHugeOneIn)) {
    step.kind = static_cast<int>(Value::kOwnHuge);
  }
  if (step.act != Act::kPutAll) return;
  step.number = chance.between(2, 4);
  step.kind = static_cast<int>(chance.below(8) & chance.below(8));
}

}  // namespace

std::string label_of(int identity, int dataset) {
  const std::string name = kDatasetNames[static_cast<std::size_t>(dataset)];
  return identity == 0 ? name : name + "@" + std::to_string(identity + 1);
}

std::string label_of(std::string_view identity, std::string_view dataset) {
  const auto found = std::find(kIdentities.begin(), kIdentities.end(), identity);
  const auto number = found - kIdentities.begin();
  return number == 0 ? std::string(dataset) : std::string(dataset) + "@" + std::to_string(number + 1);
}

Named read_label(const std::string& label) {
  const auto mark = label.find('@');
  if (mark == std::string::npos) return {.identity = 0, .dataset = label};
  return {.identity = std::stoi(label.substr(mark + 1)) - 1, .dataset = label.substr(0, mark)};
}

std::string about_profile(std::string_view name) {
  const Profile* profile = find_profile(name);
  return profile == nullptr ? "" : profile->about;
}

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const auto& profile : profiles()) names.emplace_back(profile.name);
  return names;
}

Plan make_plan(std::uint64_t seed, std::string_view name) {
  if (name == kAccounts) return make_accounts_plan(seed);
  const Profile& profile = *find_profile(name);
  Chance chance(seed);
  chance.next();
  Plan plan{.seed = seed, .profile = std::string(name)};
  const auto few = chance.between(2, 5);  // not inside the call below: compilers differ in which argument comes first
  const auto devices = std::min(chance.between(1, profile.most_devices), few);
  for (std::int64_t i = 0; i < devices; ++i) plan.devices.push_back(draw_device(chance));
  plan.datasets = chance.one_in(3) ? static_cast<int>(chance.between(2, 3)) : 1;
  const bool shared = profile.most_processes > 1 && (name == "processes" || chance.one_in(5));
  plan.processes = shared ? 2 : 1;
  plan.identities = profile.identities > 1 || chance.one_in(12) ? 2 : 1;
  // What a power cut may take of an identity that nobody is at the moment can't be followed.
  if (plan.identities > 1) {
    for (auto& device : plan.devices) device.survives_power_cut = true;
  }
  plan.records = chance.one_in(10) ? static_cast<int>(chance.between(1, 4)) : 0;
  plan.page_size = chance.one_in(6) ? static_cast<int>(chance.between(1, 3)) : 0;
  const bool outward = name == kDeliveries;
  const auto& work = outward ? kWorkToTellOf : kWork;
  const auto& faults = outward && chance.one_in(4) ? kOutwardBackups : profile.faults;
  const auto steps = chance.between(12, 36);
  for (std::int64_t id = 1; id <= steps; ++id) {
    const bool fault = !profile.faults.empty() && chance.percent(profile.faults_of_hundred);
    Step step{.id = id, .wait = draw_wait(chance), .act = draw(chance, fault ? faults : work)};
    step.device = static_cast<int>(chance.below(devices));
    step.process = static_cast<int>(chance.below(plan.processes));
    draw_work(chance, plan, step);
    if (!fault && chance.percent(profile.strangers_of_hundred)) {
      step.act = Act::kIntrude;
      step.kind = static_cast<int>(chance.below(kIntrusions));
    } else if (plan.identities > 1 && !fault && chance.percent(12)) {
      step.act = Act::kSwitch;
      step.number = chance.below(plan.identities);
      step.kind = static_cast<int>(chance.below(2));
    }
    if (fault) draw_fault(chance, step);
    plan.steps.push_back(step);
  }
  return plan;
}

}  // namespace syncline::sim
