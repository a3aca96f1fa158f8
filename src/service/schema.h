// The service's tables, and how an older file gets them.
#pragma once

#include <cstdint>

#include "service/sqlite.h"
#include "syncline/result.h"

namespace syncline::service {

// What this program writes; a file of a later version is refused.
inline constexpr std::int64_t kSchemaVersion = 2;

// Makes the tables of `version` (0: none) those of kSchemaVersion, and marks the file. Call it inside a transaction.
Result<void> bring_up_to_date(Connection& writer, std::int64_t version);

}  // namespace syncline::service
