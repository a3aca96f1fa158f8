// The service's own stream of changes, held open while somebody wants it: opened, watched, resumed where it broke,
// given up where there is none. What an event means is decided elsewhere. Works inside driver steps; while it rests
// only one timer runs, for the next heartbeat.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "client/driver.h"
#include "client/remote.h"
#include "core/clock.h"
#include "engine/backoff.h"
#include "syncline/push.h"
#include "syncline/records.h"
#include "syncline/subscription.h"
#include "wire/event_stream.h"

namespace syncline {

// The service sends something every 15 seconds, unless its operator chose another time; this long without a byte, and
// the connection is taken for dead.
inline constexpr std::chrono::milliseconds kLongestSilence{45'000};
// A stream that lasted this long was a good one: what comes after it is a first failure.
inline constexpr std::chrono::milliseconds kLastingStream{10'000};

struct ChangeStreamContext {
  using Synced = std::function<void(Result<SyncReport>)>;

  std::shared_ptr<Driver> driver;
  std::shared_ptr<Remote> remote;
  std::shared_ptr<Clock> clock;
  Random* random = nullptr;  // outlives every step
  engine::BackoffLimits backoff;
  // Asked each time that the stream is opened. An Error: it can't be. [inside a step]
  std::function<Result<wire::ChangeStreamRequest>()> request;
  std::function<Result<PushHint>(std::string_view data)> judge;
  std::function<void(const PushHint& hint, Synced synced)> synchronize;
};

class ChangeStream : public std::enable_shared_from_this<ChangeStream> {
 public:
  explicit ChangeStream(ChangeStreamContext context) : context_(std::move(context)) {}

  // --- [any thread]
  Subscription hold();
  [[nodiscard]] ChangeStreamStatus status() const;

  // For another identity: what was heard for the one before is forgotten. [inside a step]
  void start_over();
  // For good. [inside a step, or when no step can run any more]
  void stop();

 private:
  void update();
  void open();
  void close();
  void take_part(const HttpResponse& head, std::string_view bytes);
  Result<void> take_head(const HttpResponse& head);
  void take_event(const std::string& data);
  void synchronize(const std::string& dataset);
  void catch_up();
  void catch_up_later();
  // Ends this attempt, and comes again unless the service has said that there is nothing to come for.
  void broke(Error error);
  void drop_call();
  void watch();
  [[nodiscard]] bool refuses(const Error& error);
  [[nodiscard]] std::chrono::milliseconds next_delay(const Error& error);
  void set_state(ChangeStreamState state);

  const ChangeStreamContext context_;

  mutable std::mutex mutex_;  // guards these three
  int holders_ = 0;
  bool stopped_ = false;
  ChangeStreamStatus status_;

  // In driver steps only.
  std::uint64_t attempt_ = 0;  // what comes of an earlier one is ignored
  Remote::CallHandle call_;
  Driver::TimerId timer_ = 0;  // the watch, or the next attempt
  wire::EventStreamReader reader_;
  bool head_taken_ = false;
  MonotonicTime opened_at_{};
  int failures_ = 0;
  int forbidden_ = 0;
  std::string last_id_;
  std::chrono::milliseconds first_delay_{0};   // what the service asks for
  std::map<std::string, PushHint> unsettled_;  // hints whose sync has not succeeded, by dataset
  std::set<std::string> syncing_;
  std::uint64_t era_ = 0;  // of one identity: what was asked for in an earlier one is ignored
  int failed_syncs_ = 0;   // in a row
  Driver::TimerId catch_up_timer_ = 0;
};

}  // namespace syncline
