#include "syncline/values.h"

#include <algorithm>

#include "core/text.h"
#include "syncline/limits.h"

namespace syncline {

namespace {

Error invalid(std::string message) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = std::move(message)};
}

// At most as much of a bad name as helps to find it.
std::string quoted(std::string_view text) {
  static constexpr std::size_t kShown = 60;
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (!printable) return "(" + std::to_string(text.size()) + " bytes)";
  return "'" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "...'" : "'");
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// API model: [\w-]+:[0-9a-f-]+, 1..55.
Result<void> check_identity(std::string_view what, std::string_view text) {
  const auto colon = text.find(':');
  const auto is_region = [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; };
  const auto is_guid = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; };
  const auto all = [](std::string_view part, auto allowed) {
    return !part.empty() && std::all_of(part.begin(), part.end(), allowed);
  };
  if (colon == std::string_view::npos || text.size() > kMaxIdentityCharacters ||
      !all(text.substr(0, colon), is_region) || !all(text.substr(colon + 1), is_guid)) {
    return invalid(std::string(what) + " " + quoted(text) + " is not REGION:GUID of at most 55 characters");
  }
  return {};
}

}  // namespace

Result<void> IdentityIdKind::check(std::string_view text) {
  return check_identity("identity id", text);
}

Result<void> IdentityPoolIdKind::check(std::string_view text) {
  return check_identity("identity pool id", text);
}

Result<void> DatasetNameKind::check(std::string_view text) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == ':' || c == '-'; };
  if (text.empty() || text.size() > kMaxDatasetNameCharacters || !std::all_of(text.begin(), text.end(), allowed)) {
    return invalid("dataset name " + quoted(text) + " is not 1 to 128 characters of a-z A-Z 0-9 _ . : -");
  }
  return {};
}

Result<void> check_key(std::string_view key) {
  const auto length = utf8_length(key);
  if (!length) return invalid("key " + quoted(key) + " is not UTF-8");
  if (*length < 1 || *length > kMaxKeyCharacters) {
    return invalid("key " + quoted(key) + " has " + std::to_string(*length) + " characters, not 1 to 1024");
  }
  return {};
}

Result<void> check_value(std::string_view value) {
  const auto length = utf8_length(value);
  if (!length) return invalid("value (" + std::to_string(value.size()) + " bytes) is not UTF-8");
  if (*length > kMaxValueCharacters) {
    return invalid("value has " + std::to_string(*length) + " characters, more than 1048575");
  }
  return {};
}

}  // namespace syncline
