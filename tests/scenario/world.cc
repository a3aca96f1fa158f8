#include "scenario/world.h"

#include <algorithm>
#include <set>
#include <utility>

namespace syncline::scenario {

namespace {

constexpr int kSyncsToSettle = 3;
// Long enough that dates differ and that nobody's order of writes is a tie.
constexpr std::chrono::seconds kStepTakes{1};

bool is_device_name(const std::string& name) {
  return name.size() == 1 && name >= "A" && name <= "E";
}

}  // namespace

Subject parse_subject(const Json& json) {
  if (!json.is_string()) throw BadScenario("a step starts with its subject, not with " + shown(json));
  Subject subject{.name = json.get<std::string>()};
  if (const auto at = subject.name.find('@'); at != std::string::npos) {
    subject.identity = subject.name.substr(at + 1);
    subject.name.resize(at);
    if (!subject.name.starts_with('S')) throw BadScenario("a device's identity is set with \"open\"");
  }
  if (const auto slash = subject.name.find('/'); slash != std::string::npos) {
    subject.dataset = subject.name.substr(slash + 1);
    subject.name.resize(slash);
  }
  if (subject.name != "S" && subject.name != "all" && !is_device_name(subject.name)) {
    throw BadScenario("unknown subject \"" + subject.name + "\" (A to E, S, all)");
  }
  return subject;
}

World::World() : service_(std::make_unique<ServiceSide>(home_.path() / "service")) {}

Device& World::device(const std::string& name) {
  auto& device = devices_[name];
  if (!device) {
    device = std::make_unique<Device>(*this, name, home_.path() / name);
    device->clock().set_wall(service_->clock().wall());
    device->clock().set_monotonic(service_->clock().monotonic());
  }
  return *device;
}

void World::wait(std::chrono::milliseconds passed) {
  if (passed.count() < 0) throw BadScenario("time does not run backwards");
  service_->clock().advance(passed);
  for (const auto& [name, device] : devices_) device->clock().advance(passed);
}

// --- steps --------------------------------------------------------------------------------------------------------

void World::run(const Json& steps) {
  if (!steps.is_array()) throw BadScenario("not a list of steps: " + shown(steps));
  std::size_t number = 0;
  for (const Json& step : steps) {
    ++number;
    const auto where = [&] { return "step " + std::to_string(number) + " " + shown(step) + ": "; };
    try {
      run_step(step);
    } catch (const BadScenario& bad) {
      throw BadScenario(where() + bad.what());
    } catch (const Mismatch& mismatch) {
      throw Mismatch(where() + mismatch.what());
    }
  }
}

void World::run_step(const Json& step) {
  if (!step.is_array() || step.size() < 2) throw BadScenario("a step is [subject, verb, ...]");
  const Subject subject = parse_subject(step.at(0));
  Arguments arguments(step);
  if (!step.at(1).is_string()) throw BadScenario("the verb is no string");
  const std::string verb = step.at(1).get<std::string>();
  wait(kStepTakes);
  bool known = false;
  if (subject.name == "S") {
    known = act_on_service(*this, subject, verb, arguments);
  } else if (subject.name == "all") {
    known = verb == "wait";
    if (known) wait(std::chrono::seconds{arguments.number("seconds")});
  } else {
    Device& device = this->device(subject.name);
    known = act_on_device(*this, device, subject.dataset, verb, arguments) ||
            check_device(device, subject.dataset, verb, arguments);
  }
  if (!known) throw BadScenario("unknown verb \"" + verb + "\"");
  arguments.done();
}

// --- failures inside of callbacks ---------------------------------------------------------------------------------

void World::keep_failure(const std::function<void()>& body) {
  try {
    body();
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
  }
}

void World::throw_failure() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

// --- the end ------------------------------------------------------------------------------------------------------

void World::settle(bool conflicts_stay) {
  for (const auto& [name, device] : devices_) {
    if (const auto loose = device->loose_end(); !loose.empty()) throw BadScenario(name + ": " + loose);
    if (const Json asked = device->all_asked(); !asked.empty()) {
      throw Mismatch(name + "'s app was asked without a step that expects it: " + shown(asked));
    }
    device->clear_faults();
  }
  service_->set_trigger(std::nullopt);
  for (int round = 0; round < kSyncsToSettle && !all_equal(conflicts_stay); ++round) {
    for (const auto& [name, device] : devices_) {
      for (const auto& dataset : device->dataset_names()) {
        device->begin_sync(dataset);
        device->release();
        device->end_sync();
      }
    }
  }
  for (const auto& [name, device] : devices_) {
    for (const auto& dataset : device->dataset_names()) check_equal(*device, dataset, conflicts_stay);
    if (const Json asked = device->all_asked(); !asked.empty() && !conflicts_stay) {
      throw Mismatch(name + "'s app was asked after the last step, while all settled: " + shown(asked));
    }
  }
}

bool World::all_equal(bool conflicts_stay) {
  try {
    for (const auto& [name, device] : devices_) {
      for (const auto& dataset : device->dataset_names()) check_equal(*device, dataset, conflicts_stay);
    }
    return true;
  } catch (const Mismatch&) {
    return false;
  }
}

void World::check_equal(Device& device, const std::string& dataset, bool conflicts_stay) {
  const std::string what = device.name() + "/" + dataset + " at the end (D12)";
  Dataset& here = device.dataset(dataset);
  const auto pending = here.pending_changes();
  const auto records = here.records();
  const auto info = here.info();
  if (!pending || !records || !info) throw Mismatch(what + ": can't be read");
  std::set<std::string> in_conflict;
  for (const auto& change : *pending) {
    if (!change.conflicted || !conflicts_stay) throw Mismatch(what + ": " + change.key + " is still pending");
    in_conflict.insert(change.key);
  }
  const ServiceDataset there = service_->read(identity_id(device.options().identity), dataset);
  Json expected = Json::object();
  for (const auto& [key, record] : there.records) {
    if (record.value && !in_conflict.contains(key)) expected[key] = Json::array({*record.value, record.count});
  }
  Json found = Json::object();
  for (const Record& record : *records) {
    if (!in_conflict.contains(record.key)) found[record.key] = Json::array({record.value, record.sync_count.value});
  }
  check_same(what, expected, found);
  check_same(what, Json{{"sync count", there.count}}, Json{{"sync count", info->sync_count.value}});
}

}  // namespace syncline::scenario
