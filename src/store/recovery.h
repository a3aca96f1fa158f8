// A damaged store file: what can be read of it is saved into a new one, and the file is set aside (D19).
#pragma once

#include <string>

#include "store/sqlite.h"
#include "syncline/records.h"

namespace syncline::store {

// Fails with kCorrupt if there is a file that SQLite would take for an empty one and write over, or whose header keeps
// it from being written. To be asked before anything else is done with it. Header: a connection that has read nothing.
void check_length(const std::string& path);
void check_header(Connection& connection);
// Whether the header says that the file is a store, however damaged the rest is.
bool header_is_ours(const std::string& path);

// Builds a new file from what can be read, then moves the damaged one with its log to PATH.damaged-N, for the first N
// that is free, and the new one to its place. A kill at any point leaves the damaged file where it is, or a state that
// finish_recovery() completes. Both: call with the file lock held and no connection open.
void recover(const std::string& path, const std::string& reason);
void finish_recovery(const std::string& path);

// The report of the last recovery that led to this file; nullopt: there was none.
std::optional<RecoveryReport> load_recovery(Connection& connection);

}  // namespace syncline::store
