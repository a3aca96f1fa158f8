// The values of a small world, a byte each, so that a whole world is hashed and copied quickly. [any thread]
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/sync.h"

namespace syncline::small {

using Byte = std::uint8_t;

inline constexpr std::size_t kKeys = 2;
inline constexpr std::size_t kDevices = 2;
inline constexpr Byte kNoValue = 0;  // a tombstone, or a removal

// A version of a record: what the service holds, and what a device takes for its base.
struct Held {
  bool known = false;
  Byte value = kNoValue;
  Byte count = 0;
  Byte by = 0;  // 1 + the device that wrote it
  bool operator==(const Held&) const = default;
};

inline std::string key_name(std::size_t key) {
  return std::string(1, static_cast<char>('k' + key));
}
inline std::size_t key_of(const std::string& name) {
  return static_cast<std::size_t>(name.front() - 'k');
}

inline std::optional<std::string> to_text(Byte value) {
  if (value == kNoValue) return std::nullopt;
  return std::string(1, static_cast<char>(value));
}
inline Byte from_text(const std::optional<std::string>& value) {
  return value ? static_cast<Byte>(value->front()) : kNoValue;
}

inline RemoteRecord to_record(std::size_t key, const Held& held) {
  return RemoteRecord{
      .key = key_name(key),
      .version =
          Version{.value = to_text(held.value),
                  .count = SyncCount{held.count},
                  .modified_by = held.by == 0 ? std::string() : std::string(1, static_cast<char>('@' + held.by))}};
}
inline Held from_record(const RemoteRecord& record) {
  const auto& version = record.version;
  return Held{.known = true,
              .value = from_text(version.value),
              .count = static_cast<Byte>(version.count.value),
              .by = version.modified_by.empty() ? Byte{0} : static_cast<Byte>(version.modified_by.front() - '@')};
}

// What tells two worlds apart, as one number.
class Digest {
 public:
  void add(std::uint64_t number) {
    state_ ^= number + 0x9e3779b97f4a7c15ULL;
    state_ *= 0xff51afd7ed558ccdULL;
    state_ ^= state_ >> 32U;
  }
  void add(const Held& held) {
    add((held.known ? 1U : 0U) | (unsigned{held.value} << 8U) | (unsigned{held.count} << 16U) |
        (unsigned{held.by} << 24U));
  }
  void add(const std::string& text) {
    for (const char letter : text) add(static_cast<std::uint64_t>(static_cast<unsigned char>(letter)));
    add(text.size() + 1'000);
  }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0x2545f4914f6cdd1dULL;
};

}  // namespace syncline::small
