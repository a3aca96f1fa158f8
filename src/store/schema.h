// The tables of a store file, how a file becomes one, and whether it still is one. Version 4.
#pragma once

#include <string>

#include "store/sqlite.h"

namespace syncline::store {

inline constexpr int kSchemaVersion = 4;

// Creates the tables in a new file, migrates an older one, refuses what is no database (kCorrupt), somebody else's
// database (kCorrupt, not_ours) or a newer version (kSchemaTooNew), touching nothing. A migration that fails leaves the
// older version as it was. Call with the file lock held.
void prepare_schema(Connection& connection, const std::string& path);
void create_schema(Connection& connection);

// Each fails with kCorrupt. Small: all that is not simply the service's, 0.1 ms. Everything: 3 ms for a store of 1 MB.
void check_small_tables(Connection& connection);
void check_everything(Connection& connection);
void check_structure(Connection& connection, const char* pragma);
// What a statement that met a row with a wrong checksum ends with.
[[noreturn]] void fail_sum(Connection& connection);

}  // namespace syncline::store
