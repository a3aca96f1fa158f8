// Takes messages from the outbox, hands them to a sender, and writes down what became of them: sent at least once, in
// the order of each lane, tried again with growing pauses, given up into the dead letters (S8). A message is marked
// after it was sent: a process that is killed in between sends it again.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "service/delivery_metrics.h"
#include "service/delivery_sender.h"
#include "service/log.h"
#include "service/outbox_store.h"

namespace syncline::service {

// [one thread, but for wake()]
class Deliverer {
 public:
  // Store, clock, random and metrics must outlive it.
  Deliverer(OutboxStore& store, Clock& clock, Random& random, DeliveryLimits limits, std::unique_ptr<Sender> sender,
            DeliveryMetrics& metrics, Log log);
  Deliverer(const Deliverer&) = delete;
  Deliverer& operator=(const Deliverer&) = delete;

  // Writes down what has been sent, and starts to send what is due. Never fails: what the store refuses is logged, and
  // done again a little later. [blocks: disk]
  void step();
  // Until step() may have something to do, or `longest` has passed. [blocks]
  void wait(std::chrono::milliseconds longest);
  void wake() { sender_->wake(); }  // [any thread]

  // From now on nothing more is started.
  void stop_sending() { stopped_ = true; }
  // How many messages are under way, or sent and not written down yet.
  [[nodiscard]] std::size_t under_way() const { return under_way_.size() + finished_.size(); }

 private:
  void start_due();
  void finish(std::int64_t lane, const Outcome& outcome);
  void write_down();
  void hold_back(const Outcome& outcome);
  void tidy();
  void report(LogLevel level, const std::string& text) const;

  OutboxStore& store_;
  Clock& clock_;
  Random& random_;
  const DeliveryLimits limits_;
  DeliveryMetrics& metrics_;
  const Log log_;
  bool stopped_ = false;
  std::map<std::int64_t, WaitingMessage> under_way_;  // by lane
  std::vector<Settlement> finished_;
  int unreachable_ = 0;                           // how often, one after the other
  std::optional<MonotonicTime> held_until_ = {};  // nothing is started before
  std::optional<MonotonicTime> tidied_at_ = {};
  std::unique_ptr<Sender> sender_;  // last: what it cuts off comes back to the rest
};

}  // namespace syncline::service
