#include "syncline/sync_status.h"

namespace syncline {

std::string_view to_string(SyncState state) noexcept {
  switch (state) {
    case SyncState::kSyncing:
      return "syncing";
    case SyncState::kNeedsSignIn:
      return "needs_sign_in";
    case SyncState::kError:
      return "error";
    case SyncState::kConflict:
      return "conflict";
    case SyncState::kOffline:
      return "offline";
    case SyncState::kWaiting:
      return "waiting";
    case SyncState::kIdle:
      return "idle";
  }
  return "unknown";
}

}  // namespace syncline
