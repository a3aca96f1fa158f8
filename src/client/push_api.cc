// What Client and Dataset offer of push.h.
#include <algorithm>
#include <utility>

#include "client/client_impl.h"
#include "wire/push_payload.h"

namespace syncline {

namespace {

constexpr std::size_t kLongestToken = 4'096;

Result<void> check_token(std::string_view token) {
  const bool printable = std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!token.empty() && token.size() <= kLongestToken && printable) return {};
  return Error{.code = ErrorCode::kInvalidArgument,
               .message = "a push token has 1 to 4,096 visible ASCII characters and no space"};
}

Error not_for_us(const char* what) {
  return Error{.code = ErrorCode::kNotFound, .message = std::string("the push message is for ") + what};
}

Result<void> first_failure(const PushFailures& failures, const std::vector<std::string>& datasets) {
  if (failures.all) return *failures.all;
  for (const auto& dataset : datasets) {
    if (const auto found = failures.of.find(dataset); found != failures.of.end()) return found->second;
  }
  return {};
}

}  // namespace

// --- ClientImpl -----------------------------------------------------------------------------------------------------

std::string ClientImpl::device_id() {
  if (!options_.device_id.empty()) return options_.device_id;
  return with_store([&](store::Store& store) { return store.push_device_id(identity_id()); }).value_or(std::string());
}

ChangeStreamContext ClientImpl::change_stream_context() {
  return ChangeStreamContext{
      .driver = driver_,
      .remote = remote_,
      .clock = clock_,
      .random = random_.get(),
      .backoff = {.first = options_.retry.first_delay,
                  .longest = options_.retry.longest_delay,
                  .shortest = engine::kShortestEndlessDelay},
      .request = [this]() -> Result<wire::ChangeStreamRequest> {
        if (auto ready = can_reach_service(true); !ready) return std::move(ready).error();
        auto target = whose();
        if (target.identity.empty()) {
          return Error{.code = ErrorCode::kInvalidArgument, .message = "nobody is signed in whose changes to hear of"};
        }
        return wire::ChangeStreamRequest{.target = std::move(target), .device_id = device_id()};
      },
      .judge = [this](std::string_view data) { return judge_hint(data); },
      .synchronize =
          [this](const PushHint& hint, ChangeStreamContext::Synced synced) {
            auto name = DatasetName::parse(hint.dataset);
            if (!name) return synced(std::move(name).error());
            if (leave_to_autopilot(*name)) return synced(SyncReport());
            // An operation without a callback of the app's: shutdown() waits for it as for any other.
            begin<SyncReport>({}, [this, name = *name, count = hint.count, synced](Completed<SyncReport> completed) {
              sync_for_hint(name, count, [synced, completed](Result<SyncReport> report) {
                synced(report);
                completed(std::move(report));
              });
            });
          }};
}

void ClientImpl::register_device(PushPlatform platform, std::string token, DeviceCallback done) {
  begin<std::string>(std::move(done), [this, platform, token = std::move(token)](Completed<std::string> completed) {
    if (auto checked = check_token(token); !checked) return completed(std::move(checked).error());
    const store::PushToken wanted{.platform = std::string(wire::to_string(platform)), .token = token};
    auto kept = with_store([&](store::Store& store) -> Result<void> {
      auto state = store.push_state(identity_id());
      if (!state) return std::move(state).error();
      return state->token == wanted ? Result<void>() : store.set_push_token(wanted);
    });
    if (!kept) return completed(std::move(kept).error());
    push_registration_.settle([this, completed](const PushFailures& failures) {
      if (failures.all) return completed(*failures.all);
      completed(with_store([&](store::Store& store) { return store.push_device_id(identity_id()); }));
    });
  });
}

void ClientImpl::unregister_device(DoneCallback done) {
  begin<void>(std::move(done), [this](Completed<void> completed) {
    auto datasets = with_store([&](store::Store& store) -> Result<std::vector<std::string>> {
      auto state = store.push_state(identity_id());
      if (!state) return std::move(state).error();
      if (state->token) {
        if (auto forgotten = store.set_push_token(std::nullopt); !forgotten) return std::move(forgotten).error();
      }
      if (auto ended = store.want_changes(identity_id(), state->wanted, false); !ended) return std::move(ended).error();
      for (const auto& asked : state->asked) state->wanted.push_back(asked.dataset);
      return std::move(state->wanted);
    });
    if (!datasets) return completed(std::move(datasets).error());
    push_registration_.settle([completed, datasets = std::move(*datasets)](const PushFailures& failures) {
      completed(first_failure(failures, datasets));
    });
  });
}

void ClientImpl::want_changes(const std::shared_ptr<DatasetImpl>& dataset, bool wanted, DoneCallback done) {
  begin<void>(std::move(done), [this, dataset, wanted](Completed<void> completed) {
    if (dataset && dataset->stale()) return completed(identity_changed());
    auto datasets = with_store([&](store::Store& store) -> Result<std::vector<std::string>> {
      std::vector<std::string> names;
      if (dataset) {
        names = {dataset->name()};
      } else if (wanted) {
        auto known = store.dataset_names(identity_id());
        if (!known) return known;
        names = std::move(*known);
      } else {
        auto state = store.push_state(identity_id());
        if (!state) return std::move(state).error();
        names = std::move(state->wanted);
      }
      if (auto kept = store.want_changes(identity_id(), names, wanted); !kept) return std::move(kept).error();
      return names;
    });
    if (!datasets) return completed(std::move(datasets).error());
    push_registration_.settle([completed, datasets = std::move(*datasets)](const PushFailures& failures) {
      completed(first_failure(failures, datasets));
    });
  });
}

Result<PushHint> ClientImpl::judge_hint(std::string_view bytes) {
  auto push = wire::decode_push(bytes);
  if (!push) return std::move(push).error();
  const auto own = whose();
  if (push->target.pool != own.pool) return not_for_us("another identity pool");
  if (push->target.identity != own.identity) return not_for_us("another identity");
  const auto& name = push->target.dataset.text();
  auto known = with_store([&](store::Store& store) { return store.wanted_count(identity_id(), name); });
  if (!known) return std::move(known).error();
  if (!*known) return not_for_us("a dataset that is not subscribed");
  return PushHint{.dataset = name,
                  .count = push->count,
                  .decision = push->count <= **known ? HintDecision::kKnown : HintDecision::kSync};
}

Result<PushHint> ClientImpl::handle_push(std::string_view bytes, SyncCallback done) {
  auto hint = judge_hint(bytes);
  if (!hint) {
    if (done) begin_here<SyncReport>(std::move(done), [error = hint.error()](auto completed) { completed(error); });
    return hint;
  }
  auto name = DatasetName::parse(hint->dataset);
  if (!name) return std::move(name).error();
  const auto sync = [this, name = *name, count = hint->count](Completed<SyncReport> completed) {
    sync_for_hint(name, count, std::move(completed));
  };
  if (hint->decision == HintDecision::kSync) {
    if (!done && leave_to_autopilot(*name)) return hint;
    begin<SyncReport>(std::move(done), sync);
  } else if (done) {
    begin_here<SyncReport>(std::move(done), sync);
  }
  return hint;
}

void ClientImpl::sync_for_hint(const DatasetName& name, SyncCount count, Completed<SyncReport> completed) {
  const auto wanted = with_store([&](store::Store& store) { return store.wanted_count(identity_id(), name.text()); });
  if (!wanted) return completed(wanted.error());
  if (!*wanted) return completed(not_for_us("a dataset that is not subscribed"));  // any more
  auto opened = dataset(name.text());
  if (!opened) return completed(std::move(opened).error());
  (*opened)->sync_for_hint(count, std::move(completed));
}

// --- DatasetImpl ----------------------------------------------------------------------------------------------------

void DatasetImpl::sync_for_hint(SyncCount count, ClientImpl::Completed<SyncReport> completed) {
  hints_.emplace_back(count, std::move(completed));
  if (job_->idle()) settle_hints();
}

void DatasetImpl::settle_hints() {
  auto hints = std::exchange(hints_, {});
  if (hints.empty()) return;
  const auto known = client_->with_store([&](store::Store& store) { return store.sync_count(id_); });
  std::vector<ClientImpl::Completed<SyncReport>> behind;
  for (auto& [count, completed] : hints) {
    if (known && count <= *known) {
      completed(SyncReport{.sync_count = *known});
    } else {
      behind.push_back(std::move(completed));
    }
  }
  if (behind.empty()) return;
  run(client_->attempts(), [behind = std::move(behind)](const Result<SyncReport>& report) {
    for (const auto& completed : behind) completed(report);
  });
}

void DatasetImpl::job_at_rest(bool succeeded) {
  settle_hints();
  if (succeeded) client_->push_registration().after_sync(name());
}

void DatasetImpl::cancel_sync(const Error& error) {
  for (const auto& [count, completed] : std::exchange(hints_, {})) completed(error);
  job_->cancel(error);
}

// --- Client, Dataset ------------------------------------------------------------------------------------------------

void Client::register_device(PushPlatform platform, std::string_view token, DeviceCallback done) {
  impl_->register_device(platform, std::string(token), std::move(done));
}

void Client::unregister_device(DoneCallback done) {
  impl_->unregister_device(std::move(done));
}

void Client::subscribe_all(DoneCallback done) {
  impl_->want_changes(nullptr, true, std::move(done));
}

void Client::unsubscribe_all(DoneCallback done) {
  impl_->want_changes(nullptr, false, std::move(done));
}

Result<PushHint> Client::handle_push(std::string_view bytes) {
  return handle_push(bytes, nullptr);
}

Result<PushHint> Client::handle_push(std::string_view bytes, SyncCallback done) {
  return shielded([&] { return impl_->handle_push(bytes, std::move(done)); });
}

Subscription Client::open_change_stream() {
  return impl_->change_stream().hold();
}

ChangeStreamStatus Client::change_stream_status() const {
  return impl_->change_stream().status();
}

void Dataset::subscribe(DoneCallback done) {
  impl_->client().want_changes(impl_, true, std::move(done));
}

void Dataset::unsubscribe(DoneCallback done) {
  impl_->client().want_changes(impl_, false, std::move(done));
}

}  // namespace syncline
