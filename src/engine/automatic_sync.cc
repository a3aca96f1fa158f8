#include "engine/automatic_sync.h"

#include <algorithm>

#include "engine/backoff.h"

namespace syncline::engine {

namespace {

using std::chrono::milliseconds;

// Whatever a service says: a device that stays away longer looks broken.
constexpr milliseconds kLongestRetryAfter = std::chrono::hours{24};

std::optional<MonotonicTime> earlier(std::optional<MonotonicTime> one, std::optional<MonotonicTime> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

}  // namespace

AutomaticSyncRules::Plan AutomaticSyncRules::on(const Event& event, MonotonicTime now) {
  std::visit([&](const auto& each) { handle(each, now); }, event);
  Plan plan;
  if (held()) return plan;
  for (auto& [id, dataset] : datasets_) {
    const auto moment = due(dataset);
    if (moment && *moment <= now) {
      begin(dataset);
      plan.begin.push_back(id);
    } else {
      plan.wake = earlier(plan.wake, moment);
    }
  }
  return plan;
}

bool AutomaticSyncRules::offline() const {
  return !local_service_ && network_.state == Connectivity::State::kOffline;
}

bool AutomaticSyncRules::held() const {
  if (!options_.enabled || offline() || refused_) return true;
  return !local_service_ && network_.metered && !options_.over_metered;
}

AutomaticSyncRules::Moment AutomaticSyncRules::due(const Dataset& dataset) const {
  if (dataset.running || dataset.stopped) return std::nullopt;
  auto moment = dataset.retry;
  if (!moment) {
    moment = dataset.wanted;
    if (const auto& writes = dataset.writes) {
      const auto settled = std::min(writes->last + options_.settle, writes->first + options_.longest_settle);
      moment = earlier(moment, settled + writes->jitter);
    }
    if (in_front_) moment = earlier(moment, dataset.next_period);
  }
  return moment && not_before_ ? std::max(*moment, *not_before_) : moment;
}

bool AutomaticSyncRules::waits(const Dataset& dataset) {
  return dataset.writes || dataset.wanted || dataset.retry || dataset.stopped;
}

milliseconds AutomaticSyncRules::up_to(milliseconds longest) {
  if (longest.count() <= 0 || !options_.enabled) return milliseconds{0};
  return milliseconds(
      static_cast<milliseconds::rep>(random_.next() % (static_cast<std::uint64_t>(longest.count()) + 1)));
}

// What was due already stays due then.
void AutomaticSyncRules::want(Dataset& dataset, milliseconds jitter, MonotonicTime now) {
  dataset.wanted = earlier(dataset.wanted, now + up_to(jitter));
}

void AutomaticSyncRules::begin(Dataset& dataset) {
  dataset.running = true;
  dataset.forgiven = false;
  dataset.writes.reset();
  dataset.wanted.reset();
  dataset.next_period.reset();
  dataset.retry.reset();
}

// What stood in the way has changed: failures no longer count, and what was held goes out a jitter from now.
void AutomaticSyncRules::forgive(Whom whom, MonotonicTime now) {
  for (auto& [id, dataset] : datasets_) {
    if (whom == Whom::kAll || waits(dataset)) {
      dataset.writes.reset();
      dataset.wanted = now + up_to(options_.jitter);
    }
    dataset.failures = 0;
    dataset.retry.reset();
    dataset.error.reset();
    dataset.stopped = false;
    dataset.forgiven = dataset.running;
  }
}

// --- datasets -----------------------------------------------------------------------------------------------------

void AutomaticSyncRules::handle(const Opened& event, MonotonicTime now) {
  const auto [at, is_new] = datasets_.try_emplace(event.dataset);
  auto& dataset = at->second;
  dataset.conflicts = event.conflicts;
  if (!is_new) return;
  if (options_.on_start) {
    want(dataset, options_.jitter, now);
  } else if (event.pending > event.conflicts) {
    note_write(dataset, now);
  }
  if (options_.period.count() > 0) dataset.next_period = now + options_.period + up_to(options_.jitter);
}

void AutomaticSyncRules::handle(const Counted& event, MonotonicTime /*now*/) {
  const auto found = datasets_.find(event.dataset);
  if (found != datasets_.end()) found->second.conflicts = event.conflicts;
}

void AutomaticSyncRules::handle(const Forgotten& event, MonotonicTime /*now*/) {
  datasets_.erase(event.dataset);
}

void AutomaticSyncRules::handle(const Written& event, MonotonicTime now) {
  auto& dataset = datasets_[event.dataset];
  dataset.stopped = false;
  note_write(dataset, now);
}

void AutomaticSyncRules::note_write(Dataset& dataset, MonotonicTime now) {
  if (!dataset.writes) dataset.writes = Burst{.first = now, .last = now, .jitter = up_to(options_.jitter)};
  dataset.writes->last = now;
}

void AutomaticSyncRules::handle(const Hinted& event, MonotonicTime now) {
  auto& dataset = datasets_[event.dataset];
  dataset.stopped = false;
  want(dataset, options_.hint_jitter, now);
}

// --- runs ---------------------------------------------------------------------------------------------------------

void AutomaticSyncRules::handle(const RunBegun& event, MonotonicTime /*now*/) {
  begin(datasets_[event.dataset]);
}

void AutomaticSyncRules::handle(const RunEnded& event, MonotonicTime now) {
  const auto found = datasets_.find(event.dataset);
  if (found == datasets_.end()) return;  // another identity's, from before
  auto& dataset = found->second;
  dataset.running = false;
  dataset.stopped = false;
  if (event.error) return failed(dataset, *event.error, now);
  dataset.error.reset();
  dataset.conflicts = event.conflicts;
  if (event.left && !dataset.writes && options_.enabled) {
    back_off(dataset, now);  // a service that never takes them must not be asked without a pause
  } else {
    dataset.failures = 0;
  }
  if (options_.period.count() > 0) dataset.next_period = now + options_.period + up_to(options_.jitter);
  if (refused_) {
    refused_.reset();
    forgive(Whom::kThoseThatWait, now);
  }
}

// A portal in the way of the network fails like a wrong certificate, and goes without a sign: TLS is tried again.
void AutomaticSyncRules::failed(Dataset& dataset, const Error& error, MonotonicTime now) {
  dataset.error = error;
  if (error.retry_after) {
    const auto passed = now + std::min(*error.retry_after, kLongestRetryAfter) + up_to(options_.jitter);
    not_before_ = not_before_ ? std::max(*not_before_, passed) : passed;
  }
  const bool refused = error.retry() == RetryClass::kCredentials;
  const bool cancelled = error.code == ErrorCode::kCancelled;
  const bool for_good = error.retry() == RetryClass::kPermanent && error.code != ErrorCode::kTls && !cancelled;
  // The run may have met what has been mended while its answer was on the way.
  if ((refused || for_good) && dataset.forgiven) return want(dataset, options_.jitter, now);
  if (refused) {
    refused_ = error;
    return want(dataset, options_.jitter, now);
  }
  if (for_good) {
    dataset.stopped = !dataset.writes && !dataset.wanted;  // what came meanwhile may have mended it
    return;
  }
  if (cancelled) dataset.error.reset();
  back_off(dataset, now);
}

void AutomaticSyncRules::back_off(Dataset& dataset, MonotonicTime now) {
  ++dataset.failures;
  dataset.retry = now;
  if (!options_.enabled) return;
  const BackoffLimits limits{
      .first = options_.first_delay, .longest = options_.longest_delay, .shortest = kShortestEndlessDelay};
  *dataset.retry += backoff_delay(limits, dataset.failures, std::nullopt, random_);
}

// --- the world ----------------------------------------------------------------------------------------------------

void AutomaticSyncRules::handle(const NetworkChanged& event, MonotonicTime now) {
  using State = Connectivity::State;
  const bool was_held = held();
  const auto before = std::exchange(network_, event.network);
  (event.by_app ? metered_by_app_ : metered_by_monitor_) = event.network.metered;
  network_.metered = metered_by_app_ || metered_by_monitor_;
  const bool first = !std::exchange(network_told_, true);
  if (local_service_) return;
  const bool came_back = !first && before.state != State::kOnline && network_.state == State::kOnline;
  if (came_back) {
    forgive(options_.on_network ? Whom::kAll : Whom::kThoseThatWait, now);
  } else if (was_held && !held()) {
    forgive(Whom::kThoseThatWait, now);
  }
}

void AutomaticSyncRules::handle(const CameToFront& /*event*/, MonotonicTime now) {
  if (std::exchange(in_front_, true)) return;
  refused_.reset();  // one try: who signed in somewhere else came back from there
  forgive(options_.on_start ? Whom::kAll : Whom::kThoseThatWait, now);
}

void AutomaticSyncRules::handle(const WentToBack& /*event*/, MonotonicTime /*now*/) {
  in_front_ = false;
}

void AutomaticSyncRules::handle(const CredentialsChanged& /*event*/, MonotonicTime now) {
  refused_.reset();
  forgive(Whom::kThoseThatWait, now);
}

void AutomaticSyncRules::handle(const StartedOver& /*event*/, MonotonicTime /*now*/) {
  datasets_.clear();
  refused_.reset();
}

void AutomaticSyncRules::handle(const TimePassed& /*event*/, MonotonicTime /*now*/) {}

// --- what an interface shows --------------------------------------------------------------------------------------

SyncStatus AutomaticSyncRules::status() const {
  SyncStatus status;
  bool running = false;
  for (const auto& [id, dataset] : datasets_) {
    running = running || dataset.running;
    status.conflicts += dataset.conflicts;
  }
  if (running) {
    status.state = SyncState::kSyncing;
    return status;
  }
  auto between = status_between_syncs();
  const bool needs_somebody = between.state == SyncState::kNeedsSignIn || between.state == SyncState::kError;
  if (status.conflicts > 0 && !needs_somebody) {
    status.state = SyncState::kConflict;
    return status;
  }
  between.conflicts = status.conflicts;
  return between;
}

// With no automatic sync there is nothing to wait for: a failure stays what it is until the app tries again.
SyncStatus AutomaticSyncRules::status_between_syncs() const {
  if (refused_) return {.state = SyncState::kNeedsSignIn, .error = refused_};
  const Dataset* failed = nullptr;
  bool waiting = false;
  for (const auto& [id, dataset] : datasets_) {
    if (dataset.stopped) return {.state = SyncState::kError, .error = dataset.error};
    if (dataset.retry && dataset.error && failed == nullptr) failed = &dataset;
    waiting = waiting || waits(dataset);
  }
  SyncStatus status;
  if (failed != nullptr) status.error = failed->error;
  const bool unreachable =
      failed != nullptr && failed->error->code == ErrorCode::kNetwork && network_.state != Connectivity::State::kOnline;
  if (offline() || unreachable) {
    status.state = SyncState::kOffline;
  } else if (options_.enabled && waiting) {
    status.state = SyncState::kWaiting;
  } else if (failed != nullptr) {
    status.state = SyncState::kError;
  }
  return status;
}

}  // namespace syncline::engine
