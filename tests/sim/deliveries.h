// How messages leave the simulated service: the real deliverers and senders of one of its processes, over a simulated
// network to simulated receivers; stepped by events instead of threads. [one thread]
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "service/aws_channel.h"
#include "service/deliverer.h"
#include "service/delivery_metrics.h"
#include "service/delivery_options.h"
#include "service/service_store.h"
#include "sim/delivery_ledger.h"
#include "sim/network.h"
#include "sim/receivers.h"
#include "support/fake_random.h"

namespace syncline::sim {

inline constexpr std::size_t kManyDeadLetters = 10'000;

// What outlives the service's processes.
struct Outside {
  explicit Outside(Context& context);

  // As Act::kReceiverFault says.
  void fail(const Step& step);
  [[nodiscard]] std::string key() const { return "SIMULATED" + std::to_string(history); }

  DeliveryLedger ledger;
  Receivers receivers;
  Network network;
  int history = 1;  // grows with each restore; who still sends for an earlier one is known by its key
};

// Little patience: a history lasts for minutes.
service::DeliveryOptions delivery_options(const Outside& outside);

class Deliveries {
 public:
  // `alive`: whether the process still runs; `arrived` is called when an answer comes.
  Deliveries(Outside& outside, service::ServiceStore& store, Clock& clock, std::uint64_t seed,
             std::function<bool()> alive, std::function<void()> arrived);
  ~Deliveries();
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

  void step();
  // After a step that the process has survived: what the store holds now. `marked`: nothing kept it from writing.
  // False: something waits, or the store does not say.
  bool at_rest(bool marked);

 private:
  class Watched;

  std::unique_ptr<service::AwsChannel> channel(Receiver receiver, Clock& clock,
                                               const service::DeliveryOptions& options);

  Outside& outside_;
  service::ServiceStore& store_;
  const std::function<bool()> alive_;
  const std::function<void()> arrived_;
  testing::FakeRandom random_;
  service::DeliveryMetrics metrics_;
  std::vector<std::shared_ptr<Mailbox>> mailboxes_;
  std::vector<Delivery> delivered_;  // and not known to be marked yet
  std::vector<std::unique_ptr<service::Deliverer>> deliverers_;
};

}  // namespace syncline::sim
