// What Client and Dataset stand on: the composition of store, driver, remote and callbacks. See README.md for the
// rules.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "client/autopilot.h"
#include "client/callback_gate.h"
#include "client/change_stream.h"
#include "client/driver.h"
#include "client/event_hub.h"
#include "client/identity_keeper.h"
#include "client/neighbours.h"
#include "client/push_registration.h"
#include "client/remote.h"
#include "client/sync_job.h"
#include "core/clock.h"
#include "store/store.h"
#include "syncline/client.h"

namespace syncline {

// The outside world. Tests and the simulator bring their own.
struct Ports {
  std::shared_ptr<Clock> clock;
  std::unique_ptr<Random> random;
  std::unique_ptr<HttpTransport> transport;
};

// As Client::open(), with a world of the caller's choice.
Result<Client> open_with(ClientOptions options, Ports ports);

RemoteDataset to_remote_dataset(wire::Dataset dataset);

// Of Cognito Identity, as HttpRequest::endpoint has it; empty: the client's own.
std::string identity_endpoint(const ClientOptions& options);
Result<void> check_identity_options(const ClientOptions& options);

// No exception crosses the API: what is left of them is a failed allocation or thread, or a defect.
template <typename Body>
auto shielded(Body&& body) -> std::invoke_result_t<Body> {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& exception) {
    return Error{.code = ErrorCode::kInternal, .message = std::string("unexpected: ") + exception.what()};
  }
}

class ClientImpl : public std::enable_shared_from_this<ClientImpl> {
 public:
  ClientImpl(ClientOptions options, Ports ports, std::unique_ptr<store::Store> store, wire::Target whose);

  Result<std::shared_ptr<DatasetImpl>> dataset(std::string_view name);
  Result<std::vector<std::string>> dataset_names();
  void list_remote_datasets(std::function<void(const Result<std::vector<RemoteDataset>>&)> done);
  void synchronize_all(SyncAllCallback done);  // sync_all.cc
  std::optional<MonotonicTime> tick(MonotonicTime now);
  ShutdownReport shutdown(std::chrono::milliseconds deadline);
  [[nodiscard]] std::string identity_id() const { return whose().identity.text(); }
  [[nodiscard]] const std::optional<RecoveryReport>& recovery() const { return recovery_; }

  void start();
  // --- syncs that nobody asked for, and what an interface shows: automatic.cc. [any thread]
  [[nodiscard]] SyncStatus status();
  [[nodiscard]] Subscription on_status(StatusCallback callback);
  [[nodiscard]] Subscription on_progress(ProgressCallback callback);
  Result<FlushReport> flush(std::chrono::milliseconds deadline);
  // The network, the app's life, the credentials: whatever the rules know as an event.
  void note(Autopilot::Rules::Event event) { autopilot_.post(std::move(event)); }
  // D15: for another identity from now on. Its writes and failures are its own. [inside a driver step only]
  void start_automatic_syncs_over() { autopilot_.start_over(); }
  // The service says that this dataset has changed. False: automatic syncs are off, nothing happens. [any thread]
  bool leave_to_autopilot(const DatasetName& dataset);

  static Client wrap(std::shared_ptr<ClientImpl> impl) { return Client(std::move(impl)); }
  static ClientImpl& of(const Client& client) { return *client.impl_; }  // for tests

  // --- for DatasetImpl
  // Runs `body` with the store while it is open; kClosed afterwards.
  template <typename Body>
  auto with_store(Body&& body) -> std::invoke_result_t<Body, store::Store&> {
    if (store_closed_) return closed_error();  // also keeps a stream of calls from holding up the close
    const auto in_use = use_store();
    if (store_closed_) return closed_error();
    return std::forward<Body>(body)(*store_);
  }

  // Something that asks the service and ends with exactly one call of the app's `done`, on the dispatcher (D13). `task`
  // runs in a driver step, unless an option is missing or the client is going, and calls what it is given in a step.
  // shutdown() waits for it, and answers in its place if it must.
  template <typename T>
  using Completed = std::function<void(Result<T>)>;
  template <typename T>
  void begin(std::function<void(const Result<T>&)> done, std::function<void(Completed<T>)> task);
  // As begin(), for what needs no service, or finds out by itself.
  template <typename T>
  void begin_here(std::function<void(const Result<T>&)> done, std::function<void(Completed<T>)> task);

  // A call that belongs to no synchronize(): cancelled by shutdown(). [inside a driver step only]
  void track(const Remote::CallHandle& call) { calls_.push_back(call); }
  void untrack(const Remote::CallHandle& call) { std::erase(calls_, call); }

  // Changes are told in the order of their transactions: queued where they were made, told in a step. [any thread]
  void queue_change(std::function<void()> tell);
  // [inside a driver step, and not inside a call of the app's]
  void tell_changes();
  // Somebody wants to hear of changes: from now on also of other processes'. [any thread] [blocks: disk]
  void listen(store::DatasetId dataset);
  // Queues what others wrote before this client's own latest write, then calls `queue_own`, which queues that. Whether
  // there is anything to tell: others' changes also where `queue_own` has none. [any thread]
  bool queue_behind_others(const std::function<bool()>& queue_own);

  // --- push: push_api.cc
  void register_device(PushPlatform platform, std::string token, DeviceCallback done);
  void unregister_device(DoneCallback done);
  // null: of all datasets.
  void want_changes(const std::shared_ptr<DatasetImpl>& dataset, bool wanted, DoneCallback done);
  Result<PushHint> handle_push(std::string_view bytes, SyncCallback done);
  // What a push message or an event of the stream says, and what is to be done about it. [any thread] [blocks: disk]
  Result<PushHint> judge_hint(std::string_view bytes);
  // Where a hint becomes a sync that somebody waits for: none if the dataset is that far when its turn comes. [inside a
  // driver step only]
  void sync_for_hint(const DatasetName& name, SyncCount count, Completed<SyncReport> completed);
  [[nodiscard]] ChangeStream& change_stream() { return *change_stream_; }
  [[nodiscard]] PushRegistration& push_registration() { return push_registration_; }
  // What goes out as DeviceId: the app's, else the registered one; empty: none. [any thread] [blocks: disk]
  [[nodiscard]] std::string device_id();
  ChangeStreamContext change_stream_context();

  [[nodiscard]] SyncContext sync_context(const DatasetName& name, store::DatasetId id);
  [[nodiscard]] Remote& remote() { return *remote_; }
  [[nodiscard]] Driver& driver() { return *driver_; }
  [[nodiscard]] Timestamp wall() { return clock_->wall(); }
  [[nodiscard]] std::chrono::milliseconds clock_offset() const { return remote_->clock_offset(); }
  [[nodiscard]] int attempts() const { return options_.retry.attempts; }
  [[nodiscard]] ConflictHandler default_handler() const { return options_.conflict_handler; }
  [[nodiscard]] DeletionHandler deletion_handler() const { return options_.deletion_handler; }
  [[nodiscard]] wire::Target target(const DatasetName& name) const;
  // Whether all options are there. Errors: kInvalidArgument, naming the one that is missing.
  [[nodiscard]] Result<void> can_reach_service(bool knows_identity) const;
  [[nodiscard]] wire::Target whose() const;
  static Error closed_error();
  // For each dataset: that it was written to. [any thread]
  void wrote(const std::shared_ptr<WriteMark>& mark, store::DatasetId dataset) { autopilot_.wrote(mark, dataset); }
  // Of a dataset some of whose conflicts may have been settled. [any thread]
  void count_conflicts(store::DatasetId dataset) { autopilot_.count_conflicts(dataset); }
  [[nodiscard]] bool shows_conflicts() const { return autopilot_.shows_conflicts(); }

  // --- identities: identities.cc
  void sign_in(Login login, GuestData guest_data, SignInCallback done);
  void sign_out(DoneCallback done);
  void wipe(Whose whose, DoneCallback done);
  Result<std::vector<UnsentData>> unsent(Whose whose);
  // Grows when open datasets are no longer this client's: at a switch, a sign-out, a wipe. [any thread]
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  static Error identity_changed();
  // A sync has succeeded: what waited for it goes on. [inside a driver step only]
  void merge_what_waits();
  void offer_twins(const std::shared_ptr<DatasetImpl>& dataset, const std::vector<std::string>& names);

 private:
  using OperationId = std::uint64_t;
  // Deadlines beyond this are as good as none, and do not overflow a clock.
  static constexpr std::chrono::milliseconds kLongestDeadline = std::chrono::hours{24 * 365};
  enum class Life : std::uint8_t {
    kOpen,
    kClosing,  // shutdown() waits for what runs; nothing new runs
    kSwept,    // all that was begun has been answered
    kClosed,
  };

  struct Operation {
    OperationId id = 0;
    bool too_late = false;  // shutdown() has begun: it is not to run, but shutdown() waits until it was answered
  };

  [[nodiscard]] std::shared_lock<std::shared_mutex> use_store() {
    const std::lock_guard turn(turnstile_);
    return std::shared_lock(store_in_use_);
  }
  [[nodiscard]] std::unique_lock<std::shared_mutex> alone_with_store() {
    const std::lock_guard turn(turnstile_);  // those who come now wait until this one had its turn
    return std::unique_lock(store_in_use_);
  }

  // nullopt: nothing can begin any more.
  std::optional<Operation> enter(const std::function<void(OperationId, Error)>& complete);
  // Whether it was still to be answered.
  bool end_operation(OperationId operation);
  void finish(OperationId operation, std::function<void()> completion);

  using OwnSyncDone = std::function<void(const Result<SyncReport>&)>;
  struct Flushing;
  Autopilot::Hooks autopilot_hooks();
  bool begin_own_sync(store::DatasetId dataset, std::optional<int> attempts, OwnSyncDone done);
  void find_datasets();
  Result<void> begin_flush(const std::shared_ptr<Flushing>& flushing);
  Result<FlushReport> what_is_left(Flushing& flushing);
  Result<void> add_what_waits(FlushReport& report);

  Result<store::DatasetId> open_in(store::Store& store, const DatasetName& name);
  void list_page(wire::ListDatasetsRequest request, std::shared_ptr<std::vector<RemoteDataset>> so_far, int pages,
                 Completed<std::vector<RemoteDataset>> done);

  Neighbours::Look look_for_changes();
  bool queue_changes_of_others(store::OthersChanges others);
  void forget_unless_heard(const DatasetImpl& dataset);
  bool watch(store::DatasetId dataset);
  std::shared_ptr<DatasetImpl> dataset_of(store::DatasetId id);

  // [inside a driver step only]
  void connect_keeper();
  void with_identity(std::function<void(Result<void>)> next);
  Result<KnownIdentity> known_identity();
  Result<SignInReport> arrive(const store::IdentitySwitch& change);
  Result<store::MergeProgress> move_merged_data();
  Result<void> leave(const std::optional<std::string>& whose, const std::function<Result<void>(store::Store&)>& forget);
  void let_go_of_datasets();
  void let_go_of_replaced();
  void let_go_of(const std::vector<std::shared_ptr<DatasetImpl>>& datasets);
  void watch_later(store::DatasetId dataset);
  void follow_identity();  // with what the service is to tell this device
  void ask_about_twins(const std::shared_ptr<DatasetImpl>& dataset, std::vector<std::string> names);
  void delete_twins(const std::shared_ptr<DatasetImpl>& dataset);

  std::optional<ShutdownReport> already_shut_down();
  bool wait_until_idle(std::chrono::milliseconds longest);
  void cancel_what_runs();
  void answer_what_is_left();
  void close_store();
  void forget_the_app();

  ClientOptions options_;
  const std::optional<RecoveryReport> recovery_;
  const std::shared_ptr<Clock> clock_;
  const std::unique_ptr<Random> random_;
  const std::shared_ptr<CallbackGate> gate_;
  const std::shared_ptr<Driver> driver_;
  const std::shared_ptr<IdentityKeeper> keeper_;  // null: ClientOptions say who it is
  const std::shared_ptr<Remote> remote_;
  Neighbours neighbours_;
  Autopilot autopilot_;
  const std::shared_ptr<ChangeStream> change_stream_;
  PushRegistration push_registration_{*this};  // in driver steps only

  std::mutex turnstile_;            // held while waiting for the next: a stream of calls must not hold up a switch
  std::shared_mutex store_in_use_;  // shared: a call is using the store; unique: none is
  std::atomic<bool> store_closed_ = false;
  std::unique_ptr<store::Store> store_;

  std::mutex telling_order_;  // held from taking others' changes out of the store until they are queued

  // Both change while nobody uses the store.
  std::atomic<std::uint64_t> epoch_ = 1;
  mutable std::mutex whose_mutex_;  // no other is locked under it
  wire::Target whose_;              // pool and identity

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<DatasetImpl>, std::less<>> datasets_;
  std::deque<std::function<void()>> changes_;
  std::vector<std::shared_ptr<DatasetImpl>> replaced_;  // in datasets_, by newer ones of their names
  std::set<store::DatasetId> listening_;
  Life life_ = Life::kOpen;
  OperationId last_operation_ = 0;
  std::map<OperationId, std::function<void(Error)>> operations_;  // begun and not finished
  ShutdownReport report_;

  bool data_waits_ = true;                 // perhaps: of merged identities; in driver steps only
  std::vector<Remote::CallHandle> calls_;  // running, in the order of their start; in driver steps only
};

template <typename T>
void ClientImpl::begin(std::function<void(const Result<T>&)> done, std::function<void(Completed<T>)> task) {
  begin_here<T>(std::move(done), [this, task = std::move(task)](Completed<T> completed) {
    if (auto ready = can_reach_service(true); !ready) return completed(std::move(ready).error());
    with_identity([completed, task](Result<void> known) {
      if (!known) return completed(std::move(known).error());
      task(completed);
    });
  });
}

template <typename T>
void ClientImpl::begin_here(std::function<void(const Result<T>&)> done, std::function<void(Completed<T>)> task) {
  // The app's function is shared, not copied, by whatever may come to call it.
  auto answer = [shared = std::make_shared<decltype(done)>(std::move(done))](Result<T> result) {
    return [shared, result = std::move(result)] {
      if (*shared) (*shared)(result);
    };
  };
  const auto operation = enter([this, answer](OperationId id, Error error) { finish(id, answer(std::move(error))); });
  if (!operation) return gate_->post(CallbackKind::kCompletion, answer(closed_error()));
  auto completed = [self = shared_from_this(), id = operation->id, answer](Result<T> result) {
    self->finish(id, answer(std::move(result)));
  };
  driver_->post([too_late = operation->too_late, completed = std::move(completed), task = std::move(task)] {
    if (too_late) return completed(closed_error());
    task(completed);
  });
}

class DatasetImpl : public std::enable_shared_from_this<DatasetImpl> {
 public:
  DatasetImpl(std::shared_ptr<ClientImpl> client, DatasetName name, store::DatasetId id, std::uint64_t epoch);

  [[nodiscard]] const std::string& name() const { return name_.text(); }
  [[nodiscard]] store::DatasetId id() const { return id_; }
  [[nodiscard]] ClientImpl& client() { return *client_; }
  void connect();  // once, after it was made
  // D15: it was opened for an identity that the client does not work for any more. For good.
  [[nodiscard]] bool stale() const { return epoch_ != client_->epoch(); }
  // ClientImpl::with_store(), unless it is stale.
  template <typename Body>
  auto with_store(Body&& body) -> std::invoke_result_t<Body, store::Store&> {
    return client_->with_store([&](store::Store& store) -> std::invoke_result_t<Body, store::Store&> {
      if (stale()) return ClientImpl::identity_changed();
      return std::forward<Body>(body)(store);
    });
  }

  void synchronize(SyncCallback done);
  // As synchronize(), once it is known for whom. [inside a driver step]
  void run(int attempts, SyncJob::Done done);
  void describe(std::function<void(const Result<RemoteDataset>&)> done);
  // Tells the subscribers, on the dispatcher, outside of any call of the app's. [any thread]
  void announce(ChangeSource source, store::KeyChanges changes);
  // Queues it for ClientImpl::tell_changes(); false: nobody wants to hear of it. [any thread]
  bool queue_change(ChangeSource source, store::KeyChanges changes);
  [[nodiscard]] bool anybody_listens() const { return hub_->anybody(); }
  [[nodiscard]] Subscription subscribe(ChangeCallback callback);
  void set_conflict_handler(ConflictHandler handler);

  // --- [inside a driver step, or when no step can run any more]
  void sync_for_hint(SyncCount count, ClientImpl::Completed<SyncReport> completed);
  void cancel_sync(const Error& error);
  // Lets go of the app's callbacks, which may hold this very dataset.
  void forget_the_app();

 private:
  [[nodiscard]] ConflictHandler conflict_handler();
  // Hints wait while a sync runs: it may bring what they tell of.
  void settle_hints();
  void job_at_rest(bool succeeded);
  // A transaction of this client's, behind what others wrote before it. False: there is nothing to tell.
  bool queue_own_change(ChangeSource source, store::KeyChanges changes);

  const std::shared_ptr<ClientImpl> client_;
  const DatasetName name_;
  const store::DatasetId id_;
  const std::uint64_t epoch_;
  friend class ClientImpl;          // for the next two, in driver steps only
  std::vector<std::string> twins_;  // that the service told of
  bool asking_about_twins_ = false;
  const std::shared_ptr<EventHub> hub_ = std::make_shared<EventHub>();
  const std::shared_ptr<WriteMark> mark_ = std::make_shared<WriteMark>();
  std::shared_ptr<SyncJob> job_;
  std::vector<std::pair<SyncCount, ClientImpl::Completed<SyncReport>>> hints_;  // in driver steps only
  std::mutex handler_mutex_;
  ConflictHandler handler_;
};

}  // namespace syncline
