#include "client/network_watch.h"

#include <chrono>
#include <utility>

namespace syncline {

namespace {

// A monitor may be the app's: what it throws ends here (D13).
template <typename Body>
bool went_through(Body&& body) {
  try {
    body();
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

ConnectivityMonitor::~ConnectivityMonitor() = default;

void NetworkWatch::start() {
  if (!monitor_) return;
  if (!went_through([this] { listen(); })) stop();
}

void NetworkWatch::listen() {
  monitor_->start([driver = std::weak_ptr(driver_), changed = changed_](const Connectivity& network) {
    if (const auto alive = driver.lock()) alive->post([changed, network] { changed(network); });
  });
  descriptor_ = monitor_->descriptor();
  if (descriptor_ < 0) return;
  driver_->transport().also_wait_for(descriptor_);
  each_step_ = driver_->each_step([this] {
    if (!went_through([this] { monitor_->step(); })) stop();
  });
}

void NetworkWatch::stop() {
  const auto monitor = std::exchange(monitor_, nullptr);
  if (!monitor) return;
  driver_->no_longer_each_step(each_step_);
  if (descriptor_ >= 0) driver_->transport().no_longer_wait_for(descriptor_);
  went_through([&] { monitor->stop(); });
}

}  // namespace syncline
