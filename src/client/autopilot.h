// Carries out the rules of automatic syncs (engine/automatic_sync.h): reports to them what happens, holds the one timer
// that they want, begins what they say, and shows what an interface may see.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "client/driver.h"
#include "client/network_watch.h"
#include "client/status_board.h"
#include "client/sync_observer.h"
#include "engine/automatic_sync.h"

namespace syncline {

// Notes that a dataset was written to, for next to nothing: the driver is told of the first write only, and looks for
// more when its timer fires.
class WriteMark {
 public:
  // [any thread] Whether the driver has to be told.
  bool note() {
    writes_.fetch_add(1);
    return !noted_.load() && !noted_.exchange(true);
  }
  // [inside a driver step] Whether something was written since the last look.
  bool look() { return std::exchange(seen_, writes_.load()) != seen_; }
  // [inside a driver step] From now on the driver has to be told again. Before a sync reads the journal.
  void clear() { noted_ = false; }

 private:
  std::atomic<std::uint64_t> writes_ = 0;
  std::atomic<bool> noted_ = false;
  std::uint64_t seen_ = 0;
};

// [inside a driver step, or when no step can run any more], but for what says otherwise
class Autopilot final : public SyncObserver {
 public:
  using Rules = engine::AutomaticSyncRules;
  struct Hooks {
    // Begins a sync of one attempt, later; false: there is no such dataset.
    std::function<bool(store::DatasetId)> begin;
    // The app's datasets, and all others on this device: each is reported to opened().
    std::function<void()> find_datasets;
    std::function<std::optional<DatasetInfo>(store::DatasetId)> info;
  };

  Autopilot(const AutomaticSync& options, bool local_service, Random& random, std::shared_ptr<CallbackGate> gate,
            std::shared_ptr<Driver> driver, std::shared_ptr<ConnectivityMonitor> monitor, Hooks hooks);

  // --- [any thread]
  [[nodiscard]] bool automatic() const { return automatic_; }
  // What is shown depends on the datasets: from now on each is looked at when it is opened.
  void watch();
  [[nodiscard]] bool watches() const { return watching_; }
  void wrote(const std::shared_ptr<WriteMark>& mark, store::DatasetId dataset);
  // Some of the dataset's conflicts may have been settled, or have come up.
  void count_conflicts(store::DatasetId dataset);
  // Where conflicts are shown, any write may have settled one.
  [[nodiscard]] bool shows_conflicts() const { return conflicts_shown_; }
  void post(Rules::Event event);
  [[nodiscard]] bool offline() const { return offline_; }
  [[nodiscard]] Notice<SyncStatus>& status() { return *status_; }
  [[nodiscard]] Notice<SyncProgress>& progress() { return *progress_; }

  void opened(store::DatasetId dataset);
  void happened(const Rules::Event& event);
  // It is not on this device any more.
  void forget(store::DatasetId dataset);
  // Others may be on this device than before.
  void find_datasets();
  // The client works for another identity from now on: nothing that was due is, its datasets are looked for.
  void start_over();
  // Nothing is begun any more.
  void stop();

  // What was to be begun could not be.
  void refused(store::DatasetId dataset, const Error& error);
  void run_begun(store::DatasetId dataset) override;
  void run_ended(store::DatasetId dataset, const Result<SyncReport>& report) override;
  void pulled(const SyncAmount& amount) override;
  void pushing(store::DatasetId dataset, const SyncAmount& amount) override;
  void pushed(store::DatasetId dataset) override;

 private:
  void counted(store::DatasetId dataset, const DatasetInfo& info);
  void carry_out(const Rules::Plan& plan);
  void wake_at(std::optional<MonotonicTime> moment);

  const bool automatic_;
  const std::shared_ptr<Driver> driver_;
  const Hooks hooks_;
  const std::shared_ptr<Notice<SyncStatus>> status_;
  const std::shared_ptr<Notice<SyncProgress>> progress_;
  NetworkWatch network_;
  Rules rules_;
  ProgressMeter meter_;
  std::map<store::DatasetId, std::shared_ptr<WriteMark>> written_;  // since their last sync began
  std::optional<MonotonicTime> wake_;
  Driver::TimerId timer_ = 0;
  bool stopped_ = false;
  std::atomic<bool> watching_ = false;
  std::atomic<bool> offline_ = false;
  std::atomic<bool> conflicts_shown_ = false;
  std::mutex counting_mutex_;            // guards counting_
  std::set<store::DatasetId> counting_;  // they are to be counted in a step that comes
};

}  // namespace syncline
