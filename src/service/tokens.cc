#include "service/tokens.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "auth/digest.h"

namespace syncline::service {

namespace {

constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kMaxTokenCharacters = 4096;  // ours are shorter; saves the MAC of a long forged one

// The first byte of a payload: a kind, and with it the version of its layout.
constexpr char kSessionKind = 'S';
constexpr std::int64_t kNotGone = -1;
constexpr char kRecordsPageKind = 'r';
constexpr char kDatasetsPageKind = 'd';

// Fixed-width integers and length-prefixed strings: no two lists of fields have the same bytes.
void put(std::string& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>((bits >> shift) & 0xFFU);
}

void put(std::string& out, std::string_view text) {
  put(out, static_cast<std::int64_t>(text.size()));
  out += text;
}

// Reads what put() wrote. After a failure everything is empty and complete() is false.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  std::int64_t number() {
    if (rest_.size() < 8) return fail();
    std::uint64_t bits = 0;
    for (std::size_t i = 8; i-- > 0;) bits = (bits << 8U) | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(8);
    return static_cast<std::int64_t>(bits);
  }

  std::string text() {
    const std::int64_t size = number();
    if (size < 0 || static_cast<std::uint64_t>(size) > rest_.size()) {
      fail();
      return {};
    }
    std::string result(rest_.substr(0, static_cast<std::size_t>(size)));
    rest_.remove_prefix(result.size());
    return result;
  }

  Timestamp time() { return Timestamp(std::chrono::milliseconds(number())); }
  SyncCount count() { return SyncCount{number()}; }
  [[nodiscard]] bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::int64_t fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

std::int64_t milliseconds(Timestamp time) {
  return time.time_since_epoch().count();
}

int base64url_value(char digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  if (digit == '-') return 62;
  if (digit == '_') return 63;
  return -1;
}

// RFC 4648, section 5, without padding. Only the one spelling that encoding gives: bits left over must be zero.
std::optional<std::string> base64url_decode(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const int value = base64url_value(c);
    if (value < 0) return std::nullopt;
    pending = (pending << 6U) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((pending >> bits) & 0xFFU);
    pending &= (1U << bits) - 1U;
  }
  if (bits >= 6 || pending != 0) return std::nullopt;
  return bytes;
}

std::string mac(const std::string& key, const wire::Target& target, std::string_view payload) {
  std::string bound;
  put(bound, target.pool.text());
  put(bound, target.identity.text());
  put(bound, target.dataset.text());
  put(bound, payload);
  return auth::hmac_sha256(key, bound);
}

std::string seal_payload(const std::string& key, const wire::Target& target, std::string payload) {
  payload += mac(key, target, payload);
  return auth::base64url_encode(payload);
}

// The fields behind the kind byte; nullopt: not ours, or not for `target`.
std::optional<std::string> open_payload(const std::string& key, const wire::Target& target, char kind,
                                        std::string_view text) {
  if (text.size() > kMaxTokenCharacters) return std::nullopt;
  const auto bytes = base64url_decode(text);
  if (!bytes || bytes->size() <= kMacBytes) return std::nullopt;
  const std::string_view payload = std::string_view(*bytes).substr(0, bytes->size() - kMacBytes);
  const std::string_view received = std::string_view(*bytes).substr(payload.size());
  if (!auth::equal_in_constant_time(mac(key, target, payload), received) || payload.front() != kind) {
    return std::nullopt;
  }
  return std::string(payload.substr(1));
}

Error bad_session() {
  return Error{.code = ErrorCode::kInvalidParameter, .message = "SyncSessionToken not valid for these inputs"};
}

Error bad_page() {
  return Error{.code = ErrorCode::kInvalidParameter, .message = "NextToken not valid for these inputs, or expired"};
}

}  // namespace

std::string Tokens::seal(const wire::Target& target, const SessionToken& token) const {
  std::string payload(1, kSessionKind);
  put(payload, token.session);
  put(payload, milliseconds(token.expires_at));
  put(payload, token.listed.value);
  put(payload, token.gone ? token.gone->value : kNotGone);
  return seal_payload(key_, target, std::move(payload));
}

std::string Tokens::seal(const wire::Target& target, const RecordsPageToken& token) const {
  std::string payload(1, kRecordsPageKind);
  put(payload, milliseconds(token.expires_at));
  put(payload, token.snapshot.value);
  put(payload, token.requested.value);
  put(payload, token.last_count.value);
  put(payload, token.last_id);
  put(payload, std::int64_t{token.deleted_after_requested ? 1 : 0});
  put(payload, token.modified_by);
  return seal_payload(key_, target, std::move(payload));
}

std::string Tokens::seal(const wire::Target& target, const DatasetsPageToken& token) const {
  std::string payload(1, kDatasetsPageKind);
  put(payload, milliseconds(token.expires_at));
  put(payload, token.last_name);
  return seal_payload(key_, target, std::move(payload));
}

Result<SessionToken> Tokens::open_session(const wire::Target& target, std::string_view text, Timestamp now) const {
  const auto payload = open_payload(key_, target, kSessionKind, text);
  if (!payload) return bad_session();
  Fields fields(*payload);
  SessionToken token;
  token.session = fields.text();
  token.expires_at = fields.time();
  token.listed = fields.count();
  if (const SyncCount gone = fields.count(); gone.value != kNotGone) token.gone = gone;
  if (!fields.complete() || token.expires_at <= now) return bad_session();
  return token;
}

Result<RecordsPageToken> Tokens::open_records_page(const wire::Target& target, std::string_view text,
                                                   Timestamp now) const {
  const auto payload = open_payload(key_, target, kRecordsPageKind, text);
  if (!payload) return bad_page();
  Fields fields(*payload);
  RecordsPageToken token;
  token.expires_at = fields.time();
  token.snapshot = fields.count();
  token.requested = fields.count();
  token.last_count = fields.count();
  token.last_id = fields.number();
  token.deleted_after_requested = fields.number() != 0;
  token.modified_by = fields.text();
  if (!fields.complete() || token.expires_at <= now) return bad_page();
  return token;
}

Result<DatasetsPageToken> Tokens::open_datasets_page(const wire::Target& target, std::string_view text,
                                                     Timestamp now) const {
  const auto payload = open_payload(key_, target, kDatasetsPageKind, text);
  if (!payload) return bad_page();
  Fields fields(*payload);
  DatasetsPageToken token;
  token.expires_at = fields.time();
  token.last_name = fields.text();
  if (!fields.complete() || token.expires_at <= now) return bad_page();
  return token;
}

}  // namespace syncline::service
