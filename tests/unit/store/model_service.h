// The service as protocol.md describes it, in fifty lines and in memory: one dataset, every version that it ever had.
// Written independently of src/service, as a second reading of the protocol. [one thread]
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/sync.h"
#include "syncline/result.h"

namespace syncline::store {

class ModelService {
 public:
  // Pages are cut from what is there when each is asked for, so a write in between shows as pages that disagree.
  [[nodiscard]] Result<ListedPage> list(SyncCount from, const std::string& next_token, std::size_t page_size) const {
    if (!exists_) return ListedPage{.session_token = token()};
    if (from > count_) return Error{.code = ErrorCode::kNoSuchSyncCount, .message = "No such SyncCount"};
    ListedPage page{.dataset_count = count_,
                    .dataset_exists = true,
                    .deleted_after_requested = from.value > 0 && from < first_count_,
                    .session_token = token()};
    const SyncCount after{next_token.empty() ? from.value : std::stoll(next_token.substr(0, next_token.find(' ')))};
    const auto after_key = next_token.empty() ? std::string() : next_token.substr(next_token.find(' ') + 1);
    std::map<std::pair<std::int64_t, std::string>, RemoteRecord> due;
    for (const auto& [key, version] : records_) {
      const auto place = std::pair(version.count.value, key);
      if (version.count > from && (next_token.empty() || place > std::pair(after.value, after_key))) {
        due.emplace(place, RemoteRecord{key, version});
      }
    }
    for (const auto& [place, record] : due) {
      if (page.records.size() == page_size) {
        const auto& last = page.records.back();
        page.next_token = std::to_string(last.version.count.value) + " " + last.key;
        break;
      }
      page.records.push_back(record);
    }
    return page;
  }

  Result<std::vector<RemoteRecord>> update(const std::string& session_token, const std::string& device,
                                           const std::vector<OutgoingChange>& patches) {
    const bool deleted_since = session_token != token() && std::stoll(session_token) != incarnation_;
    for (const auto& patch : patches) {
      const auto known = records_.find(patch.key);
      if (deleted_since || patch.base_count != (known == records_.end() ? SyncCount{} : known->second.count)) {
        return Error{.code = ErrorCode::kResourceConflict, .message = "Current SyncCount for: " + patch.key};
      }
    }
    count_ = count_.next();
    if (!std::exchange(exists_, true)) first_count_ = count_;
    std::vector<RemoteRecord> written;
    for (const auto& patch : patches) {
      records_[patch.key] = Version{.value = patch.value, .count = count_, .modified_by = device};
      written.push_back({patch.key, records_[patch.key]});
    }
    history_.insert(history_.end(), written.begin(), written.end());
    return written;
  }

  // DeleteDataset: the counts go on, so that devices can tell.
  void erase() {
    if (!exists_) return;
    exists_ = false;
    records_.clear();
    ++incarnation_;
  }

  [[nodiscard]] const std::map<std::string, Version>& records() const { return records_; }
  [[nodiscard]] const std::vector<RemoteRecord>& history() const { return history_; }
  [[nodiscard]] std::map<std::string, std::string> present() const {
    std::map<std::string, std::string> values;
    for (const auto& [key, version] : records_) {
      if (version.value) values.emplace(key, *version.value);
    }
    return values;
  }

 private:
  [[nodiscard]] std::string token() const { return std::to_string(incarnation_); }

  bool exists_ = false;
  SyncCount count_;
  SyncCount first_count_;
  std::int64_t incarnation_ = 0;
  std::map<std::string, Version> records_;
  std::vector<RemoteRecord> history_;
};

}  // namespace syncline::store
