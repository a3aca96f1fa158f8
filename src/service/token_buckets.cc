#include "service/token_buckets.h"

#include <algorithm>
#include <functional>

namespace syncline::service {

namespace {

std::int64_t nanoseconds(MonotonicTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

// Spreads every bit over all (the finalizer of MurmurHash3).
std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ (bits >> 33U)) * 0xFF51AFD7ED558CCDULL;
  bits = (bits ^ (bits >> 33U)) * 0xC4CEB9FE1A85EC53ULL;
  return bits ^ (bits >> 33U);
}

}  // namespace

TokenBuckets::TokenBuckets(Rate rate, std::uint64_t seed, std::size_t callers)
    : rate_(rate), interval_(rate.per_second > 0 ? 1'000'000'000 / rate.per_second : 0), seed_(seed) {
  if (interval_ > 0) rows_.resize(std::max<std::size_t>(1, callers / kPlaces));
}

std::uint64_t TokenBuckets::hash(std::string_view caller) const {
  return mixed(std::hash<std::string_view>()(caller) ^ seed_);
}

TokenBuckets::Place& TokenBuckets::place_of(Row& row, std::uint64_t caller) {
  const auto own =
      std::find_if(row.begin(), row.end(), [caller](const Place& place) { return place.caller == caller; });
  if (own != row.end()) return *own;
  Place& fullest =
      *std::min_element(row.begin(), row.end(), [](const Place& a, const Place& b) { return a.full_at < b.full_at; });
  fullest = Place{.caller = caller, .full_at = 0};
  return fullest;
}

template <typename Use>
auto TokenBuckets::with(std::string_view caller, MonotonicTime now, Use use) {
  const std::uint64_t key = hash(caller);
  const std::size_t index = key % rows_.size();
  const std::lock_guard lock(locks_[index % kLocks]);
  Place& place = place_of(rows_[index], key);
  place.full_at = std::max(place.full_at, nanoseconds(now));
  return use(place.full_at);
}

std::optional<std::chrono::nanoseconds> TokenBuckets::take(std::string_view caller, MonotonicTime now) {
  if (interval_ == 0) return std::nullopt;
  return with(caller, now, [&](std::int64_t& full_at) -> std::optional<std::chrono::nanoseconds> {
    const std::int64_t missing = full_at + interval_ - nanoseconds(now) - room();
    if (missing > 0) return std::chrono::nanoseconds(missing);
    full_at += interval_;
    return std::nullopt;
  });
}

void TokenBuckets::charge(std::string_view caller, std::int64_t tokens, MonotonicTime now) {
  if (interval_ == 0 || tokens <= 0) return;
  with(caller, now, [&](std::int64_t& full_at) {
    const std::int64_t deepest = nanoseconds(now) + 2 * room();
    if (full_at < deepest) full_at = std::min(full_at + tokens * interval_, deepest);
  });
}

void TokenBuckets::give_back(std::string_view caller, MonotonicTime now) {
  if (interval_ == 0) return;
  with(caller, now, [&](std::int64_t& full_at) { full_at -= interval_; });
}

}  // namespace syncline::service
