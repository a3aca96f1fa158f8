#include "client/push_registration.h"

#include <algorithm>
#include <memory>

#include "client/client_impl.h"

namespace syncline {

namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The next SubscribeToDataset for the device that is registered.
std::optional<PushStep> next_subscription(const store::PushState& state, const PushFailures& failures) {
  for (const auto& dataset : state.wanted) {
    const bool done = std::any_of(state.asked.begin(), state.asked.end(), [&](const auto& asked) {
      return asked.confirmed && asked.dataset == dataset && asked.device_id == state.device->device_id;
    });
    if (done || failures.of.contains(dataset)) continue;
    return PushStep{.kind = PushStep::Kind::kSubscribe,
                    .what = {.dataset = dataset, .device_id = state.device->device_id}};
  }
  return std::nullopt;
}

bool stops_everything(const Error& error) {
  return error.code == ErrorCode::kCancelled || error.code == ErrorCode::kClosed;
}

}  // namespace

PushStep next_push_step(const store::PushState& state, const PushFailures& failures) {
  if (failures.all) return {};
  const bool registered = state.token && state.device && state.device->token == *state.token;
  if (state.token && !registered) return {.kind = PushStep::Kind::kRegister};
  if (registered) {
    if (auto step = next_subscription(state, failures)) return *std::move(step);
  }
  for (const auto& asked : state.asked) {
    const bool current = registered && asked.device_id == state.device->device_id;
    if ((current && contains(state.wanted, asked.dataset)) || failures.of.contains(asked.dataset)) continue;
    return {.kind = PushStep::Kind::kUnsubscribe, .what = asked};
  }
  const bool left = !state.token && state.device && state.asked.empty();
  return left ? PushStep{.kind = PushStep::Kind::kForgetDevice} : PushStep{};
}

void PushRegistration::settle(Done done) {
  waiting_.push_back(std::move(done));
  if (!runs_) start_run();
}

void PushRegistration::settle_if_needed() {
  if (runs_ || !client_.can_reach_service(true) || client_.whose().identity.empty()) return;
  auto state = client_.with_store([&](store::Store& store) { return store.push_state(client_.identity_id()); });
  if (!state || next_push_step(*state, {}).kind == PushStep::Kind::kNothing) return;
  settle([](const PushFailures&) {});
}

void PushRegistration::after_sync(const std::string& dataset) {
  if (failures_.all || failures_.of.contains(dataset)) settle_if_needed();
}

void PushRegistration::start_run() {
  runs_ = true;
  running_ = std::exchange(waiting_, {});
  failures_ = {};
  go_on();
}

void PushRegistration::go_on() {
  auto state = client_.with_store([&](store::Store& store) { return store.push_state(client_.identity_id()); });
  if (!state) {
    failures_.all = std::move(state).error();
    return end_run();
  }
  const auto step = next_push_step(*state, failures_);
  if (step.kind == PushStep::Kind::kNothing) return end_run();
  if (auto begun = carry_out(step, *state); !begun) {
    failures_.all = std::move(begun).error();
    end_run();
  }
}

void PushRegistration::end_run() {
  const auto failures = failures_;
  auto ended = std::exchange(running_, {});
  // The client goes, or works for another by now: nothing more is asked for those who wait.
  if (failures.all && stops_everything(*failures.all)) {
    for (auto& done : std::exchange(waiting_, {})) ended.push_back(std::move(done));
  }
  for (const auto& done : ended) done(failures);
  runs_ = false;
  if (!waiting_.empty()) start_run();
}

void PushRegistration::fail(const PushStep& step, Error error) {
  if (step.kind == PushStep::Kind::kRegister || stops_everything(error)) {
    failures_.all = std::move(error);
  } else {
    failures_.of.emplace(step.what.dataset, std::move(error));
  }
}

// An Error: the store failed.
Result<void> PushRegistration::carry_out(const PushStep& step, const store::PushState& state) {
  switch (step.kind) {
    case PushStep::Kind::kRegister:
      register_device(*state.token);
      return {};
    case PushStep::Kind::kSubscribe: {
      auto asked =
          client_.with_store([&](store::Store& store) { return store.set_asked(client_.identity_id(), step.what); });
      if (asked) subscribe(step);
      return asked;
    }
    case PushStep::Kind::kUnsubscribe:
      unsubscribe(step);
      return {};
    case PushStep::Kind::kForgetDevice: {
      auto forgotten = client_.with_store(
          [&](store::Store& store) { return store.set_push_device(client_.identity_id(), std::nullopt); });
      if (forgotten) go_on();
      return forgotten;
    }
    case PushStep::Kind::kNothing:
      break;
  }
  return {};
}

namespace {

// Calls `answered` with what came, in a step, once the call is no longer one that shutdown() has to cancel.
template <typename T, typename Call, typename Answered>
void call_service(ClientImpl& client, Call start, Answered answered) {
  auto call = std::make_shared<Remote::CallHandle>();
  *call = start(client.remote(), [self = client.shared_from_this(), call, answered](Answer<T> answer) {
    self->untrack(*call);
    call->reset();
    answered(std::move(answer.result));
  });
  client.track(*call);
}

}  // namespace

void PushRegistration::register_device(const store::PushToken& token) {
  const auto whose = client_.target({});
  const wire::RegisterDeviceRequest request{.pool = whose.pool,
                                            .identity = whose.identity,
                                            .platform = wire::parse_platform(token.platform).value_or(PushPlatform{}),
                                            .token = token.token};
  call_service<wire::RegisterDeviceAnswer>(
      client_, [&](Remote& remote, auto done) { return remote.register_device(request, std::move(done)); },
      [this, token](Result<wire::RegisterDeviceAnswer> answer) {
        auto kept = std::move(answer).and_then([&](wire::RegisterDeviceAnswer registered) -> Result<void> {
          if (!wire::check_device_id(registered.device_id)) {
            return Error{.code = ErrorCode::kBadAnswer, .message = "RegisterDevice: DeviceId is none"};
          }
          return client_.with_store([&](store::Store& store) {
            return store.set_push_device(client_.identity_id(),
                                         store::PushDevice{.token = token, .device_id = registered.device_id});
          });
        });
        if (!kept) fail({.kind = PushStep::Kind::kRegister}, std::move(kept).error());
        go_on();
      });
}

void PushRegistration::subscribe(const PushStep& step) {
  const auto dataset = DatasetName::parse(step.what.dataset);
  const wire::SubscribeToDatasetRequest request{.target = client_.target(dataset.value_or(DatasetName())),
                                                .device_id = step.what.device_id};
  call_service<wire::NoAnswer>(
      client_, [&](Remote& remote, auto done) { return remote.subscribe(request, std::move(done)); },
      [this, step](Result<wire::NoAnswer> answer) {
        auto kept = std::move(answer).and_then([&](wire::NoAnswer) {
          auto confirmed = step.what;
          confirmed.confirmed = true;
          return client_.with_store(
              [&](store::Store& store) { return store.set_asked(client_.identity_id(), confirmed); });
        });
        if (!kept) fail(step, std::move(kept).error());
        go_on();
      });
}

void PushRegistration::unsubscribe(const PushStep& step) {
  const auto dataset = DatasetName::parse(step.what.dataset);
  const wire::UnsubscribeFromDatasetRequest request{.target = client_.target(dataset.value_or(DatasetName())),
                                                    .device_id = step.what.device_id};
  call_service<wire::NoAnswer>(
      client_, [&](Remote& remote, auto done) { return remote.unsubscribe(request, std::move(done)); },
      [this, step](Result<wire::NoAnswer> answer) {
        // What the service does not know needs no end.
        const bool ended = answer || answer.error().code == ErrorCode::kResourceNotFound;
        auto kept = ended ? client_.with_store([&](store::Store& store) {
          return store.forget_asked(client_.identity_id(), step.what);
        })
                          : Result<void>(std::move(answer).error());
        if (!kept) fail(step, std::move(kept).error());
        go_on();
      });
}

}  // namespace syncline
