// Where histories are played: the plan's steps in their time, and the harm that some of them do. What devices do is the
// business of whoever derives. [one thread]
#pragma once

#include <cstdint>
#include <string>

#include "sim/context.h"
#include "sim/life.h"
#include "sim/network.h"
#include "sim/service_host.h"

namespace syncline::sim {

class Stage {
 public:
  Stage(const Plan& plan, const Installation& installation, const std::string& root, Trace& trace);
  virtual ~Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void run();
  [[nodiscard]] const Verdict& verdict() const { return context_.verdict; }

 protected:
  // False: the step is no work, but harm.
  virtual bool work(const Step& step) = 0;
  // The end: faults are over, all comes to rest and is checked.
  virtual void settle() = 0;
  virtual Life& life(const Step& step) = 0;
  virtual SimClock& clock(int device) = 0;
  virtual void sign_as(const Step& step) = 0;
  virtual void power_cut(int device) = 0;
  [[nodiscard]] virtual bool anybody_waits() const = 0;

  void run_until(std::int64_t moment);
  // The network's and the service's.
  void end_faults();
  // Also what the network still holds back: it comes before the last syncs, or it would change what they have made
  // equal.
  void finish_what_runs();

  Context context_;
  ServiceHost service_;
  Network network_;

 private:
  void take(const Step& step);
  void harm(const Step& step);
  void harm_service(const Step& step);
};

}  // namespace syncline::sim
