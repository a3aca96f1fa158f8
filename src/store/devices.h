// The rows of pushes, written inside a transaction: by the store, and by whoever saves them from a damaged file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/sqlite.h"
#include "store/store.h"

namespace syncline::store {

void put_push_subscription(Connection& connection, std::string_view identity, const PushSubscription& subscription);
// Of one identity; nullopt: of all, and the token.
void forget_pushes(Connection& connection, const std::optional<std::string>& identity);

}  // namespace syncline::store
