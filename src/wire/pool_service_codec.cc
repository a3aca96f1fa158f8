// The service's side of what is about pools, usage and devices: requests in, answers out.
#include "wire/constraints.h"
#include "wire/json_writer.h"
#include "wire/messages.h"
#include "wire/pool_values.h"

namespace syncline::wire {

namespace {

// Limits of this service's own; the model has none for these.
constexpr std::size_t kMostApplications = 16;
constexpr std::size_t kMaxFunctionArnCharacters = 2048;
constexpr std::size_t kMaxPushTokenCharacters = 4096;
constexpr std::string_view kSyncTrigger = "SyncTrigger";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// At least one character of a kind, as many as there are.
bool take_some(std::string_view& text, bool (*kind)(char)) {
  const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), kind) - text.begin());
  text.remove_prefix(end);
  return end > 0;
}

// arn:aws:iam::\d+:role/.*
bool is_role_arn(std::string_view text) {
  if (!has_characters(text, 20, 2048)) return false;
  return take(text, "arn:aws:iam::") && take_some(text, is_digit) && take(text, ":role/") &&
         text.find('\n') == std::string_view::npos;
}

// arn:aws:sns:[-0-9a-z]+:\d+:app/[A-Z_]+/[a-zA-Z0-9_.-]+
bool is_application_arn(std::string_view text) {
  return take(text, "arn:aws:sns:") && take_some(text, [](char c) { return is_digit(c) || is_lower(c) || c == '-'; }) &&
         take(text, ":") && take_some(text, is_digit) && take(text, ":app/") &&
         take_some(text, [](char c) { return is_upper(c) || c == '_'; }) && take(text, "/") &&
         take_some(
             text,
             [](char c) { return is_digit(c) || is_lower(c) || is_upper(c) || c == '_' || c == '.' || c == '-'; }) &&
         text.empty();
}

constexpr ConfigurationRules kRules{
    .role_arn = {"a string of 20 to 2048 characters of regular expression pattern: arn:aws:iam::\\d+:role/.*",
                 is_role_arn},
    .application_arn = {"a string of regular expression pattern: "
                        "arn:aws:sns:[-0-9a-z]+:\\d+:app/[A-Z_]+/[a-zA-Z0-9_.-]+",
                        is_application_arn},
    .stream_name = {"a string of 1 to 128 characters", [](std::string_view t) { return has_characters(t, 1, 128); }},
    .most_applications = kMostApplications,
};

constexpr TextRule kEventName{"one of the enum value set: [SyncTrigger]",
                              [](std::string_view text) { return text == kSyncTrigger; }};
constexpr TextRule kFunctionArn{"a string of at most 2048 characters", [](std::string_view text) {
                                  return has_characters(text, 0, kMaxFunctionArnCharacters);
                                }};
constexpr TextRule kPlatformName{"one of the enum value set: [APNS, APNS_SANDBOX, GCM, ADM]",
                                 [](std::string_view text) { return parse_platform(text).has_value(); }};
constexpr TextRule kPushToken{"a string of 1 to 4096 characters",
                              [](std::string_view text) { return has_characters(text, 1, kMaxPushTokenCharacters); }};

void write_pool_usage(JsonWriter& json, const IdentityPoolUsage& usage) {
  json.text("IdentityPoolId", usage.pool_id);
  json.number("SyncSessionsCount", usage.sync_sessions);
  json.number("DataStorage", usage.bytes);
  if (usage.modified_at) json.time("LastModifiedDate", *usage.modified_at);
}

}  // namespace

Result<ListIdentityPoolUsageRequest> decode_list_identity_pool_usage_request(const HttpRequest& request) {
  auto most = max_results(request);
  if (!most) return std::move(most).error();
  return ListIdentityPoolUsageRequest{.next_token = text_parameter(request, "nextToken"), .max_results = *most};
}

Result<SetIdentityPoolConfigurationRequest> decode_set_identity_pool_configuration_request(IdentityPoolId pool,
                                                                                           std::string_view body) {
  SetIdentityPoolConfigurationRequest request{.pool = std::move(pool)};
  auto read = read_body(
      body, [&](TreeReader& message) { read_configuration(message, kRules, request.push_sync, request.streams); });
  if (!read) return std::move(read).error();
  return request;
}

Result<SetCognitoEventsRequest> decode_set_cognito_events_request(IdentityPoolId pool, std::string_view body) {
  SetCognitoEventsRequest request{.pool = std::move(pool)};
  auto read = read_body(body, [&](TreeReader& message) {
    message.require("Events");
    message.map("Events", request.events, kEventName, kFunctionArn, 1);
  });
  if (!read) return std::move(read).error();
  return request;
}

Result<RegisterDeviceRequest> decode_register_device_request(Target target, std::string_view body) {
  RegisterDeviceRequest request{.pool = std::move(target.pool), .identity = std::move(target.identity)};
  std::string platform;
  auto read = read_body(body, [&](TreeReader& message) {
    message.require("Platform");
    message.require("Token");
    message.text("Platform", platform, kPlatformName);
    message.text("Token", request.token, kPushToken);
  });
  if (!read) return std::move(read).error();
  request.platform = *parse_platform(platform);
  return request;
}

std::string encode_answer(const DescribeIdentityUsageAnswer& answer) {
  JsonWriter json;
  json.open_object();
  json.open_object("IdentityUsage");
  json.text("IdentityId", answer.usage.identity_id);
  json.text("IdentityPoolId", answer.usage.pool_id);
  if (answer.usage.modified_at) json.time("LastModifiedDate", *answer.usage.modified_at);
  json.number("DatasetCount", answer.usage.datasets);
  json.number("DataStorage", answer.usage.bytes);
  json.close_object();
  json.close_object();
  return json.take();
}

std::string encode_answer(const DescribeIdentityPoolUsageAnswer& answer) {
  JsonWriter json;
  json.open_object();
  json.open_object("IdentityPoolUsage");
  write_pool_usage(json, answer.usage);
  json.close_object();
  json.close_object();
  return json.take();
}

std::string encode_answer(const ListIdentityPoolUsageAnswer& answer) {
  JsonWriter json;
  json.open_object();
  json.open_list("IdentityPoolUsages");
  for (const auto& usage : answer.usages) {
    json.open_object();
    write_pool_usage(json, usage);
    json.close_object();
  }
  json.close_list();
  if (answer.max_results) json.number("MaxResults", *answer.max_results);
  json.number("Count", static_cast<std::int64_t>(answer.usages.size()));
  json.text_if_any("NextToken", answer.next_token);
  json.close_object();
  return json.take();
}

std::string encode_answer(const IdentityPoolConfigurationAnswer& answer) {
  JsonWriter json;
  json.open_object();
  json.text_if_any("IdentityPoolId", answer.pool_id);
  write_configuration(json, answer.push_sync, answer.streams);
  json.close_object();
  return json.take();
}

std::string encode_answer(const GetCognitoEventsAnswer& answer) {
  JsonWriter json;
  json.open_object();
  json.open_object("Events");
  for (const auto& [name, arn] : answer.events) json.pair(name, arn);
  json.close_object();
  json.close_object();
  return json.take();
}

std::string encode_answer(const BulkPublishAnswer& answer) {
  JsonWriter json;
  json.open_object();
  json.text("IdentityPoolId", answer.pool_id);
  json.close_object();
  return json.take();
}

std::string encode_answer(const BulkPublishDetails& answer) {
  JsonWriter json;
  json.open_object();
  json.text("IdentityPoolId", answer.pool_id);
  if (answer.started_at) json.time("BulkPublishStartTime", *answer.started_at);
  if (answer.completed_at) json.time("BulkPublishCompleteTime", *answer.completed_at);
  json.text("BulkPublishStatus", to_string(answer.status));
  json.text_if_any("FailureMessage", answer.failure);
  json.close_object();
  return json.take();
}

std::string encode_answer(const RegisterDeviceAnswer& answer) {
  JsonWriter json;
  json.open_object();
  json.text("DeviceId", answer.device_id);
  json.close_object();
  return json.take();
}

std::string encode_answer(const NoAnswer& /*answer*/) {
  return "{}";
}

}  // namespace syncline::wire
