#include "sim/delivery_ledger.h"

#include <algorithm>

#include "sim/plan.h"

namespace syncline::sim {

std::string push_lane(const std::string& dataset, const std::string& device) {
  return dataset + " to " + device;
}

std::string lane_of(const wire::Target& target, const std::string& device) {
  const std::string dataset = label_of(target.identity.text(), target.dataset.text());
  return device.empty() ? dataset : push_lane(dataset, device);
}

std::string shown(const Delivery& delivery) {
  return delivery.lane + " at " + std::to_string(delivery.count) + (delivery.removal ? " removed" : "");
}

DeliveryLedger::Message* DeliveryLedger::find(const Delivery& delivery) {
  auto& lane = lanes_[delivery.lane];
  const auto found = std::find_if(lane.begin(), lane.end(), [&](const Message& each) {
    return each.count == delivery.count && each.removal == delivery.removal;
  });
  return found == lane.end() ? nullptr : &*found;
}

void DeliveryLedger::committed(const HeldChange& change, bool streamed, const std::vector<std::string>& subscribers) {
  if (streamed) {
    lanes_[change.dataset].push_back({.count = change.count, .removal = change.removal, .records = change.records});
  }
  if (change.removal) return;
  for (const std::string& device : subscribers) {
    if (device == change.by) continue;
    lanes_[push_lane(change.dataset, device)].push_back({.count = change.count, .records = {}});
  }
}

// --- what the receivers see ---------------------------------------------------------------------------------------

DeliveryLedger::Message* DeliveryLedger::arrived(const Delivery& delivery) {
  Message* const message = find(delivery);
  if (message == nullptr) {
    verdict_.fail("S8", shown(delivery) + " was sent, but nothing of the sort was committed");
    return nullptr;
  }
  if (message->arrived) return message;
  message->arrived = true;
  const auto& lane = lanes_[delivery.lane];
  for (const Message& earlier : lane) {
    if (&earlier == message) break;
    verdict_.require(earlier.arrived || earlier.died, "S8",
                     shown(delivery) + " has overtaken the one at " + std::to_string(earlier.count));
  }
  return message;
}

void DeliveryLedger::record_arrived(const Delivery& delivery, const SentRecords& records) {
  const Message* const message = arrived(delivery);
  if (message == nullptr) return;
  verdict_.require(message->records == records, "S8",
                   "the stream's record of " + shown(delivery) + " has other records than were committed");
}

// --- what the service does ----------------------------------------------------------------------------------------

void DeliveryLedger::begins(const Delivery& delivery) {
  const Message* const message = find(delivery);
  verdict_.require(message == nullptr || !message->marked, "S8",
                   shown(delivery) + " is sent again, but was marked as delivered");
}

void DeliveryLedger::said_to_be_delivered(const Delivery& delivery) {
  const Message* const message = find(delivery);
  verdict_.require(message != nullptr && message->arrived, "S8",
                   shown(delivery) + " is taken for delivered, but no receiver has seen it");
}

void DeliveryLedger::marked(const Delivery& delivery) {
  if (Message* const message = find(delivery)) message->marked = true;
}

// A dead letter does not say whether it tells of a removal.
void DeliveryLedger::died(const std::string& lane, std::int64_t count) {
  for (const bool removal : {false, true}) {
    if (Message* const message = find({.lane = lane, .count = count, .removal = removal})) message->died = true;
  }
}

// --- the end ------------------------------------------------------------------------------------------------------

void DeliveryLedger::check_end(const std::vector<service::DeadLetter>& dead) {
  for (const auto& [lane, messages] : lanes_) {
    for (const Message& message : messages) {
      const bool buried = std::any_of(dead.begin(), dead.end(), [&, &name = lane](const service::DeadLetter& letter) {
        return letter.count.value == message.count && lane_of(letter.target, letter.device) == name;
      });
      verdict_.require(message.arrived || buried, "S8",
                       shown({.lane = lane, .count = message.count, .removal = message.removal}) +
                           " was committed, and is neither sent nor a dead letter");
    }
  }
}

}  // namespace syncline::sim
