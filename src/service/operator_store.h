// What the service keeps for whoever runs it: developer keys, figures, copies of itself; a part of the store's port.
// [any thread] [blocks: disk]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::service {

// Acts for any identity of any pool of the installation.
struct DeveloperKey {
  std::string access_key_id;
  std::string secret_access_key;  // no message may show it
  Timestamp created_at{};
};

struct StoreFigures {
  std::int64_t pools = 0;
  std::int64_t data_bytes = 0;  // keys and values of present records
  std::int64_t file_bytes = 0;  // what the disk holds: the database,
  std::int64_t log_bytes = 0;   // and its write-ahead log
};

class OperatorStore {
 public:
  virtual ~OperatorStore() = default;

  // nullopt: no such key, or not any more. [never blocks: disk]
  [[nodiscard]] virtual std::optional<std::string> developer_secret(std::string_view access_key_id) const = 0;
  // The oldest first; there is always one.
  [[nodiscard]] virtual std::vector<DeveloperKey> developer_keys() const = 0;
  // Valid when it returns.
  virtual Result<DeveloperKey> add_developer_key(Timestamp now) = 0;
  // Void when it returns. Errors: kNotFound; kInvalidArgument: it is the only one.
  virtual Result<void> revoke_developer_key(std::string_view access_key_id) = 0;

  virtual Result<StoreFigures> figures() = 0;
  // The store as it is at this moment, in one new file; nobody waits for it. Errors: kStorage (the file exists or can't
  // be written), kStorageFull; nothing is left behind then.
  virtual Result<void> back_up(const std::string& file) = 0;
};

}  // namespace syncline::service
