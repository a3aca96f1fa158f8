// Who wants to hear of changes of one dataset. Boost.Signals2 stays inside.
#pragma once

#include <memory>

#include "syncline/records.h"
#include "syncline/subscription.h"

namespace syncline {

// [any thread]
class EventHub {
 public:
  EventHub();
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  [[nodiscard]] Subscription subscribe(ChangeCallback callback);
  [[nodiscard]] bool anybody() const;
  // Calls everybody, on this thread. A callback that throws does not keep the others from hearing.
  void announce(const DatasetChange& change);
  // Forgets everybody; of a running announce() those who have not heard yet.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace syncline
