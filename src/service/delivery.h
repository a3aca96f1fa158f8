// Everything that carries messages out of the service, on threads of its own: one for pushes, one for streams and bulk
// publishes, each if it has an endpoint.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "service/delivery_metrics.h"
#include "service/delivery_options.h"
#include "service/log.h"
#include "service/service_store.h"
#include "syncline/result.h"

namespace syncline::service {

class Delivery {
 public:
  // Store, clock and metrics must outlive it; nobody writes to the store yet. Errors: kInvalidArgument for an endpoint
  // that is none, naming its key.
  static Result<std::unique_ptr<Delivery>> start(ServiceStore& store, Clock& clock, const DeliveryOptions& options,
                                                 DeliveryMetrics& metrics, const Log& log);
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  // Waits a moment for what is under way; what is not answered by then is sent again after the next start. [blocks]
  ~Delivery();

 private:
  class Lane;
  explicit Delivery(ServiceStore& store);

  ServiceStore& store_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace syncline::service
