#include "service/openid.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "auth/digest.h"
#include "core/http.h"
#include "core/text.h"
#include "net/curl_transport.h"
#include "service/answer.h"
#include "service/identity_store.h"
#include "service/sealed.h"

namespace syncline::service {

namespace {

constexpr std::chrono::hours kKeysLast{1};
constexpr std::chrono::seconds kBetweenFetches{10};
constexpr std::chrono::seconds kFetchTimeout{5};
constexpr std::chrono::minutes kClockTolerance{5};
constexpr std::size_t kLongestKeys = std::size_t{1} << 20U;

Error not_authorized(std::string message) {
  return Error{.code = ErrorCode::kNotAuthorized, .message = std::move(message)};
}

Error unreadable(const std::string& jwks, const std::string& why) {
  return Error{.code = ErrorCode::kNetwork, .message = jwks + ": " + why};
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, "can't be opened");
  std::ostringstream text;
  if (!(text << file.rdbuf())) return unreadable(path, "can't be read, or is empty");
  return std::move(text).str();
}

// "a=b&c=d", as a URL has it behind the '?'. nullopt: its percent-encoding is wrong.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> query;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto part = text.substr(0, end);
    const auto equals = std::min(part.find('='), part.size());
    const auto name = percent_decode(part.substr(0, equals));
    const auto value = percent_decode(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) return std::nullopt;
    query.emplace_back(*name, *value);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return query;
}

Result<std::string> read_url(const std::string& url) {
  const auto path_begin = std::min(url.find_first_of("/?", url.find("://") + 3), url.size());
  const auto query_begin = std::min(url.find('?', path_begin), url.size());
  HttpRequest request{.method = "GET", .path = url.substr(path_begin, query_begin - path_begin)};
  if (request.path.empty()) request.path = "/";
  auto query = parse_query(std::string_view(url).substr(std::min(query_begin + 1, url.size())));
  if (!query) return unreadable(url, "is no URL");
  request.query = std::move(*query);
  auto transport = net::make_curl_transport({.endpoint = url.substr(0, path_begin),
                                             .connect_timeout = kFetchTimeout,
                                             .request_timeout = kFetchTimeout,
                                             .longest_body = kLongestKeys});
  if (!transport) return std::move(transport).error();
  std::optional<Result<HttpResponse>> response;
  (*transport)->start(std::move(request), [&](Result<HttpResponse> answer) { response = std::move(answer); });
  while (!response) {
    (*transport)->step();
    if (!response) (*transport)->wait(kFetchTimeout);
  }
  if (!*response) return std::move(*response).error();
  if ((*response)->status != 200) return unreadable(url, "answered " + std::to_string((*response)->status));
  return std::move((*response)->body);
}

Result<void> check_claims(const Jwt& token, const std::string& issuer, const std::vector<std::string>& audiences,
                          Timestamp now) {
  if (token.issuer != issuer) return not_authorized("Invalid login token. Issuer doesn't match the provider's.");
  const bool meant = std::any_of(token.audiences.begin(), token.audiences.end(), [&](const std::string& audience) {
    return std::find(audiences.begin(), audiences.end(), audience) != audiences.end();
  });
  if (!meant) return not_authorized("Invalid login token. Incorrect audience.");
  if (token.subject.empty()) return not_authorized("Invalid login token. It has no subject.");
  if (!token.expires_at || *token.expires_at <= now) return not_authorized("Invalid login token. Token expired.");
  if (token.not_before && *token.not_before > now + kClockTolerance) {
    return not_authorized("Invalid login token. Token is not valid yet.");
  }
  return {};
}

// Of each key there is one; a token's own word for it decides nothing but which keys are tried.
bool is_algorithm_of_keys(std::string_view algorithm) {
  return algorithm == "RS256" || algorithm == "ES256";
}

bool made_by_any(const std::vector<PublicKey>& keys, const Jwt& token) {
  return std::any_of(keys.begin(), keys.end(), [&](const PublicKey& key) { return signature_is_right(token, key); });
}

Error wrong_signature() {
  return not_authorized("Invalid login token. Signature doesn't match.");
}

}  // namespace

Result<std::string> fetch_jwks(const std::string& jwks) {
  if (jwks.starts_with("http://") || jwks.starts_with("https://")) return read_url(jwks);
  return read_file(jwks);
}

struct OpenIdProviders::Entry {
  OpenIdProvider provider;
  std::mutex mutex;
  std::vector<PublicKey> keys;
  std::optional<Timestamp> fetched_at;  // successfully
  std::optional<Timestamp> tried_at;
  bool failed = false;  // the last try
  bool fetching = false;

  // Whatever becomes of it, an exception too.
  struct Fetching {
    explicit Fetching(Entry& of) : entry(of) {}
    Fetching(const Fetching&) = delete;
    Fetching& operator=(const Fetching&) = delete;
    ~Fetching() {
      const std::lock_guard lock(entry.mutex);
      entry.fetching = false;
    }
    Entry& entry;
  };

  // Those that may have made the token's signature.
  std::vector<PublicKey> keys_for(const Jwt& token) {
    const std::lock_guard lock(mutex);
    std::vector<PublicKey> found;
    std::copy_if(keys.begin(), keys.end(), std::back_inserter(found), [&](const PublicKey& key) {
      return key.algorithm == token.algorithm && (token.key_id.empty() || key.key_id == token.key_id);
    });
    return found;
  }
  bool is_stale(Timestamp now) {
    const std::lock_guard lock(mutex);
    return !fetched_at || std::chrono::abs(now - *fetched_at) >= kKeysLast;
  }
};

OpenIdProviders::OpenIdProviders(std::vector<OpenIdProvider> providers, KeySource source, Log log)
    : source_(std::move(source)), log_(std::move(log)) {
  for (OpenIdProvider& provider : providers) {
    if (provider.issuer.empty()) provider.issuer = "https://" + provider.name;
    entries_.push_back(std::make_unique<Entry>());
    entries_.back()->provider = std::move(provider);
  }
}

OpenIdProviders::~OpenIdProviders() = default;

OpenIdProviders::Entry* OpenIdProviders::find(std::string_view provider) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return entry->provider.name == provider; });
  return found == entries_.end() ? nullptr : found->get();
}

const std::vector<std::string>* OpenIdProviders::audiences_of(std::string_view provider) const {
  const Entry* entry = find(provider);
  return entry == nullptr ? nullptr : &entry->provider.audiences;
}

Result<std::string> OpenIdProviders::verify(std::string_view provider, std::string_view token,
                                            const std::vector<std::string>& audiences, Timestamp now) {
  Entry* entry = find(provider);
  const auto parsed = parse_jwt(token);
  if (!parsed) return not_authorized("Invalid login token. Not a valid OpenId Connect identity token.");
  if (entry == nullptr) return not_authorized("Token is not from a supported provider of this identity pool.");
  if (auto checked = check_claims(*parsed, entry->provider.issuer, audiences, now); !checked) {
    return std::move(checked).error();
  }
  if (!is_algorithm_of_keys(parsed->algorithm)) return wrong_signature();
  auto keys = entry->keys_for(*parsed);
  bool right = made_by_any(keys, *parsed);
  // One that does not name its key may be of a new one whenever the known ones did not make it.
  const bool unknown = keys.empty() || (!right && parsed->key_id.empty());
  Fetch fetched = Fetch::kUnneeded;
  if (unknown || entry->is_stale(now)) {
    fetched = fetch(*entry, now);
    keys = entry->keys_for(*parsed);
    right = made_by_any(keys, *parsed);
  }
  if (right) return parsed->subject;
  if (!unknown || fetched == Fetch::kDone) return wrong_signature();
  if (fetched == Fetch::kTooSoon) {
    return Error{.code = ErrorCode::kTooManyRequests, .message = "The keys of the login's provider are being fetched"};
  }
  return Error{.code = ErrorCode::kServiceFailure,
               .message = "The keys of the login's provider can't be had",
               .service_code = "ExternalServiceException"};
}

OpenIdProviders::Fetch OpenIdProviders::fetch(Entry& entry, Timestamp now) {
  {
    const std::lock_guard lock(entry.mutex);
    if (entry.fetching) return Fetch::kTooSoon;
    if (entry.tried_at && std::chrono::abs(now - *entry.tried_at) < kBetweenFetches) {
      return entry.failed ? Fetch::kFailed : Fetch::kTooSoon;
    }
    entry.fetching = true;
    entry.tried_at = now;
    entry.failed = true;
  }
  const Entry::Fetching ends(entry);
  auto keys = source_(entry.provider.jwks).and_then([](std::string document) { return parse_jwks(document); });
  if (!keys) {
    if (log_) log_(LogLevel::kWarning, "the keys of " + entry.provider.name + ": " + keys.error().message);
    return Fetch::kFailed;
  }
  const std::lock_guard lock(entry.mutex);
  entry.keys = std::move(*keys);
  entry.fetched_at = now;
  entry.failed = false;
  return Fetch::kDone;
}

OwnTokens::OwnTokens(std::string key) : key_(auth::hmac_sha256(key, "own OpenID tokens")) {}

std::string OwnTokens::issue(const IdentityPoolId& pool, const IdentityId& identity, bool guest, Timestamp now,
                             Timestamp expires_at) const {
  const auto seconds = [](Timestamp time) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  const std::string claims = "{\"iss\":\"https://" + std::string(kOwnProvider) +
                             "\",\"aud\":" + json_quote(pool.text()) + ",\"sub\":" + json_quote(identity.text()) +
                             ",\"amr\":[\"" + (guest ? "unauthenticated" : "authenticated") +
                             "\"],\"iat\":" + seconds(now) + ",\"exp\":" + seconds(expires_at) + "}";
  const std::string text =
      auth::base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." + auth::base64url_encode(claims);
  return text + "." + auth::base64url_encode(auth::hmac_sha256(key_, text));
}

Result<OwnTokens::Opened> OwnTokens::open(const IdentityPoolId& pool, std::string_view token, Timestamp now) const {
  const auto parsed = parse_jwt(token);
  const bool ours = parsed && parsed->algorithm == "HS256" &&
                    auth::equal_in_constant_time(auth::hmac_sha256(key_, parsed->signed_part), parsed->signature);
  if (!ours) return wrong_signature();
  auto checked = check_claims(*parsed, "https://" + std::string(kOwnProvider), {pool.text()}, now);
  if (!checked) return std::move(checked).error();
  return IdentityId::parse(parsed->subject).transform([&](IdentityId identity) {
    return Opened{.identity = std::move(identity), .expires_at = *parsed->expires_at};
  });
}

}  // namespace syncline::service
