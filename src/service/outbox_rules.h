// What leaves the service after a write: who is told, and in which words (protocol.md, sections 5 and 6). Pure.
// [any thread]
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "service/rules.h"
#include "syncline/values.h"
#include "wire/messages.h"

namespace syncline::service {

enum class OutboxKind : std::uint8_t { kPush = 1, kStream = 2 };

// As operators see it, in logs, metrics and dead letters.
constexpr std::string_view name_of(OutboxKind kind) {
  return kind == OutboxKind::kPush ? "push" : "stream";
}

// What is to be said about one write. Pushes say which count was reached, stream records what was written as well.
struct OutgoingMessage {
  SyncCount count;
  Timestamp modified_at{};
  bool removal = false;  // the dataset was deleted
  std::string records;   // of a stream's message: the JSON list of section 6
};

// A message whose turn it is: the first one of its lane. A lane is a dataset's stream records, or its pushes to one
// device; what is in one lane leaves in order.
struct WaitingMessage {
  std::int64_t id = 0;
  std::int64_t lane = 0;
  OutboxKind kind = OutboxKind::kPush;
  wire::Target target;
  std::string device;  // of a push
  OutgoingMessage message;
  bool bulk = false;  // belongs to a bulk publish
  Timestamp created_at{};
  int attempts = 0;  // that failed
};

// The records of one UpdateRecords, or of a whole dataset: section 6's kinesisSyncRecords.
std::string stream_records(const std::vector<RemoteRecord>& records);

// Section 6's object: with its records inside, or with `url`, where they are.
std::string stream_record(const wire::Target& target, const OutgoingMessage& message, std::string_view url = {});

// Section 5's keys in the envelope that SNS takes for the platform (MessageStructure "json").
std::string push_message(const wire::Target& target, const OutgoingMessage& message, wire::Platform platform);

// --- what becomes of an attempt -------------------------------------------------------------------------------------

struct DeliveryLimits {
  int attempts = 100;
  std::chrono::milliseconds age{std::chrono::hours(24)};  // since the message was queued
  std::chrono::milliseconds first_delay{1'000};
  std::chrono::milliseconds longest_delay{300'000};
  std::chrono::milliseconds keep_dead_letters{std::chrono::hours(24 * 14)};
  std::size_t at_once = 32;  // under way at the same time, for pushes and for streams each
};

struct Outcome {
  enum class Kind : std::uint8_t {
    kDelivered,
    kTransient,    // may go better later
    kUnreachable,  // likewise, and others would fare no better now
    kRefused,      // the same message fails again
  };
  Kind kind = Kind::kDelivered;
  std::string failure = {};  // no secret, no record's value
};

struct Settlement {
  enum class Kind : std::uint8_t { kDone, kRetry, kDead };
  std::int64_t id = 0;
  std::int64_t lane = 0;
  Kind kind = Kind::kDone;
  Timestamp due_at{};        // of the next attempt
  std::string failure = {};  // why it is dead
};

// Exponential with jitter over its upper half: 1 s, 2 s, 4 s, ... up to the longest.
std::chrono::milliseconds delivery_delay(const DeliveryLimits& limits, int failures, Random& random);

Settlement settle(const WaitingMessage& message, const Outcome& outcome, const DeliveryLimits& limits, Timestamp now,
                  Random& random);

}  // namespace syncline::service
