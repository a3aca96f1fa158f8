// What opening a store needs of pushes.
#pragma once

#include "store/sqlite.h"

namespace syncline::store {

// For a store that was not closed: everything pending may have been sent. A power cut can take the newest commits, and
// with them what prepare_push() wrote down, but no write of the app's that came later without taking these too; so
// whatever went out unrecorded is still the pending change. Without the mark, writing such a key again before the next
// sync would collide with this device's own version (D6).
void mark_perhaps_sent(Connection& connection);

}  // namespace syncline::store
