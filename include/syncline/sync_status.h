// What an interface can show of a client's syncs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/error.h"
#include "syncline/export.h"

namespace syncline {

// The first that applies: what runs, then what needs somebody, then what passes by itself.
enum class SyncState : std::uint8_t {
  kSyncing,
  kNeedsSignIn,  // the service refuses the credentials
  kError,        // something has to be changed; SyncStatus::error says what
  kConflict,     // keys wait for a resolution
  kOffline,      // no network
  kWaiting,      // an automatic sync is to come: writes settle, a back-off passes, the network costs
  kIdle,
};

// A stable lower_snake name: "needs_sign_in".
SYNCLINE_API std::string_view to_string(SyncState state) noexcept;

struct SyncStatus {
  SyncState state = SyncState::kIdle;
  std::size_t conflicts = 0;        // that wait, in all datasets that were looked at
  std::optional<Error> error = {};  // what the last sync failed with, if that is why
};

// What the syncs that run, or ran last, side by side or one right after another, have done so far. A total is what is
// known by now, and grows: how much there is to pull shows only as it comes.
struct SyncProgress {
  std::size_t datasets_done = 0;  // syncs of a dataset that have ended, well or not
  std::size_t datasets_total = 0;
  std::size_t records_done = 0;  // that came in, or that the service took
  std::size_t records_total = 0;
  std::size_t bytes_done = 0;  // of their keys and values
  std::size_t bytes_total = 0;
  bool operator==(const SyncProgress&) const = default;
};

// [dispatcher] Told of changes only. A slow one hears of the latest, not of each.
using StatusCallback = std::function<void(const SyncStatus&)>;
using ProgressCallback = std::function<void(const SyncProgress&)>;

// What a flush() left behind.
struct FlushReport {
  struct Left {
    std::string dataset = {};
    std::size_t pending = 0;          // changes that are not at the service yet
    std::size_t conflicts = 0;        // of those, how many wait for a resolution
    bool deletion = false;            // delete_dataset(), of which the service does not know yet
    std::optional<Error> error = {};  // what its sync failed with; absent: it went well, or there was no time
  };
  std::vector<Left> left = {};  // datasets with pending changes or deletions; empty: all is at the service
};

}  // namespace syncline
