#include "service/developer_keys.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "auth/digest.h"
#include "service/sqlite_rows.h"

namespace syncline::service {

namespace {

// 5 bits a letter.
std::string random_letters(std::size_t count) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string letters = auth::random_bytes(count);
  for (char& c : letters) c = kLetters[static_cast<unsigned char>(c) % kLetters.size()];
  return letters;
}

}  // namespace

DeveloperKey new_developer_key(Timestamp now) {
  return DeveloperKey{.access_key_id = "SLDK" + random_letters(16),
                      .secret_access_key = auth::base64url_encode(auth::random_bytes(30)),
                      .created_at = now};
}

Result<std::vector<DeveloperKey>> read_developer_keys(Connection& connection) {
  std::vector<DeveloperKey> keys;
  auto read =
      read_rows(connection, "SELECT access_key_id, secret_access_key, created_at FROM developer_keys ORDER BY id",
                [&](const Query& row) {
                  keys.push_back({.access_key_id = std::string(row.text(0)),
                                  .secret_access_key = std::string(row.text(1)),
                                  .created_at = time_of(row.integer(2))});
                });
  if (!read) return std::move(read).error();
  return keys;
}

Result<void> write_developer_key(Connection& connection, const DeveloperKey& key) {
  const std::int64_t time = milliseconds(key.created_at);
  // The pool is the installation's first: a key is for all of them.
  return run_once(connection,
                  "INSERT INTO developer_keys (pool_id, access_key_id, secret_access_key, created_at)"
                  " VALUES (1, ?1, ?2, ?3)",
                  key.access_key_id, key.secret_access_key, time);
}

Result<void> remove_developer_key(Connection& connection, std::string_view access_key_id) {
  auto keys = read_developer_keys(connection);
  if (!keys) return std::move(keys).error();
  const bool known = std::any_of(keys->begin(), keys->end(),
                                 [&](const DeveloperKey& key) { return key.access_key_id == access_key_id; });
  if (!known) {
    return Error{.code = ErrorCode::kNotFound, .message = "there is no developer key " + std::string(access_key_id)};
  }
  if (keys->size() == 1) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .message = std::string(access_key_id) + " is the only developer key: rotate first"};
  }
  return run_once(connection, "DELETE FROM developer_keys WHERE access_key_id = ?1", access_key_id);
}

void KeyRing::set(std::vector<DeveloperKey> keys) {
  const std::unique_lock lock(mutex_);
  keys_ = std::move(keys);
}

std::vector<DeveloperKey> KeyRing::all() const {
  const std::shared_lock lock(mutex_);
  return keys_;
}

std::optional<std::string> KeyRing::secret(std::string_view access_key_id) const {
  const std::shared_lock lock(mutex_);
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const DeveloperKey& key) { return key.access_key_id == access_key_id; });
  if (found == keys_.end()) return std::nullopt;
  return found->secret_access_key;
}

}  // namespace syncline::service
