// What a store that was restored from a backup tells the devices. A device may have seen sync counts that the backup
// does not know. While the restored count is below the device's, the device hears of it: "No such SyncCount". Once
// other devices' writes brought the count up to the device's, it never would. So the counts of a restored dataset go on
// far above all that were ever given out, and those in between are refused for good.
#pragma once

#include <cstdint>

#include "service/sqlite.h"
#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::service {

// Raises all counts, and the numbers of changes, so that a stream that goes on tells of every dataset (D20), by the
// milliseconds since 1970: another amount at each restore, so that two that began with the same backup are told apart;
// more than all writes to a dataset until then; and thousands of restores stay below 2^53, which is where JavaScript's
// numbers end. Call it inside a transaction.
Result<void> begin_incarnation(Connection& writer, Timestamp now);

// From where a new dataset's counts go on; 0: this store was never restored.
Result<std::int64_t> read_count_floor(Connection& connection);

}  // namespace syncline::service
