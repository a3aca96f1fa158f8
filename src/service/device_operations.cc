// Push sync: RegisterDevice, SubscribeToDataset, UnsubscribeFromDataset.
#include <utility>

#include "service/answer.h"
#include "service/operations.h"
#include "service/pool_documents.h"
#include "service/pool_rules.h"

namespace syncline::service {

namespace {

Error not_found(std::string message) {
  return Error{.code = ErrorCode::kResourceNotFound, .message = std::move(message)};
}

Result<std::string> answer_of(const Result<SubscriptionOutcome>& outcome, const Call& call) {
  if (!outcome) return outcome.error();
  switch (*outcome) {
    case SubscriptionOutcome::kDone:
      return wire::encode_answer(wire::NoAnswer{});
    case SubscriptionOutcome::kNoDataset:
      return not_found("Dataset " + call.target.dataset.text() + " does not exist");
    case SubscriptionOutcome::kNoDevice:
      break;
  }
  return not_found("The device is not registered for this identity");
}

}  // namespace

Result<std::string> register_device(const Context& context, Call call) {
  auto request = wire::decode_register_device_request(std::move(call.target), call.http.body);
  if (!request) return std::move(request).error();
  auto configuration = load_configuration(context.store, request->pool);
  if (!configuration) return std::move(configuration).error();
  if (!can_push_to(configuration->value, request->platform)) {
    return Error{
        .code = ErrorCode::kInvalidConfiguration,
        .message = "The identity pool has no push application for " + std::string(wire::to_string(request->platform))};
  }
  const Device device{.id = random_uuid(),
                      .platform = std::string(wire::to_string(request->platform)),
                      .token = std::move(request->token)};
  auto id = context.store.register_device(request->pool, request->identity, device, call.now);
  if (!id) return std::move(id).error();
  return wire::encode_answer(wire::RegisterDeviceAnswer{std::move(*id)});
}

Result<std::string> subscribe_to_dataset(const Context& context, Call call) {
  if (auto checked = wire::check_device_id(call.device_id); !checked) return std::move(checked).error();
  return answer_of(context.store.subscribe(call.target, call.device_id), call);
}

Result<std::string> unsubscribe_from_dataset(const Context& context, Call call) {
  if (auto checked = wire::check_device_id(call.device_id); !checked) return std::move(checked).error();
  return answer_of(context.store.unsubscribe(call.target, call.device_id), call);
}

}  // namespace syncline::service
