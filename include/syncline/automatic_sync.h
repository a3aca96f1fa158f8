// When a client synchronizes by itself.
#pragma once

#include <chrono>

namespace syncline {

// Each automatic sync is one attempt of one dataset, as if the app had called synchronize(); conflict handlers are
// asked and on_change() is told as always. It covers every dataset known on this device for this identity. A failure
// that may pass is tried again after a back-off, and no sync of this client begins before a Retry-After has passed. One
// that needs the app (SyncState::kNeedsSignIn, kError) stops it until something changes: new credentials, a sync that
// went well, a write, a hint, another network, the app coming to the front. All times: 0 to 24 hours.
struct AutomaticSync {
  bool enabled = false;

  // After a write: when nothing was written for `settle` (noticed up to as much later), or, while writes go on, this
  // long after the first one.
  std::chrono::milliseconds settle{2'000};
  std::chrono::milliseconds longest_settle{30'000};

  bool on_start = true;    // when the client is opened, a dataset is opened, and the app comes to the front
  bool on_network = true;  // when the network comes back, also with nothing to send
  // After each sync that went well, while the app is in front; 0: never. Anything else costs a timer that runs.
  std::chrono::milliseconds period{0};

  bool over_metered = true;  // false: waits for a network that costs nothing

  // Each sync begins up to this much later, at random, so that a fleet of devices does not come at once.
  std::chrono::milliseconds jitter{1'000};
  // The same for push hints, which arrive one by one as it is: 0, somebody may be waiting for them.
  std::chrono::milliseconds hint_jitter{0};

  // Doubled with each failure in a row, with full jitter.
  std::chrono::milliseconds first_delay{1'000};
  std::chrono::milliseconds longest_delay{15 * 60'000};
};

}  // namespace syncline
