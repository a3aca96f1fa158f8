#include "client/client_impl.h"

#include <algorithm>
#include <tuple>

#include "net/curl_transport.h"
#include "net/endpoint.h"

namespace syncline {

namespace {

// Pages of ListDatasets, each of at least one dataset where the service is sane; an identity has 20 by default.
constexpr int kMaxListPages = 1'000;

// A store that can't be read now, for want of memory or of a lock, is asked again to watch.
constexpr std::chrono::milliseconds kBetweenWatches{1'000};

// Without a service there is nothing to do by itself.
AutomaticSync automatic_options(const ClientOptions& options) {
  auto automatic = options.automatic_sync;
  automatic.enabled = automatic.enabled && !options.endpoint.empty();
  return automatic;
}

bool is_local(const std::string& endpoint) {
  const auto parsed = net::parse_endpoint(endpoint);
  return parsed && parsed->loopback;
}

}  // namespace

ClientImpl::ClientImpl(ClientOptions options, Ports ports, std::unique_ptr<store::Store> store, wire::Target whose)
    : options_(std::move(options)),
      recovery_(store->recovery()),
      clock_(std::move(ports.clock)),
      random_(std::move(ports.random)),
      gate_(std::make_shared<CallbackGate>(options_.dispatcher)),
      driver_(std::make_shared<Driver>(clock_, std::move(ports.transport))),
      keeper_(options_.identity ? std::make_shared<IdentityKeeper>(
                                      *options_.identity, IdentityContext{.pool = whose.pool,
                                                                          .endpoint = identity_endpoint(options_),
                                                                          .driver = driver_,
                                                                          .gate = gate_,
                                                                          .clock = clock_})
                                : nullptr),
      remote_(std::make_shared<Remote>(
          RemoteOptions{.host = options_.endpoint.empty() ? "" : net::endpoint_host(options_.endpoint).value_or(""),
                        .scope = {.region = options_.region, .service = "cognito-sync"},
                        .credentials = keeper_ ? credentials_of(keeper_) : options_.credentials},
          clock_, driver_)),
      neighbours_(driver_,
                  options_.threading == Threading::kTick ? Neighbours::How::kStepping : Neighbours::How::kWatching,
                  options_.data_directory, [this] { return look_for_changes(); }),
      autopilot_(automatic_options(options_), is_local(options_.endpoint), *random_, gate_, driver_,
                 options_.connectivity, autopilot_hooks()),
      change_stream_(std::make_shared<ChangeStream>(change_stream_context())),
      store_(std::move(store)),
      whose_(std::move(whose)) {}

void ClientImpl::start() {
  connect_keeper();
  driver_->post([self = shared_from_this()] { self->push_registration_.settle_if_needed(); });
  if (autopilot_.automatic()) autopilot_.watch();
  if (options_.threading == Threading::kOwnThread) driver_->start_thread();
}

Error ClientImpl::closed_error() {
  return Error{.code = ErrorCode::kClosed, .message = "the client was shut down"};
}

wire::Target ClientImpl::target(const DatasetName& name) const {
  auto target = whose();
  target.dataset = name;
  return target;
}

wire::Target ClientImpl::whose() const {
  const std::lock_guard guard(whose_mutex_);
  return whose_;
}

Result<std::shared_ptr<DatasetImpl>> ClientImpl::dataset(std::string_view name) {
  auto parsed = DatasetName::parse(name);
  if (!parsed) return std::move(parsed).error();
  std::uint64_t epoch = 0;
  auto id = with_store([&](store::Store& store) -> Result<store::DatasetId> {
    epoch = epoch_;  // it stays what it is while the store is in use
    return open_in(store, *parsed);
  });
  if (!id) return std::move(id).error();
  const std::lock_guard guard(mutex_);
  if (life_ != Life::kOpen) return closed_error();
  if (epoch != epoch_) return identity_changed();
  auto& known = datasets_[parsed->text()];
  // A switch that goes on has not let go of it yet, or another process has wiped it.
  if (!known || known->stale() || known->id() != *id) {
    if (known) {
      replaced_.push_back(std::move(known));
      driver_->post([self = shared_from_this()] { self->let_go_of_replaced(); });
    }
    known = std::make_shared<DatasetImpl>(shared_from_this(), *parsed, *id, epoch);
    known->connect();
    if (autopilot_.watches()) driver_->post([self = shared_from_this(), id = *id] { self->autopilot_.opened(id); });
  }
  return known;
}

Result<std::vector<std::string>> ClientImpl::dataset_names() {
  return with_store([&](store::Store& store) { return store.dataset_names(identity_id()); });
}

SyncContext ClientImpl::sync_context(const DatasetName& name, store::DatasetId id) {
  return SyncContext{.store = store_.get(),
                     .driver = driver_.get(),
                     .remote = remote_,
                     .gate = gate_,
                     .clock = clock_,
                     .random = random_.get(),
                     .backoff = {.first = options_.retry.first_delay, .longest = options_.retry.longest_delay},
                     .attempts = options_.retry.attempts,
                     .target = target(name),
                     .device_id = [this] { return device_id(); },
                     .dataset = id,
                     .conflict_handler = {},
                     .deletion_handler = {},
                     .announce = {},
                     .merged_datasets = {},
                     .at_rest = {},
                     .observer = &autopilot_};
}

// --- what shutdown() waits for ------------------------------------------------------------------------------------

std::optional<ClientImpl::Operation> ClientImpl::enter(const std::function<void(OperationId, Error)>& complete) {
  const std::lock_guard guard(mutex_);
  if (life_ >= Life::kSwept) return std::nullopt;
  const auto id = ++last_operation_;
  operations_.emplace(id, [complete, id](Error error) { complete(id, std::move(error)); });
  return Operation{.id = id, .too_late = life_ != Life::kOpen};
}

Result<void> ClientImpl::can_reach_service(bool knows_identity) const {
  const auto missing = [](const char* option) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .message = std::string("the service can't be reached: ClientOptions::") + option + " is empty"};
  };
  if (options_.endpoint.empty()) return missing("endpoint");
  if (options_.region.empty()) return missing("region");
  if (whose().pool.empty()) return missing("identity_pool_id");
  if (keeper_ || !knows_identity) return {};
  if (whose().identity.empty()) return missing("identity_id");
  if (!options_.credentials) return missing("credentials");
  return {};
}

bool ClientImpl::end_operation(OperationId operation) {
  {
    const std::lock_guard guard(mutex_);
    if (operations_.erase(operation) == 0) return false;
  }
  changed_.notify_all();
  return true;
}

// Finished before it is told: a callback that shuts down must not find its own operation among those that run.
void ClientImpl::finish(OperationId operation, std::function<void()> completion) {
  if (!end_operation(operation)) return;  // shutdown() has answered in its place
  gate_->post(CallbackKind::kCompletion, std::move(completion));
}

// --- what on_change() hears ---------------------------------------------------------------------------------------

void ClientImpl::queue_change(std::function<void()> tell) {
  const std::lock_guard guard(mutex_);
  changes_.push_back(std::move(tell));
}

void ClientImpl::tell_changes() {
  for (;;) {
    std::function<void()> tell;
    {
      const std::lock_guard guard(mutex_);
      if (changes_.empty()) return;
      tell = std::move(changes_.front());
      changes_.pop_front();
    }
    gate_->post(CallbackKind::kRepeating, std::move(tell));
  }
}

// --- what other processes do ----------------------------------------------------------------------------------------

void ClientImpl::listen(store::DatasetId dataset) {
  {
    const std::lock_guard guard(mutex_);
    if (!listening_.insert(dataset).second) return;
  }
  const bool watched = watch(dataset);
  driver_->post([self = shared_from_this(), dataset, watched] {
    self->neighbours_.start();
    if (!watched) self->watch_later(dataset);
  });
}

// False: not yet. A store that is closed or damaged is not worth another try.
bool ClientImpl::watch(store::DatasetId dataset) {
  const auto watched = with_store([&](store::Store& store) { return store.watch(dataset); });
  return watched || watched.error().code == ErrorCode::kClosed || watched.error().code == ErrorCode::kCorrupt;
}

// What others write until then is not told: nobody knows what there was before.
void ClientImpl::watch_later(store::DatasetId dataset) {
  driver_->after(kBetweenWatches, [self = shared_from_this(), dataset] {
    {
      const std::lock_guard guard(self->mutex_);
      if (!self->listening_.contains(dataset)) return;
    }
    if (!self->watch(dataset)) self->watch_later(dataset);
  });
}

std::shared_ptr<DatasetImpl> ClientImpl::dataset_of(store::DatasetId id) {
  const std::lock_guard guard(mutex_);
  for (const auto& [name, dataset] : datasets_) {
    if (dataset->id() == id) return dataset;
  }
  return nullptr;
}

// Whoever stops listening is noticed when there is something to tell.
void ClientImpl::forget_unless_heard(const DatasetImpl& dataset) {
  const std::lock_guard guard(mutex_);  // listen() comes after the subscription: one of the two sees the other
  if (dataset.anybody_listens()) return;
  listening_.erase(dataset.id());
  std::ignore = with_store([&](store::Store& store) -> Result<void> {
    store.unwatch(dataset.id());
    return {};
  });
}

bool ClientImpl::queue_changes_of_others(store::OthersChanges others) {
  bool any = false;
  for (auto& [id, changes] : others.changes) {
    const auto dataset = dataset_of(id);
    if (!dataset) continue;
    any = dataset->queue_change(ChangeSource::kOtherProcess, std::move(changes)) || any;
    forget_unless_heard(*dataset);
    count_conflicts(id);
  }
  return any;
}

Neighbours::Look ClientImpl::look_for_changes() {
  // A tick comes again soon; whoever was woken by a write has to wait until it is committed.
  const auto certainty =
      options_.threading == Threading::kTick ? store::Certainty::kAsFarAsSeen : store::Certainty::kSettled;
  auto outcome = Neighbours::Look::kDone;
  bool any = false;
  {
    const std::lock_guard in_order(telling_order_);
    auto others = with_store([&](store::Store& store) { return store.changes_of_others(certainty); });
    if (!others) return outcome;
    if (others->busy) outcome = Neighbours::Look::kBusy;
    any = queue_changes_of_others(std::move(*others));
  }
  if (any) tell_changes();
  const std::lock_guard guard(mutex_);
  if (listening_.empty()) neighbours_.stop();
  return outcome;
}

bool ClientImpl::queue_behind_others(const std::function<bool()>& queue_own) {
  const std::lock_guard in_order(telling_order_);
  auto noticed = with_store([](store::Store& store) { return store.noticed(); });
  const bool others = noticed && queue_changes_of_others(std::move(*noticed));
  return queue_own() || others;
}

// --- calls outside of a sync --------------------------------------------------------------------------------------

void ClientImpl::list_remote_datasets(std::function<void(const Result<std::vector<RemoteDataset>>&)> done) {
  using Listed = std::vector<RemoteDataset>;
  begin<Listed>(std::move(done), [self = shared_from_this()](Completed<Listed> completed) {
    self->list_page(wire::ListDatasetsRequest{.target = self->whose()}, std::make_shared<Listed>(), 1,
                    std::move(completed));
  });
}

void ClientImpl::list_page(wire::ListDatasetsRequest request, std::shared_ptr<std::vector<RemoteDataset>> so_far,
                           int pages, Completed<std::vector<RemoteDataset>> done) {
  auto call = std::make_shared<Remote::CallHandle>();
  *call = remote_->list_datasets(request, [self = shared_from_this(), call, request, so_far, pages,
                                           done](Answer<wire::ListDatasetsAnswer> answer) {
    self->untrack(*call);
    call->reset();
    if (!answer.result) return done(std::move(answer.result).error());
    for (auto& dataset : answer.result->datasets) so_far->push_back(to_remote_dataset(std::move(dataset)));
    auto& token = answer.result->next_token;
    if (token.empty()) return done(std::move(*so_far));
    if (token == request.next_token || pages >= kMaxListPages) {
      return done(Error{.code = ErrorCode::kBadAnswer,
                        .message = "ListDatasets: NextToken leads nowhere after page " + std::to_string(pages)});
    }
    auto next = request;
    next.next_token = std::move(token);
    self->list_page(std::move(next), so_far, pages + 1, done);
  });
  track(*call);
}

std::optional<MonotonicTime> ClientImpl::tick(MonotonicTime now) {
  const bool allowed = options_.threading == Threading::kTick && !driver_->stepping_here();
  return allowed ? driver_->step(now) : std::nullopt;
}

// --- the end ------------------------------------------------------------------------------------------------------

// In this order: nothing new runs; what runs may end; nothing runs; all is answered; nobody is called; the store
// closes.
ShutdownReport ClientImpl::shutdown(std::chrono::milliseconds deadline) {
  if (const auto report = already_shut_down()) return *report;
  ShutdownReport report;
  report.clean = wait_until_idle(std::clamp(deadline, std::chrono::milliseconds{0}, kLongestDeadline));
  driver_->stop();
  autopilot_.stop();
  cancel_what_runs();
  answer_what_is_left();
  gate_->close();
  report.pending = with_store([&](store::Store& store) { return store.pending_count(identity_id()); }).value_or(0);
  close_store();
  forget_the_app();
  {
    const std::lock_guard guard(mutex_);
    life_ = Life::kClosed;
    report_ = report;
  }
  changed_.notify_all();
  return report;
}

// Only the first caller ends the client; the others wait for it, unless it waits for them.
std::optional<ShutdownReport> ClientImpl::already_shut_down() {
  const bool called_back = driver_->stepping_here() || gate_->calling_here();
  std::unique_lock lock(mutex_);
  if (life_ == Life::kOpen) {
    life_ = Life::kClosing;
    return std::nullopt;
  }
  if (!called_back) changed_.wait(lock, [this] { return life_ == Life::kClosed; });
  return report_;
}

bool ClientImpl::wait_until_idle(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  const auto idle = [this] { return operations_.empty(); };
  if (driver_->stepping_here()) return idle();  // a callback inside a step can't wait for later ones
  if (options_.threading == Threading::kOwnThread) return changed_.wait_for(lock, longest, idle);
  lock.unlock();
  const auto idle_now = [&] {
    const std::lock_guard guard(mutex_);
    return idle();
  };
  return driver_->run_until(idle_now, longest);
}

// The driver has stopped: this thread takes its place.
void ClientImpl::cancel_what_runs() {
  const Error cancelled{.code = ErrorCode::kCancelled, .message = "the client was shut down before this was done"};
  decltype(datasets_) datasets;
  decltype(replaced_) replaced;
  {
    const std::lock_guard guard(mutex_);
    datasets = datasets_;
    replaced = replaced_;
  }
  change_stream_->stop();
  for (const auto& dataset : replaced) dataset->cancel_sync(cancelled);
  for (const auto& [name, dataset] : datasets) dataset->cancel_sync(cancelled);
  for (const auto& call : std::vector(calls_)) remote_->cancel(call);
  if (keeper_) keeper_->sign_out(cancelled);
}

// What was begun, and had not reached the driver or was just being told.
void ClientImpl::answer_what_is_left() {
  decltype(operations_) left;
  {
    const std::lock_guard guard(mutex_);
    life_ = Life::kSwept;
    left = operations_;
  }
  const Error cancelled{.code = ErrorCode::kCancelled, .message = "the client was shut down before this was done"};
  for (const auto& [id, complete] : left) complete(cancelled);
}

void ClientImpl::close_store() {
  store_closed_ = true;
  { const auto last_use = alone_with_store(); }
  // If this is a callback inside a step, a sync that uses the store is still on the stack.
  driver_->at_rest([self = shared_from_this()] { self->store_.reset(); });
}

// The app's callbacks may hold the client itself.
void ClientImpl::forget_the_app() {
  decltype(datasets_) datasets;
  decltype(replaced_) replaced;
  {
    const std::lock_guard guard(mutex_);
    datasets.swap(datasets_);
    replaced.swap(replaced_);
  }
  for (const auto& dataset : replaced) dataset->forget_the_app();
  for (const auto& [name, dataset] : datasets) dataset->forget_the_app();
  autopilot_.status().close();
  autopilot_.progress().close();
  options_.conflict_handler = nullptr;
  options_.identity.reset();
  if (keeper_) keeper_->forget_the_app();
  options_.deletion_handler = nullptr;
}

}  // namespace syncline
