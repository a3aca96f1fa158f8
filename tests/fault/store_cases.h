// Every call of the device's store, each on one rich world, so that a test can let it fail at each point.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/store.h"

namespace syncline::fault {

// The call, what it answered as a text. Calling it again after an error is a retry.
using Act = std::function<Result<std::string>()>;

// Called right before and right after the store's own part of a call; null: nobody. What a test prepares for the call
// and says of its answer is outside.
struct CallWatch {
  void (*begin)() = nullptr;
  void (*end)() = nullptr;
};
void watch_calls(CallWatch watch);

struct StoreCase {
  const char* name;
  bool lasting = false;   // once answered it survives a power cut, if the option says so (D2)
  bool full_wal = false;  // the WAL is so full that a commit folds it into the file
  std::function<Act(store::Store&, store::DatasetId)> ready;  // brings the store to where the call can be made
};

inline std::string case_name(const StoreCase& one) {
  return one.name;
}

const std::vector<StoreCase>& store_cases();

inline constexpr const char* kIdentity = "identity";
inline constexpr const char* kDataset = "save";

// A clean record, a changed one, a removed one, tombstones, new writes, a conflict, values over several pages, a
// dataset of before any identity.
void make_world(store::Store& store);
// Fills the WAL up to just below SQLite's automatic checkpoint.
void fill_wal(store::Store& store);

}  // namespace syncline::fault
