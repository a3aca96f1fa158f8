// The entry: a data directory on the device, and the service that it is reconciled with.
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

#include "syncline/automatic_sync.h"
#include "syncline/connectivity.h"
#include "syncline/credentials.h"
#include "syncline/dataset.h"
#include "syncline/deletion.h"
#include "syncline/dispatcher.h"
#include "syncline/export.h"
#include "syncline/identity.h"
#include "syncline/push.h"
#include "syncline/records.h"
#include "syncline/result.h"
#include "syncline/subscription.h"
#include "syncline/sync_all.h"
#include "syncline/sync_status.h"

namespace syncline {

// What a write that returned success survives (D2).
enum class Durability : std::uint8_t {
  kFull,     // a power cut
  kProcess,  // a killed process; a power cut may take the newest writes, never one in the middle
};

enum class Threading : std::uint8_t {
  kOwnThread,  // the client runs one thread, asleep while there is nothing to do
  kTick,       // no thread: the app calls tick()
};

struct RetryOptions {
  int attempts = 4;                            // sync attempts in one synchronize(), at least 1
  std::chrono::milliseconds first_delay{500};  // doubled each time, with full jitter
  // Also bounds how long a Retry-After is obeyed within one synchronize().
  std::chrono::milliseconds longest_delay{30'000};
};

struct ClientOptions {
  std::string data_directory = {};  // made if it is missing
  std::string endpoint = {};  // "https://cognito-sync.us-east-1.amazonaws.com"; empty: local only, syncing is an error
  std::string region = {};    // "us-east-1"
  std::string identity_pool_id = {};  // "us-east-1:GUID"
  std::string identity_id = {};       // "us-east-1:GUID"; empty: the last one used in this directory
  std::string device_id = {};         // sent with each push as DeviceId if not empty; 1..256 characters
  std::shared_ptr<CredentialsProvider> credentials = {};
  std::shared_ptr<Dispatcher> dispatcher = {};  // null: inline_dispatcher()
  ConflictHandler conflict_handler = {};        // empty: conflicts wait (conflict_policy::later)
  DeletionHandler deletion_handler = {};        // empty: what others delete is forgotten here
  Durability durability = Durability::kFull;
  Threading threading = Threading::kOwnThread;
  RetryOptions retry = {};
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds request_timeout{60'000};  // for one request, connecting included
  std::chrono::milliseconds lock_timeout{5'000};      // how long a call waits for another process on the same store
  std::string ca_file = {};           // PEM certificates to trust instead of the system's; empty: the system's
  AutomaticSync automatic_sync = {};  // off
  std::shared_ptr<ConnectivityMonitor> connectivity = {};  // for automatic syncs; null: system_connectivity()
  // Instead of identity_id and credentials: the client gets both from Cognito Identity.
  std::optional<IdentityOptions> identity = {};
};

struct ShutdownReport {
  bool clean = true;        // false: syncs were cut off at the deadline
  std::size_t pending = 0;  // local changes that are not at the service yet
};

class ClientImpl;

// Owns the store, the connection and at most one thread. [any thread]
class SYNCLINE_API Client {
 public:
  // Errors name the option that is wrong: kInvalidArgument, kStorage, kCorrupt (a file there that is none of ours),
  // kSchemaTooNew, kStorageBusy. A damaged store is no error: see recovery(). One that turns out to be damaged while it
  // is in use answers kCorrupt until it is opened again. [blocks: disk]
  static Result<Client> open(ClientOptions options);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();  // shutdown(0)

  // Opens or creates it here; the service hears of it with the first push. It belongs to the identity of this moment:
  // once the client works for another one, it answers kIdentityChanged, and its running syncs end with that. With
  // ClientOptions::identity a new dataset's name must leave room for ".GUEST-IDENTITY-ID" (kInvalidArgument), which the
  // service appends when it merges. [blocks: disk]
  Result<Dataset> dataset(std::string_view name);
  // The names known on this device for this identity. [blocks: disk]
  [[nodiscard]] Result<std::vector<std::string>> dataset_names() const;
  // Asks the service, all pages. `done` is called exactly once, on the dispatcher.
  void list_remote_datasets(std::function<void(const Result<std::vector<RemoteDataset>>&)> done);

  // Synchronizes all datasets that this device knows of this identity, side by side; each as its own synchronize()
  // would, its handlers included. Those that only the service has: list_remote_datasets(), and open them first.
  void synchronize(SyncAllCallback done);

  // Threading::kTick only: does what can be done now, without blocking on the network; call it once a frame.
  // Returns when it wants to be called again at the latest; nullopt: not before the app calls something. While a
  // conflict handler or a credentials provider is still to answer, that is at once. One thread at a time; inside one of
  // its own callbacks it does nothing.
  std::optional<MonotonicTime> tick(MonotonicTime now);

  // Lets running syncs end until the deadline, then cuts them off (kCancelled). When it returns, every completion has
  // been called and no callback will be. With a QueueDispatcher what was not pumped runs inside this call, but for
  // conflict handlers: a sync that waits for one is cut off at the deadline. From inside a callback it waits for
  // nothing that waits for that callback; with inline callbacks the deadline then counts as 0. A second call gives the
  // same report. [blocks]
  ShutdownReport shutdown(std::chrono::milliseconds deadline);

  // --- automatic syncs (ClientOptions::automatic_sync), and what an interface shows
  // What is known now. The first call, of this or on_status(), has the datasets looked at for open conflicts, by the
  // client's thread or the next tick(). [never blocks]
  [[nodiscard]] SyncStatus status();
  // Told of changes from now on, until the subscription ends.
  [[nodiscard]] Subscription on_status(StatusCallback callback);
  [[nodiscard]] Subscription on_progress(ProgressCallback callback);

  // Before the app is suspended: synchronizes all datasets with pending changes until the deadline, and says what is
  // left of them, over whatever network. What is cut off goes on afterwards if the app does, and nothing is lost if it
  // does not. With automatic syncs and no network it does not try. Drives the client with Threading::kTick. From inside
  // a callback of this client it waits for nothing: it begins the syncs and says what there is. Errors: kClosed,
  // kStorage... [blocks]
  Result<FlushReport> flush(std::chrono::milliseconds deadline);

  // What the app is told by its system and the client can't see. Nothing happens with automatic syncs off. [never
  // blocks]
  void network_changed(const Connectivity& network);
  void entered_foreground();  // as a client is opened: in the foreground
  void entered_background();
  void credentials_changed();  // the player has signed in again: the provider has others now

  // Empty: nobody is known yet, or somebody has signed out. [any thread]
  [[nodiscard]] std::string identity_id() const;
  // The last time that the store file of this data directory was found damaged: it was set aside, and what could be
  // read of the pending changes went into a new one, which learns the rest from the service with the next sync.
  // nullopt: never.
  [[nodiscard]] const std::optional<RecoveryReport>& recovery() const;

  // --- who it is: with ClientOptions::identity, else kInvalidArgument. Each `done` is called exactly once, on the
  // dispatcher.
  // Asks the service whose login it is, and works for that identity from then on; what is written while nobody is
  // signed in belongs to the next who is (D15). Without it, the first call to the service does the same with
  // IdentityOptions::login, and starting again, also offline, goes on as the last identity. A guest who logs in to an
  // account becomes it, and `guest_data` says what happens to its data: a step at a time, and the next open() goes on
  // where a killed process was. From account to account nothing is copied. If it fails, nothing has changed. Other
  // processes on the data directory go on as who they are; whoever opens it next is the one who signed in last.
  void sign_in(Login login, GuestData guest_data, SignInCallback done);
  // What of this identity's, or everybody's, is on this device only: what a wipe would lose. [blocks: disk]
  [[nodiscard]] Result<std::vector<UnsentData>> unsent(Whose whose) const;
  // Nobody's from now on. The data stays for when the identity comes back, its kept credentials go. If it fails, they
  // may be gone, but nobody is signed out; unless it was the secret store that failed.
  void sign_out(DoneCallback done);
  // As sign_out(), and removes all that is on this device of this identity's, or of everybody's; nothing at the
  // service.
  void wipe(Whose whose, DoneCallback done);
  // --- push: push.h says what it is. What is wanted is kept in the data directory, and what could not be told to the
  // service is told again: with the next of these calls, with the next successful sync, when the client is opened.
  // Each of `done` is called exactly once, on the dispatcher. [never blocks]

  // Remembered, also for identities that use this data directory later: they are registered when the client is opened
  // for them. No request if nothing has changed. A new token takes the subscriptions over. `token`: 1..4,096 bytes.
  void register_device(PushPlatform platform, std::string_view token, DeviceCallback done);
  // This device gets no more pushes for this identity: the service is told for each dataset, the token and DeviceId are
  // forgotten. Ends all subscriptions, the change stream's included.
  void unregister_device(DoneCallback done);
  // All datasets that this identity has on this device now.
  void subscribe_all(DoneCallback done);
  void unsubscribe_all(DoneCallback done);

  // From whatever the platform calls with a push message; the keys may stand below `data`. Errors, after which nothing
  // has changed: kInvalidArgument (no push of the service), kNotFound (for another pool or identity, or a dataset that
  // is not subscribed). [any thread] [blocks: disk]
  Result<PushHint> handle_push(std::string_view bytes);
  // `done` gets the sync's report (of 0 requests if all was known), or the Error that is returned.
  Result<PushHint> handle_push(std::string_view bytes, SyncCallback done);

  // Holds the service's own stream of changes open until all that this returned are gone; resumed where it broke, after
  // a back-off. An event is handled as a push message is. With Threading::kTick an event is read by the tick() after it
  // came; an idle stream lets tick() ask for the next call when a heartbeat is overdue, not sooner.
  [[nodiscard]] Subscription open_change_stream();
  [[nodiscard]] ChangeStreamStatus change_stream_status() const;

 private:
  friend class ClientImpl;
  explicit Client(std::shared_ptr<ClientImpl> impl);
  std::shared_ptr<ClientImpl> impl_ = {};
};

}  // namespace syncline
