#include "client/autopilot.h"

#include <chrono>
#include <utility>

namespace syncline {

Autopilot::Autopilot(const AutomaticSync& options, bool local_service, Random& random,
                     std::shared_ptr<CallbackGate> gate, std::shared_ptr<Driver> driver,
                     std::shared_ptr<ConnectivityMonitor> monitor, Hooks hooks)
    : automatic_(options.enabled),
      driver_(std::move(driver)),
      hooks_(std::move(hooks)),
      status_(std::make_shared<Notice<SyncStatus>>(gate, driver_)),
      progress_(std::make_shared<Notice<SyncProgress>>(gate, driver_)),
      network_(driver_, std::move(monitor),
               [this](const Connectivity& network) { happened(Rules::NetworkChanged{.network = network}); }),
      rules_(options, local_service, random) {}

// --- from any thread ----------------------------------------------------------------------------------------------

void Autopilot::watch() {
  if (watching_.load() || watching_.exchange(true)) return;
  driver_->post([this] {
    if (stopped_) return;
    if (automatic_) network_.start();
    hooks_.find_datasets();
  });
}

void Autopilot::wrote(const std::shared_ptr<WriteMark>& mark, store::DatasetId dataset) {
  if (!automatic_ || !mark->note()) return;
  driver_->post([this, mark, dataset] {
    written_[dataset] = mark;
    happened(Rules::TimePassed{});
  });
}

// A burst of writes is counted after once.
void Autopilot::count_conflicts(store::DatasetId dataset) {
  if (!watching_) return;
  {
    const std::lock_guard guard(counting_mutex_);
    if (!counting_.insert(dataset).second) return;
  }
  driver_->post([this, dataset] {
    {
      const std::lock_guard guard(counting_mutex_);
      counting_.erase(dataset);
    }
    if (const auto info = hooks_.info(dataset)) counted(dataset, *info);
  });
}

void Autopilot::counted(store::DatasetId dataset, const DatasetInfo& info) {
  happened(Rules::Counted{.dataset = dataset, .conflicts = info.conflicts});
}

void Autopilot::post(Rules::Event event) {
  driver_->post([this, event = std::move(event)] { happened(event); });
}

// --- in a step ----------------------------------------------------------------------------------------------------

void Autopilot::opened(store::DatasetId dataset) {
  const auto info = hooks_.info(dataset);
  if (!info) return;
  happened(Rules::Opened{
      .dataset = dataset, .pending = info->pending + (info->deletion_pending ? 1 : 0), .conflicts = info->conflicts});
}

void Autopilot::happened(const Rules::Event& event) {
  if (stopped_) return;
  const auto now = driver_->now();
  for (const auto& [dataset, mark] : written_) {
    // What this leads to, the event's plan says as well.
    if (mark->look()) carry_out(rules_.on(Rules::Written{dataset}, now));
  }
  carry_out(rules_.on(event, now));
}

void Autopilot::start_over() {
  for (const auto& [dataset, mark] : std::exchange(written_, {})) mark->clear();
  happened(Rules::StartedOver{});
  find_datasets();
}

void Autopilot::forget(store::DatasetId dataset) {
  if (const auto written = written_.extract(dataset); !written.empty()) written.mapped()->clear();
  happened(Rules::Forgotten{dataset});
}

void Autopilot::find_datasets() {
  if (watching_ && !stopped_) hooks_.find_datasets();
}

void Autopilot::carry_out(const Rules::Plan& plan) {
  wake_at(plan.wake);
  for (const auto dataset : plan.begin) {
    if (!hooks_.begin(dataset)) carry_out(rules_.on(Rules::Forgotten{dataset}, driver_->now()));
  }
  offline_ = rules_.offline();
  const auto status = rules_.status();
  conflicts_shown_ = status.conflicts > 0;
  status_->show(status);
}

void Autopilot::wake_at(std::optional<MonotonicTime> moment) {
  if (moment == wake_) return;
  wake_ = moment;
  driver_->cancel_timer(std::exchange(timer_, 0));
  if (!moment) return;
  timer_ = driver_->after(std::chrono::ceil<std::chrono::milliseconds>(*moment - driver_->now()), [this] {
    timer_ = 0;
    wake_.reset();
    happened(Rules::TimePassed{});
  });
}

void Autopilot::stop() {
  if (std::exchange(stopped_, true)) return;
  network_.stop();
}

// --- what the jobs say --------------------------------------------------------------------------------------------

void Autopilot::run_begun(store::DatasetId dataset) {
  if (const auto written = written_.extract(dataset); !written.empty()) {
    written.mapped()->clear();
    written.mapped()->look();
  }
  meter_.begun();
  happened(Rules::RunBegun{dataset});
  progress_->show(meter_.total());
}

// What the run said of conflicts was so when it asked about them: they are counted anew. Changes may be left that no
// write will announce again: those behind a full push into which others wrote, or that the service did not answer for.
void Autopilot::run_ended(store::DatasetId dataset, const Result<SyncReport>& report) {
  meter_.ended(dataset);
  const auto info = watching_ ? hooks_.info(dataset) : std::nullopt;
  if (!report) {
    refused(dataset, report.error());
    if (info) counted(dataset, *info);
  } else if (info) {
    happened(Rules::RunEnded{.dataset = dataset,
                             .conflicts = info->conflicts,
                             .left = info->pending > info->conflicts || info->deletion_pending});
  } else {
    happened(Rules::RunEnded{.dataset = dataset, .conflicts = report->conflicts});
  }
  progress_->show(meter_.total());
}

// The next write is to be heard of, which may mend what stopped this; one that came just now is looked for.
void Autopilot::refused(store::DatasetId dataset, const Error& error) {
  happened(Rules::RunEnded{.dataset = dataset, .error = error});
  const auto written = written_.find(dataset);
  if (written == written_.end()) return;
  written->second->clear();
  happened(Rules::TimePassed{});
}

void Autopilot::pulled(const SyncAmount& amount) {
  meter_.pulled(amount);
  progress_->show(meter_.total());
}

void Autopilot::pushing(store::DatasetId dataset, const SyncAmount& amount) {
  meter_.pushing(dataset, amount);
  progress_->show(meter_.total());
}

void Autopilot::pushed(store::DatasetId dataset) {
  meter_.pushed(dataset);
  progress_->show(meter_.total());
}

}  // namespace syncline
