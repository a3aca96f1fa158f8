#include "store/recovery.h"

#include <filesystem>
#include <system_error>

#include "store/directory.h"
#include "store/push.h"
#include "store/rows.h"
#include "store/salvage.h"
#include "store/schema.h"

namespace syncline::store {

namespace {

namespace fs = std::filesystem;

// The names on the way. SALVAGE may be incomplete; RECOVERED is whole, and all that is left is to take the places.
std::string salvage_path(const std::string& path) {
  return path + ".salvage";
}
std::string recovered_path(const std::string& path) {
  return path + ".recovered";
}

bool lies_at(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

void rename(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) fail(ErrorCode::kStorage, from + ": can't be moved to " + to + ": " + error.message());
}

std::string free_name(const std::string& path) {
  for (int number = 1;; ++number) {
    auto name = path + ".damaged-" + std::to_string(number);
    bool taken = false;
    for (const char* part : kDatabaseParts) taken = taken || lies_at(name + part);
    if (!taken) return name;
  }
}

constexpr const char* kSetAside = "recovery.set_aside";
constexpr const char* kReason = "recovery.reason";
constexpr const char* kSaved = "recovery.saved";
constexpr const char* kComplete = "recovery.complete";

void build(const std::string& path, const std::string& reason) {
  const auto target = salvage_path(path);
  remove_scratch(target);
  Connection fresh(target, Connection::Mode::kReadWrite, std::chrono::milliseconds{0});
  fresh.execute("PRAGMA synchronous = FULL");
  create_schema(fresh);
  fresh.execute("BEGIN IMMEDIATE");
  const auto saved = salvage(path, fresh, path + ".scratch");
  mark_perhaps_sent(fresh);  // what was written down of it may have been damaged
  set_meta(fresh, kSetAside, free_name(path));
  set_meta(fresh, kReason, reason);
  set_meta(fresh, kSaved, std::to_string(saved.changes));
  set_meta(fresh, kComplete, saved.complete ? "1" : "0");
  fresh.execute("COMMIT");
}

}  // namespace

void check_length(const std::string& path) {
  constexpr std::uintmax_t kSmallestPage = 512;
  std::error_code error;
  const auto length = fs::file_size(path, error);
  if (error) return;
  if (length > 0 && length < kSmallestPage) fail(ErrorCode::kCorrupt, path + ": is too short for a database");
  const auto log = fs::file_size(path + "-wal", error);
  if (length == 0 && !error && log > 0) fail(ErrorCode::kCorrupt, path + ": is empty, but its log is not");
}

void check_header(Connection& connection) {
  std::string versions(2, '\0');
  if (!connection.read_bytes(18, versions)) return;  // a new file
  if (versions[0] > 2 || versions[0] < 1 || versions[1] > 2 || versions[1] < 1) {
    fail(ErrorCode::kCorrupt, connection.path() + ": has a header that no database of ours has");
  }
}

bool header_is_ours(const std::string& path) {
  std::error_code error;
  if (fs::file_size(path, error) < 512 || error) return false;
  try {
    Connection connection(path, Connection::Mode::kReadOnly, std::chrono::milliseconds{0});
    std::string id(4, '\0');
    return connection.read_bytes(68, id) && id == "SYNL";
  } catch (const StoreFailure&) {
    return false;
  }
}

void recover(const std::string& path, const std::string& reason) {
  build(path, reason);
  rename(salvage_path(path), recovered_path(path));
  finish_recovery(path);
}

void finish_recovery(const std::string& path) {
  const auto recovered = recovered_path(path);
  if (!lies_at(recovered)) return;
  sync_directory(path);
  std::string aside;
  {
    Connection connection(recovered, Connection::Mode::kReadOnly, std::chrono::milliseconds{0});
    aside = load_meta(connection, kSetAside).value_or(std::string());
  }
  if (aside.empty()) fail(ErrorCode::kStorage, recovered + ": does not say what it replaces");
  for (const char* part : kDatabaseParts) {
    if (lies_at(path + part)) rename(path + part, aside + part);
  }
  rename(recovered, path);
  sync_directory(path);
}

std::optional<RecoveryReport> load_recovery(Connection& connection) {
  auto aside = load_meta(connection, kSetAside);
  if (!aside) return std::nullopt;
  return RecoveryReport{
      .set_aside = std::move(*aside),
      .reason = load_meta(connection, kReason).value_or(std::string()),
      .saved = static_cast<std::size_t>(std::stoull("0" + load_meta(connection, kSaved).value_or("0"))),
      .complete = load_meta(connection, kComplete) == "1"};
}

}  // namespace syncline::store
