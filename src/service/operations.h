// The 17 operations of Cognito Sync, as a table: who may call each, and what answers it. [any thread]
#pragma once

#include <string>

#include "service/access.h"
#include "service/handlers.h"
#include "service/sync_trigger.h"
#include "service/tokens.h"
#include "syncline/result.h"
#include "wire/messages.h"

namespace syncline::service {

// What an operation works with.
struct Context {
  const ServiceOptions& options;
  ServiceStore& store;
  const Tokens& tokens;
  SyncTrigger* trigger = nullptr;  // null: no function is ever asked
};

// One request, of a caller who may make it.
struct Call {
  const HttpRequest& http;
  wire::Target target;    // as far as the path names it
  std::string device_id;  // likewise
  Principal caller;
  Timestamp now{};
};

// The body of a 200 answer.
using Handler = Result<std::string> (*)(const Context& context, Call call);

struct OperationRow {
  wire::Operation operation;
  Access access;
  Handler handler;
};

const OperationRow& row_of(wire::Operation operation);

// dataset_operations.cc
Result<std::string> list_datasets(const Context& context, Call call);
Result<std::string> describe_dataset(const Context& context, Call call);
Result<std::string> delete_dataset(const Context& context, Call call);
Result<std::string> list_records(const Context& context, Call call);
Result<std::string> update_records(const Context& context, Call call);

// usage_operations.cc
Result<std::string> describe_identity_usage(const Context& context, Call call);
Result<std::string> describe_identity_pool_usage(const Context& context, Call call);
Result<std::string> list_identity_pool_usage(const Context& context, Call call);

// pool_operations.cc
Result<std::string> get_identity_pool_configuration(const Context& context, Call call);
Result<std::string> set_identity_pool_configuration(const Context& context, Call call);
Result<std::string> get_cognito_events(const Context& context, Call call);
Result<std::string> set_cognito_events(const Context& context, Call call);
Result<std::string> bulk_publish(const Context& context, Call call);
Result<std::string> get_bulk_publish_details(const Context& context, Call call);

// device_operations.cc
Result<std::string> register_device(const Context& context, Call call);
Result<std::string> subscribe_to_dataset(const Context& context, Call call);
Result<std::string> unsubscribe_from_dataset(const Context& context, Call call);

}  // namespace syncline::service
