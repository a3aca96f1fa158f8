// The outbox in SQLite. Writing functions are called inside a transaction.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "service/outbox_store.h"
#include "service/rules.h"
#include "service/sqlite.h"
#include "syncline/result.h"

namespace syncline::service {

// What a write queues. [one thread at a time, but for announce()]
class OutboxWriter {
 public:
  explicit OutboxWriter(OutboxOptions options) : options_(options) {}

  // One push for each other subscribed device, and one record if the pool has an enabled stream.
  Result<void> queue_update(Connection& connection, const wire::Target& target, std::int64_t dataset_id,
                            const UpdateDecision& decision);
  // A stream's record; a deletion ends the subscriptions.
  Result<void> queue_deletion(Connection& connection, const wire::Target& target, const DatasetState& deleted,
                              Timestamp now);

  void listen(std::function<void()> listener) { listener_ = std::move(listener); }
  // Tells the listener if anything was queued since the last call. [any thread] After the commit.
  void announce();

 private:
  struct Stream {
    std::string configuration;
    bool enabled = false;
  };
  Result<bool> stream_is_enabled(Connection& connection, const IdentityPoolId& pool);
  Result<void> queue_pushes(Connection& connection, const wire::Target& target, std::int64_t dataset_id,
                            const UpdateDecision& decision);
  Result<void> queue(Connection& connection, OutboxKind kind, const wire::Target& target, std::string_view device,
                     const OutgoingMessage& message, Timestamp now);

  const OutboxOptions options_;
  std::unordered_map<std::string, Stream> streams_;  // what each pool's configuration says
  std::function<void()> listener_;
  std::atomic<bool> queued_{false};
};

// Puts a message at the end of its lane.
Result<void> write_message(Connection& connection, OutboxKind kind, const wire::Target& target, std::string_view device,
                           const OutgoingMessage& message, bool bulk, Timestamp now);

Result<std::vector<WaitingMessage>> read_due_messages(Connection& connection, OutboxKind kind, Timestamp now,
                                                      std::size_t limit, const std::set<std::int64_t>& busy);
Result<void> write_settlements(Connection& connection, const std::vector<Settlement>& settlements, Timestamp now);
Result<void> tidy_messages(Connection& connection, Timestamp oldest, Timestamp latest);

Result<OutboxFigures> read_outbox_figures(Connection& connection);
Result<std::vector<DeadLetter>> read_dead_letters(Connection& connection, std::int64_t after, std::size_t limit);
Result<std::int64_t> revive_dead_letters(Connection& connection, const DeadLetterChoice& which, Timestamp now);
Result<std::int64_t> remove_dead_letters(Connection& connection, const DeadLetterChoice& which);

Result<std::optional<PushAddress>> read_push_address(Connection& connection, const wire::Target& target,
                                                     std::string_view device);
Result<void> write_push_endpoint(Connection& connection, std::string_view device, std::string_view application,
                                 std::string_view endpoint);

// sqlite_bulk_publish.cc
Result<std::vector<IdentityPoolId>> read_publishing_pools(Connection& connection);
Result<BulkProgress> advance_bulk(Connection& connection, const IdentityPoolId& pool, Timestamp started_at,
                                  std::size_t limit, Timestamp now);
Result<void> end_bulk(Connection& connection, const IdentityPoolId& pool);

}  // namespace syncline::service
