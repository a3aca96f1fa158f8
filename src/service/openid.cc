#include "service/openid.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "auth/digest.h"
#include "core/http.h"
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
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<std::string> fetch(const std::string& url) {
  const auto scheme_end = url.find("://") + 3;
  const auto path_begin = std::min(url.find('/', scheme_end), url.size());
  auto transport = net::make_curl_transport({.endpoint = url.substr(0, path_begin),
                                             .connect_timeout = kFetchTimeout,
                                             .request_timeout = kFetchTimeout,
                                             .longest_body = kLongestKeys});
  if (!transport) return std::move(transport).error();
  const std::string path = path_begin < url.size() ? url.substr(path_begin) : "/";
  std::optional<Result<HttpResponse>> response;
  (*transport)->start(HttpRequest{.method = "GET", .path = path}, [&](Result<HttpResponse> answer) {
    response = std::move(answer);
  });
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

}  // namespace

Result<std::string> fetch_jwks(const std::string& jwks) {
  if (jwks.starts_with("http://") || jwks.starts_with("https://")) return fetch(jwks);
  return read_file(jwks);
}

struct OpenIdProviders::Entry {
  OpenIdProvider provider;
  std::mutex mutex;
  std::vector<PublicKey> keys;
  std::optional<Timestamp> fetched_at;  // successfully
  std::optional<Timestamp> tried_at;
  bool fetching = false;
};

OpenIdProviders::OpenIdProviders(std::vector<OpenIdProvider> providers, KeySource source) : source_(std::move(source)) {
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
  const auto key = key_for(*entry, *parsed, now);
  const std::lock_guard lock(entry->mutex);
  if (!key && entry->keys.empty()) {
    return Error{.code = ErrorCode::kServiceFailure,
                 .message = "The keys of the login's provider can't be had",
                 .service_code = "ExternalServiceException"};
  }
  if (!key || !signature_is_right(*parsed, *key)) {
    return not_authorized("Invalid login token. Signature doesn't match.");
  }
  return parsed->subject;
}

std::optional<PublicKey> OpenIdProviders::key_for(Entry& entry, const Jwt& token, Timestamp now) {
  const auto known = [&]() -> std::optional<PublicKey> {
    for (const PublicKey& key : entry.keys) {
      if (key.algorithm == token.algorithm && (token.key_id.empty() || key.key_id == token.key_id)) return key;
    }
    return std::nullopt;
  };
  std::unique_lock lock(entry.mutex);
  auto key = known();
  const bool stale = !entry.fetched_at || now - *entry.fetched_at >= kKeysLast;
  const bool recent = entry.tried_at && now - *entry.tried_at < kBetweenFetches;
  if ((key && !stale) || recent || entry.fetching) return key;
  entry.fetching = true;
  lock.unlock();
  refresh(entry, now);
  lock.lock();
  return known();
}

void OpenIdProviders::refresh(Entry& entry, Timestamp now) {
  auto keys = source_(entry.provider.jwks).and_then([](std::string document) { return parse_jwks(document); });
  const std::lock_guard lock(entry.mutex);
  entry.fetching = false;
  entry.tried_at = now;
  if (!keys) return;
  entry.keys = std::move(*keys);
  entry.fetched_at = now;
}

OwnTokens::OwnTokens(std::string key) : key_(auth::hmac_sha256(key, "own OpenID tokens")) {}

std::string OwnTokens::issue(const IdentityPoolId& pool, const IdentityId& identity, bool guest, Timestamp now,
                             std::chrono::seconds lifetime) const {
  const auto seconds = [](Timestamp time) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  const std::string claims = "{\"iss\":\"https://" + std::string(kOwnProvider) +
                             "\",\"aud\":" + json_quote(pool.text()) + ",\"sub\":" + json_quote(identity.text()) +
                             ",\"amr\":[\"" + (guest ? "unauthenticated" : "authenticated") +
                             "\"],\"iat\":" + seconds(now) + ",\"exp\":" + seconds(now + lifetime) + "}";
  const std::string text =
      auth::base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." + auth::base64url_encode(claims);
  return text + "." + auth::base64url_encode(auth::hmac_sha256(key_, text));
}

Result<IdentityId> OwnTokens::open(const IdentityPoolId& pool, std::string_view token, Timestamp now) const {
  const auto parsed = parse_jwt(token);
  const bool ours = parsed && parsed->algorithm == "HS256" &&
                    auth::equal_in_constant_time(auth::hmac_sha256(key_, parsed->signed_part), parsed->signature);
  if (!ours) return not_authorized("Invalid login token. Signature doesn't match.");
  auto checked = check_claims(*parsed, "https://" + std::string(kOwnProvider), {pool.text()}, now);
  if (!checked) return std::move(checked).error();
  return IdentityId::parse(parsed->subject);
}

}  // namespace syncline::service
