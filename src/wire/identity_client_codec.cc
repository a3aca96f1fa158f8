// What a device asks Cognito Identity for: the enhanced flow.
#include <array>

#include "wire/identity_messages.h"
#include "wire/json_reader.h"
#include "wire/json_writer.h"
#include "wire/paths.h"

namespace syncline::wire {

namespace {

struct IdentityAnswer {
  std::string identity;
};

constexpr std::array<Field<IdentityAnswer>, 1> kIdentityFields{{
    {"IdentityId", "a string", [](IdentityAnswer& a, const Scalar& v) { return v.read(a.identity); },
     Presence::kRequired},
}};

constexpr std::array<Field<Credentials>, 4> kCredentialsFields{{
    {"AccessKeyId", kText, [](Credentials& c, const Scalar& v) { return v.read(c.access_key_id); },
     Presence::kRequired},
    {"SecretKey", kText, [](Credentials& c, const Scalar& v) { return v.read(c.secret_access_key); },
     Presence::kRequired},
    {"SessionToken", kText, [](Credentials& c, const Scalar& v) { return v.read(c.session_token); },
     Presence::kRequired},
    {"Expiration", kTime, [](Credentials& c, const Scalar& v) { return v.read(c.expires_at.emplace()); }},
}};

constexpr std::string_view kGetCredentials = "GetCredentialsForIdentity";

HttpRequest identity_request(IdentityOperation operation, std::string body) {
  return HttpRequest{.method = "POST",
                     .path = "/",
                     .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                                 {"X-Amz-Target", "AWSCognitoIdentityService." + std::string(to_string(operation))}},
                     .body = std::move(body)};
}

void write_logins(JsonWriter& json, const TextPairs& logins) {
  if (logins.empty()) return;
  json.open_object("Logins");
  for (const auto& [provider, token] : logins) json.pair(provider, token);
  json.close_object();
}

Result<IdentityId> checked_identity(std::string_view operation, const std::string& text) {
  auto parsed = IdentityId::parse(text);
  if (!parsed) return bad_answer(operation, "IdentityId is not REGION:GUID");
  return std::move(*parsed);
}

}  // namespace

HttpRequest encode(const GetIdRequest& request) {
  JsonWriter json;
  json.open_object();
  json.text("IdentityPoolId", request.pool.text());
  write_logins(json, request.logins);
  json.close_object();
  return identity_request(IdentityOperation::kGetId, json.take());
}

HttpRequest encode_get_credentials(const IdentityRequest& request) {
  JsonWriter json;
  json.open_object();
  json.text("IdentityId", request.identity.text());
  write_logins(json, request.logins);
  json.close_object();
  return identity_request(IdentityOperation::kGetCredentialsForIdentity, json.take());
}

Result<IdentityId> decode_get_id(std::string_view body) {
  IdentityAnswer answer;
  TableReader<IdentityAnswer> fields(kIdentityFields, answer);
  if (const auto problem = read_message(body, fields)) return bad_answer("GetId", problem->text);
  return checked_identity("GetId", answer.identity);
}

Result<IdentityCredentials> decode_get_credentials(std::string_view body) {
  IdentityAnswer answer;
  IdentityCredentials result;
  TableReader<IdentityAnswer> fields(kIdentityFields, answer);
  TableReader<Credentials> credentials(kCredentialsFields, result.credentials);
  const std::array nested{Nested{.name = "Credentials", .kind = Nested::Kind::kObject, .objects = &credentials}};
  if (const auto problem = read_message(body, fields, nested)) return bad_answer(kGetCredentials, problem->text);
  auto identity = checked_identity(kGetCredentials, answer.identity);
  if (!identity) return std::move(identity).error();
  if (result.credentials.access_key_id.empty() || result.credentials.secret_access_key.empty()) {
    return bad_answer(kGetCredentials, "Credentials is missing");
  }
  result.identity = std::move(*identity);
  return result;
}

}  // namespace syncline::wire
