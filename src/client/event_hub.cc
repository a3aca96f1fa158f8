#include "client/event_hub.h"

#include <boost/signals2.hpp>
#include <utility>

namespace syncline {

struct EventHub::Impl {
  boost::signals2::signal<void(const DatasetChange&)> signal;
};

EventHub::EventHub() : impl_(std::make_shared<Impl>()) {}

EventHub::~EventHub() = default;

Subscription EventHub::subscribe(ChangeCallback callback) {
  auto connection = impl_->signal.connect([callback = std::move(callback)](const DatasetChange& change) {
    try {
      callback(change);
    } catch (...) {
      // D13: the app's exception; the other subscribers still hear of the change.
    }
  });
  return Subscription([connection] { connection.disconnect(); });
}

bool EventHub::anybody() const {
  return !impl_->signal.empty();
}

void EventHub::announce(const DatasetChange& change) {
  impl_->signal(change);
}

void EventHub::close() {
  impl_->signal.disconnect_all_slots();
}

}  // namespace syncline
