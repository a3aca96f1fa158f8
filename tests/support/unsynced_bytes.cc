#include "support/unsynced_bytes.h"

#include <algorithm>
#include <cstring>

namespace syncline::testing {

namespace {

constexpr std::size_t kSector = 512;

}  // namespace

void UnsyncedBytes::write(std::size_t offset, const char* data, std::size_t length) {
  const auto overwritten = offset < bytes.size() ? std::min(length, bytes.size() - offset) : 0;
  changes_.push_back(Change{
      .offset = offset, .length = length, .old_size = bytes.size(), .undo = undo_.size(), .undo_length = overwritten});
  undo_.append(bytes, std::min(offset, bytes.size()), overwritten);
  if (offset > bytes.size()) bytes.resize(offset);
  if (overwritten != 0) std::memcpy(bytes.data() + offset, data, overwritten);
  bytes.append(data + overwritten, length - overwritten);
}

void UnsyncedBytes::truncate(std::size_t size) {
  const auto lost = size < bytes.size() ? bytes.size() - size : 0;
  changes_.push_back(
      Change{.truncation = true, .length = size, .old_size = bytes.size(), .undo = undo_.size(), .undo_length = lost});
  undo_.append(bytes, bytes.size() - lost, lost);
  bytes.resize(size);
}

void UnsyncedBytes::forget_changes() {
  changes_.clear();
  undo_.clear();
}

// Back to the last sync. Answers what each write wrote.
std::vector<std::string> UnsyncedBytes::undo_all() {
  std::vector<std::string> written(changes_.size());
  for (auto index = changes_.size(); index-- > 0;) {
    const auto& change = changes_[index];
    if (!change.truncation) written[index] = bytes.substr(change.offset, change.length);
    bytes.resize(change.old_size);
    const auto at = change.truncation ? change.old_size - change.undo_length : change.offset;
    if (change.undo_length != 0) bytes.replace(at, change.undo_length, undo_, change.undo, change.undo_length);
  }
  return written;
}

bool coin(Random& random) {
  return (random.next() & 1U) != 0;
}

std::vector<std::pair<std::size_t, std::size_t>> some_sectors(Random& random, std::size_t offset, std::size_t length) {
  std::vector<std::pair<std::size_t, std::size_t>> parts;
  for (auto at = offset; at < offset + length;) {
    const auto end = std::min((at / kSector + 1) * kSector, offset + length);
    if (coin(random)) parts.emplace_back(at, end - at);
    at = end;
  }
  return parts;
}

std::vector<bool> survivors(Random& random, std::size_t count) {
  const auto style = random.next() % 4;
  const auto moment = count == 0 ? 0 : random.next() % (count + 1);
  std::vector<bool> kept(count);
  for (std::size_t index = 0; index < count; ++index) {
    kept[index] = style == 1 || (style == 2 && index < moment) || (style == 3 && coin(random));
  }
  return kept;
}

void UnsyncedBytes::cut(Random& random) {
  if (changes_.empty()) return;
  const auto kept = survivors(random, changes_.size());
  const auto written = undo_all();
  const auto last = std::find(kept.rbegin(), kept.rend(), true);
  for (std::size_t index = 0; index < changes_.size(); ++index) {
    if (!kept[index]) continue;
    const auto& change = changes_[index];
    if (change.truncation) {
      bytes.resize(change.length);
      continue;
    }
    std::vector<std::pair<std::size_t, std::size_t>> parts{{change.offset, change.length}};
    const bool is_last = index + 1 == static_cast<std::size_t>(kept.rend() - last);
    if (is_last && coin(random)) parts = some_sectors(random, change.offset, change.length);
    for (const auto& [offset, length] : parts) {
      if (offset + length > bytes.size()) bytes.resize(offset + length);
      bytes.replace(offset, length, written[index], offset - change.offset, length);
    }
  }
  forget_changes();
}

}  // namespace syncline::testing
