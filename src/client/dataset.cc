#include "syncline/dataset.h"

#include <algorithm>
#include <utility>

#include "client/client_impl.h"

namespace syncline {

namespace {

// Which of several it is: by its key, unless it is the key that is wrong.
Error in_batch(Error error, std::size_t index, const std::string& key) {
  const auto which = key.empty() ? std::string() : " (key \"" + key + "\")";
  error.message = "change " + std::to_string(index + 1) + which + ": " + error.message;
  return error;
}

Result<void> check_changes(std::span<const Change> changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto& change = changes[i];
    if (auto key = check_key(change.key); !key) return in_batch(std::move(key).error(), i, "");
    if (!change.value) continue;
    if (auto value = check_value(*change.value); !value) return in_batch(std::move(value).error(), i, change.key);
  }
  return {};
}

}  // namespace

RemoteDataset to_remote_dataset(wire::Dataset dataset) {
  return RemoteDataset{.name = std::move(dataset.name),
                       .records = static_cast<std::size_t>(std::max<std::int64_t>(dataset.records, 0)),
                       .bytes = static_cast<std::size_t>(std::max<std::int64_t>(dataset.bytes, 0)),
                       .created_at = dataset.created_at,
                       .modified_at = dataset.modified_at,
                       .modified_by = std::move(dataset.modified_by)};
}

// --- DatasetImpl --------------------------------------------------------------------------------------------------

DatasetImpl::DatasetImpl(std::shared_ptr<ClientImpl> client, DatasetName name, store::DatasetId id, std::uint64_t epoch)
    : client_(std::move(client)), name_(std::move(name)), id_(id), epoch_(epoch) {}

void DatasetImpl::connect() {
  auto context = client_->sync_context(name_, id_);
  context.conflict_handler = [self = weak_from_this()] {
    const auto alive = self.lock();
    return alive ? alive->conflict_handler() : ConflictHandler();
  };
  context.deletion_handler = [self = weak_from_this()] {
    const auto alive = self.lock();
    return alive ? alive->client().deletion_handler() : DeletionHandler();
  };
  context.announce = [self = weak_from_this()](ChangeSource source, store::KeyChanges changes) {
    if (const auto alive = self.lock(); alive && alive->queue_own_change(source, std::move(changes))) {
      alive->client().tell_changes();
    }
  };
  context.merged_datasets = [self = weak_from_this()](std::vector<std::string> names) {
    if (const auto alive = self.lock()) alive->twins_ = std::move(names);
  };
  context.at_rest = [self = weak_from_this()](bool succeeded) {
    if (const auto alive = self.lock()) alive->job_at_rest(succeeded);
  };
  job_ = std::make_shared<SyncJob>(std::move(context));
}

void DatasetImpl::synchronize(SyncCallback done) {
  client_->begin<SyncReport>(std::move(done), [self = shared_from_this()](ClientImpl::Completed<SyncReport> completed) {
    self->run(self->client_->attempts(), std::move(completed));
  });
}

void DatasetImpl::run(int attempts, SyncJob::Done done) {
  if (stale()) return done(ClientImpl::identity_changed());
  job_->aim_at(client_->target(name_));
  const auto ended = [self = shared_from_this(), done = std::move(done)](Result<SyncReport> report) {
    const bool well = report.has_value();
    done(std::move(report));
    if (!well || self->stale()) return;
    self->client_->merge_what_waits();
    self->client_->offer_twins(self, std::exchange(self->twins_, {}));
  };
  job_->synchronize(ended, attempts);
}

void DatasetImpl::describe(std::function<void(const Result<RemoteDataset>&)> done) {
  using Completed = ClientImpl::Completed<RemoteDataset>;
  client_->begin<RemoteDataset>(std::move(done), [self = shared_from_this()](Completed completed) {
    if (self->stale()) return completed(ClientImpl::identity_changed());
    auto call = std::make_shared<Remote::CallHandle>();
    *call = self->client_->remote().describe_dataset(
        {.target = self->client_->target(self->name_)},
        [self, call, completed = std::move(completed)](Answer<wire::DatasetAnswer> answer) {
          self->client_->untrack(*call);
          call->reset();
          completed(std::move(answer.result).transform([](wire::DatasetAnswer described) {
            return to_remote_dataset(std::move(described.dataset));
          }));
        });
    self->client_->track(*call);
  });
}

// False: nobody wants to hear of it.
bool DatasetImpl::queue_change(ChangeSource source, store::KeyChanges changes) {
  if (changes.empty() || !hub_->anybody()) return false;
  auto change = std::make_shared<const DatasetChange>(DatasetChange{.dataset = name(),
                                                                    .source = source,
                                                                    .added = std::move(changes.added),
                                                                    .updated = std::move(changes.updated),
                                                                    .removed = std::move(changes.removed)});
  client_->queue_change([hub = hub_, change = std::move(change)] { hub->announce(*change); });
  return true;
}

Subscription DatasetImpl::subscribe(ChangeCallback callback) {
  if (stale()) return {};  // it was let go of: nothing of it will be told any more
  auto subscription = hub_->subscribe(std::move(callback));
  client_->listen(id_);
  return subscription;
}

bool DatasetImpl::queue_own_change(ChangeSource source, store::KeyChanges changes) {
  if (!hub_->anybody()) return false;
  return client_->queue_behind_others([&] { return queue_change(source, std::move(changes)); });
}

void DatasetImpl::announce(ChangeSource source, store::KeyChanges changes) {
  client_->wrote(mark_, id_);
  if (client_->shows_conflicts()) client_->count_conflicts(id_);
  if (!queue_own_change(source, std::move(changes))) return;
  client_->driver().post([client = client_] { client->tell_changes(); });
}

void DatasetImpl::forget_the_app() {
  hub_->close();
  set_conflict_handler(nullptr);
}

void DatasetImpl::set_conflict_handler(ConflictHandler handler) {
  const std::lock_guard guard(handler_mutex_);
  handler_.swap(handler);  // the old one is freed by the caller, under no lock
}

ConflictHandler DatasetImpl::conflict_handler() {
  const std::lock_guard guard(handler_mutex_);
  return handler_ ? handler_ : client_->default_handler();
}

// --- Dataset ------------------------------------------------------------------------------------------------------

Dataset::Dataset(std::shared_ptr<DatasetImpl> impl) : impl_(std::move(impl)) {}

const std::string& Dataset::name() const {
  return impl_->name();
}

Result<std::optional<std::string>> Dataset::get(std::string_view key) const {
  return shielded([&]() -> Result<std::optional<std::string>> {
    if (auto checked = check_key(key); !checked) return std::move(checked).error();
    return impl_->with_store([&](store::Store& store) { return store.get(impl_->id(), key); });
  });
}

Result<void> Dataset::put(std::string_view key, std::string_view value) {
  return shielded([&]() -> Result<void> {
    if (auto checked = check_key(key); !checked) return checked;
    if (auto checked = check_value(value); !checked) return checked;
    auto written = impl_->with_store(
        [&](store::Store& store) { return store.put(impl_->id(), key, value, impl_->client().wall()); });
    if (!written) return std::move(written).error();
    impl_->announce(ChangeSource::kLocal, std::move(*written));
    return {};
  });
}

Result<void> Dataset::remove(std::string_view key) {
  return shielded([&] {
    if (auto checked = check_key(key); !checked) return checked;
    const Change removal{.key = std::string(key), .value = std::nullopt};
    return put_all(std::span(&removal, 1));
  });
}

Result<void> Dataset::put_all(std::span<const Change> changes) {
  return shielded([&]() -> Result<void> {
    if (auto checked = check_changes(changes); !checked) return checked;
    auto written = impl_->with_store(
        [&](store::Store& store) { return store.write(impl_->id(), changes, impl_->client().wall()); });
    if (!written) return std::move(written).error();
    impl_->announce(ChangeSource::kLocal, std::move(*written));
    return {};
  });
}

Result<std::optional<Record>> Dataset::record(std::string_view key) const {
  return shielded([&]() -> Result<std::optional<Record>> {
    if (auto checked = check_key(key); !checked) return std::move(checked).error();
    return impl_->with_store([&](store::Store& store) { return store.record(impl_->id(), key); });
  });
}

Result<std::vector<Record>> Dataset::records() const {
  return shielded([&] { return impl_->with_store([&](store::Store& store) { return store.records(impl_->id()); }); });
}

Result<std::vector<PendingChange>> Dataset::pending_changes() const {
  return shielded(
      [&] { return impl_->with_store([&](store::Store& store) { return store.pending_changes(impl_->id()); }); });
}

Result<DatasetInfo> Dataset::info() const {
  return shielded([&] { return impl_->with_store([&](store::Store& store) { return store.info(impl_->id()); }); });
}

void Dataset::synchronize(SyncCallback done) {
  impl_->synchronize(std::move(done));
}

Subscription Dataset::on_change(ChangeCallback callback) {
  return impl_->subscribe(std::move(callback));
}

void Dataset::set_conflict_handler(ConflictHandler handler) {
  impl_->set_conflict_handler(std::move(handler));
}

Result<std::vector<Conflict>> Dataset::conflicts() const {
  return shielded([&] {
    auto open = impl_->with_store([&](store::Store& store) { return store.conflicts(impl_->id()); });
    if (open) {
      for (auto& conflict : *open) conflict.local_written_at += impl_->client().clock_offset();
    }
    return open;
  });
}

Result<void> Dataset::resolve(const Conflict& shown, const Resolution& resolution) {
  return shielded([&]() -> Result<void> {
    if (auto checked = check_resolution(resolution); !checked) return checked;
    auto resolved = impl_->with_store(
        [&](store::Store& store) { return store.resolve(impl_->id(), shown, resolution, impl_->client().wall()); });
    if (!resolved) return std::move(resolved).error();
    impl_->announce(ChangeSource::kResolution, std::move(*resolved));
    return {};
  });
}

Result<void> Dataset::delete_dataset() {
  return shielded([&]() -> Result<void> {
    auto deleted = impl_->with_store([&](store::Store& store) { return store.begin_deletion(impl_->id()); });
    if (!deleted) return std::move(deleted).error();
    impl_->announce(ChangeSource::kLocal, std::move(*deleted));
    return {};
  });
}

void Dataset::describe(std::function<void(const Result<RemoteDataset>&)> done) {
  impl_->describe(std::move(done));
}

}  // namespace syncline
