// A device of a scenario: the real client with its real store in a directory of its own, driven step by step; the
// scenario's faults and hooks sit between it and the service. [one thread]
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client_impl.h"
#include "scenario/faults.h"
#include "scenario/fields.h"
#include "support/fake_clock.h"
#include "support/fake_transport.h"
#include "syncline/syncline.h"

namespace syncline::scenario {

class World;

struct DeviceOptions {
  std::string identity = "one";
  int attempts = 1;  // so that a scenario sees each failure
  bool survive_power_cut = true;
};

// How the app answers a conflict.
struct Answer {
  std::string name = "none";  // "none": there is no handler
  std::string value;          // of "use"
  Json first;                 // steps to run, once, before the answer is given
};

// Steps to run while a request is under way.
struct Hook {
  Selection selection;
  Json before;  // the service has not seen the request yet
  Json after;   // the service has answered, the device does not know
};

struct SyncRun {
  int completions = 0;
  bool killed = false;
  std::optional<Result<SyncReport>> outcome;
};

class Device {
 public:
  Device(World& world, std::string name, std::filesystem::path home);
  ~Device();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] DeviceOptions& options() { return options_; }
  [[nodiscard]] testing::FakeClock& clock() { return *clock_; }
  Dataset& dataset(const std::string& name);
  // Of all data sets that the scenario has used here.
  [[nodiscard]] std::vector<std::string> dataset_names() const;

  void restart();
  // What is on the disk at this moment is all there is. In the middle of a request: as soon as that is possible.
  void kill();

  // Starts a sync and goes on until it ends or something is held up.
  void begin_sync(const std::string& dataset);
  // Ends the sync that began first and says how it went; throws Mismatch if it does not end.
  std::shared_ptr<SyncRun> end_sync();

  void set_answer(const std::string& dataset, Answer answer);
  // What the app was asked since this was last called, as [key, base, local, remote].
  Json take_asked(const std::string& dataset) { return std::exchange(asked_[dataset], Json::array()); }
  [[nodiscard]] Json all_asked() const;

  void add_fault(std::shared_ptr<FaultRule> rule);
  void add_hook(Hook hook) { hooks_.push_back(std::make_shared<Hook>(std::move(hook))); }
  void clear_faults();
  void release() { transport_->release(); }
  // Lets the service see what "delay" and "echo" kept back.
  void deliver();
  // Names a fault or hook that no request ever met, or a sync that was never ended; empty: none.
  [[nodiscard]] std::string loose_end() const;

 private:
  void open();
  void close();
  void revive();
  void drive();
  [[nodiscard]] bool syncing() const;
  Result<HttpResponse> carry(const HttpRequest& request);
  Result<HttpResponse> answer(const HttpRequest& request);
  Resolution resolve(const std::string& dataset, const Conflict& conflict);
  void connect(const std::string& dataset);
  void use_rule(const std::shared_ptr<FaultRule>& rule);

  World& world_;
  std::string name_;
  std::filesystem::path home_;
  std::filesystem::path data_;
  int lives_ = 0;
  DeviceOptions options_;
  std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();

  std::optional<Client> client_;
  testing::FakeTransport* transport_ = nullptr;  // the client's
  std::map<std::string, Dataset> datasets_;
  std::deque<std::shared_ptr<SyncRun>> runs_;
  bool driving_ = false;
  bool killed_ = false;

  std::map<std::string, Answer> answers_;
  std::map<std::string, Json> asked_;
  std::vector<std::shared_ptr<FaultRule>> faults_;
  std::vector<std::shared_ptr<Hook>> hooks_;
  std::vector<HttpRequest> kept_back_;
};

Json as_asked(const Conflict& conflict);
Resolution resolution_of(const Answer& answer, const Conflict& conflict);

}  // namespace syncline::scenario
