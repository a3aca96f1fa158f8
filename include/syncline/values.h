// The words of the protocol as types: ids, names, sync counts, versions of a record. [any thread]
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "syncline/export.h"
#include "syncline/result.h"

namespace syncline {

// A moment of the wall clock, in milliseconds since 1970 (UTC). Shown to people and sent to the service, but never
// decides anything (D16).
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

// A moment of the clock that only goes forward; what Client::tick() takes.
using MonotonicTime = std::chrono::steady_clock::time_point;

// A dataset's or a record's sync count; 0: does not exist at the service.
struct SyncCount {
  std::int64_t value = 0;
  auto operator<=>(const SyncCount&) const = default;
  [[nodiscard]] SyncCount next() const { return SyncCount{value + 1}; }
};

// How often a key was written on this device; only grows.
struct Revision {
  std::int64_t value = 0;
  auto operator<=>(const Revision&) const = default;
};

// A validated string; parse() is the only way to one that is not empty.
template <typename Kind>
class CheckedText {
 public:
  CheckedText() = default;
  static Result<CheckedText> parse(std::string_view text) {
    if (auto checked = Kind::check(text); !checked) return std::move(checked).error();
    CheckedText result;
    result.text_ = text;
    return result;
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  auto operator<=>(const CheckedText&) const = default;

 private:
  std::string text_ = {};
};

struct IdentityIdKind {
  SYNCLINE_API static Result<void> check(std::string_view text);
};
struct IdentityPoolIdKind {
  SYNCLINE_API static Result<void> check(std::string_view text);
};
struct DatasetNameKind {
  SYNCLINE_API static Result<void> check(std::string_view text);
};

using IdentityId = CheckedText<IdentityIdKind>;          // "us-east-1:GUID"
using IdentityPoolId = CheckedText<IdentityPoolIdKind>;  // "us-east-1:GUID"
using DatasetName = CheckedText<DatasetNameKind>;        // 1..128 of [a-zA-Z0-9_.:-]

// 1..1,024 characters of UTF-8.
SYNCLINE_API Result<void> check_key(std::string_view key);
// At most 1,048,575 characters of UTF-8; "" is a value.
SYNCLINE_API Result<void> check_value(std::string_view value);

// One version of a record as the service holds it. An absent value is a tombstone: the record was removed.
struct Version {
  std::optional<std::string> value = {};
  SyncCount count = {};
  std::string modified_by = {};    // the device or identity that wrote it, in the service's words
  Timestamp modified_at{};         // the service's clock
  Timestamp device_modified_at{};  // the writing device's clock
  bool operator==(const Version&) const = default;
};

}  // namespace syncline
