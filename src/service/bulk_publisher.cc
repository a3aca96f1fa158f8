#include "service/bulk_publisher.h"

#include <string>
#include <utility>

#include "service/pool_documents.h"
#include "service/pool_rules.h"

namespace syncline::service {

namespace {

constexpr std::size_t kMostWaiting = 64;

}  // namespace

void BulkPublisher::step() {
  auto pools = store_.publishing_pools();
  if (!pools && log_) log_(LogLevel::kError, "bulk publishes can't be read: " + pools.error().message);
  if (!pools) return;
  for (const IdentityPoolId& pool : *pools) {
    auto advanced = advance(pool);
    if (!advanced && log_) log_(LogLevel::kError, "a bulk publish waits: " + advanced.error().message);
  }
}

Result<void> BulkPublisher::advance(const IdentityPoolId& pool) {
  auto details = load_bulk_publish(store_, pool);
  if (!details) return std::move(details).error();
  auto configuration = load_configuration(store_, pool);
  if (!configuration) return std::move(configuration).error();
  const Timestamp now = clock_.wall();
  std::string failure;
  if (!streams_are_enabled(configuration->value)) {
    failure = "the pool's stream is disabled";
  } else {
    auto progress = store_.advance_bulk_publish(pool, details->value.started_at.value_or(now), kMostWaiting, now);
    if (!progress) return std::move(progress).error();
    if (progress->failure.empty() && (!progress->complete || progress->waiting > 0)) return {};
    failure = std::move(progress->failure);
  }
  const Result<void> outcome =
      failure.empty() ? Result<void>() : Error{.code = ErrorCode::kServiceFailure, .message = failure};
  auto finished = finish_bulk_publish(store_, pool, outcome, now);
  if (!finished) return finished;
  return store_.end_bulk_publish(pool);
}

}  // namespace syncline::service
