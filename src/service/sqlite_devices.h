// Devices and what they subscribed to, in SQLite. Writing functions are called inside a transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/service_store.h"
#include "service/sqlite.h"

namespace syncline::service {

Result<std::string> write_device(Connection& connection, const IdentityPoolId& pool, const IdentityId& identity,
                                 const Device& device, Timestamp now);
Result<SubscriptionOutcome> write_subscription(Connection& connection, const wire::Target& target,
                                               std::string_view device, bool subscribed);
Result<std::vector<Device>> read_subscribers(Connection& connection, const wire::Target& target);

}  // namespace syncline::service
