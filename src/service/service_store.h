// What the service keeps, as a port: SQLite's implementation is behind open_sqlite_store(). A store knows nothing of
// the protocol's rules; it calls them inside its transactions. [any thread] [blocks: disk]
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/rules.h"
#include "syncline/result.h"
#include "wire/messages.h"

namespace syncline::service {

// Made at the first start, the same ever after.
struct Installation {
  std::string region;
  std::string pool;  // "us-east-1:GUID"
  std::string access_key_id;
  std::string secret_access_key;
  std::string token_key;  // 256 random bits, in hexadecimal: authenticates tokens
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
  bool more = false;  // the range holds more than its limit
};

// Called inside the transaction with the dataset as it is; an error ends the transaction and is passed on.
using ListRule = std::function<Result<RecordRange>(const DatasetState&)>;
// `current` has an entry for each patch of the call.
using UpdateRule =
    std::function<Result<UpdateDecision>(const DatasetState& state, const std::vector<CurrentRecord>& current,
                                         std::int64_t datasets_of_identity, UpdateCall call)>;

class ServiceStore {
 public:
  virtual ~ServiceStore() = default;

  [[nodiscard]] virtual const Installation& installation() const = 0;

  // One that never existed is an empty state.
  virtual Result<DatasetState> dataset(const wire::Target& target) = 0;
  // Those that exist, by name (bytewise), behind `after`.
  virtual Result<std::vector<NamedDataset>> datasets(const wire::Target& target, std::string_view after,
                                                     std::size_t limit) = 0;
  // State and records are one snapshot. Versions that were superseded less than the store's history ago are still
  // found.
  virtual Result<RecordPage> list_records(const wire::Target& target, const ListRule& rule) = 0;
  // One transaction. When it returns a decision that writes, that is durable.
  virtual Result<UpdateDecision> update_records(const wire::Target& target, UpdateCall call,
                                                const UpdateRule& rule) = 0;
  // One transaction. Returns what was deleted; a state that does not exist: there was nothing.
  virtual Result<DatasetState> delete_dataset(const wire::Target& target, Timestamp now) = 0;
};

struct StoreOptions {
  std::string data_dir;                        // made if it is missing
  std::string region;                          // of a new installation; must be that of an existing one
  std::chrono::milliseconds history{660'000};  // how long superseded versions are kept
  int readers = 4;                             // connections for reading, which wait for nobody
  Timestamp now{};                             // dates a new installation
};

// Errors: kStorage (directory or file can't be made, read or written; another process serves the directory; another
// region), kCorrupt (no database, or not one of ours), kSchemaTooNew. The message names the path.
Result<std::unique_ptr<ServiceStore>> open_sqlite_store(const StoreOptions& options);

}  // namespace syncline::service
