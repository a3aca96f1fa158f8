// Half of a history's time went into SQLite's parser: each opening of a store makes new connections, which read the
// schema and compile some dozens of statements. Here connections are kept instead. When a process has died, its
// connection lets go of all that it knew of the file, and rests; whoever opens a file of that schema gets it: the file
// is opened on the history's disk, and SQLite finds that others have changed it, as it does all day. What is spared is
// parsing and compiling. The files' operations, locks, the log's recovery, and all that the rooms do with a new
// connection are those of a cold one; a connection that is closed in order, and writes, is closed for good.
//
// The linker puts this between the rooms and SQLite (--wrap, CMakeLists.txt). What a history gets does not depend on
// those before it. [one thread]
#pragma once

#include <string>
#include <vector>

namespace syncline::sim {

// A file whose connections are worth keeping: where it lies (paths of the same length will do), and its first content.
struct WarmFile {
  std::string path;
  std::string bytes;
};

// From here on it is noted how connections are opened and what is prepared on them.
void learn_connections();
// Keeps connections of each kind that was seen to the files.
void keep_connections(const std::vector<WarmFile>& files);
// From here on, for one history, a dozen connections of each kind are lent. Throws std::runtime_error.
void lend_connections();
// From here on none is.
void lend_no_connections();

}  // namespace syncline::sim
