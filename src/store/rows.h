// The rows of one key, read and changed inside a transaction. What each table means: schema.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/impl.h"

namespace syncline::store {

struct Pending {
  std::optional<std::string> value;  // absent: a removal
  Revision revision;
  Timestamp written_at{};
};

// All that is known of a key.
struct KeyState {
  std::optional<Version> base;
  Revision base_revision;
  std::optional<Pending> pending;
  bool conflicted = false;

  // What the app sees.
  [[nodiscard]] const std::optional<std::string>& visible() const;
  [[nodiscard]] SyncCount base_count() const { return base ? base->count : SyncCount{}; }
  // The last revision ever given to the key.
  [[nodiscard]] Revision last_revision() const { return pending ? pending->revision : base_revision; }
};

std::int64_t to_millis(Timestamp time);
Timestamp from_millis(std::int64_t millis);
// Columns: value, sync_count, modified_by, modified_at, device_modified_at, from `first` on.
Version read_version(const Statement& row, int first);
void bind_version(Statement& statement, const Version& version);

// What the app sees, counted and summed up. Reads the whole dataset.
Totals load_totals(Connection& connection, DatasetId dataset);

KeyState load_key(Connection& connection, DatasetId dataset, std::string_view key);

// The base moves. Sends made on an older base can no longer take effect, as the service compares counts, and go.
// `revision`: the key's last one.
void set_base(Connection& connection, DatasetId dataset, std::string_view key, const Version& version,
              Revision revision);
void drop_base(Connection& connection, DatasetId dataset, std::string_view key);
void set_pending(Connection& connection, DatasetId dataset, std::string_view key, std::optional<std::string_view> value,
                 Revision revision, Timestamp written_at);
void end_pending(Connection& connection, DatasetId dataset, std::string_view key);
// The remote side of an open conflict; nullopt: none is open.
std::optional<Version> load_conflict(Connection& connection, DatasetId dataset, std::string_view key);
void set_conflict(Connection& connection, DatasetId dataset, std::string_view key, const Version& remote);
void end_conflict(Connection& connection, DatasetId dataset, std::string_view key);
// Whether this version is a push of ours whose answer never came: a value that was sent, on another version than this
// one, with the date that the service gives back as DeviceLastModifiedDate. By its value alone, what another device
// wrote over our newest push would be taken for an older one that came late (D7). The date is a mark here, no order is
// made of it (D16); a service that keeps whole seconds is believed too. Not: on an older version, as the counts of a
// merged dataset go back (protocol.md, section 8).
bool was_sent(Connection& connection, DatasetId dataset, const RemoteRecord& incoming);

// Enters a change of what the app sees into `changes` and the totals.
void note_change(WriteTransaction& transaction, DatasetId dataset, std::string_view key,
                 const std::optional<std::string>& before, const std::optional<std::string>& after,
                 KeyChanges& changes);

// Written down as sent and not answered. One that is there already stays.
void add_sent(Connection& connection, DatasetId dataset, std::string_view key, std::optional<std::string_view> value,
              Revision revision, SyncCount base_count, Timestamp written_at);

// What the app has said of a merged dataset. What it said before stays.
void add_twin(Connection& connection, DatasetId dataset, std::string_view name, bool doomed);

// A line of the table meta; nullopt: there is none.
std::optional<std::string> load_meta(Connection& connection, std::string_view name);
void set_meta(Connection& connection, std::string_view name, std::string_view value);

// meta: the current identity; empty: none.
inline constexpr const char* kIdentity = "identity";
std::string last_identity(Connection& connection);
// kIdentityChanged: what was opened here has been wiped, and whoever is asked for it by its id has nothing to say.
[[noreturn]] void fail_wiped();
void check_not_wiped(Connection& connection, DatasetId dataset);
// 0: there is none.
DatasetId find_dataset(Connection& connection, std::string_view identity, std::string_view name);
DatasetId find_or_add_dataset(Connection& connection, std::string_view identity, std::string_view name);

// Everything up to `count` is applied, and the service has told of nothing newer.
void set_sync_count(Connection& connection, DatasetId dataset, SyncCount count);
// The service has told of `count`; what lies between it and the sync count is not applied.
void note_newest(Connection& connection, DatasetId dataset, SyncCount count);

// Fails with kLimitExceeded if the transaction lets the dataset grow beyond its quotas. One that is over them already,
// because others wrote, may still shrink.
void check_quotas(const WriteTransaction& transaction, const Totals& before);

}  // namespace syncline::store
