// What a developer tells a pool: configuration, events, bulk publishes.
#include <utility>

#include "service/operations.h"
#include "service/pool_documents.h"
#include "service/pool_rules.h"

namespace syncline::service {

Result<std::string> get_identity_pool_configuration(const Context& context, Call call) {
  auto configuration = load_configuration(context.store, call.target.pool);
  if (!configuration) return std::move(configuration).error();
  return wire::encode_answer(configuration->value);
}

Result<std::string> set_identity_pool_configuration(const Context& context, Call call) {
  const IdentityPoolId pool = call.target.pool;
  auto request = wire::decode_set_identity_pool_configuration_request(pool, call.http.body);
  if (!request) return std::move(request).error();
  auto configuration = load_configuration(context.store, pool);
  if (!configuration) return std::move(configuration).error();
  auto decided = decide_configuration(std::move(configuration->value), *request);
  if (!decided) return std::move(decided).error();
  configuration->value = std::move(*decided);
  if (auto saved = save(context.store, pool, *configuration); !saved) return std::move(saved).error();
  return wire::encode_answer(configuration->value);
}

Result<std::string> get_cognito_events(const Context& context, Call call) {
  auto events = load_events(context.store, call.target.pool);
  if (!events) return std::move(events).error();
  return wire::encode_answer(events->value);
}

Result<std::string> set_cognito_events(const Context& context, Call call) {
  const IdentityPoolId pool = call.target.pool;
  auto request = wire::decode_set_cognito_events_request(pool, call.http.body);
  if (!request) return std::move(request).error();
  auto events = load_events(context.store, pool);
  if (!events) return std::move(events).error();
  for (auto& [name, arn] : request->events) {
    std::erase_if(events->value.events, [&name](const auto& event) { return event.first == name; });
    if (!arn.empty()) events->value.events.emplace_back(std::move(name), std::move(arn));
  }
  auto saved = save(context.store, pool, *events);
  // The operation declares no ConcurrentModificationException; to write it anew is what the caller would do.
  if (!saved && saved.error().code == ErrorCode::kConcurrentModification) {
    return Error{.code = ErrorCode::kTooManyRequests, .message = saved.error().message};
  }
  if (!saved) return std::move(saved).error();
  return wire::encode_answer(wire::NoAnswer{});
}

Result<std::string> bulk_publish(const Context& context, Call call) {
  const IdentityPoolId& pool = call.target.pool;
  auto configuration = load_configuration(context.store, pool);
  if (!configuration) return std::move(configuration).error();
  auto details = load_bulk_publish(context.store, pool);
  if (!details) return std::move(details).error();
  auto decided = decide_bulk_publish(details->value, configuration->value, call.now);
  if (!decided) return std::move(decided).error();
  details->value = std::move(*decided);
  auto saved = save(context.store, pool, *details);
  // Somebody else's began in between.
  if (!saved && saved.error().code == ErrorCode::kConcurrentModification) {
    return Error{.code = ErrorCode::kDuplicateRequest, .message = "A bulk publish of the identity pool is in progress"};
  }
  if (!saved) return std::move(saved).error();
  return wire::encode_answer(wire::BulkPublishAnswer{pool.text()});
}

Result<std::string> get_bulk_publish_details(const Context& context, Call call) {
  auto details = load_bulk_publish(context.store, call.target.pool);
  if (!details) return std::move(details).error();
  return wire::encode_answer(details->value);
}

}  // namespace syncline::service
