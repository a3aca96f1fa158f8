// Reads what can be read of a damaged store file. Nothing is written to it.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "store/sqlite.h"

namespace syncline::store {

struct Salvaged {
  std::size_t changes = 0;  // pending changes that were saved
  bool complete = false;    // nothing says that there were more
};

// Copies into `fresh`, a store without rows: the datasets, with the sync count 0 unless their deletion waits; pending
// changes; what was sent and not answered; the last identity; push registrations and subscriptions. No bases and no
// conflicts: the next sync lists them. A row counts if its checksum is right and if the index agrees with the table
// that it is there. `scratch`: a path for a copy of the file, should its first page have to be replaced; removed again.
Salvaged salvage(const std::string& damaged, Connection& fresh, const std::string& scratch);

// What a file's name is followed by. Together they are one database; the file itself goes last.
inline constexpr std::array<const char*, 4> kDatabaseParts = {"-wal", "-shm", "-journal", ""};

// Removes a database that nobody has open, with all its parts.
void remove_scratch(const std::string& scratch);

}  // namespace syncline::store
