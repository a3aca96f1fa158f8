// What must leave the service, and what of it has reached the receivers (S8): each committed change at least once, in
// the order of its lane but for those that were dead letters meanwhile, never before its commit, never again once the
// service has marked it, and never to the device that wrote. [one thread]
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "service/outbox_store.h"
#include "sim/service_ledger.h"
#include "sim/verdict.h"

namespace syncline::sim {

using SentRecords = std::map<std::string, std::optional<std::string>>;

// A lane is a dataset's stream records ("game"), or its pushes to one device ("game to B").
struct Delivery {
  std::string lane;
  std::int64_t count = 0;
  bool removal = false;
};

std::string push_lane(const std::string& dataset, const std::string& device);
// As the service calls it.
std::string lane_of(const wire::Target& target, const std::string& device);
std::string shown(const Delivery& delivery);

class DeliveryLedger {
 public:
  struct Message {
    std::int64_t count = 0;
    bool removal = false;
    SentRecords records;
    bool arrived = false;
    bool died = false;    // was a dead letter at some time
    bool marked = false;  // the service has written down that it is delivered
  };
  using Lanes = std::map<std::string, std::vector<Message>>;

  explicit DeliveryLedger(Verdict& verdict) : verdict_(verdict) {}

  // It was committed: `streamed` as a record of the pool's stream, and pushed to those of `subscribers` who did not
  // write it.
  void committed(const HeldChange& change, bool streamed, const std::vector<std::string>& subscribers);

  // --- the receivers' side
  void record_arrived(const Delivery& delivery, const SentRecords& records);
  void push_arrived(const Delivery& delivery) { static_cast<void>(arrived(delivery)); }

  // --- the service's
  void begins(const Delivery& delivery);
  // Its sender says so: the receiver must have it.
  void said_to_be_delivered(const Delivery& delivery);
  void marked(const Delivery& delivery);
  void died(const std::string& lane, std::int64_t count);

  // --- backups
  [[nodiscard]] const Lanes& lanes() const { return lanes_; }
  void restored(Lanes lanes) { lanes_ = std::move(lanes); }

  // Nothing waits any more: all has arrived, but for what is among the dead letters.
  void check_end(const std::vector<service::DeadLetter>& dead);

 private:
  // Null: nothing of the sort was committed.
  Message* find(const Delivery& delivery);
  Message* arrived(const Delivery& delivery);

  Verdict& verdict_;
  Lanes lanes_;
};

}  // namespace syncline::sim
