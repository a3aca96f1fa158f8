// Hearing of other devices' changes: push messages through a vendor's service, or a stream of the service's own, held
// open while the app is in front. Either is a hint (D20): whatever it says, at most one dataset that this identity
// subscribed to is synchronized. The calls are in client.h and dataset.h.
//
//   // At each start, and when the vendor changes the token:
//   client.register_device(PushPlatform::kGcm, token, [](const Result<std::string>& device_id) { ... });
//
//   // Once for each dataset whose changes are to wake this device:
//   dataset.subscribe([](const Result<void>& subscribed) { ... });
//
//   // In the vendor's callback:
//   if (auto hint = client.handle_push(bytes); !hint) log(hint.error().message);
//
//   // Coming to the front; stream.reset() on leaving it:
//   Subscription stream = client.open_change_stream();
//
// What the protocol lets one do: a registration is for one identity, platform and token, and answers a DeviceId. It
// can't be taken back; a device that should be left alone is unsubscribed from each dataset, which only the identity
// itself may do. So unregister_device() does that and forgets the DeviceId. It can't do it for an identity that the
// device used before: such pushes go on until their token ends, and handle_push() refuses them. The service tells a
// device of no change that was written under its DeviceId; the registered one goes out with every push of records if
// ClientOptions::device_id is empty. With one of the app's own the device is woken by its own changes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "syncline/error.h"
#include "syncline/result.h"
#include "syncline/sync_messages.h"
#include "syncline/values.h"

namespace syncline {

using PushPlatform = api::Platform;

// [dispatcher] Called exactly once.
using DeviceCallback = std::function<void(const Result<std::string>& device_id)>;

enum class HintDecision : std::uint8_t {
  kSync,   // the dataset is synchronized, unless what runs already brings it that far
  kKnown,  // this device is as far already: no request
};

// What a push message was found to say.
struct PushHint {
  std::string dataset = {};
  SyncCount count = {};
  HintDecision decision = HintDecision::kKnown;
};

enum class ChangeStreamState : std::uint8_t {
  kClosed,      // nobody holds it open
  kConnecting,  // asked for, not answered
  kOpen,
  kWaiting,  // it broke; the next attempt comes after a back-off
  kRefused,  // the service has no such stream, or not for this identity, or an option is missing: opened anew, it is
             // asked again
};

struct ChangeStreamStatus {
  ChangeStreamState state = ChangeStreamState::kClosed;
  std::optional<Error> error = {};  // why it ended last; absent: it never did since it was opened
  std::uint64_t attempts = 0;       // how often it was asked for, since the client was opened
  std::uint64_t hints = 0;          // events that named a subscribed dataset
  std::uint64_t refused = 0;        // events that did not, or were none
};

}  // namespace syncline
