// What the service keeps, as a port: SQLite's implementation is behind open_sqlite_store(). A store knows nothing of
// the protocol's rules; it calls them inside its transactions. [any thread] [blocks: disk]
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/identity_store.h"
#include "service/operator_store.h"
#include "service/outbox_store.h"
#include "service/rules.h"
#include "syncline/result.h"
#include "wire/messages.h"

namespace syncline::service {

// Made at the first start, the same ever after, but for the keys.
struct Installation {
  std::string region;
  std::string pool;                               // "us-east-1:GUID"
  std::string token_key;                          // 256 random bits, in hexadecimal: authenticates tokens
  std::vector<DeveloperKey> developer_keys = {};  // as they were when the store was opened
  std::int64_t count_floor = 0;                   // new datasets' counts go on from here (incarnation.h)
};

struct NamedDataset {
  std::string name;
  DatasetState state;
};

// A part of a dataset as it was when its count was `snapshot`: records behind (after_count, after_id) in that order.
struct RecordRange {
  bool empty = false;  // nothing to read
  SyncCount snapshot;
  SyncCount after_count;
  std::int64_t after_id = 0;
  std::size_t limit = 0;
};

struct StoredRecord {
  std::int64_t id = 0;  // a record keeps it through all versions of one incarnation
  RemoteRecord record;
};

struct RecordPage {
  std::vector<StoredRecord> records;
  bool more = false;               // the range holds more than its limit
  std::vector<std::string> twins;  // the present datasets that a merge has kept beside this one
};

// What a pool is told, each kept as the JSON of the API's own message.
enum class PoolDocument : std::uint8_t { kDefinition, kConfiguration, kEvents, kBulkPublish };

struct StoredDocument {
  std::string body;           // empty: never written
  std::int64_t revision = 0;  // grows with each write; 0: never written
};

struct Standing {
  bool pool_exists = false;
  bool identity_enabled = false;  // given out by Cognito Identity, neither deleted nor merged into another one
};

struct IdentityFigures {
  std::int64_t datasets = 0;
  std::int64_t bytes = 0;
  std::optional<Timestamp> modified_at;  // absent: nothing was ever written
};

struct PoolFigures {
  std::string pool;
  std::int64_t sync_sessions = 0;
  std::int64_t bytes = 0;
  std::optional<Timestamp> modified_at;
};

struct Device {
  std::string id;
  std::string platform;  // in the API model's words
  std::string token;     // the push vendor's: no message may show it
};

// What a dataset's last write was. Writes of a pool are numbered in their order.
struct DatasetChange {
  std::string dataset;
  SyncCount count;
  std::int64_t number = 0;
  std::string writer;
  std::int64_t by_others = 0;  // the number of the last one that was not by `writer`; 0: none
};

struct Changes {
  std::int64_t last = 0;  // the last number that the pool has given out
  std::vector<DatasetChange> datasets;
};

// Whether what a subscription names exists.
enum class SubscriptionOutcome : std::uint8_t { kDone, kNoDataset, kNoDevice };

// Called inside the transaction with the dataset as it is; an error ends the transaction and is passed on.
using ListRule = std::function<Result<RecordRange>(const DatasetState&)>;
// `current` has an entry for each patch of the call.
using UpdateRule =
    std::function<Result<UpdateDecision>(const DatasetState& state, const std::vector<CurrentRecord>& current,
                                         std::int64_t datasets_of_identity, UpdateCall call)>;

class ServiceStore : public IdentityStore, public OutboxStore, public OperatorStore {
 public:
  [[nodiscard]] virtual const Installation& installation() const = 0;

  // One that never existed is an empty state.
  virtual Result<DatasetState> dataset(const wire::Target& target) = 0;
  // Those that exist, by name (bytewise), behind `after`.
  virtual Result<std::vector<NamedDataset>> datasets(const wire::Target& target, std::string_view after,
                                                     std::size_t limit) = 0;
  // State and records are one snapshot. Versions that were superseded less than the store's history ago are still
  // found.
  virtual Result<RecordPage> list_records(const wire::Target& target, const ListRule& rule) = 0;
  // One transaction. When it returns a decision that writes, that is durable. Error: kNotAuthorized if there is no such
  // pool, or the identity itself writes, and is one no more.
  virtual Result<UpdateDecision> update_records(const wire::Target& target, UpdateCall call,
                                                const UpdateRule& rule) = 0;
  // One transaction. Returns what was deleted; a state that does not exist: there was nothing.
  virtual Result<DatasetState> delete_dataset(const wire::Target& target, Timestamp now) = 0;

  // --- pools --------------------------------------------------------------------------------------------------------

  // `identity` may be empty.
  virtual Result<Standing> standing(const IdentityPoolId& pool, const IdentityId& identity) = 0;
  virtual Result<IdentityFigures> identity_usage(const IdentityPoolId& pool, const IdentityId& identity) = 0;
  // Of the pools behind `after` by name (bytewise), at most `limit`.
  virtual Result<std::vector<PoolFigures>> pool_usages(std::string_view after, std::size_t limit) = 0;
  virtual Result<PoolFigures> pool_usage(const IdentityPoolId& pool) = 0;
  // Counts a sync session of the pool. It is on the disk with the next write or the end of the service, whichever is
  // first; a killed process may lose those since the last write. [never blocks: disk]
  virtual void count_session(const IdentityPoolId& pool) = 0;

  // Error: kResourceNotFound: no such pool.
  virtual Result<StoredDocument> document(const IdentityPoolId& pool, PoolDocument document) = 0;
  // One transaction. Error: kConcurrentModification if its revision is not `expected` any more; kResourceNotFound.
  virtual Result<void> replace_document(const IdentityPoolId& pool, PoolDocument document, std::string_view body,
                                        std::int64_t expected) = 0;

  // --- devices ------------------------------------------------------------------------------------------------------

  // One transaction. The id that (identity, platform, token) has had before, else device.id. Error: kResourceNotFound.
  virtual Result<std::string> register_device(const IdentityPoolId& pool, const IdentityId& identity,
                                              const Device& device, Timestamp now) = 0;
  // One transaction each; doing it twice is as good as once.
  virtual Result<SubscriptionOutcome> subscribe(const wire::Target& target, std::string_view device) = 0;
  virtual Result<SubscriptionOutcome> unsubscribe(const wire::Target& target, std::string_view device) = 0;
  // The devices that subscribed to a dataset, by id.
  virtual Result<std::vector<Device>> subscribers(const wire::Target& target) = 0;

  // --- changes ------------------------------------------------------------------------------------------------------

  // The identity's present datasets whose last write has a number above `after`, in the order of these; one snapshot.
  // target.dataset is not looked at.
  virtual Result<Changes> changes(const wire::Target& target, std::int64_t after) = 0;
};

struct StoreOptions {
  std::string data_dir;                        // made if it is missing
  std::string region;                          // of a new installation; if not empty, must be an existing one's
  std::chrono::milliseconds history{660'000};  // how long superseded versions are kept
  int readers = 4;                             // connections for reading, which wait for nobody
  OutboxOptions outbox = {};                   // what is queued for delivery
  Timestamp now{};                             // dates a new installation
};

// Errors: kStorage (directory or file can't be made, read or written; another process serves the directory; another
// region), kCorrupt (no database, or not one of ours), kSchemaTooNew. The message names the path.
Result<std::unique_ptr<ServiceStore>> open_sqlite_store(const StoreOptions& options);

}  // namespace syncline::service
