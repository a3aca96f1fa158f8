// ClientImpl: syncs that nobody asked for, what an interface shows, and the flush before a suspend.
#include <algorithm>
#include <tuple>

#include "client/client_impl.h"

namespace syncline {

// --- what the autopilot needs -------------------------------------------------------------------------------------

Autopilot::Hooks ClientImpl::autopilot_hooks() {
  return {.begin = [this](store::DatasetId id) { return begin_own_sync(id, 1, nullptr); },
          .find_datasets = [this] { find_datasets(); },
          .info = [this](store::DatasetId id) -> std::optional<DatasetInfo> {
            auto info = with_store([id](store::Store& store) { return store.info(id); });
            return info ? std::optional(*info) : std::nullopt;
          }};
}

// Those that the app has opened, and, as automatic syncs are for all there are, those that it has not.
void ClientImpl::find_datasets() {
  decltype(datasets_) datasets;
  {
    const std::lock_guard guard(mutex_);
    datasets = datasets_;
  }
  for (const auto& [name, dataset] : datasets) autopilot_.opened(dataset->id());
  if (!autopilot_.automatic()) return;
  const auto names = dataset_names();
  if (!names) return;
  for (const auto& name : *names) std::ignore = dataset(name);
}

// As begin(), but for the library itself: `done` is called once, under no lock, in a step or in shutdown(). False:
// there is no such dataset.
bool ClientImpl::begin_own_sync(store::DatasetId id, std::optional<int> attempts, OwnSyncDone done) {
  const auto dataset = dataset_of(id);
  if (!dataset) return false;
  const auto answer = [self = shared_from_this(), done = std::move(done)](OperationId operation,
                                                                          const Result<SyncReport>& report) {
    if (self->end_operation(operation) && done) done(report);
  };
  const auto operation = enter([answer](OperationId begun, const Error& error) { answer(begun, error); });
  if (!operation) return false;
  const auto refuse = [this, id, answer, begun = operation->id](const Error& error) {
    autopilot_.refused(id, error);
    answer(begun, error);
  };
  driver_->post([this, dataset, operation = *operation, attempts, answer, refuse] {
    if (operation.too_late) return answer(operation.id, closed_error());
    if (auto ready = can_reach_service(true); !ready) return refuse(ready.error());
    with_identity([this, dataset, operation, attempts, answer, refuse](const Result<void>& known) {
      if (!known) return refuse(known.error());
      dataset->run(attempts.value_or(options_.retry.attempts),
                   [answer, begun = operation.id](const Result<SyncReport>& report) { answer(begun, report); });
    });
  });
  return true;
}

bool ClientImpl::leave_to_autopilot(const DatasetName& name) {
  if (!autopilot_.automatic()) return false;
  driver_->post([self = shared_from_this(), name] {
    const auto hinted = self->dataset(name.text());
    if (hinted) self->autopilot_.happened(Autopilot::Rules::Hinted{(*hinted)->id()});
  });
  return true;
}

// --- what an interface shows --------------------------------------------------------------------------------------

SyncStatus ClientImpl::status() {
  autopilot_.watch();
  return autopilot_.status().latest();
}

Subscription ClientImpl::on_status(StatusCallback callback) {
  auto subscription = autopilot_.status().subscribe(std::move(callback));
  autopilot_.watch();
  return subscription;
}

Subscription ClientImpl::on_progress(ProgressCallback callback) {
  return autopilot_.progress().subscribe(std::move(callback));
}

// --- before a suspend ---------------------------------------------------------------------------------------------

// Shared with the syncs, which may outlast the call.
struct ClientImpl::Flushing {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t running = 0;
  std::map<store::DatasetId, Error> failed;

  bool done() {
    const std::lock_guard guard(mutex);
    return running == 0;
  }
};

Result<FlushReport> ClientImpl::flush(std::chrono::milliseconds deadline) {
  const auto longest = std::clamp(deadline, std::chrono::milliseconds{0}, kLongestDeadline);
  const auto flushing = std::make_shared<Flushing>();
  if (auto begun = begin_flush(flushing); !begun) return std::move(begun).error();
  if (driver_->stepping_here() || gate_->calling_here()) return what_is_left(*flushing);
  if (options_.threading == Threading::kOwnThread) {
    std::unique_lock lock(flushing->mutex);
    flushing->changed.wait_for(lock, longest, [&] { return flushing->running == 0; });
  } else {
    driver_->run_until([&] { return flushing->done(); }, longest);
  }
  return what_is_left(*flushing);
}

// What only waits for a resolution is no reason to go out; it is told all the same.
Result<void> ClientImpl::begin_flush(const std::shared_ptr<Flushing>& flushing) {
  const Error offline{.code = ErrorCode::kNetwork, .message = "there is no network"};
  auto names = dataset_names();
  if (!names) return std::move(names).error();
  for (const auto& name : *names) {
    auto dataset = this->dataset(name);
    if (!dataset) return std::move(dataset).error();
    const auto id = (*dataset)->id();
    auto info = with_store([id](store::Store& store) { return store.info(id); });
    if (!info) return std::move(info).error();
    if (info->pending <= info->conflicts && !info->deletion_pending) continue;
    const std::lock_guard guard(flushing->mutex);
    if (autopilot_.automatic() && autopilot_.offline()) {
      flushing->failed.emplace(id, offline);
      continue;
    }
    const bool begun = begin_own_sync(id, std::nullopt, [flushing, id](const Result<SyncReport>& report) {
      {
        const std::lock_guard done(flushing->mutex);
        --flushing->running;
        if (!report) flushing->failed.emplace(id, report.error());
      }
      flushing->changed.notify_all();
    });
    if (begun) ++flushing->running;
  }
  return {};
}

Result<FlushReport> ClientImpl::what_is_left(Flushing& flushing) {
  FlushReport report;
  auto names = dataset_names();
  if (!names) return std::move(names).error();
  for (auto& name : *names) {
    auto dataset = this->dataset(name);
    if (!dataset) return std::move(dataset).error();
    const auto id = (*dataset)->id();
    auto info = with_store([id](store::Store& store) { return store.info(id); });
    if (!info) return std::move(info).error();
    if (info->pending == 0 && !info->deletion_pending) continue;
    FlushReport::Left left{.dataset = std::move(name),
                           .pending = info->pending,
                           .conflicts = info->conflicts,
                           .deletion = info->deletion_pending};
    const std::lock_guard guard(flushing.mutex);
    const auto failed = flushing.failed.find(id);
    if (failed != flushing.failed.end()) left.error = failed->second;
    report.left.push_back(std::move(left));
  }
  if (auto added = add_what_waits(report); !added) return std::move(added).error();
  return report;
}

// What a guest left to this identity, and could not be moved into its datasets yet, is not at the service either.
Result<void> ClientImpl::add_what_waits(FlushReport& report) {
  auto unsent = this->unsent(Whose::kThisIdentity);
  if (!unsent) return std::move(unsent).error();
  const auto own = identity_id();
  for (auto& data : *unsent) {
    if (data.identity_id == own) continue;
    auto left = std::find_if(report.left.begin(), report.left.end(),
                             [&](const auto& known) { return known.dataset == data.dataset; });
    if (left == report.left.end()) left = report.left.insert(left, {.dataset = std::move(data.dataset)});
    left->pending += data.pending;
    left->conflicts += data.conflicts;
  }
  return {};
}

}  // namespace syncline
