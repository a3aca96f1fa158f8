// What waits to leave the service, and what could not: a part of the store's port. Messages are written by
// update_records() and delete_dataset(), in the transaction of what they tell of (S8). [any thread] [blocks: disk]
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "service/outbox_rules.h"
#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::service {

// Which of them are queued at all: nobody would ever send the others.
struct OutboxOptions {
  bool pushes = false;
  bool streams = false;
};

struct OutboxFigures {
  std::int64_t pushes = 0;  // waiting
  std::int64_t streams = 0;
  std::int64_t dead_letters = 0;
  std::optional<Timestamp> oldest;  // of those that wait
};

// What was given up. Its records are not shown.
struct DeadLetter {
  std::int64_t id = 0;  // grows
  OutboxKind kind = OutboxKind::kPush;
  wire::Target target;
  std::string device;
  SyncCount count;
  std::int64_t bytes = 0;  // of its records
  Timestamp created_at{};
  Timestamp died_at{};
  int attempts = 0;
  std::string failure;
};

// Which dead letters: one, a pool's, or (neither is set) all.
struct DeadLetterChoice {
  std::optional<std::int64_t> id = {};
  std::optional<IdentityPoolId> pool = {};
};

// Where a push goes.
struct PushAddress {
  std::string platform;     // in the API model's words
  std::string token;        // the push vendor's: no message may show it
  std::string application;  // of SNS, under which `endpoint` was made
  std::string endpoint;     // empty: not made yet
};

// How far a bulk publish is.
struct BulkProgress {
  bool complete = false;     // every dataset was queued
  std::int64_t waiting = 0;  // of those, not sent yet
  std::string failure;       // of one that could not be sent; empty: none
};

class OutboxStore {
 public:
  virtual ~OutboxStore() = default;

  // Called after each commit that queued something, on the thread that wrote. Set it while nobody writes.
  virtual void on_queued(std::function<void()> listener) = 0;

  // The first messages of lanes that are due and not in `busy`, at most `limit`.
  virtual Result<std::vector<WaitingMessage>> due_messages(OutboxKind kind, Timestamp now, std::size_t limit,
                                                           const std::set<std::int64_t>& busy) = 0;
  // One transaction. A message that is dead goes to the dead letters, and the next of its lane is due.
  virtual Result<void> settle(const std::vector<Settlement>& settlements, Timestamp now) = 0;
  // Forgets dead letters from before `oldest`; brings back what a clock that was wrong has put off beyond `latest`.
  virtual Result<void> tidy_outbox(Timestamp oldest, Timestamp latest) = 0;

  virtual Result<OutboxFigures> outbox_figures() = 0;
  // Behind `after`, by id.
  virtual Result<std::vector<DeadLetter>> dead_letters(std::int64_t after, std::size_t limit) = 0;
  // One transaction; how many. They go to the ends of their lanes, as if they had been written now.
  virtual Result<std::int64_t> replay_dead_letters(const DeadLetterChoice& which, Timestamp now) = 0;
  virtual Result<std::int64_t> discard_dead_letters(const DeadLetterChoice& which) = 0;

  // Absent: the device is gone.
  virtual Result<std::optional<PushAddress>> push_address(const wire::Target& target, std::string_view device) = 0;
  virtual Result<void> set_push_endpoint(std::string_view device, std::string_view application,
                                         std::string_view endpoint) = 0;

  // The pools with a bulk publish under way.
  virtual Result<std::vector<IdentityPoolId>> publishing_pools() = 0;
  // One transaction: queues up to `limit` more of the pool's datasets, if fewer than that wait. `started_at` tells one
  // publish from the next.
  virtual Result<BulkProgress> advance_bulk_publish(const IdentityPoolId& pool, Timestamp started_at, std::size_t limit,
                                                    Timestamp now) = 0;
  // What of it still waits is dropped.
  virtual Result<void> end_bulk_publish(const IdentityPoolId& pool) = 0;
};

}  // namespace syncline::service
