#include "sim/world.h"

#include <algorithm>
#include <utility>

namespace syncline::sim {

namespace {

constexpr int kSyncsToSettle = 3;

}  // namespace

World::World(const Plan& plan, const Templates& templates, const std::string& root, Trace& trace)
    : Stage(plan, plan.profile == kDeliveries ? templates.deliveries : templates.plain, root, trace) {
  context_.held.set_quota(plan.records);
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    auto device = std::make_unique<Device>(Device{.state = {}, .clock = SimClock(context_.events), .processes = {}});
    device->state.index = static_cast<int>(i);
    device->state.directory = root + "/" + std::string(1, static_cast<char>('A' + i));
    device->state.answer = plan.devices[i].answer;
    if (plan.devices[i].from_template)
      context_.disk.write_file(device->state.directory + "/syncline.db", templates.store);
    for (int p = 0; p < plan.processes; ++p) {
      device->processes.push_back(
          std::make_unique<Process>(context_, network_, service_, device->state, device->clock));
    }
    devices_.push_back(std::move(device));
  }
}

World::~World() = default;

// --- steps --------------------------------------------------------------------------------------------------------

Process& World::process(const Step& step) {
  return *devices_[static_cast<std::size_t>(step.device)]->processes[static_cast<std::size_t>(step.process)];
}

Life& World::life(const Step& step) {
  return process(step);
}

bool World::work(const Step& step) {
  Device& device = *devices_[static_cast<std::size_t>(step.device)];
  Process& process = this->process(step);
  switch (step.act) {
    case Act::kPut:
      process.put(step);
      return true;
    case Act::kRemove:
      process.remove(step);
      return true;
    case Act::kPutAll:
      process.put_all(step);
      return true;
    case Act::kSync:
      process.synchronize(process.label(step.dataset));
      return true;
    case Act::kResolve:
      process.resolve(step);
      return true;
    case Act::kHandler:
      device.state.answer = static_cast<Answer>(step.kind);
      for (const auto& each : device.processes) each->use_answer();
      return true;
    case Act::kDelete:
      process.delete_dataset(step);
      return true;
    case Act::kRestart:
      process.close();
      process.open();
      return true;
    case Act::kDescribe:
      process.describe(step);
      return true;
    case Act::kSwitch:
      process.switch_identity(step);
      return true;
    case Act::kIntrude:
      service_.intrude(step);
      return true;
    case Act::kSubscribe:
      service_.subscribe(process.device_id(), process.label(step.dataset));
      return true;
    case Act::kStream:
      service_.set_stream(step.kind == 0);
      return true;
    case Act::kReplay:
      service_.replay_dead_letters();
      return true;
    default:
      return step.act == Act::kWait;
  }
}

void World::sign_as(const Step& step) {
  Device& device = *devices_[static_cast<std::size_t>(step.device)];
  device.state.signing = static_cast<Signing>(step.kind);
  context_.events.after(step.number, [&device] { device.state.signing = Signing::kRight; });
}

void World::power_cut(int index) {
  Device& device = *devices_[static_cast<std::size_t>(index)];
  for (const auto& process : device.processes) process->kill();
  context_.disk.power_cut(device.state.directory + "/");
  context_.writes.power_cut(device.state.index);
  if (context_.plan.devices[static_cast<std::size_t>(device.state.index)].survives_power_cut) return;
  std::map<std::string, std::vector<PendingChange>> journals;
  for (int i = 0; i < context_.plan.datasets; ++i) {
    const std::string label = device.processes.front()->label(i);
    Dataset* const dataset = device.processes.front()->dataset(label);
    if (dataset == nullptr) return context_.verdict.fail("D10", "a store can't be opened after a power cut");
    auto pending = dataset->pending_changes();
    if (pending) journals[label] = std::move(*pending);
  }
  context_.writes.lost_newest(device.state.index, journals);
}

// --- the end ------------------------------------------------------------------------------------------------------

void World::settle() {
  end_faults();
  heal_devices();
  finish_what_runs();
  for (int identity = 0; identity < context_.plan.identities && !context_.verdict.failed(); ++identity) {
    settle(identity);
  }
  if (context_.plan.profile == kDeliveries && !context_.verdict.failed()) settle_deliveries();
}

// Whatever could not be sent can be now.
void World::settle_deliveries() {
  finish_what_runs();
  service_.check_deliveries();
  service_.set_stream(true);
  service_.replay_dead_letters();
  finish_what_runs();
  service_.check_deliveries();
  context_.verdict.require(service_.dead_letters().empty(), "S8",
                           "a dead letter can't be sent when all faults are over");
}

void World::settle(int identity) {
  for (const auto& device : devices_) {
    for (const auto& process : device->processes) process->become(identity);
  }
  for (int round = 0; round < kSyncsToSettle && !context_.verdict.failed(); ++round) {
    if (round > 0 && all_equal(identity, false)) break;
    sync_everybody(identity);
  }
  if (context_.verdict.failed()) return;
  service_.check_all();
  static_cast<void>(all_equal(identity, true));
  for (const auto& device : devices_) {
    for (const auto& process : device->processes) {
      if (!context_.verdict.failed()) process->check_all();
    }
  }
}

void World::heal_devices() {
  for (const auto& device : devices_) {
    device->state.signing = Signing::kRight;
    // Policies that decide: whoever leaves a conflict open does not come to the same as the others.
    device->state.answer = device->state.index % 2 == 0 ? Answer::kLocal : Answer::kNewest;
    for (const auto& process : device->processes) {
      process->use_answer();
      if (!process->open()) context_.verdict.fail("D10", "a store can't be opened when all faults are over");
      process->tick();
    }
  }
}

bool World::anybody_waits() const {
  return std::any_of(devices_.begin(), devices_.end(), [](const auto& device) {
    return std::any_of(device->processes.begin(), device->processes.end(),
                       [](const auto& process) { return process->syncing(); });
  });
}

void World::sync_everybody(int identity) {
  for (const auto& device : devices_) {
    for (int i = 0; i < context_.plan.datasets; ++i) {
      device->processes.front()->synchronize(label_of(identity, i));
    }
    finish_what_runs();
    if (context_.verdict.failed()) return;
  }
}

bool World::excused(const Device& device, const std::string& dataset) const {
  return context_.held.misled(device.state.index, dataset);
}

bool World::all_equal(int identity, bool complain) {
  for (const auto& device : devices_) {
    for (int i = 0; i < context_.plan.datasets; ++i) {
      const std::string dataset = label_of(identity, i);
      std::string difference;
      if (excused(*device, dataset) || equal(*device, dataset, difference)) continue;
      if (complain)
        context_.verdict.fail("D12", std::string(1, static_cast<char>('A' + device->state.index)) + "/" + dataset +
                                         " at the end: " + difference);
      return false;
    }
  }
  return true;
}

bool World::equal(Device& device, const std::string& dataset, std::string& difference) {
  const auto differs = [&](const std::string& text) {
    difference = text;
    return false;
  };
  Dataset* const data = device.processes.front()->dataset(dataset);
  if (data == nullptr) return differs("it does not open");
  if (!device.processes.front()->succeeded(dataset)) return differs("its last sync did not succeed");
  const auto info = data->info();
  const auto records = data->records();
  if (!info || !records) return differs("it can't be read");
  if (info->pending > 0 || info->conflicts > 0) return differs(std::to_string(info->pending) + " writes are pending");
  auto expected = std::map<std::string, HeldVersion>();
  if (const auto held = context_.held.held().find(dataset); held != context_.held.held().end())
    expected = held->second.records;
  std::erase_if(expected, [](const auto& each) { return !each.second.value; });
  if (expected.size() != records->size())
    return differs(std::to_string(records->size()) + " records, not " + std::to_string(expected.size()));
  for (const Record& record : *records) {
    const auto found = expected.find(record.key);
    if (found == expected.end()) return differs(record.key + " is not at the service");
    if (found->second.value != record.value) return differs(record.key + " has another value (D17)");
    if (found->second.count != record.sync_count.value) return differs(record.key + " has another count");
  }
  return true;
}

}  // namespace syncline::sim
