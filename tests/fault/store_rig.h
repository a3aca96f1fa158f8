// One store on one simulated disk, ready for one call of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "fault/store_cases.h"
#include "support/sim_disk.h"

namespace syncline::fault {

// The processes of a test.
inline constexpr testing::ProcessId kWorker = 1;
inline constexpr testing::ProcessId kOther = 2;

// Where the stores of this program are: a real directory, for their lock, and files on the simulated disk.
const std::string& store_directory();
std::string database_path();

// Everything in all tables, as a text; reads with a connection of its own. The store must be open (else that connection
// would be the last one and fold the WAL into the file).
std::string contents();

// What is on the disk before a store is opened. Version 1: of a released schema, which opening migrates (D19).
enum class Start : std::uint8_t { kNew, kExisting, kAfterAKill, kVersion1, kVersion1AfterAKill };
inline constexpr Start kStarts[] = {Start::kNew, Start::kExisting, Start::kAfterAKill, Start::kVersion1,
                                    Start::kVersion1AfterAKill};
std::string start_name(Start start);

class StoreRig {
 public:
  struct Options {
    std::uint64_t seed = 1;
    bool survive_power_cut = true;
  };
  // Opened, and ready for the call.
  explicit StoreRig(const StoreCase& one) : StoreRig(one, Options{}) {}
  StoreRig(const StoreCase& one, const Options& options);
  // Nothing opened yet.
  explicit StoreRig(Start start, std::uint64_t seed = 1);

  // Fails at the operation `first` from now on, and at those after it up to `last`.
  void fail(testing::DiskVerdict verdict, std::uint64_t first, std::uint64_t last);
  // Ends the faults; true: at least one happened.
  bool stop_failing();

  Result<std::unique_ptr<store::Store>> open() const;
  // As after a restart of the worker, dead or not.
  void restart();

  testing::SimDisk disk;
  std::unique_ptr<store::Store> store;
  Act act;

 private:
  Options options_;
  std::uint64_t failed_ = 0;
};

// What a case does when nothing fails.
struct Reference {
  std::string answer;
  std::string before;
  std::string after;
  std::uint64_t operations = 0;
};
const Reference& reference(const StoreCase& one);

// As contents(), once a store that nothing has befallen is open.
std::string contents_once_open(Start start);

}  // namespace syncline::fault
