#include "service/delivery_metrics.h"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace syncline::service {

namespace {

// In the order of their places: OutboxKind's, Settlement::Kind's.
constexpr std::array<std::string_view, 2> kKindNames{name_of(OutboxKind::kPush), name_of(OutboxKind::kStream)};
constexpr std::array<std::string_view, 3> kEndNames{"delivered", "failed", "dead"};

std::size_t place_of(OutboxKind kind) {
  return kind == OutboxKind::kPush ? 0 : 1;
}

}  // namespace

void DeliveryMetrics::count(OutboxKind kind, Settlement::Kind end) {
  attempts_[place_of(kind)][static_cast<std::size_t>(end)].fetch_add(1, std::memory_order_relaxed);
}

void DeliveryMetrics::collect(MetricsText& text, OutboxStore& store, Timestamp now) const {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (std::size_t end = 0; end < kEnds; ++end) {
      text.counter("syncline_deliveries_total",
                   "Attempts to deliver a message, by how they ended; one that failed is made again.",
                   {{"kind", kKindNames[kind]}, {"outcome", kEndNames[end]}},
                   attempts_[kind][end].load(std::memory_order_relaxed));
    }
  }
  const auto figures = store.outbox_figures();
  if (!figures) return;
  static constexpr std::string_view kWaiting = "Messages that wait to be delivered.";
  text.gauge("syncline_deliveries_waiting", kWaiting, {{"kind", kKindNames[0]}}, static_cast<double>(figures->pushes));
  text.gauge("syncline_deliveries_waiting", kWaiting, {{"kind", kKindNames[1]}}, static_cast<double>(figures->streams));
  text.gauge("syncline_dead_letters", "Messages that were given up, and are kept for a while.", {},
             static_cast<double>(figures->dead_letters));
  const auto age = std::chrono::duration<double>(figures->oldest ? now - *figures->oldest : Timestamp::duration(0));
  text.gauge("syncline_oldest_delivery_seconds", "How long the oldest of those that wait has waited.", {},
             std::max(age.count(), 0.0));
}

}  // namespace syncline::service
