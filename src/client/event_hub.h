// Who wants to hear of what happens, be it changes of a dataset or another status. Boost.Signals2 stays inside.
#pragma once

#include <functional>
#include <memory>

#include "syncline/records.h"
#include "syncline/subscription.h"
#include "syncline/sync_status.h"

namespace syncline {

// [any thread] Made for the types at the end of event_hub.cc.
template <typename News>
class Hub {
 public:
  using Callback = std::function<void(const News&)>;

  Hub();
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  [[nodiscard]] Subscription subscribe(Callback callback);
  [[nodiscard]] bool anybody() const;
  // Calls everybody, on this thread. A callback that throws does not keep the others from hearing.
  void announce(const News& news);
  // Forgets everybody; of a running announce() those who have not heard yet.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

using EventHub = Hub<DatasetChange>;

}  // namespace syncline
