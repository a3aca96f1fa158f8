// A whole history: plays a plan, lets all faults end, and checks that everybody comes to the same (D12). [one thread]
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/context.h"
#include "sim/network.h"
#include "sim/process.h"
#include "sim/service_host.h"

namespace syncline::sim {

// Files as a first start leaves them: saves each history the making of its schemas.
struct Templates {
  Image service;
  std::string store;
};
// `root`: a directory of the real file system, for lock files; the same for all histories.
Templates make_templates(const std::string& root);

struct Outcome {
  std::string guarantee;  // empty: nothing was violated
  std::string violation;
  std::uint64_t hash = 0;
};

class World {
 public:
  World(const Plan& plan, const Templates& templates, const std::string& root, Trace& trace);
  ~World();
  void run();
  [[nodiscard]] const Verdict& verdict() const { return context_.verdict; }

 private:
  struct Device {
    DeviceState state;
    SimClock clock;
    std::vector<std::unique_ptr<Process>> processes;
  };

  void take(const Step& step);
  bool work(const Step& step);
  void harm(const Step& step);
  void harm_service(const Step& step);
  void power_cut(Device& device);
  void sign_as(Device& device, const Step& step);
  void run_until(std::int64_t moment);
  void settle();
  void end_faults();
  void finish_what_runs();
  [[nodiscard]] bool anybody_syncs() const;
  void sync_everybody(int identity);
  void settle(int identity);
  [[nodiscard]] bool all_equal(int identity, bool complain);
  bool equal(Device& device, const std::string& dataset, std::string& difference);
  [[nodiscard]] bool excused(const Device& device, const std::string& dataset) const;

  Context context_;
  ServiceHost service_;
  Network network_;
  std::vector<std::unique_ptr<Device>> devices_;
};

}  // namespace syncline::sim
