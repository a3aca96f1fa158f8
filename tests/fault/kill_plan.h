// What the killed device writes: write number n is the same in each life, so that the one who checks knows it too.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "syncline/records.h"

namespace syncline::fault {

inline constexpr const char* kKillDataset = "kills";

// One put, remove or put_all. Each put value names its write, so that a version tells where it comes from.
std::vector<Change> planned_write(std::int64_t number);
// The write that made this value; nullopt: none did.
std::optional<std::int64_t> write_of(const std::string& value);

// What the device tells, through a pipe, in pieces that arrive whole.
struct KillReport {
  enum class Kind : std::int64_t {
    kReady,     // it begins to write
    kWritten,   // write `number` was answered with success
    kSynced,    // a synchronize() succeeded
    kConflict,  // the app was asked: with a single device never (D6)
    kFailed,    // a local call failed; `number` is the error's code
    kDone,      // --finish: all is at the service, after `number` syncs
  };
  Kind kind;
  std::int64_t number;
};

using Values = std::map<std::string, std::string>;

void take_over(Values& values, const std::vector<Change>& changes);

}  // namespace syncline::fault
