#include "small_worlds/small_service.h"

#include <algorithm>
#include <utility>

namespace syncline::small {

namespace {

// A record's place in a list: by count, then by key.
unsigned place_of(std::size_t key, const Held& held) {
  return held.count * 10U + static_cast<unsigned>(key);
}

}  // namespace

Result<ListedPage> SmallService::list(SyncCount from, const std::string& next_token, std::size_t page_size) const {
  ListedPage page{.session_token = std::to_string(incarnation * 256 + (exists ? count : 0))};
  if (!exists) return page;
  if (from > SyncCount{count}) return Error{.code = ErrorCode::kNoSuchSyncCount, .message = "No such SyncCount"};
  page.dataset_count = SyncCount{count};
  page.dataset_exists = true;
  page.deleted_after_requested = from.value > 0 && from < SyncCount{first_count};
  std::vector<std::pair<unsigned, std::size_t>> due;
  for (std::size_t key = 0; key < kKeys; ++key) {
    const auto place = place_of(key, records[key]);
    const bool seen = !next_token.empty() && place <= std::stoul(next_token);
    if (records[key].known && SyncCount{records[key].count} > from && !seen) due.emplace_back(place, key);
  }
  std::sort(due.begin(), due.end());
  for (std::size_t i = 0; i < std::min(due.size(), page_size); ++i) {
    page.records.push_back(to_record(due[i].second, records[due[i].second]));
    if (i + 1 == page_size && due.size() > page_size) page.next_token = std::to_string(due[i].first);
  }
  return page;
}

bool SmallService::update(const Push& push) {
  const bool looks_at_token = !(lenient && push.first);
  if (looks_at_token && (push.incarnation != incarnation || push.listed > count)) return false;
  for (const auto& patch : push.patches) {
    if (patch.base_count != (records[patch.key].known ? records[patch.key].count : Byte{0})) return false;
  }
  ++count;
  if (!std::exchange(exists, true)) first_count = count;
  for (const auto& patch : push.patches) {
    records[patch.key] =
        Held{.known = true, .value = patch.value, .count = count, .by = static_cast<Byte>(push.device + 1)};
  }
  return true;
}

void SmallService::erase() {
  if (!exists) return;
  exists = false;
  records = {};
  ++incarnation;
}

void SmallService::add_to(Digest& digest) const {
  digest.add((exists ? 1U : 0U) | (unsigned{count} << 8U) | (unsigned{first_count} << 16U) |
             (unsigned{incarnation} << 24U));
  for (const auto& record : records) digest.add(record);
}

}  // namespace syncline::small
