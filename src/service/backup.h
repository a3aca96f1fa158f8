// Copies of a service's store, and how one takes the store's place.
#pragma once

#include <string>

#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::service {

// The database `path` as it is at this moment, in one new file for this user only (there are secrets in it). Reads
// beside whoever else reads and writes, and makes nobody wait. Errors: kStorage, kStorageFull, naming the file; nothing
// is left behind then. [blocks: disk]
Result<void> copy_database(const std::string& path, const std::string& file);

struct Restored {
  std::string set_aside;  // where the store that was replaced is now; empty: there was none
};

// Puts the backup `file` in the place of the directory's store, and begins a new incarnation (incarnation.h). No
// service may run on the directory, which is made if it is missing. A kill leaves the old store or the new one. Errors:
// kStorage (a service runs; a file can't be read or written), kCorrupt (no backup of a service, or damaged),
// kSchemaTooNew; the old store stays as it was then. [blocks: disk]
Result<Restored> restore_backup(const std::string& data_dir, const std::string& file, Timestamp now);

}  // namespace syncline::service
