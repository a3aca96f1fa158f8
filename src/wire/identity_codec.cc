// Cognito Identity, the service's side: requests in, answers out.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "core/text.h"
#include "wire/constraints.h"
#include "wire/identity_messages.h"
#include "wire/json_writer.h"
#include "wire/messages.h"

namespace syncline::wire {

namespace {

constexpr std::string_view kTargetPrefix = "AWSCognitoIdentityService.";
constexpr int kLargestList = 60;
constexpr std::size_t kMostLogins = 10;
constexpr std::size_t kMostIdentities = 60;
constexpr std::size_t kMostOfEach = 50;  // providers and tags of a pool: a limit of our own where the model has none
constexpr std::int64_t kLongestTokenSeconds = 86'400;

// Each row's place is its operation's number.
constexpr std::array<std::string_view, 16> kNames{"CreateIdentityPool",
                                                  "DescribeIdentityPool",
                                                  "UpdateIdentityPool",
                                                  "ListIdentityPools",
                                                  "DeleteIdentityPool",
                                                  "GetId",
                                                  "GetCredentialsForIdentity",
                                                  "GetOpenIdToken",
                                                  "GetOpenIdTokenForDeveloperIdentity",
                                                  "LookupDeveloperIdentity",
                                                  "MergeDeveloperIdentities",
                                                  "UnlinkDeveloperIdentity",
                                                  "UnlinkIdentity",
                                                  "DescribeIdentity",
                                                  "ListIdentities",
                                                  "DeleteIdentities"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool consists_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(),
                     [others](char c) { return is_word(c) || others.find(c) != std::string_view::npos; });
}

template <std::size_t Least, std::size_t Most>
bool sized(std::string_view text) {
  return has_characters(text, Least, Most);
}

constexpr TextRule kPoolIdRule{"an identity pool's id, [\\w-]+:[0-9a-f-]+ of at most 55 characters",
                               [](std::string_view t) { return IdentityPoolId::parse(t).has_value(); }};
constexpr TextRule kIdentityIdRule{"an identity's id, [\\w-]+:[0-9a-f-]+ of at most 55 characters",
                                   [](std::string_view t) { return IdentityId::parse(t).has_value(); }};
constexpr TextRule kPoolName{"1 to 128 characters of [\\w\\s+=,.@-]", [](std::string_view t) {
                               return sized<1, 128>(t) && consists_of(t, " \t\r\n\v\f+=,.@-");
                             }};
constexpr TextRule kProviderName{"a string of 1 to 128 characters", sized<1, 128>};
constexpr TextRule kAppId{"1 to 128 characters of [\\w.;_/-]",
                          [](std::string_view t) { return sized<1, 128>(t) && consists_of(t, ".;_/-"); }};
constexpr TextRule kDeveloperProvider{"1 to 128 characters of [\\w._-]",
                                      [](std::string_view t) { return sized<1, 128>(t) && consists_of(t, "._-"); }};
constexpr TextRule kCognitoProviderName{"1 to 128 characters of [\\w._:/-]",
                                        [](std::string_view t) { return sized<1, 128>(t) && consists_of(t, "._:/-"); }};
constexpr TextRule kClientId{"1 to 128 characters of [\\w_]",
                             [](std::string_view t) { return sized<1, 128>(t) && consists_of(t, ""); }};
constexpr TextRule kArn{"a string of 20 to 2048 characters", sized<20, 2048>};
constexpr TextRule kTagKey{"a string of 1 to 128 characters", sized<1, 128>};
constexpr TextRule kTagValue{"a string of at most 256 characters", sized<0, 256>};
constexpr TextRule kToken{"a string of 1 to 50000 characters", sized<1, 50'000>};
constexpr TextRule kDeveloperUser{"a string of 1 to 1024 characters", sized<1, 1024>};
constexpr TextRule kPageToken{"a string of 1 to 65535 characters", sized<1, 65'535>};

template <typename Id>
Id read_id(TreeReader& message, std::string_view name, const TextRule& rule, bool required = true) {
  std::string text;
  if (required) message.require(name);
  message.text(name, text, rule);
  return Id::parse(text).value_or(Id());
}

IdentityPoolId read_pool(TreeReader& message) {
  return read_id<IdentityPoolId>(message, "IdentityPoolId", kPoolIdRule);
}

IdentityId read_identity(TreeReader& message, bool required = true) {
  return read_id<IdentityId>(message, "IdentityId", kIdentityIdRule, required);
}

void read_required(TreeReader& message, std::string_view name, std::string& into, const TextRule& rule) {
  message.require(name);
  message.text(name, into, rule);
}

void read_logins(TreeReader& message, TextPairs& logins) {
  message.map("Logins", logins, kProviderName, kToken, kMostLogins);
}

void read_listing(TreeReader& message, Listing& page) {
  std::int64_t most = kLargestList;
  message.number("MaxResults", most, 1, kLargestList);
  page.most = static_cast<int>(most);
  message.text("NextToken", page.next_token, kPageToken);
}

void read_optional_flag(TreeReader& message, std::string_view name, std::optional<bool>& into) {
  if (message.has(name)) message.flag(name, into.emplace());
}

void read_pool_fields(TreeReader& message, IdentityPool& pool) {
  read_required(message, "IdentityPoolName", pool.name, kPoolName);
  message.require("AllowUnauthenticatedIdentities");
  message.flag("AllowUnauthenticatedIdentities", pool.allow_guests);
  read_optional_flag(message, "AllowClassicFlow", pool.allow_classic_flow);
  message.map("SupportedLoginProviders", pool.login_providers, kProviderName, kAppId, kMostLogins);
  message.text("DeveloperProviderName", pool.developer_provider, kDeveloperProvider);
  message.texts("OpenIdConnectProviderARNs", pool.openid_arns, kArn, kMostOfEach);
  message.objects("CognitoIdentityProviders", [&](TreeReader& entry) {
    CognitoProvider& provider = pool.cognito_providers.emplace_back();
    entry.text("ProviderName", provider.name, kCognitoProviderName);
    entry.text("ClientId", provider.client_id, kClientId);
    read_optional_flag(entry, "ServerSideTokenCheck", provider.token_check);
  });
  message.texts("SamlProviderARNs", pool.saml_arns, kArn, kMostOfEach);
  message.map("IdentityPoolTags", pool.tags, kTagKey, kTagValue, kMostOfEach);
}

// `read(TreeReader&, request)` fills the request.
template <typename Request, typename Read>
Result<Request> decode(std::string_view body, Read read) {
  Request request;
  auto done = read_body(body, [&](TreeReader& message) { read(message, request); });
  if (done) return request;
  // Cognito Identity has no LimitExceededException for a call that is too large.
  done.error().code = ErrorCode::kInvalidParameter;
  return std::move(done).error();
}

void write_pairs(JsonWriter& json, std::string_view name, const TextPairs& pairs) {
  if (pairs.empty()) return;
  json.open_object(name);
  for (const auto& [key, value] : pairs) json.pair(key, value);
  json.close_object();
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.open_list(name);
  for (const auto& text : texts) json.entry(text);
  json.close_list();
}

void write_pool(JsonWriter& json, const IdentityPool& pool) {
  json.text("IdentityPoolId", pool.id);
  json.text("IdentityPoolName", pool.name);
  json.flag("AllowUnauthenticatedIdentities", pool.allow_guests);
  if (pool.allow_classic_flow) json.flag("AllowClassicFlow", *pool.allow_classic_flow);
  write_pairs(json, "SupportedLoginProviders", pool.login_providers);
  json.text_if_any("DeveloperProviderName", pool.developer_provider);
  write_texts(json, "OpenIdConnectProviderARNs", pool.openid_arns);
  if (!pool.cognito_providers.empty()) json.open_list("CognitoIdentityProviders");
  for (const auto& provider : pool.cognito_providers) {
    json.open_object();
    json.text_if_any("ProviderName", provider.name);
    json.text_if_any("ClientId", provider.client_id);
    if (provider.token_check) json.flag("ServerSideTokenCheck", *provider.token_check);
    json.close_object();
  }
  if (!pool.cognito_providers.empty()) json.close_list();
  write_texts(json, "SamlProviderARNs", pool.saml_arns);
  write_pairs(json, "IdentityPoolTags", pool.tags);
}

void write_identity(JsonWriter& json, const IdentityDescription& identity) {
  json.open_object();
  json.text("IdentityId", identity.id);
  write_texts(json, "Logins", identity.logins);
  json.time("CreationDate", identity.created_at);
  json.time("LastModifiedDate", identity.modified_at);
  json.close_object();
}

}  // namespace

std::string_view to_string(IdentityOperation operation) {
  return kNames[static_cast<std::size_t>(operation)];
}

std::optional<IdentityOperation> parse_identity_target(std::string_view header) {
  if (!header.starts_with(kTargetPrefix)) return std::nullopt;
  const auto found = std::find(kNames.begin(), kNames.end(), header.substr(kTargetPrefix.size()));
  if (found == kNames.end()) return std::nullopt;
  return static_cast<IdentityOperation>(found - kNames.begin());
}

Result<IdentityPool> decode_identity_pool_request(std::string_view body, bool with_id) {
  return decode<IdentityPool>(body, [with_id](TreeReader& message, IdentityPool& pool) {
    if (with_id) read_required(message, "IdentityPoolId", pool.id, kPoolIdRule);
    read_pool_fields(message, pool);
  });
}

Result<IdentityPoolId> decode_pool_id_request(std::string_view body) {
  return decode<IdentityPoolId>(body, [](TreeReader& message, IdentityPoolId& pool) { pool = read_pool(message); });
}

Result<Listing> decode_list_identity_pools_request(std::string_view body) {
  return decode<Listing>(body, [](TreeReader& message, Listing& page) {
    message.require("MaxResults");
    read_listing(message, page);
  });
}

Result<GetIdRequest> decode_get_id_request(std::string_view body) {
  return decode<GetIdRequest>(body, [](TreeReader& message, GetIdRequest& request) {
    request.pool = read_pool(message);
    read_logins(message, request.logins);
  });
}

Result<IdentityRequest> decode_identity_request(IdentityOperation operation, std::string_view body) {
  return decode<IdentityRequest>(body, [operation](TreeReader& message, IdentityRequest& request) {
    request.identity = read_identity(message);
    read_logins(message, request.logins);
    if (operation != IdentityOperation::kUnlinkIdentity) return;
    message.require("Logins");
    message.require("LoginsToRemove");
    message.texts("LoginsToRemove", request.logins_to_remove, kProviderName, kMostLogins);
  });
}

Result<DeveloperTokenRequest> decode_developer_token_request(std::string_view body) {
  return decode<DeveloperTokenRequest>(body, [](TreeReader& message, DeveloperTokenRequest& request) {
    request.pool = read_pool(message);
    request.identity = read_identity(message, false);
    message.require("Logins");
    read_logins(message, request.logins);
    if (message.has("TokenDuration"))
      message.number("TokenDuration", request.seconds.emplace(), 1, kLongestTokenSeconds);
  });
}

Result<DeveloperUserRequest> decode_developer_user_request(IdentityOperation operation, std::string_view body) {
  const bool unlink = operation == IdentityOperation::kUnlinkDeveloperIdentity;
  return decode<DeveloperUserRequest>(body, [unlink](TreeReader& message, DeveloperUserRequest& request) {
    request.pool = read_pool(message);
    request.identity = read_identity(message, unlink);
    if (unlink) message.require("DeveloperUserIdentifier");
    message.text("DeveloperUserIdentifier", request.user, kDeveloperUser);
    if (unlink) read_required(message, "DeveloperProviderName", request.provider, kDeveloperProvider);
    if (!unlink) read_listing(message, request.page);
  });
}

Result<MergeRequest> decode_merge_request(std::string_view body) {
  return decode<MergeRequest>(body, [](TreeReader& message, MergeRequest& request) {
    request.pool = read_pool(message);
    read_required(message, "SourceUserIdentifier", request.source, kDeveloperUser);
    read_required(message, "DestinationUserIdentifier", request.destination, kDeveloperUser);
    read_required(message, "DeveloperProviderName", request.provider, kDeveloperProvider);
  });
}

Result<ListIdentitiesRequest> decode_list_identities_request(std::string_view body) {
  return decode<ListIdentitiesRequest>(body, [](TreeReader& message, ListIdentitiesRequest& request) {
    request.pool = read_pool(message);
    message.require("MaxResults");
    read_listing(message, request.page);
    message.flag("HideDisabled", request.hide_disabled);
  });
}

Result<std::vector<IdentityId>> decode_delete_identities_request(std::string_view body) {
  return decode<std::vector<IdentityId>>(body, [](TreeReader& message, std::vector<IdentityId>& identities) {
    std::vector<std::string> texts;
    message.require("IdentityIdsToDelete");
    message.texts("IdentityIdsToDelete", texts, kIdentityIdRule, kMostIdentities);
    for (const auto& text : texts) identities.push_back(IdentityId::parse(text).value_or(IdentityId()));
  });
}

Result<IdentityPool> decode_identity_pool(std::string_view body) {
  return decode_identity_pool_request(body, true);
}

std::string encode_identity_pool(const IdentityPool& pool) {
  JsonWriter json;
  json.open_object();
  write_pool(json, pool);
  json.close_object();
  return json.take();
}

std::string encode_identity_pools(const std::vector<IdentityPool>& pools, std::string_view next_token) {
  JsonWriter json;
  json.open_object();
  json.open_list("IdentityPools");
  for (const auto& pool : pools) {
    json.open_object();
    json.text("IdentityPoolId", pool.id);
    json.text("IdentityPoolName", pool.name);
    json.close_object();
  }
  json.close_list();
  json.text_if_any("NextToken", next_token);
  json.close_object();
  return json.take();
}

std::string encode_identity_id(std::string_view identity) {
  JsonWriter json;
  json.open_object();
  json.text("IdentityId", identity);
  json.close_object();
  return json.take();
}

std::string encode_credentials(std::string_view identity, const Credentials& credentials) {
  JsonWriter json;
  json.open_object();
  json.text("IdentityId", identity);
  json.open_object("Credentials");
  json.text("AccessKeyId", credentials.access_key_id);
  json.text("SecretKey", credentials.secret_access_key);
  json.text("SessionToken", credentials.session_token);
  if (credentials.expires_at) json.time("Expiration", *credentials.expires_at);
  json.close_object();
  json.close_object();
  return json.take();
}

std::string encode_openid_token(std::string_view identity, std::string_view token) {
  JsonWriter json;
  json.open_object();
  json.text("IdentityId", identity);
  json.text("Token", token);
  json.close_object();
  return json.take();
}

std::string encode_developer_users(std::string_view identity, const std::vector<std::string>& users,
                                   std::string_view next_token) {
  JsonWriter json;
  json.open_object();
  json.text("IdentityId", identity);
  json.open_list("DeveloperUserIdentifierList");
  for (const auto& user : users) json.entry(user);
  json.close_list();
  json.text_if_any("NextToken", next_token);
  json.close_object();
  return json.take();
}

std::string encode_identity(const IdentityDescription& identity) {
  JsonWriter json;
  write_identity(json, identity);
  return json.take();
}

std::string encode_identities(std::string_view pool, const std::vector<IdentityDescription>& identities,
                              std::string_view next_token) {
  JsonWriter json;
  json.open_object();
  json.text("IdentityPoolId", pool);
  json.open_list("Identities");
  for (const auto& identity : identities) write_identity(json, identity);
  json.close_list();
  json.text_if_any("NextToken", next_token);
  json.close_object();
  return json.take();
}

std::string encode_unprocessed(const std::vector<std::string>& identities) {
  JsonWriter json;
  json.open_object();
  json.open_list("UnprocessedIdentityIds");
  for (const auto& identity : identities) {
    json.open_object();
    json.text("IdentityId", identity);
    json.text("ErrorCode", "InternalServerError");
    json.close_object();
  }
  json.close_list();
  json.close_object();
  return json.take();
}

HttpResponse encode_identity_error(const Error& error) {
  const auto* row = find_error(error.code);
  const bool own_trouble = row == nullptr && error.service_code.empty();
  if (row == nullptr) row = find_error(ErrorCode::kServiceFailure);
  const std::string type = error.service_code.empty() ? std::string(row->type) : error.service_code;

  JsonWriter body;
  body.open_object();
  body.text("__type", type);
  body.text("message", own_trouble ? std::string_view("Internal error") : error.message);
  body.close_object();
  // JSON 1.1 knows whose fault it was, and whether to come back later; nothing finer.
  int status = type == row->type && row->status >= 500 ? 500 : 400;
  if (error.code == ErrorCode::kTooManyRequests) status = 429;
  HttpResponse response{.status = status,
                        .headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"x-amzn-ErrorType", type}},
                        .body = body.take()};
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after);
    response.headers.push_back({"Retry-After", std::to_string(seconds.count())});
  }
  return response;
}

}  // namespace syncline::wire
