// The file of a connection to SQLite that nobody uses: one in memory that never changes. [one thread]
#pragma once

#include <sqlite3.h>

#include <string>

namespace syncline::sim {

// The VFS of connections that come to rest. While none does (null), it is the default one, whichever that is by then.
inline constexpr const char* kRelay = "syncline-sim-relay";
void register_relay();
// What is opened through the relay from now on.
void let_rest(const std::string* bytes);

// Puts one in the place of a file that was closed. `bytes` must stay.
void rest(sqlite3_file* file, const std::string& bytes);

}  // namespace syncline::sim
