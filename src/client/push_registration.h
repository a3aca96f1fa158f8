// Brings what the service knows of this device in line with what the app wants, request by request: RegisterDevice,
// SubscribeToDataset, UnsubscribeFromDataset. Both sides of the comparison are in the store, written down before the
// service is asked, so that it goes on wherever it was cut off. [inside a driver step only]
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"
#include "syncline/error.h"
#include "syncline/result.h"

namespace syncline {

class ClientImpl;

// The next request that is due, or, with neither, none.
struct PushStep {
  enum class Kind : std::uint8_t { kNothing, kRegister, kSubscribe, kUnsubscribe, kForgetDevice };
  Kind kind = Kind::kNothing;
  store::PushSubscription what = {};  // of kSubscribe, kUnsubscribe
};

// What went wrong in one run, by what it was about.
struct PushFailures {
  std::optional<Error> all;         // the registration, or what nothing goes on without
  std::map<std::string, Error> of;  // a dataset's
};

// Pure. What has failed in this run is not tried again in it. In this order: the device is registered, subscribed, and
// only then unsubscribed from what is not wanted or was another registration's.
PushStep next_push_step(const store::PushState& state, const PushFailures& failures);

class PushRegistration {
 public:
  explicit PushRegistration(ClientImpl& client) : client_(client) {}
  PushRegistration(const PushRegistration&) = delete;
  PushRegistration& operator=(const PushRegistration&) = delete;

  // Calls `done` once all is in line or has failed; a run that began before is not enough.
  using Done = std::function<void(const PushFailures&)>;
  void settle(Done done);
  // If something is due: at the start, and when the identity has changed. Tells nobody.
  void settle_if_needed();
  // A sync of this dataset succeeded: what failed before may go well now.
  void after_sync(const std::string& dataset);

 private:
  void start_run();
  void go_on();
  void end_run();
  void fail(const PushStep& step, Error error);
  void register_device(const store::PushToken& token);
  void subscribe(const PushStep& step);
  void unsubscribe(const PushStep& step);
  Result<void> carry_out(const PushStep& step, const store::PushState& state);

  ClientImpl& client_;
  std::vector<Done> running_;
  std::vector<Done> waiting_;
  bool runs_ = false;
  PushFailures failures_;  // of the run, or the last one
};

}  // namespace syncline
