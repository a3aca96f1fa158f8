// Canonicalisation and Signature Version 4: what is signed verifies, in the header and in the query; with another body
// it does not; and what somebody makes up never does. Input: path, query and headers, a line each, an empty line, the
// body.
#include "auth/canonical.h"
#include "auth/signature.h"
#include "core/text.h"
#include "fuzz/fuzz.h"

namespace syncline::fuzz {
namespace {

constexpr Timestamp kNow{std::chrono::seconds{1'800'000'000}};
const auth::Scope kScope{.region = "us-east-1", .service = "cognito-sync"};
const Credentials kKey{
    .access_key_id = "AKIDFUZZ", .secret_access_key = "secret", .session_token = {}, .expires_at = {}};

bool verifies(const HttpRequest& request) {
  const auto lookup = [](std::string_view id, std::string_view token) -> std::optional<std::string> {
    if (id != kKey.access_key_id || !token.empty()) return std::nullopt;
    return kKey.secret_access_key;
  };
  return auth::verify(request, kScope, kNow, lookup).has_value();
}

// What a front would pass on: names of token characters, values without control characters, each name once.
bool is_plausible(std::string_view name, std::string_view value, const Headers& before) {
  if (name.empty() || name.size() > 40 || before.size() > 20 || find_header(before, name) != nullptr) return false;
  for (const char c : name) {
    const bool allowed = (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!allowed) return false;
  }
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20) return false;
  }
  return true;
}

HttpRequest parse(Bytes bytes) {
  HttpRequest request{.method = "POST"};
  request.path = "/" + std::string(bytes.until('\n'));
  for (auto query = bytes.until('\n'); !query.empty();) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    request.query.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
  for (auto line = bytes.until('\n'); !line.empty(); line = bytes.until('\n')) {
    const auto colon = std::min(line.find(':'), line.size());
    const auto value = line.substr(std::min(colon + 1, line.size()));
    request.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  }
  request.body = bytes.rest();
  return request;
}

// Ours would be counted twice; sign() takes those of an earlier signature away, but not ones of another spelling.
void keep_plausible(HttpRequest& request) {
  Headers kept;
  for (auto& header : request.headers) {
    if (is_plausible(header.name, header.value, kept)) kept.push_back(std::move(header));
  }
  request.headers = std::move(kept);
}

void check_text(std::string_view text) {
  const auto encoded = percent_encode(text);
  require(percent_decode(encoded) == std::string(text), "percent-encoding does not come back");
  if (const auto decoded = percent_decode(text)) {
    require(percent_decode(percent_encode(*decoded)) == *decoded, "percent-encoding does not come back");
  }
  const auto value = auth::canonical_header_value(text);
  require(auth::canonical_header_value(value) == value, "a canonical value is not its own canonical form");
  if (const auto date = auth::parse_date(text)) require(auth::format_date(*date) == text, "a date does not come back");
}

}  // namespace
}  // namespace syncline::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace syncline;
  using namespace syncline::fuzz;
  if (size > 8'192) return 0;
  check_text({reinterpret_cast<const char*>(data), size});
  auto request = parse(Bytes(data, size));
  require(!verifies(request), "S4: a made up request verifies");

  keep_plausible(request);
  auto in_header = request;
  auth::sign(in_header, "localhost:7373", kScope, kKey, kNow);
  require(verifies(in_header), "what was signed does not verify");
  in_header.body += '!';
  require(!verifies(in_header), "S4: another body verifies");

  auto in_query = request;
  auth::presign(in_query, "localhost:7373", kScope, kKey, kNow, std::chrono::seconds{60});
  require(!find_header(in_query.headers, "Authorization"), "a presigned request has an Authorization header");
  in_query.path += "/more";
  require(!verifies(in_query), "S4: another path verifies");
  return 0;
}
