// A whole history: plays a plan, lets all faults end, and checks that everybody comes to the same (D12). [one thread]
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/process.h"
#include "sim/stage.h"
#include "sim/templates.h"

namespace syncline::sim {

class World final : public Stage {
 public:
  World(const Plan& plan, const Templates& templates, const std::string& root, Trace& trace);
  ~World() override;

 private:
  struct Device {
    DeviceState state;
    SimClock clock;
    std::vector<std::unique_ptr<Process>> processes;
  };

  bool work(const Step& step) override;
  void settle() override;
  Life& life(const Step& step) override;
  SimClock& clock(int device) override { return devices_[static_cast<std::size_t>(device)]->clock; }
  void sign_as(const Step& step) override;
  void power_cut(int device) override;
  [[nodiscard]] bool anybody_waits() const override;
  Process& process(const Step& step);
  void heal_devices();
  void sync_everybody(int identity);
  void settle(int identity);
  void settle_deliveries();
  [[nodiscard]] bool all_equal(int identity, bool complain);
  bool equal(Device& device, const std::string& dataset, std::string& difference);
  [[nodiscard]] bool excused(const Device& device, const std::string& dataset) const;

  std::vector<std::unique_ptr<Device>> devices_;
};

}  // namespace syncline::sim
