// What an interface shows: kept for whoever asks, told to whoever listens, on the dispatcher. Only changes are told; of
// several before the dispatcher came to it, the latest.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "client/callback_gate.h"
#include "client/driver.h"
#include "client/event_hub.h"
#include "client/sync_observer.h"
#include "syncline/sync_status.h"

namespace syncline {

// [any thread], but for show()
template <typename News>
class Notice : public std::enable_shared_from_this<Notice<News>> {
 public:
  Notice(std::shared_ptr<CallbackGate> gate, std::shared_ptr<Driver> driver)
      : gate_(std::move(gate)), driver_(std::move(driver)) {}

  [[nodiscard]] News latest() const;
  [[nodiscard]] Subscription subscribe(typename Hub<News>::Callback callback) {
    return hub_.subscribe(std::move(callback));
  }
  // Told in a step of its own: whoever calls this may be deep inside a sync. [inside a driver step, or when none can
  // run]
  void show(const News& news);
  void close() { hub_.close(); }

 private:
  void tell();

  const std::shared_ptr<CallbackGate> gate_;
  const std::shared_ptr<Driver> driver_;
  Hub<News> hub_;
  mutable std::mutex mutex_;  // guards what follows
  News latest_;
  News told_;
  bool telling_ = false;  // tell() is on its way
};

// Adds up what the syncs that run side by side report. [inside a driver step, or when none can run]
class ProgressMeter {
 public:
  void begun();
  void pulled(const SyncAmount& amount);
  void pushing(store::DatasetId dataset, const SyncAmount& amount);
  void pushed(store::DatasetId dataset);
  void ended(store::DatasetId dataset);
  [[nodiscard]] const SyncProgress& total() const { return total_; }

 private:
  void take_back(store::DatasetId dataset);

  SyncProgress total_;
  std::map<store::DatasetId, SyncAmount> going_out_;
};

}  // namespace syncline
