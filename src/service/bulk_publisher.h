// Carries bulk publishes out: every dataset of the pool goes down its stream, a few at a time, and the pool is told how
// it ended.
#pragma once

#include "core/clock.h"
#include "service/log.h"
#include "service/service_store.h"

namespace syncline::service {

// [one thread]
class BulkPublisher {
 public:
  // Both must outlive it.
  BulkPublisher(ServiceStore& store, Clock& clock, Log log) : store_(store), clock_(clock), log_(std::move(log)) {}

  // Goes on with all that are under way; a killed process goes on where it was. [blocks: disk]
  void step();

 private:
  Result<void> advance(const IdentityPoolId& pool);

  ServiceStore& store_;
  Clock& clock_;
  const Log log_;
};

}  // namespace syncline::service
