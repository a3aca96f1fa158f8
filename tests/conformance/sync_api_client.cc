// Calls the library's SyncApi as it is told: a JSON object a line in, one out. clients.py has the other end.
//   in:  {operation, signing, endpoint, region, credentials: {access_key, secret_key, session_token}, parameters}
//   out: {answer}, or {error: {type, status, message}}
// Parameters and answers have the API model's names; times are seconds.
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "syncline/sync_api.h"

namespace syncline::testing {
namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& from, const char* name) {
  return from.value(name, std::string());
}

std::optional<int> number(const Json& from, const char* name) {
  return from.contains(name) ? std::optional<int>(from[name].get<int>()) : std::nullopt;
}

// What the library's own types refuse, the service would have refused as well.
template <typename Checked>
Checked checked(const Json& from, const char* name) {
  return Checked::parse(text(from, name)).value();
}

IdentityPoolId pool_of(const Json& in) {
  return checked<IdentityPoolId>(in, "IdentityPoolId");
}
IdentityId identity_of(const Json& in) {
  return checked<IdentityId>(in, "IdentityId");
}
api::Target target_of(const Json& in) {
  api::Target target{.pool = pool_of(in), .identity = identity_of(in)};
  if (in.contains("DatasetName")) target.dataset = checked<DatasetName>(in, "DatasetName");
  return target;
}

double seconds(Timestamp time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000;
}
Timestamp timestamp(double seconds) {
  return Timestamp(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)));
}

void add(Json& to, const char* name, const std::string& value) {
  if (!value.empty()) to[name] = value;
}
void add(Json& to, const char* name, const std::optional<Timestamp>& value) {
  if (value) to[name] = seconds(*value);
}

// --- from JSON ------------------------------------------------------------------------------------------------------

api::RecordPatch patch_of(const Json& in) {
  api::RecordPatch patch{
      .operation = text(in, "Op") == "remove" ? api::PatchOperation::kRemove : api::PatchOperation::kReplace,
      .key = text(in, "Key"),
      .sync_count = SyncCount{in["SyncCount"].get<std::int64_t>()}};
  if (in.contains("Value")) patch.value = text(in, "Value");
  if (in.contains("DeviceLastModifiedDate")) patch.device_modified_at = timestamp(in["DeviceLastModifiedDate"]);
  return patch;
}

api::UpdateRecordsRequest update_of(const Json& in) {
  api::UpdateRecordsRequest request{.target = target_of(in),
                                    .device_id = text(in, "DeviceId"),
                                    .session_token = text(in, "SyncSessionToken"),
                                    .client_context = text(in, "ClientContext")};
  for (const Json& patch : in["RecordPatches"]) request.patches.push_back(patch_of(patch));
  return request;
}

api::SetIdentityPoolConfigurationRequest configuration_of(const Json& in) {
  api::SetIdentityPoolConfigurationRequest request{.pool = pool_of(in)};
  if (in.contains("PushSync")) {
    const Json& push = in["PushSync"];
    request.push_sync = api::PushSync{.application_arns = push["ApplicationArns"], .role_arn = text(push, "RoleArn")};
  }
  if (in.contains("CognitoStreams")) {
    const Json& streams = in["CognitoStreams"];
    request.streams =
        api::CognitoStreams{.stream_name = text(streams, "StreamName"),
                            .role_arn = text(streams, "RoleArn"),
                            .status = text(streams, "StreamingStatus") == "ENABLED" ? api::StreamingStatus::kEnabled
                                                                                    : api::StreamingStatus::kDisabled};
  }
  return request;
}

api::SetCognitoEventsRequest events_of(const Json& in) {
  api::SetCognitoEventsRequest request{.pool = pool_of(in)};
  for (const auto& [name, arn] : in["Events"].items()) request.events.emplace_back(name, arn);
  return request;
}

api::RegisterDeviceRequest device_of(const Json& in) {
  static const std::map<std::string, api::Platform> kPlatforms = {{"APNS", api::Platform::kApns},
                                                                  {"APNS_SANDBOX", api::Platform::kApnsSandbox},
                                                                  {"GCM", api::Platform::kGcm},
                                                                  {"ADM", api::Platform::kAdm}};
  return {.pool = pool_of(in),
          .identity = identity_of(in),
          .platform = kPlatforms.at(text(in, "Platform")),
          .token = text(in, "Token")};
}

// --- to JSON --------------------------------------------------------------------------------------------------------

Json to_json(const api::Dataset& dataset) {
  return {{"IdentityId", dataset.identity_id},
          {"DatasetName", dataset.name},
          {"CreationDate", seconds(dataset.created_at)},
          {"LastModifiedDate", seconds(dataset.modified_at)},
          {"LastModifiedBy", dataset.modified_by},
          {"DataStorage", dataset.bytes},
          {"NumRecords", dataset.records}};
}
Json to_json(const RemoteRecord& record) {
  Json out = {{"Key", record.key},
              {"SyncCount", record.version.count.value},
              {"LastModifiedDate", seconds(record.version.modified_at)},
              {"LastModifiedBy", record.version.modified_by},
              {"DeviceLastModifiedDate", seconds(record.version.device_modified_at)}};
  if (record.version.value) out["Value"] = *record.version.value;
  return out;
}
Json to_json(const api::IdentityPoolUsage& usage) {
  Json out = {
      {"IdentityPoolId", usage.pool_id}, {"SyncSessionsCount", usage.sync_sessions}, {"DataStorage", usage.bytes}};
  add(out, "LastModifiedDate", usage.modified_at);
  return out;
}

template <typename Item>
Json list(const std::vector<Item>& items) {
  Json out = Json::array();
  for (const Item& item : items) out.push_back(to_json(item));
  return out;
}

Json to_json(const api::ListDatasetsAnswer& answer) {
  Json out = {{"Datasets", list(answer.datasets)}};
  add(out, "NextToken", answer.next_token);
  return out;
}
Json to_json(const api::DatasetAnswer& answer) {
  return {{"Dataset", to_json(answer.dataset)}};
}
Json to_json(const ListedPage& page) {
  Json out = {{"Records", list(page.records)},
              {"DatasetSyncCount", page.dataset_count.value},
              {"DatasetExists", page.dataset_exists},
              {"DatasetDeletedAfterRequestedSyncCount", page.deleted_after_requested},
              {"MergedDatasetNames", page.merged_datasets}};
  add(out, "LastModifiedBy", page.last_modified_by);
  add(out, "NextToken", page.next_token);
  add(out, "SyncSessionToken", page.session_token);
  return out;
}
Json to_json(const api::UpdateRecordsAnswer& answer) {
  return {{"Records", list(answer.records)}};
}
Json to_json(const api::DescribeIdentityUsageAnswer& answer) {
  const api::IdentityUsage& usage = answer.usage;
  Json out = {{"IdentityId", usage.identity_id},
              {"IdentityPoolId", usage.pool_id},
              {"DatasetCount", usage.datasets},
              {"DataStorage", usage.bytes}};
  add(out, "LastModifiedDate", usage.modified_at);
  return {{"IdentityUsage", out}};
}
Json to_json(const api::DescribeIdentityPoolUsageAnswer& answer) {
  return {{"IdentityPoolUsage", to_json(answer.usage)}};
}
Json to_json(const api::ListIdentityPoolUsageAnswer& answer) {
  Json out = {{"IdentityPoolUsages", list(answer.usages)}};
  add(out, "NextToken", answer.next_token);
  return out;
}
Json to_json(const api::IdentityPoolConfigurationAnswer& answer) {
  Json out = {{"IdentityPoolId", answer.pool_id}};
  if (answer.push_sync) {
    out["PushSync"] = {{"ApplicationArns", answer.push_sync->application_arns}};
    add(out["PushSync"], "RoleArn", answer.push_sync->role_arn);
  }
  if (answer.streams) {
    Json streams = Json::object();
    add(streams, "StreamName", answer.streams->stream_name);
    add(streams, "RoleArn", answer.streams->role_arn);
    if (answer.streams->status) {
      streams["StreamingStatus"] = *answer.streams->status == api::StreamingStatus::kEnabled ? "ENABLED" : "DISABLED";
    }
    out["CognitoStreams"] = std::move(streams);
  }
  return out;
}
Json to_json(const api::GetCognitoEventsAnswer& answer) {
  Json events = Json::object();
  for (const auto& [name, arn] : answer.events) events[name] = arn;
  return {{"Events", events}};
}
Json to_json(const api::BulkPublishAnswer& answer) {
  return {{"IdentityPoolId", answer.pool_id}};
}
Json to_json(const api::BulkPublishDetails& details) {
  static constexpr const char* kStatus[] = {"NOT_STARTED", "IN_PROGRESS", "FAILED", "SUCCEEDED"};
  Json out = {{"IdentityPoolId", details.pool_id},
              {"BulkPublishStatus", kStatus[static_cast<std::size_t>(details.status)]}};
  add(out, "BulkPublishStartTime", details.started_at);
  add(out, "BulkPublishCompleteTime", details.completed_at);
  add(out, "FailureMessage", details.failure);
  return out;
}
Json to_json(const api::RegisterDeviceAnswer& answer) {
  return {{"DeviceId", answer.device_id}};
}
Json to_json(const api::NoAnswer& /*nothing*/) {
  return Json::object();
}

// --- the operations -------------------------------------------------------------------------------------------------

template <typename Answer>
Json reply(const Result<Answer>& result) {
  if (result) return {{"answer", to_json(*result)}};
  const Error& error = result.error();
  const std::string type = error.service_code.empty() ? std::string(to_string(error.code)) : error.service_code;
  return {{"error", {{"type", type}, {"status", error.http_status}, {"message", error.message}}}};
}

using Operation = Json (*)(SyncApi& api, const Json& in);

const std::map<std::string, Operation> kOperations = {
    {"ListDatasets",
     [](SyncApi& api, const Json& in) {
       return reply(api.list_datasets({target_of(in), text(in, "NextToken"), number(in, "MaxResults")}));
     }},
    {"DescribeDataset", [](SyncApi& api, const Json& in) { return reply(api.describe_dataset({target_of(in)})); }},
    {"DeleteDataset", [](SyncApi& api, const Json& in) { return reply(api.delete_dataset({target_of(in)})); }},
    {"ListRecords",
     [](SyncApi& api, const Json& in) {
       return reply(api.list_records({target_of(in), SyncCount{in.value("LastSyncCount", std::int64_t{0})},
                                      text(in, "NextToken"), number(in, "MaxResults"), text(in, "SyncSessionToken")}));
     }},
    {"UpdateRecords", [](SyncApi& api, const Json& in) { return reply(api.update_records(update_of(in))); }},
    {"DescribeIdentityUsage",
     [](SyncApi& api, const Json& in) {
       return reply(api.describe_identity_usage({pool_of(in), identity_of(in)}));
     }},
    {"RegisterDevice", [](SyncApi& api, const Json& in) { return reply(api.register_device(device_of(in))); }},
    {"SubscribeToDataset",
     [](SyncApi& api, const Json& in) {
       return reply(api.subscribe_to_dataset({target_of(in), text(in, "DeviceId")}));
     }},
    {"UnsubscribeFromDataset",
     [](SyncApi& api, const Json& in) {
       return reply(api.unsubscribe_from_dataset({target_of(in), text(in, "DeviceId")}));
     }},
    {"DescribeIdentityPoolUsage",
     [](SyncApi& api, const Json& in) { return reply(api.describe_identity_pool_usage({pool_of(in)})); }},
    {"ListIdentityPoolUsage",
     [](SyncApi& api, const Json& in) {
       return reply(api.list_identity_pool_usage({text(in, "NextToken"), number(in, "MaxResults")}));
     }},
    {"GetIdentityPoolConfiguration",
     [](SyncApi& api, const Json& in) { return reply(api.get_identity_pool_configuration({pool_of(in)})); }},
    {"SetIdentityPoolConfiguration",
     [](SyncApi& api, const Json& in) { return reply(api.set_identity_pool_configuration(configuration_of(in))); }},
    {"GetCognitoEvents", [](SyncApi& api, const Json& in) { return reply(api.get_cognito_events({pool_of(in)})); }},
    {"SetCognitoEvents", [](SyncApi& api, const Json& in) { return reply(api.set_cognito_events(events_of(in))); }},
    {"BulkPublish", [](SyncApi& api, const Json& in) { return reply(api.bulk_publish({pool_of(in)})); }},
    {"GetBulkPublishDetails",
     [](SyncApi& api, const Json& in) { return reply(api.get_bulk_publish_details({pool_of(in)})); }},
};

Json call(const Json& question) {
  const Json& keys = question["credentials"];
  auto api = SyncApi::open({.endpoint = text(question, "endpoint"),
                            .region = text(question, "region"),
                            .credentials = static_credentials({.access_key_id = text(keys, "access_key"),
                                                               .secret_access_key = text(keys, "secret_key"),
                                                               .session_token = text(keys, "session_token")}),
                            .signing = text(question, "signing") == "query" ? Signing::kQuery : Signing::kHeader});
  if (!api) return reply(Result<api::NoAnswer>(api.error()));
  return kOperations.at(text(question, "operation"))(*api, question["parameters"]);
}

}  // namespace
}  // namespace syncline::testing

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << syncline::testing::call(syncline::testing::Json::parse(line)).dump() << std::endl;
  }
}
