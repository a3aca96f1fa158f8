// A whole history of devices that begin as guests, sign in, change accounts and leave. Plays a plan, lets all faults
// end, and checks that nothing was lost (D1), nothing is with anybody else (D15) and all devices of one identity come
// to the same (D12). [one thread]
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/account_app.h"
#include "sim/entropy.h"
#include "sim/identity_ledger.h"
#include "sim/stage.h"
#include "sim/templates.h"

namespace syncline::sim {

class Accounts final : private FixedEntropy, public Stage {
 public:
  Accounts(const Plan& plan, const Templates& templates, const std::string& root, Trace& trace);
  ~Accounts() override;

 private:
  struct Device {
    AccountDevice state;
    SimClock clock;
    std::unique_ptr<AccountApp> app;
  };

  bool work(const Step& step) override;
  bool work_on_data(const Step& step, AccountApp& app);
  void settle() override;
  Life& life(const Step& step) override { return *device(step.device).app; }
  SimClock& clock(int index) override { return device(index).clock; }
  void sign_as(const Step& step) override;
  void power_cut(int index) override;
  [[nodiscard]] bool anybody_waits() const override;
  Device& device(int index) { return *devices_[static_cast<std::size_t>(index)]; }

  void observe(int index, const HttpRequest& request, const std::optional<HttpResponse>& answer);
  void observe_login(int index, const HttpRequest& request, const std::optional<HttpResponse>& answer);
  void merge_users(const Step& step);
  std::string user_identity(int person);

  void heal_devices();
  void pass_time();
  void settle_as(int person);
  void enter(Device& device, int person);
  [[nodiscard]] bool all_equal(bool complain);
  [[nodiscard]] bool refused_guest(Device& device) const;
  [[nodiscard]] bool stranded(const Device& device, Who who) const;
  void check_end();

  IdentityLedger ledger_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::map<std::pair<std::string, std::string>, std::int64_t> newest_;  // counts that the service gave out
  std::string owner_;                                                   // of the login at the provider
  std::set<Who> merged_;                                                // are others' now, or may be
  std::set<Who> doubtful_;                                              // logged in, and the service died over it
};

}  // namespace syncline::sim
