// Values that travel through other hands: fields in a row, authenticated with HMAC-SHA256, as base64 for URLs. What a
// text is bound to is part of the MAC's input only, so one from elsewhere is as bad as a forged one, and says no more.
// Private to the service's tokens. [any thread]
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/values.h"

namespace syncline::service {

// Fixed-width integers and length-prefixed strings: no two lists of fields have the same bytes.
void put(std::string& out, std::int64_t number);
void put(std::string& out, std::string_view text);
inline void put(std::string& out, Timestamp time) {
  put(out, std::int64_t{time.time_since_epoch().count()});
}

// Reads what put() wrote. After a failure everything is empty and complete() is false.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  std::int64_t number();
  std::string text();
  Timestamp time() { return Timestamp(std::chrono::milliseconds(number())); }
  SyncCount count() { return SyncCount{number()}; }
  [[nodiscard]] bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::int64_t fail();

  std::string_view rest_;
  bool failed_ = false;
};

using BoundTo = std::initializer_list<std::string_view>;

// The first byte of a payload is its kind, and with it the version of its layout.
std::string seal(const std::string& key, BoundTo bound, std::string payload);
// The fields behind the kind byte; nullopt: not ours, or not for `bound`.
std::optional<std::string> unseal(const std::string& key, BoundTo bound, char kind, std::string_view text);

// RFC 4648, section 5, without padding. Only the one spelling that encoding gives: bits left over must be zero.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace syncline::service
