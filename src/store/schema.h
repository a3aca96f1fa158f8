// The tables of a store file, and how a file becomes one. Version 1.
#pragma once

#include <string>

#include "store/sqlite.h"

namespace syncline::store {

inline constexpr int kSchemaVersion = 1;

// Creates the tables in a new file, migrates an older one, refuses what is no database (kCorrupt), somebody else's
// database (kCorrupt) or a newer version (kSchemaTooNew), touching nothing. Call with the file lock held.
void prepare_schema(Connection& connection, const std::string& path);

}  // namespace syncline::store
