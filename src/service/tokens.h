// The tokens that the service hands out: self-contained and authenticated, so that no node keeps state between
// requests (sealed.h). [any thread]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/result.h"
#include "syncline/values.h"
#include "wire/messages.h"

namespace syncline::service {

// SyncSessionToken: names a list that the update which carries it is based on.
struct SessionToken {
  std::string session;  // 16 random bytes
  Timestamp expires_at{};
  SyncCount listed;  // the dataset's count in that list; 0: it did not exist
  // If it did not: the last count of the one that was deleted before, 0 if there was none; absent: not known.
  std::optional<SyncCount> gone;
};

// NextToken of ListRecords: one snapshot, and how far it has been read. It expires with its first page's lifetime, not
// later, since superseded records are kept for no longer.
struct RecordsPageToken {
  Timestamp expires_at{};
  SyncCount snapshot;        // the dataset's count when the first page was read
  SyncCount requested;       // lastSyncCount of the first page
  SyncCount last_count;      // where the page before this one ended:
  std::int64_t last_id = 0;  //   records are listed by (count, id)
  bool deleted_after_requested = false;
  std::string modified_by;  // the dataset's LastModifiedBy at the snapshot
};

// NextToken of ListDatasets.
struct DatasetsPageToken {
  Timestamp expires_at{};
  std::string last_name;
};

// NextToken of every other list: pools, their usage, identities.
struct ListPageToken {
  Timestamp expires_at{};
  std::string last;  // where the page before this one ended
};

class Tokens {
 public:
  // `key`: 32 random bytes that all nodes of one database share.
  explicit Tokens(std::string key) : key_(std::move(key)) {}

  [[nodiscard]] std::string seal(const wire::Target& target, const SessionToken& token) const;
  [[nodiscard]] std::string seal(const wire::Target& target, const RecordsPageToken& token) const;
  [[nodiscard]] std::string seal(const wire::Target& target, const DatasetsPageToken& token) const;

  // `list` names the operation, `of` what it lists: a pool, an identity, or nothing.
  [[nodiscard]] std::string seal_list(std::string_view list, std::string_view of, const ListPageToken& token) const;

  // Errors: kInvalidParameter, the same whether the token is malformed, forged, bound to something else or expired.
  [[nodiscard]] Result<SessionToken> open_session(const wire::Target& target, std::string_view text,
                                                  Timestamp now) const;
  [[nodiscard]] Result<RecordsPageToken> open_records_page(const wire::Target& target, std::string_view text,
                                                           Timestamp now) const;
  [[nodiscard]] Result<DatasetsPageToken> open_datasets_page(const wire::Target& target, std::string_view text,
                                                             Timestamp now) const;
  [[nodiscard]] Result<ListPageToken> open_list(std::string_view list, std::string_view of, std::string_view text,
                                                Timestamp now) const;

 private:
  std::string key_;
};

}  // namespace syncline::service
