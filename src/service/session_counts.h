// How many sync sessions each pool has had. Counted in memory, since a list must not wait for the disk; whoever writes
// to the store anyway takes the figure along. [any thread]
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace syncline::service {

class SessionCounts {
 public:
  void count(std::string_view pool) {
    const std::lock_guard lock(mutex_);
    ++entry(pool);
  }
  [[nodiscard]] std::int64_t of(std::string_view pool) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(pool);
    return found == counts_.end() ? 0 : found->second;
  }
  void set(std::string_view pool, std::int64_t count) {
    const std::lock_guard lock(mutex_);
    entry(pool) = count;
  }
  void forget(std::string_view pool) {
    const std::lock_guard lock(mutex_);
    if (const auto found = counts_.find(pool); found != counts_.end()) counts_.erase(found);
  }
  [[nodiscard]] std::map<std::string, std::int64_t, std::less<>> all() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  std::int64_t& entry(std::string_view pool) {
    const auto found = counts_.find(pool);
    return found != counts_.end() ? found->second : counts_[std::string(pool)];
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t, std::less<>> counts_;
};

}  // namespace syncline::service
