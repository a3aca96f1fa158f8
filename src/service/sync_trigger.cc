#include "service/sync_trigger.h"

#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "service/aws_requests.h"
#include "service/sync_trigger_rules.h"

namespace syncline::service {

namespace {

constexpr int kAttempts = 3;
constexpr std::size_t kAllRecords = std::size_t{1} << 30U;
// For a look ahead: quotas are for what the function makes of the call.
constexpr Quotas kNoQuotas{.datasets_per_identity = std::numeric_limits<std::int64_t>::max(),
                           .records_per_dataset = std::numeric_limits<std::int64_t>::max(),
                           .bytes_per_dataset = std::numeric_limits<std::int64_t>::max()};

Error failed(ErrorCode code, std::string message) {
  return Error{.code = code, .message = std::move(message)};
}

Result<std::string> output_of(Result<HttpResponse> answer) {
  if (!answer && answer.error().code == ErrorCode::kTimeout) {
    return failed(ErrorCode::kLambdaSocketTimeout, "The sync trigger did not answer in time");
  }
  if (!answer) return failed(ErrorCode::kServiceFailure, "The sync trigger could not be reached");
  if (answer->status / 100 != 2) {
    if (answer->status == 429) return failed(ErrorCode::kLambdaThrottled, "The sync trigger is throttled");
    if (judge("Lambda", answer).kind == Outcome::Kind::kUnreachable) {
      return failed(ErrorCode::kServiceFailure, "The sync trigger could not be run");
    }
    return failed(ErrorCode::kInvalidLambdaFunctionOutput,
                  "The sync trigger's function can't be invoked: " + failure_type(*answer));
  }
  if (find_header(answer->headers, "X-Amz-Function-Error") != nullptr) {
    return failed(ErrorCode::kInvalidLambdaFunctionOutput, "The sync trigger's function failed");
  }
  return std::move(answer->body);
}

struct Snapshot {
  DatasetState state;
  std::vector<RemoteRecord> records;
};

Result<Snapshot> read_all(ServiceStore& store, const wire::Target& target) {
  Snapshot snapshot;
  auto page = store.list_records(target, [&snapshot](const DatasetState& state) -> Result<RecordRange> {
    snapshot.state = state;
    snapshot.state.lost.clear();  // what only a list is told of is no change of the dataset
    return RecordRange{.empty = !state.exists, .snapshot = state.count, .limit = kAllRecords};
  });
  if (!page) return std::move(page).error();
  snapshot.records.reserve(page->records.size());
  for (StoredRecord& stored : page->records) snapshot.records.push_back(std::move(stored.record));
  return snapshot;
}

// Whether the call would be refused as it is: then the function is not troubled with it.
Result<void> look_ahead(const Snapshot& snapshot, const UpdateCall& call) {
  std::map<std::string_view, CurrentRecord> current;
  for (const RemoteRecord& record : snapshot.records) {
    current[record.key] = {.count = record.version.count, .present = record.version.value.has_value()};
  }
  std::vector<CurrentRecord> touched;
  for (const Patch& patch : call.patches) {
    const auto found = current.find(patch.key);
    touched.push_back(found == current.end() ? CurrentRecord{} : found->second);
  }
  auto decision = decide_update(snapshot.state, touched, 0, call, kNoQuotas);
  if (!decision) return std::move(decision).error();
  return {};
}

}  // namespace

Result<std::unique_ptr<SyncTrigger>> SyncTrigger::open(const DeliveryOptions& options, Clock& clock) {
  std::unique_ptr<SyncTrigger> trigger(new SyncTrigger(options, clock));
  auto channel = trigger->open_channel();
  if (!channel) {
    return failed(channel.error().code, "delivery.lambda: " + channel.error().message);
  }
  trigger->idle_.push_back(std::move(*channel));
  return trigger;
}

Result<std::unique_ptr<AwsChannel>> SyncTrigger::open_channel() const {
  return AwsChannel::open({.endpoint = options_.lambda,
                           .service = "lambda",
                           .region = options_.region,
                           .credentials = options_.credentials,
                           .timeout = options_.trigger_timeout},
                          clock_);
}

Result<std::string> SyncTrigger::invoke(const std::string& function, std::string event) {
  auto channel = take();
  if (!channel) return std::move(channel).error();
  auto answer = call(**channel, lambda_invoke(function, std::move(event)));
  give_back(std::move(*channel));
  return output_of(std::move(answer));
}

Result<HttpResponse> SyncTrigger::call(AwsChannel& channel, HttpRequest request) const {
  std::optional<Result<HttpResponse>> answer;
  channel.send(std::move(request), [&answer](Result<HttpResponse> arrived) { answer = std::move(arrived); });
  while (!answer) {
    channel.step();
    if (!answer) channel.wait(options_.trigger_timeout);
  }
  return std::move(*answer);
}

// Each that is under way holds a worker: the rest must be able to go on (S10).
Result<std::unique_ptr<AwsChannel>> SyncTrigger::take() {
  const std::lock_guard lock(mutex_);
  if (under_way_ >= options_.triggers_at_once) {
    return failed(ErrorCode::kLambdaThrottled, "Too many sync triggers are running");
  }
  if (idle_.empty()) {
    auto channel = open_channel();
    if (!channel) return channel;
    idle_.push_back(std::move(*channel));
  }
  auto taken = std::move(idle_.back());
  idle_.pop_back();
  ++under_way_;
  return taken;
}

void SyncTrigger::give_back(std::unique_ptr<AwsChannel> channel) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(channel));
  --under_way_;
}

Result<UpdateDecision> update_through_trigger(ServiceStore& store, SyncTrigger& trigger, const std::string& function,
                                              std::string_view region, const wire::Target& target,
                                              const UpdateCall& call, const UpdateRule& rule) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto snapshot = read_all(store, target);
    if (!snapshot) return std::move(snapshot).error();
    if (auto looked = look_ahead(*snapshot, call); !looked) return std::move(looked).error();
    auto output = trigger.invoke(function, trigger_event(region, target, snapshot->records, call.patches));
    if (!output) return std::move(output).error();
    auto patches = patches_of(*output, region, target, snapshot->records, call.patches);
    if (!patches) return std::move(patches).error();
    UpdateCall changed = call;
    changed.patches = std::move(*patches);
    bool moved = false;
    auto decision = store.update_records(target, std::move(changed),
                                         [&](const DatasetState& state, const std::vector<CurrentRecord>& current,
                                             std::int64_t datasets, UpdateCall waited) -> Result<UpdateDecision> {
                                           moved = !(state == snapshot->state);
                                           if (moved)
                                             return failed(ErrorCode::kTooManyRequests,
                                                           "The dataset changed while its sync trigger ran");
                                           return rule(state, current, datasets, std::move(waited));
                                         });
    if (!moved) return decision;
  }
  return failed(ErrorCode::kTooManyRequests, "The dataset changed while its sync trigger ran");
}

}  // namespace syncline::service
