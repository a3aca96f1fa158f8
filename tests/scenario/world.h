// One service, the devices, and the time that passes for all of them; runs steps and the check at the end. [one thread]
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scenario/device.h"
#include "scenario/fields.h"
#include "scenario/service_side.h"
#include "support/temp_dir.h"

namespace syncline::scenario {

inline constexpr const char* kDefaultDataset = "game";

class World {
 public:
  World();

  // Runs an array of steps. Throws BadScenario or Mismatch, naming the step.
  void run(const Json& steps);
  void run_step(const Json& step);

  [[nodiscard]] ServiceSide& service() { return *service_; }
  Device& device(const std::string& name);
  // For everyone; clocks that are wrong stay as wrong as they are.
  void wait(std::chrono::milliseconds passed);

  // D12: faults are over; within three syncs of each device all are the same. Before that, that no part of the scenario
  // went unused: no fault, no hook, no question to the app.
  void settle(bool conflicts_stay);

  // Steps that run inside a call of the library's must not throw through it: the first failure is kept for later.
  void keep_failure(const std::function<void()>& body);
  [[nodiscard]] bool has_failure() const { return failure_ != nullptr; }
  void throw_failure();

 private:
  [[nodiscard]] bool all_equal(bool conflicts_stay);
  void check_equal(Device& device, const std::string& dataset, bool conflicts_stay);

  testing::TempDir home_;
  std::unique_ptr<ServiceSide> service_;
  std::map<std::string, std::unique_ptr<Device>> devices_;
  std::exception_ptr failure_;
};

// Whom a step is about: "A", "A/settings", "S", "S/settings@two", "all".
struct Subject {
  std::string name;
  std::string dataset = kDefaultDataset;
  std::string identity = "one";  // the service's steps only
};
Subject parse_subject(const Json& json);

// One step each; false: there is no such verb.
bool act_on_device(World& world, Device& device, const std::string& dataset, const std::string& verb,
                   Arguments& arguments);
bool check_device(Device& device, const std::string& dataset, const std::string& verb, Arguments& arguments);
bool act_on_service(World& world, const Subject& subject, const std::string& verb, Arguments& arguments);

}  // namespace syncline::scenario
