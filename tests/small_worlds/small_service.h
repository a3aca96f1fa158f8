// The service in a few bytes: one dataset, as protocol.md describes it. Pages are cut from what is there when each is
// asked for, so that a write in between shows as pages that disagree: worse than the real one, which keeps a snapshot.
// [one thread]
#pragma once

#include <vector>

#include "small_worlds/values.h"
#include "syncline/result.h"

namespace syncline::small {

struct Patch {
  Byte key = 0;
  Byte value = kNoValue;
  Byte base_count = 0;
  Byte revision = 0;
};

// An UpdateRecords on its way.
struct Push {
  Byte device = 0;
  Byte incarnation = 0;  // what its session token is bound to
  Byte listed = 0;       // the dataset's count in the list that gave the token
  bool first = false;    // it went out without a list of its session's
  std::vector<Patch> patches = {};
};

struct SmallService {
  // Its session tokens don't end with the dataset: in the worst case a push that no list came before makes it anew.
  bool lenient = false;
  bool exists = false;
  Byte count = 0;
  Byte first_count = 0;
  Byte incarnation = 0;
  std::array<Held, kKeys> records = {};

  [[nodiscard]] Result<ListedPage> list(SyncCount from, const std::string& next_token, std::size_t page_size) const;
  // True: committed, and `records` holds the patches at `count`.
  bool update(const Push& push);
  // DeleteDataset: the counts go on, so that devices can tell.
  void erase();
  void add_to(Digest& digest) const;
};

}  // namespace syncline::small
