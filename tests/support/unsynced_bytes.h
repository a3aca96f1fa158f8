// A file's bytes, and what was done to them since the last sync: what a power cut may leave of it. [one thread]
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"

namespace syncline::testing {

bool coin(Random& random);
// A random part of the sectors of a write, as offsets and lengths; neither none nor all of them can be relied on.
std::vector<std::pair<std::size_t, std::size_t>> some_sectors(Random& random, std::size_t offset, std::size_t length);
// Which of so many changes survive: none, all, those up to a moment, or any; each way often enough to matter.
std::vector<bool> survivors(Random& random, std::size_t count);

struct UnsyncedBytes {
  void write(std::size_t offset, const char* data, std::size_t length);
  void truncate(std::size_t size);
  void forget_changes();  // they are synced
  [[nodiscard]] bool all_synced() const { return changes_.empty(); }
  void cut(Random& random);

  std::string bytes;  // as processes see them

 private:
  // A write or truncation since the last sync. What it overwrote is kept, not what it wrote: an append, which is most
  // of what SQLite does, then costs no copy.
  struct Change {
    bool truncation = false;
    std::size_t offset = 0;
    std::size_t length = 0;  // of a truncation: the new size
    std::size_t old_size = 0;
    std::size_t undo = 0;  // where in `undo`
    std::size_t undo_length = 0;
  };

  std::vector<std::string> undo_all();

  std::vector<Change> changes_;
  std::string undo_;
};

}  // namespace syncline::testing
