// One named set of key/value records.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/export.h"
#include "syncline/push.h"
#include "syncline/records.h"
#include "syncline/result.h"
#include "syncline/subscription.h"

namespace syncline {

class DatasetImpl;

// A handle; copies mean the same dataset, as do two handles of one name. [any thread] Reads and writes are local and
// [block: disk] only; the network never delays them. After Client::shutdown() everything answers kClosed.
class SYNCLINE_API Dataset {
 public:
  [[nodiscard]] const std::string& name() const;

  // The value that the app sees; nullopt: absent or removed. "" is a value.
  [[nodiscard]] Result<std::optional<std::string>> get(std::string_view key) const;
  // When it returns success, the write is as durable as ClientOptions::durability says, and is pushed by the next sync.
  // Errors: kInvalidArgument (key 1..1,024 characters, value up to 1,048,575, both UTF-8), kLimitExceeded (1,024
  // records, 1 MiB), kStorage..., and nothing was changed.
  Result<void> put(std::string_view key, std::string_view value);
  // Removing what is absent is a success and changes nothing.
  Result<void> remove(std::string_view key);
  // One transaction: all or nothing. The last change of a key counts. An Error about one change says which.
  Result<void> put_all(std::span<const Change> changes);

  [[nodiscard]] Result<std::optional<Record>> record(std::string_view key) const;
  [[nodiscard]] Result<std::vector<Record>> records() const;  // present ones, by key (bytewise)
  [[nodiscard]] Result<std::vector<PendingChange>> pending_changes() const;
  [[nodiscard]] Result<DatasetInfo> info() const;

  // Pulls, settles conflicts, pushes. `done` is called exactly once, on the dispatcher. While one synchronize() of this
  // dataset runs, further ones wait and share the next. Retries transient failures (ClientOptions::retry).
  void synchronize(SyncCallback done);

  // Called after each transaction that changed what the app sees, in their order, and not inside the call that made it.
  // Those of other processes on the same data directory within 100 ms; with Threading::kTick, by the next tick().
  // [blocks: disk] for the first subscription of a dataset
  [[nodiscard]] Subscription on_change(ChangeCallback callback);
  // For this dataset, on this client; replaces ClientOptions::conflict_handler. An empty one takes it back.
  void set_conflict_handler(ConflictHandler handler);
  [[nodiscard]] Result<std::vector<Conflict>> conflicts() const;
  // Settles one conflict that was left for later. kOutdated: a side has changed since it was shown; list again.
  Result<void> resolve(const Conflict& shown, const Resolution& resolution);

  // Deletes the dataset here at once, and at the service with the next synchronize(): only the incarnation that this
  // device has seen. Later writes start a new one.
  Result<void> delete_dataset();
  // Asks the service. `done` is called exactly once, on the dispatcher.
  void describe(std::function<void(const Result<RemoteDataset>&)> done);

  // From now on changes by others wake this device: by the change stream, and by pushes if the device is registered.
  // Local without a registered device. An Error of the service (kResourceNotFound: it does not know the dataset yet)
  // leaves the wish standing: it is told again, see Client. `done` is called exactly once, on the dispatcher.
  void subscribe(DoneCallback done);
  void unsubscribe(DoneCallback done);

 private:
  friend class Client;
  explicit Dataset(std::shared_ptr<DatasetImpl> impl);
  std::shared_ptr<DatasetImpl> impl_;
};

}  // namespace syncline
