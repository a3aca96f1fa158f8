#include "service/request_metrics.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "wire/identity_messages.h"
#include "wire/messages.h"

namespace syncline::service {

namespace {

constexpr std::string_view kOther = "other";
constexpr std::string_view kChanges = "changes";  // a stream that was opened, or not (change_streams.h)
constexpr std::uint8_t kSyncOperations = 17;
constexpr std::uint8_t kIdentityOperations = 16;

}  // namespace

RequestMetrics::RequestMetrics() : other_(add(kOther)) {
  for (std::uint8_t i = 0; i < kSyncOperations; ++i) add(wire::to_string(static_cast<wire::Operation>(i)));
  for (std::uint8_t i = 0; i < kIdentityOperations; ++i) add(wire::to_string(static_cast<wire::IdentityOperation>(i)));
  add(kChanges);
}

RequestMetrics::Figures& RequestMetrics::add(std::string_view operation) {
  return *operations_.emplace(operation, std::make_unique<Figures>()).first->second;
}

void RequestMetrics::count(std::string_view operation, int status, std::chrono::nanoseconds took) {
  const auto found = operations_.find(operation);
  Figures& figures = found != operations_.end() ? *found->second : other_;
  const auto* column = std::find(kStatuses.begin(), kStatuses.end() - 1, status);
  figures.by_status[static_cast<std::size_t>(column - kStatuses.begin())].fetch_add(1, std::memory_order_relaxed);
  figures.took.observe(took);
}

void RequestMetrics::collect(MetricsText& text) const {
  for (const auto& [operation, figures] : operations_) {
    if (figures->took.count() == 0) continue;  // nobody has called it since the start
    for (std::size_t i = 0; i < kStatuses.size(); ++i) {
      const std::uint64_t count = figures->by_status[i].load(std::memory_order_relaxed);
      const std::string code = kStatuses[i] == 0 ? "other" : std::to_string(kStatuses[i]);
      if (count == 0) continue;
      text.counter("syncline_requests_total", "Requests answered, by operation and HTTP status.",
                   {{"operation", operation}, {"code", code}}, count);
    }
    text.histogram("syncline_request_seconds", "From a request's last byte to its answer's first.",
                   {{"operation", operation}}, figures->took);
  }
  const auto updates = operations_.find(wire::to_string(wire::Operation::kUpdateRecords));
  static constexpr auto kConflict = std::find(kStatuses.begin(), kStatuses.end(), 409) - kStatuses.begin();
  text.counter("syncline_conflicts_total", "Calls of UpdateRecords that were refused for a stale sync count.", {},
               updates->second->by_status[static_cast<std::size_t>(kConflict)].load(std::memory_order_relaxed));
}

}  // namespace syncline::service
