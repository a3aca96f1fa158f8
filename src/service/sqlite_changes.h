// What changed since (change_streams.h), in SQLite.
#pragma once

#include <cstdint>

#include "service/service_store.h"
#include "service/sqlite.h"

namespace syncline::service {

Result<Changes> read_changes(Connection& connection, const wire::Target& target, std::int64_t after);

}  // namespace syncline::service
