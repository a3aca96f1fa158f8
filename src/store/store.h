// The device's store: one SQLite file in the data directory. Every function is one transaction: all of it happens or
// nothing, and a kill at any instruction leaves a state from which the next sync goes on (D3, D10).
//
// For each key there is the base (what the service is known to hold), at most one pending change in the journal, and,
// while a push is out or its answer is lost, what was sent. What the app sees is the pending change, else the base.
//
// [any thread] [blocks: disk, and up to lock_timeout for another process] Errors: kStorage, kStorageFull, kStorageBusy,
// kCorrupt (from then on nothing is written; the next open() recovers what it can), and what a function names. SQLite
// stays inside.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/sync.h"
#include "syncline/identity.h"
#include "syncline/records.h"
#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::store {

struct StoreOptions {
  std::string directory = {};  // made if it is missing
  bool survive_power_cut = true;
  std::chrono::milliseconds lock_timeout{5'000};
};

// A dataset's row.
using DatasetId = std::int64_t;

// What one transaction changed in what the app sees.
struct KeyChanges {
  std::vector<std::string> added = {};
  std::vector<std::string> updated = {};
  std::vector<std::string> removed = {};
  [[nodiscard]] bool empty() const { return added.empty() && updated.empty() && removed.empty(); }
};

// A session's right to write. Protocol transactions move it on; one whose generation is no longer the store's has been
// overtaken by another process or a deletion, and gets kOutdated.
struct SyncLease {
  DatasetId dataset = 0;
  std::int64_t generation = 0;
  SyncStart start = {};
};

struct Pull {
  PullKind kind = PullKind::kIncremental;
  SyncCount sync_count = {};
  bool with_staged = false;
  std::vector<RemoteRecord> records = {};
};

struct PullOutcome {
  KeyChanges changes = {};
  std::size_t applied = 0;  // records whose base moved
};

struct PushAnswer {
  const std::vector<OutgoingChange>& sent;
  const std::vector<RemoteRecord>& records;
  SyncCount listed = {};  // the dataset's count before the push, as this session listed it
};

struct PushOutcome {
  KeyChanges changes = {};
  std::size_t acknowledged = 0;
  std::size_t new_conflicts = 0;
  bool nothing_between = false;  // no other writer came between list and push: the sync count has moved on
};

// What other processes, or other stores of this one, changed in what the app sees.
struct OthersChanges {
  bool busy = false;  // somebody is writing: ask again soon
  std::vector<std::pair<DatasetId, KeyChanges>> changes = {};
};

enum class Certainty : std::uint8_t {
  kAsFarAsSeen,  // what is committed and visible now
  kSettled,      // and whatever was on its way when the log was seen to grow; busy until its writer is done
};

// What is known of an identity.
enum class IdentityKind : std::uint8_t {
  kGuest,
  kAccount,
  kMerged,  // it became another one, who gets what is left of its data
};

struct IdentitySwitch {
  // Whom this client works for; empty: nobody yet. Other processes may have switched the directory since.
  std::string from = {};
  std::string to = {};
  IdentityKind kind = IdentityKind::kAccount;  // of `to`
  // `from` became `to`, which gets its data in this way. nullopt: they have nothing to do with one another.
  std::optional<GuestData> guest_data = {};
  // The app asked for it: the directory is `to`'s from now on, whoever's it was. If not, what others made of the
  // directory stays.
  bool asked_for = true;
};

struct Switched {
  // All datasets that this store has opened for `from` are `to`'s now, under the same DatasetId.
  bool datasets_stay = false;
};

// How far the data of merged identities has come.
struct MergeProgress {
  std::size_t moved = 0;    // records
  std::size_t waiting = 0;  // datasets with keys for which the heir has an unsent change of its own
  std::vector<std::pair<DatasetId, KeyChanges>> changes = {};
};

// What the app has registered with a push vendor.
struct PushToken {
  std::string platform = {};  // in the protocol's words: "APNS"
  std::string token = {};     // without spaces
  bool operator==(const PushToken&) const = default;
};

// What RegisterDevice answered for it.
struct PushDevice {
  PushToken token = {};
  std::string device_id = {};
};

// What the service was asked, and has perhaps done: the device is told of the dataset's changes.
struct PushSubscription {
  std::string dataset = {};
  std::string device_id = {};
  bool confirmed = false;
};

// All that is known of pushes for one identity.
struct PushState {
  std::optional<PushToken> token = {};  // of this data directory, whoever the identity is; nullopt: no pushes
  std::optional<PushDevice> device = {};
  std::vector<std::string> wanted = {};  // datasets, by name
  std::vector<PushSubscription> asked = {};
};

struct StoreImpl;

class Store {
 public:
  // A damaged file is set aside, and what can be read of its journal goes into a new one; see recovery(). Errors:
  // kStorage (names the path), kCorrupt (no database, or not ours), kSchemaTooNew. Nothing is touched then.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  ~Store();
  // The last time that a damaged file was set aside here; nullopt: never.
  [[nodiscard]] const std::optional<RecoveryReport>& recovery() const;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // --- identities and datasets: datasets.cc
  // The identity to work for: `wanted`, or the last one if it is empty. The first identity ever claims what was written
  // before any was known (D15).
  Result<std::string> adopt_identity(const std::string& wanted);
  Result<DatasetId> open_dataset(const std::string& identity, const std::string& name);
  [[nodiscard]] Result<std::vector<std::string>> dataset_names(const std::string& identity);
  // Empties the dataset here and marks it to be deleted at the service. Says which keys went. What others have wiped is
  // kIdentityChanged, here as in each function that writes or synchronizes.
  Result<KeyChanges> begin_deletion(DatasetId dataset);
  Result<void> finish_deletion(SyncLease& lease);

  // --- who works here: identities.cc
  // Whose the directory is, for whoever opens it next; empty: nobody's.
  [[nodiscard]] Result<std::string> current_identity();
  // nullopt: never switched to.
  [[nodiscard]] Result<std::optional<IdentityKind>> identity_kind(const std::string& identity);
  // The last guest that was here and did not become anybody; empty: none.
  [[nodiscard]] Result<std::string> last_guest();
  // From now on `to` is the identity, and it is written down whose data goes to whom; merge_identities() does it.
  // What was written without an identity goes to `to` (D15). Errors: kOutdated, if it is from nobody to one whom the
  // app did not ask for, and another process has found an identity meanwhile: that one is to be used.
  Result<Switched> switch_identity(const IdentitySwitch& change);
  // From now on nobody is; what is written belongs to the next one.
  Result<void> leave_identity();
  // Moves the data of merged identities on, a dataset a transaction: interrupted or waiting, the next call goes on. An
  // error of one dataset does not keep the others: the first error is what comes back.
  Result<MergeProgress> merge_identities();
  // By identity and dataset, where there are any, what waits for this identity included; nullopt: everybody's.
  [[nodiscard]] Result<std::vector<UnsentData>> unsent(const std::optional<std::string>& identity);
  // This one, and those that became it; nullopt: all that anything is kept of.
  [[nodiscard]] Result<std::vector<std::string>> known_identities(const std::optional<std::string>& identity);
  // Removes all that is kept of known_identities().
  Result<void> wipe(const std::optional<std::string>& identity);

  // Of these merged datasets, those that the app was not asked for, and that are not here as datasets of their own.
  [[nodiscard]] Result<std::vector<std::string>> new_twins(DatasetId dataset, const std::vector<std::string>& names);
  Result<void> answer_twins(DatasetId dataset, const std::vector<std::string>& names, bool doomed);
  [[nodiscard]] Result<std::vector<std::string>> doomed_twins(DatasetId dataset);
  // The service has deleted it.
  Result<void> drop_twin(DatasetId dataset, const std::string& name);

  // --- local reads and writes: local.cc
  [[nodiscard]] Result<std::optional<std::string>> get(DatasetId dataset, std::string_view key);
  // Keys and values were checked before. The last change of a key counts, and is what is reported. Writing what the
  // other side of an open conflict holds settles it. Errors: kLimitExceeded.
  Result<KeyChanges> write(DatasetId dataset, std::span<const Change> changes, Timestamp now);
  Result<KeyChanges> put(DatasetId dataset, std::string_view key, std::string_view value, Timestamp now);
  [[nodiscard]] Result<std::optional<Record>> record(DatasetId dataset, std::string_view key);
  [[nodiscard]] Result<std::vector<Record>> records(DatasetId dataset);
  [[nodiscard]] Result<std::vector<PendingChange>> pending_changes(DatasetId dataset);
  [[nodiscard]] Result<DatasetInfo> info(DatasetId dataset);
  // Of all datasets of an identity, and of those who became it.
  [[nodiscard]] Result<std::size_t> pending_count(const std::string& identity);

  // --- the protocol: pull.cc, push.cc
  Result<SyncLease> begin_sync(DatasetId dataset);
  [[nodiscard]] Result<SyncCount> sync_count(DatasetId dataset);
  // Keeps a page of a list that is not complete. `first`: what was staged before goes.
  Result<void> stage_page(SyncLease& lease, const std::vector<RemoteRecord>& records, bool first);
  // Records, bases, journal, conflicts and sync count together.
  Result<PullOutcome> apply_pull(SyncLease& lease, const Pull& pull, const Planner& planner);
  // What is pending and not in conflict, at most kMaxPatchesPerPush of it, written down as sent before it is. Empty:
  // nothing to push, nothing written. A removal of what the service does not have ends here; if it was not `listed`
  // what it has, it stays pending.
  Result<std::vector<OutgoingChange>> prepare_push(SyncLease& lease, bool listed = true);
  // A pending change ends only if its revision is still the one sent; the base moves in any case (D5). Records that
  // were not sent are planned like a pull's. The sync count moves only if nothing else can have come between (D9).
  Result<PushOutcome> acknowledge_push(SyncLease& lease, const PushAnswer& answer, const Planner& planner);

  // --- what others do on the same directory: watch.cc
  // From now on others' changes of this dataset are noticed: not those of this store. Reads it once, 2 ms for 1 MB, and
  // again whenever others have written.
  Result<void> watch(DatasetId dataset);
  void unwatch(DatasetId dataset);
  // Since the last call, several transactions of others as one. Does not wait for other processes.
  Result<OthersChanges> changes_of_others(Certainty certainty);
  // Of those, what this store's own writes came upon: it was there before them.
  Result<OthersChanges> noticed();

  // --- pushes: devices.cc
  [[nodiscard]] Result<PushState> push_state(const std::string& identity);
  Result<void> set_push_token(const std::optional<PushToken>& token);
  Result<void> set_push_device(const std::string& identity, const std::optional<PushDevice>& device);
  // "": none is registered.
  [[nodiscard]] Result<std::string> push_device_id(const std::string& identity);
  Result<void> want_changes(const std::string& identity, const std::vector<std::string>& datasets, bool wanted);
  // Whether the app wants to hear of the dataset's changes, and how far it is applied here; nullopt: it does not.
  [[nodiscard]] Result<std::optional<SyncCount>> wanted_count(const std::string& identity, const std::string& dataset);
  // To be written down before the service is asked, and again once it has confirmed.
  Result<void> set_asked(const std::string& identity, const PushSubscription& asked);
  Result<void> forget_asked(const std::string& identity, const PushSubscription& asked);

  // --- conflicts: conflicts.cc
  [[nodiscard]] Result<std::vector<Conflict>> conflicts(DatasetId dataset);
  // Applies only to the versions shown. Errors: kOutdated, kNotFound, kInvalidArgument, kLimitExceeded.
  Result<KeyChanges> resolve(DatasetId dataset, const Conflict& shown, const Resolution& resolution, Timestamp now);

 private:
  explicit Store(std::unique_ptr<StoreImpl> impl);
  std::unique_ptr<StoreImpl> impl_;
};

}  // namespace syncline::store
