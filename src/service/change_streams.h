// Our own extension to the protocol, apart from its 17 operations: a device that no push vendor reaches holds a stream
// of server-sent events open and hears of changes as they are committed.
//
//   GET /syncline/identitypools/{pool}/identities/{identity}/changes?deviceId=...
//
// Signed as every other request ("cognito-sync"; in headers or in the query), by that identity or the developer. Events
// are those of the HTML standard, section 9.2. Each has the push payload (protocol.md, section 5) as its data:
//
//   id: 42
//   data: {"source":"cognito-sync","identityPoolId":"...","identityId":"...","datasetName":"save","syncCount":7}
//
// for each dataset of the identity that was written by another writer than `deviceId` (absent: by anybody). It is a
// hint, as a push is (D20): changes of a dataset that come faster than they can be sent become one event with the last
// count. The first bytes carry an id too, so that a client that loses the connection at any time can come again with
// Last-Event-ID (header, or lastEventId in the query) and is told of all that it missed: each dataset keeps the number
// of its last change, so that there is no log that grows. An id that is not of this store's, or from before a backup
// was restored, gets every dataset. A deletion, and what a merge moves, is not an event. Comments (":") are heartbeats.
// The stream ends when the credentials do, or the identity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "service/access.h"
#include "service/http_stream.h"
#include "service/service_store.h"
#include "syncline/result.h"

namespace syncline::service {

// More of one identity's are refused (429), so that none takes all connections (S10).
inline constexpr std::size_t kStreamsPerIdentity = 32;

// Who listens for the changes of which identity. [any thread]
class ChangeHub {
 public:
  // One listener's place, given back by its destructor.
  class Place {
   public:
    Place(ChangeHub& hub, std::string identity) : hub_(hub), identity_(std::move(identity)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { hub_.remove(*this); }
    void listen(std::function<void()> wake);

   private:
    friend ChangeHub;
    ChangeHub& hub_;
    std::string identity_;
    std::function<void()> wake_;  // guarded by the hub's mutex
  };

  // nullptr: the identity has kStreamsPerIdentity.
  std::unique_ptr<Place> add(const IdentityId& identity);
  // Wakes those who listen to it. [never blocks]
  void notify(const IdentityId& identity);

 private:
  void remove(Place& place);

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Place*>> places_;
};

class ChangeStreams {
 public:
  // All must outlive it, and it the streams.
  ChangeStreams(ServiceStore& store, const Gate& gate) : store_(store), gate_(gate) {}

  // Whether the request is for a stream, be it a good one or not.
  static bool is_for(const HttpRequest& request);
  // For `caller`, who was let in. `clock` must outlive the stream. Errors: those of Gate::allow(); kInvalidParameter;
  // kTooManyRequests. [any thread] [blocks: disk, reading]
  Result<std::unique_ptr<HttpStream>> open(const HttpRequest& request, Principal caller, Clock& clock);
  // Something was written to a dataset of this identity. [any thread] [never blocks]
  void notify(const IdentityId& identity) { hub_.notify(identity); }

 private:
  ServiceStore& store_;
  const Gate& gate_;
  ChangeHub hub_;
};

}  // namespace syncline::service
