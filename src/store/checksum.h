// The SQL function row_sum(...): a number that each row carries, over its table's letter and its columns. SQLite
// notices a damaged page only where its structure is broken; a flipped byte within a value it would hand out, and we
// would push it (D19).
#pragma once

#include <sqlite3.h>

namespace syncline::store {

// Makes row_sum() known on a connection. Two rows that differ within one 8-byte word never have the same sum.
int add_row_sum(sqlite3* database);

}  // namespace syncline::store
