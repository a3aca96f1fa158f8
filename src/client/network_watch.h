// Listens to a ConnectivityMonitor: its descriptor is waited for by the transport, no thread and no timer of its own.
#pragma once

#include <functional>
#include <memory>

#include "client/driver.h"
#include "syncline/connectivity.h"

namespace syncline {

// [inside a driver step, or when no step can run any more]
class NetworkWatch {
 public:
  // `changed` runs in a step. Without a monitor nothing happens.
  NetworkWatch(std::shared_ptr<Driver> driver, std::shared_ptr<ConnectivityMonitor> monitor,
               ConnectivityMonitor::Callback changed)
      : driver_(std::move(driver)), monitor_(std::move(monitor)), changed_(std::move(changed)) {}

  void start();
  void stop();

 private:
  void listen();

  const std::shared_ptr<Driver> driver_;
  std::shared_ptr<ConnectivityMonitor> monitor_;
  const ConnectivityMonitor::Callback changed_;
  int descriptor_ = -1;
  Driver::TimerId each_step_ = 0;
};

}  // namespace syncline
