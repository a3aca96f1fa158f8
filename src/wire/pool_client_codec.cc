// The client's side of what is about pools, usage and devices: requests out, answers in.
#include "wire/json_tree.h"
#include "wire/json_writer.h"
#include "wire/messages.h"
#include "wire/paths.h"
#include "wire/pool_values.h"

namespace syncline::wire {

namespace {

// Fills `answer` with what `read(TreeReader&, answer)` takes from the body.
template <typename Answer, typename Read>
Result<Answer> decode(std::string_view operation, std::string_view body, Read read) {
  JsonNode root;
  auto problem = read_tree(body, root);
  Answer answer;
  if (!problem) {
    TreeReader reader(root, {}, problem);
    read(reader, answer);
  }
  if (problem) return bad_answer(operation, problem->text);
  return answer;
}

void read_pool_usage(TreeReader& reader, IdentityPoolUsage& usage) {
  reader.require("IdentityPoolId");
  reader.text("IdentityPoolId", usage.pool_id);
  reader.count("SyncSessionsCount", usage.sync_sessions);
  reader.count("DataStorage", usage.bytes);
  reader.time("LastModifiedDate", usage.modified_at);
}

std::string subscription_path(const Target& target, const std::string& device_id) {
  return dataset_path(target) + "/subscriptions" + segment(device_id);
}

}  // namespace

HttpRequest encode(const DescribeIdentityUsageRequest& request) {
  return make_request("GET", identity_path(request.pool, request.identity));
}

HttpRequest encode(const DescribeIdentityPoolUsageRequest& request) {
  return make_request("GET", pool_path(request.pool));
}

HttpRequest encode(const ListIdentityPoolUsageRequest& request) {
  auto http = make_request("GET", "/identitypools");
  add_paging(http, request.next_token, request.max_results);
  return http;
}

HttpRequest encode(const GetIdentityPoolConfigurationRequest& request) {
  return make_request("GET", pool_path(request.pool) + "/configuration");
}

HttpRequest encode(const SetIdentityPoolConfigurationRequest& request) {
  JsonWriter json;
  json.open_object();
  write_configuration(json, request.push_sync, request.streams);
  json.close_object();
  return make_request("POST", pool_path(request.pool) + "/configuration", json.take());
}

HttpRequest encode(const GetCognitoEventsRequest& request) {
  return make_request("GET", pool_path(request.pool) + "/events");
}

HttpRequest encode(const SetCognitoEventsRequest& request) {
  JsonWriter json;
  json.open_object();
  json.open_object("Events");
  for (const auto& [name, arn] : request.events) json.pair(name, arn);
  json.close_object();
  json.close_object();
  return make_request("POST", pool_path(request.pool) + "/events", json.take());
}

HttpRequest encode(const BulkPublishRequest& request) {
  return make_request("POST", pool_path(request.pool) + "/bulkpublish");
}

HttpRequest encode(const GetBulkPublishDetailsRequest& request) {
  return make_request("POST", pool_path(request.pool) + "/getBulkPublishDetails");
}

HttpRequest encode(const RegisterDeviceRequest& request) {
  JsonWriter json;
  json.open_object();
  json.text("Platform", to_string(request.platform));
  json.text("Token", request.token);
  json.close_object();
  // The one path that says "identity", not "identities".
  const auto path = pool_path(request.pool) + "/identity" + segment(request.identity.text()) + "/device";
  return make_request("POST", path, json.take());
}

HttpRequest encode(const SubscribeToDatasetRequest& request) {
  return make_request("POST", subscription_path(request.target, request.device_id));
}

HttpRequest encode(const UnsubscribeFromDatasetRequest& request) {
  return make_request("DELETE", subscription_path(request.target, request.device_id));
}

Result<DescribeIdentityUsageAnswer> decode_describe_identity_usage(std::string_view body) {
  return decode<DescribeIdentityUsageAnswer>("DescribeIdentityUsage", body, [](TreeReader& message, auto& answer) {
    message.require("IdentityUsage");
    auto usage = message.object("IdentityUsage");
    if (!usage) return;
    usage->text("IdentityId", answer.usage.identity_id);
    usage->text("IdentityPoolId", answer.usage.pool_id);
    usage->time("LastModifiedDate", answer.usage.modified_at);
    usage->count("DatasetCount", answer.usage.datasets);
    usage->count("DataStorage", answer.usage.bytes);
  });
}

Result<DescribeIdentityPoolUsageAnswer> decode_describe_identity_pool_usage(std::string_view body) {
  return decode<DescribeIdentityPoolUsageAnswer>("DescribeIdentityPoolUsage", body,
                                                 [](TreeReader& message, auto& answer) {
                                                   message.require("IdentityPoolUsage");
                                                   auto usage = message.object("IdentityPoolUsage");
                                                   if (usage) read_pool_usage(*usage, answer.usage);
                                                 });
}

Result<ListIdentityPoolUsageAnswer> decode_list_identity_pool_usage(std::string_view body) {
  return decode<ListIdentityPoolUsageAnswer>("ListIdentityPoolUsage", body, [](TreeReader& message, auto& answer) {
    message.objects("IdentityPoolUsages",
                    [&](TreeReader& usage) { read_pool_usage(usage, answer.usages.emplace_back()); });
    message.text("NextToken", answer.next_token);
    if (!message.has("MaxResults")) return;
    std::int64_t most = 0;
    message.number("MaxResults", most, 0, std::numeric_limits<int>::max());
    answer.max_results = static_cast<int>(most);
  });
}

Result<IdentityPoolConfigurationAnswer> decode_identity_pool_configuration(std::string_view body) {
  return decode<IdentityPoolConfigurationAnswer>("Get- or SetIdentityPoolConfiguration", body,
                                                 [](TreeReader& message, auto& answer) {
                                                   message.text("IdentityPoolId", answer.pool_id);
                                                   read_configuration(message, {}, answer.push_sync, answer.streams);
                                                 });
}

Result<GetCognitoEventsAnswer> decode_get_cognito_events(std::string_view body) {
  return decode<GetCognitoEventsAnswer>(
      "GetCognitoEvents", body, [](TreeReader& message, auto& answer) { message.map("Events", answer.events); });
}

Result<BulkPublishAnswer> decode_bulk_publish(std::string_view body) {
  return decode<BulkPublishAnswer>(
      "BulkPublish", body, [](TreeReader& message, auto& answer) { message.text("IdentityPoolId", answer.pool_id); });
}

Result<BulkPublishDetails> decode_bulk_publish_details(std::string_view body) {
  return decode<BulkPublishDetails>("GetBulkPublishDetails", body, [](TreeReader& message, auto& answer) {
    message.text("IdentityPoolId", answer.pool_id);
    message.time("BulkPublishStartTime", answer.started_at);
    message.time("BulkPublishCompleteTime", answer.completed_at);
    message.text("FailureMessage", answer.failure);
    std::string status(to_string(BulkPublishStatus::kNotStarted));
    message.text("BulkPublishStatus", status,
                 {.expected = "a status of a bulk publish",
                  .holds = [](std::string_view text) { return parse_bulk_publish_status(text).has_value(); }});
    answer.status = *parse_bulk_publish_status(status);
  });
}

Result<RegisterDeviceAnswer> decode_register_device(std::string_view body) {
  return decode<RegisterDeviceAnswer>("RegisterDevice", body, [](TreeReader& message, auto& answer) {
    message.require("DeviceId");
    message.text("DeviceId", answer.device_id);
  });
}

Result<NoAnswer> decode_nothing(std::string_view /*body*/) {
  return NoAnswer{};
}

}  // namespace syncline::wire
