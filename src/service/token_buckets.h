// Token buckets for any number of callers in a fixed amount of memory: for each, calls come in at `per_second`, and as
// many as `burst` may come at once. [any thread] [never blocks]
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "syncline/values.h"

namespace syncline::service {

struct Rate {
  int per_second = 0;  // 0: no limit
  int burst = 0;       // at least 1 where there is a limit
};

class TokenBuckets {
 public:
  // `seed`: chance, so that nobody can know which callers share a place. 1 MiB for each 65,536 callers.
  TokenBuckets(Rate rate, std::uint64_t seed, std::size_t callers = kCallers);

  // Takes a token; nullopt: done, else nothing was taken, and how long until there is one.
  std::optional<std::chrono::nanoseconds> take(std::string_view caller, MonotonicTime now);
  // What a call turned out to cost beyond its token. It may leave a debt, of at most another burst.
  void charge(std::string_view caller, std::int64_t tokens, MonotonicTime now);
  // The token of a call that should not count after all.
  void give_back(std::string_view caller, MonotonicTime now);

 private:
  // Callers whose places collide share them; where all are taken, the one whose bucket is fullest loses its place. That
  // gives it back at most what it had used: a crowd can make the limit milder for its members, never harder for others.
  static constexpr std::size_t kPlaces = 8;
  static constexpr std::size_t kLocks = 64;
  static constexpr std::size_t kCallers = 65'536;

  // A bucket as the moment at which it will be full again; one in the past is as good as none.
  struct Place {
    std::uint64_t caller = 0;
    std::int64_t full_at = 0;  // nanoseconds, monotonic
  };
  using Row = std::array<Place, kPlaces>;

  [[nodiscard]] std::uint64_t hash(std::string_view caller) const;
  [[nodiscard]] std::int64_t room() const { return interval_ * rate_.burst; }  // from empty to full
  static Place& place_of(Row& row, std::uint64_t caller);
  // The bucket of `caller` as `use(full_at)` leaves it, which is never in the past when it is given.
  template <typename Use>
  auto with(std::string_view caller, MonotonicTime now, Use use);

  Rate rate_;
  std::int64_t interval_;  // nanoseconds for a token
  std::uint64_t seed_;
  std::vector<Row> rows_;
  std::array<std::mutex, kLocks> locks_;
};

}  // namespace syncline::service
