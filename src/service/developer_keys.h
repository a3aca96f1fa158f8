// The developer keys of an installation: in SQLite, and in memory for whoever verifies signatures.
#pragma once

#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "service/operator_store.h"
#include "service/sqlite.h"

namespace syncline::service {

// A key that nobody has had.
DeveloperKey new_developer_key(Timestamp now);

// The oldest first.
Result<std::vector<DeveloperKey>> read_developer_keys(Connection& connection);
// These two are called inside a transaction. Errors: OperatorStore's.
Result<void> write_developer_key(Connection& connection, const DeveloperKey& key);
Result<void> remove_developer_key(Connection& connection, std::string_view access_key_id);

// [any thread]
class KeyRing {
 public:
  void set(std::vector<DeveloperKey> keys);
  [[nodiscard]] std::vector<DeveloperKey> all() const;
  [[nodiscard]] std::optional<std::string> secret(std::string_view access_key_id) const;

 private:
  mutable std::shared_mutex mutex_;
  std::vector<DeveloperKey> keys_;
};

}  // namespace syncline::service
