// What is counted of deliveries, for Prometheus: what became of each attempt, and what waits. [any thread]
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/clock.h"
#include "service/metrics.h"
#include "service/outbox_store.h"

namespace syncline::service {

class DeliveryMetrics {
 public:
  // An attempt has ended: the message is delivered, is tried again, or is dead.
  void count(OutboxKind kind, Settlement::Kind end);
  // Nothing about what waits if the store can't be read. [blocks: disk, reading]
  void collect(MetricsText& text, OutboxStore& store, Timestamp now) const;

 private:
  static constexpr std::size_t kKinds = 2;
  static constexpr std::size_t kEnds = 3;

  std::array<std::array<std::atomic<std::uint64_t>, kEnds>, kKinds> attempts_{};
};

}  // namespace syncline::service
