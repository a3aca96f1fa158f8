// ClientImpl: who it works for, and the way from one identity to another.
#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "client/client_impl.h"
#include "net/curl_transport.h"
#include "syncline/limits.h"

namespace syncline {

namespace {

constexpr std::string_view kSyncHost = "://cognito-sync.";
constexpr std::string_view kIdentityHost = "://cognito-identity.";

Error wrong_option(std::string message) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = std::move(message)};
}

Error signed_out() {
  return Error{.code = ErrorCode::kIdentityChanged, .message = "the identity was signed out before this was done"};
}

// NAME.REGION:GUID, as the service names what it merged: such a dataset exists, however long its name.
bool is_twin_name(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot != std::string_view::npos && IdentityId::parse(name.substr(dot + 1)).has_value();
}

}  // namespace

std::string identity_endpoint(const ClientOptions& options) {
  if (!options.identity) return {};
  if (!options.identity->endpoint.empty()) return options.identity->endpoint;
  const auto at = options.endpoint.find(kSyncHost);
  if (at == std::string::npos) return {};
  auto endpoint = options.endpoint;
  return endpoint.replace(at, kSyncHost.size(), kIdentityHost);
}

Result<void> check_identity_options(const ClientOptions& options) {
  if (!options.identity) return {};
  if (!options.identity_id.empty() || options.credentials) {
    return wrong_option("ClientOptions: identity is set, and so are identity_id or credentials; it finds both");
  }
  if (options.identity->login_timeout.count() <= 0) {
    return wrong_option("IdentityOptions::login_timeout must be positive");
  }
  if (options.identity->endpoint.empty()) return {};
  auto host = net::endpoint_host(options.identity->endpoint);
  if (!host) return wrong_option("IdentityOptions::" + host.error().message);
  return {};
}

Error ClientImpl::identity_changed() {
  return Error{.code = ErrorCode::kIdentityChanged,
               .message = "the dataset was opened for another identity than the client's; open it again"};
}

Result<store::DatasetId> ClientImpl::open_in(store::Store& store, const DatasetName& name) {
  const auto identity = identity_id();
  const auto longest = kMaxDatasetNameCharacters - 1 - (identity.empty() ? kMaxIdentityCharacters : identity.size());
  if (keeper_ && name.text().size() > longest && !is_twin_name(name.text())) {
    auto known = store.dataset_names(identity);
    if (!known) return std::move(known).error();
    if (std::find(known->begin(), known->end(), name.text()) == known->end()) {
      return wrong_option("dataset name has more than " + std::to_string(longest) +
                          " characters, which leaves no room for what a merge appends to it");
    }
  }
  return store.open_dataset(identity, name.text());
}

void ClientImpl::connect_keeper() {
  if (!keeper_) return;
  keeper_->connect({.remote = remote_,
                    .known = [this] { return known_identity(); },
                    .arrive = [this](const store::IdentitySwitch& change) { return arrive(change); },
                    .renewed = [this] { std::ignore = move_merged_data(); }});
}

void ClientImpl::with_identity(std::function<void(Result<void>)> next) {
  if (!keeper_ || !whose().identity.empty()) return next({});
  keeper_->get([next = std::move(next)](Result<Credentials> credentials) {
    next(credentials ? Result<void>() : Result<void>(std::move(credentials).error()));
  });
}

Result<KnownIdentity> ClientImpl::known_identity() {
  KnownIdentity known{.identity = whose().identity};
  known.settled = !known.identity.empty();
  auto guest = with_store([&](store::Store& store) -> Result<std::string> {
    auto current = store.current_identity();
    if (!current) return current;
    if (!known.settled) known.identity = IdentityId::parse(*current).value_or(IdentityId());
    known.of_directory = *current == known.identity.text();
    auto kind = store.identity_kind(known.identity.text());
    if (!kind) return std::move(kind).error();
    known.kind = *kind;
    return store.last_guest();
  });
  if (!guest) return std::move(guest).error();
  if (auto last = IdentityId::parse(*guest)) known.last_guest = std::move(*last);
  return known;
}

// --- from one to another ------------------------------------------------------------------------------------------

// While nobody uses the store: no write can end up with the wrong one (D15).
Result<SignInReport> ClientImpl::arrive(const store::IdentitySwitch& change) {
  auto to = IdentityId::parse(change.to);
  if (!to) return std::move(to).error();
  store::Switched switched;
  bool another = false;
  {
    const auto alone = alone_with_store();
    if (store_closed_) return closed_error();
    auto done = store_->switch_identity(change);
    if (!done) return std::move(done).error();
    switched = std::move(*done);
    const std::lock_guard guard(whose_mutex_);
    another = whose_.identity != *to;
    whose_.identity = std::move(*to);
    if (!switched.datasets_stay) ++epoch_;
  }
  SignInReport report{.identity_id = change.to,
                      .guest = change.kind == store::IdentityKind::kGuest,
                      .was = change.from,
                      .changed = !switched.datasets_stay};
  auto merged = move_merged_data();
  report.moved = merged ? merged->moved : 0;
  report.waiting = merged ? merged->waiting : 1;  // the next sync or open tries again
  if (report.changed) {
    let_go_of_datasets();
    start_automatic_syncs_over();
  } else if (report.was != change.to) {
    autopilot_.find_datasets();  // those of its own that the app has not opened
  }
  if (another) follow_identity();
  return report;
}

void ClientImpl::follow_identity() {
  change_stream_->start_over();
  push_registration_.settle_if_needed();
}

Result<store::MergeProgress> ClientImpl::move_merged_data() {
  auto merged = with_store([](store::Store& store) { return store.merge_identities(); });
  data_waits_ = !merged || merged->waiting > 0;
  if (!merged) return merged;
  bool all_known = true;
  for (auto& [id, changes] : merged->changes) {
    const auto dataset = dataset_of(id);
    all_known = all_known && dataset != nullptr;
    if (!dataset) continue;
    dataset->announce(ChangeSource::kLocal, changes);
    count_conflicts(id);
  }
  // What did not fit is kept apart, as a dataset that was not here before: it is to be synchronized as well.
  if (!all_known) driver_->post([self = shared_from_this()] { self->autopilot_.find_datasets(); });
  return merged;
}

void ClientImpl::merge_what_waits() {
  if (data_waits_) std::ignore = move_merged_data();
}

// Their syncs end here, and their callbacks are not called any more.
void ClientImpl::let_go_of_datasets() {
  std::vector<std::shared_ptr<DatasetImpl>> datasets;
  {
    const std::lock_guard guard(mutex_);
    for (const auto& [name, dataset] : datasets_) {
      if (dataset->stale()) datasets.push_back(dataset);  // some may have been opened since, for the new one
    }
    for (const auto& dataset : datasets) datasets_.erase(dataset->name());
  }
  let_go_of_replaced();
  let_go_of(datasets);
  for (const auto& call : std::vector(calls_)) remote_->cancel(call);
}

// Other handles of their names have been opened since.
void ClientImpl::let_go_of_replaced() {
  decltype(replaced_) replaced;
  {
    const std::lock_guard guard(mutex_);
    replaced.swap(replaced_);
  }
  let_go_of(replaced);
}

void ClientImpl::let_go_of(const std::vector<std::shared_ptr<DatasetImpl>>& datasets) {
  for (const auto& dataset : datasets) {
    const auto id = dataset->id();
    if (!dataset_of(id)) {  // else whoever has opened the same one again listens, and is synchronized
      {
        const std::lock_guard guard(mutex_);
        listening_.erase(id);
      }
      std::ignore = with_store([id](store::Store& store) -> Result<void> {
        store.unwatch(id);
        return {};
      });
      autopilot_.forget(id);
    }
    dataset->cancel_sync(identity_changed());
    dataset->forget_the_app();
  }
}

void ClientImpl::sign_in(Login login, GuestData guest_data, SignInCallback done) {
  begin_here<SignInReport>(std::move(done), [self = shared_from_this(), login = std::move(login),
                                             guest_data](Completed<SignInReport> completed) {
    if (!self->keeper_) return completed(wrong_option("ClientOptions::identity is not set: nobody can sign in"));
    if (auto ready = self->can_reach_service(false); !ready) return completed(std::move(ready).error());
    self->keeper_->sign_in(login, guest_data, [self, completed](const Result<SignInReport>& report) {
      if (report) {  // also as the same one: what was refused may be allowed now
        self->autopilot_.happened(Autopilot::Rules::CredentialsChanged{});
        if (report->was == report->identity_id) self->follow_identity();
      }
      completed(report);
    });
  });
}

// Secrets first: wherever this ends, none outlasts who was let go; who was not gets new ones.
Result<void> ClientImpl::leave(const std::optional<std::string>& whose,
                               const std::function<Result<void>(store::Store&)>& forget) {
  auto known = with_store([&](store::Store& store) { return store.known_identities(whose); });
  if (!known) return std::move(known).error();
  auto forgotten = keeper_ ? keeper_->forget_kept(*known) : Result<void>();
  {
    const auto alone = alone_with_store();
    if (store_closed_) return closed_error();
    if (auto gone = forget(*store_); !gone) return gone;
    const std::lock_guard guard(whose_mutex_);
    if (keeper_) whose_.identity = IdentityId();
    ++epoch_;
  }
  if (keeper_) keeper_->sign_out(signed_out());
  let_go_of_datasets();
  start_automatic_syncs_over();
  change_stream_->start_over();
  return forgotten;
}

void ClientImpl::sign_out(DoneCallback done) {
  begin_here<void>(std::move(done), [self = shared_from_this()](Completed<void> completed) {
    if (!self->keeper_) return completed(wrong_option("ClientOptions::identity is not set: nobody is signed in"));
    completed(self->leave(self->identity_id(), [](store::Store& store) { return store.leave_identity(); }));
  });
}

void ClientImpl::wipe(Whose whose, DoneCallback done) {
  begin_here<void>(std::move(done), [self = shared_from_this(), whose](Completed<void> completed) {
    const auto identity = self->identity_id();
    const auto gone = whose == Whose::kEverybody ? std::nullopt : std::optional(identity);
    completed(self->leave(gone, [&](store::Store& store) {
      auto wiped = store.wipe(gone);
      // Without a keeper it is ClientOptions that say who works here.
      if (wiped && !self->keeper_ && !identity.empty()) std::ignore = store.adopt_identity(identity);
      return wiped;
    }));
  });
}

Result<std::vector<UnsentData>> ClientImpl::unsent(Whose whose) {
  return with_store([&](store::Store& store) {
    return store.unsent(whose == Whose::kEverybody ? std::nullopt : std::optional(identity_id()));
  });
}

// --- what the service keeps apart -----------------------------------------------------------------------------------

void ClientImpl::offer_twins(const std::shared_ptr<DatasetImpl>& dataset, const std::vector<std::string>& names) {
  if (names.empty() || !options_.identity || !options_.identity->merged_datasets) return;
  auto fresh = with_store([&](store::Store& store) { return store.new_twins(dataset->id(), names); });
  if (!fresh) return;
  if (fresh->empty()) return delete_twins(dataset);
  if (!std::exchange(dataset->asking_about_twins_, true)) ask_about_twins(dataset, std::move(*fresh));
}

void ClientImpl::ask_about_twins(const std::shared_ptr<DatasetImpl>& dataset, std::vector<std::string> names) {
  gate_->post(CallbackKind::kRepeating,
              [self = shared_from_this(), dataset, names = std::move(names), ask = options_.identity->merged_datasets] {
                std::optional<MergedAnswer> answer;
                try {
                  answer = ask({.dataset = dataset->name(), .twins = names});
                } catch (...) {
                  // Case 14: a handler that throws has not decided.
                }
                self->driver_->post([self, dataset, names, answer] {
                  dataset->asking_about_twins_ = false;
                  if (!answer) return;
                  auto noted = dataset->with_store([&](store::Store& store) {
                    return store.answer_twins(dataset->id(), names, answer == MergedAnswer::kDelete);
                  });
                  if (noted) self->delete_twins(dataset);
                });
              });
}

// What fails is tried again after the next sync that hears of it.
void ClientImpl::delete_twins(const std::shared_ptr<DatasetImpl>& dataset) {
  auto doomed = dataset->with_store([&](store::Store& store) { return store.doomed_twins(dataset->id()); });
  if (!doomed) return;
  for (const auto& name : *doomed) {
    auto parsed = DatasetName::parse(name);
    if (!parsed) continue;
    auto call = std::make_shared<Remote::CallHandle>();
    *call = remote_->delete_dataset({.target = target(*parsed)}, [self = shared_from_this(), call, dataset,
                                                                  name](Answer<wire::DatasetAnswer> answer) {
      self->untrack(*call);
      call->reset();
      const bool gone = answer.result || answer.result.error().code == ErrorCode::kResourceNotFound;
      if (!gone) return;
      std::ignore = dataset->with_store([&](store::Store& store) { return store.drop_twin(dataset->id(), name); });
    });
    track(*call);
  }
}

}  // namespace syncline
