// The writing side of the store. Each call is made inside a transaction, which is the caller's.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "service/service_store.h"
#include "service/session_counts.h"
#include "service/sqlite.h"
#include "service/sqlite_outbox.h"
#include "service/sqlite_rows.h"

namespace syncline::service {

struct CurrentRow {
  std::int64_t id = 0;  // 0: never written
  CurrentRecord record;
};

// The connection that writes, and what it has prepared. [one thread at a time]
class Writer {
 public:
  // `sessions` must outlive it. `floor`: Installation::count_floor.
  Writer(Connection connection, std::chrono::milliseconds history, SessionCounts& sessions, SyncCount floor,
         OutboxOptions outbox)
      : connection_(std::move(connection)), history_(history), sessions_(sessions), floor_(floor), outbox_(outbox) {}
  Result<void> prepare();

  Result<UpdateDecision> update_records(const wire::Target& target, UpdateCall call, const UpdateRule& rule);
  Result<DatasetState> delete_dataset(const wire::Target& target, Timestamp now);

  // For what is written so rarely that it is not worth keeping prepared.
  [[nodiscard]] Connection& connection() { return connection_; }
  [[nodiscard]] OutboxWriter& outbox() { return outbox_; }

 private:
  Result<void> check_standing(const wire::Target& target, bool by_identity);
  Result<std::vector<CurrentRow>> find_records(std::int64_t dataset_id, const std::vector<Patch>& patches);
  Result<std::int64_t> count_datasets(std::int64_t identity_id);
  Result<void> write(const wire::Target& target, DatasetRow row, const std::vector<CurrentRow>& current,
                     const UpdateDecision& decision);
  Result<void> write_dataset(const wire::Target& target, DatasetRow& row, const DatasetState& after,
                             std::int64_t change);
  Result<void> write_record(std::int64_t dataset_id, std::int64_t record_id, const RemoteRecord& record);
  // Returns the number of the pool's last change.
  Result<std::int64_t> change_pool(const IdentityPoolId& pool, std::int64_t more_bytes, std::int64_t more_changes,
                                   Timestamp now);
  Result<void> forget_history(Timestamp now);

  Connection connection_;
  std::chrono::milliseconds history_;
  SessionCounts& sessions_;
  SyncCount floor_;
  OutboxWriter outbox_;
  Statement find_dataset_;
  Statement find_standing_;
  Statement count_datasets_;
  Statement find_record_;
  Statement add_identity_;
  Statement add_dataset_;
  Statement add_lost_counts_;
  Statement change_dataset_;
  Statement add_record_;
  Statement change_record_;
  Statement keep_version_;
  Statement keep_all_versions_;
  Statement remove_records_;
  Statement end_dataset_;
  Statement end_subscriptions_;
  Statement change_pool_;
  Statement forget_;
};

}  // namespace syncline::service
