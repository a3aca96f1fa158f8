// The service's side: requests in, answers out. Whatever the bytes, a request that is not right becomes an error whose
// message names the part, worded as the vendor's service words it, and never shows a value (S6).
#include <array>
#include <limits>
#include <unordered_set>

#include "wire/constraints.h"
#include "wire/json_reader.h"
#include "wire/json_writer.h"
#include "wire/messages.h"

namespace syncline::wire {

namespace {

// A limit of this service's own, so that one call stays small: the model has none. LimitExceededException and not
// InvalidParameterException, since each patch is right and the same patches in two calls are accepted.
constexpr std::size_t kMostPatches = 1024;

// --- UpdateRecords' body --------------------------------------------------------------------------------------------

bool read_operation(RecordPatch& patch, const Scalar& value) {
  std::string name;
  if (!value.read(name)) return false;
  if (name != "replace" && name != "remove") return false;
  patch.operation = name == "replace" ? PatchOperation::kReplace : PatchOperation::kRemove;
  return true;
}

constexpr std::array<Field<RecordPatch>, 5> kPatchFields{{
    {"Op", "one of the enum value set: [replace, remove]", read_operation, Presence::kRequired},
    {"Key", "a string of 1 to 1024 characters",
     [](RecordPatch& p, const Scalar& v) { return v.read(p.key) && check_key(p.key).has_value(); },
     Presence::kRequired},
    {"Value", "a string of at most 1048575 characters",
     [](RecordPatch& p, const Scalar& v) { return v.read(p.value) && check_value(*p.value).has_value(); }},
    {"SyncCount", kCount, [](RecordPatch& p, const Scalar& v) { return v.read(p.sync_count); }, Presence::kRequired},
    {"DeviceLastModifiedDate", kTime,
     [](RecordPatch& p, const Scalar& v) { return v.read(p.device_modified_at.emplace()); }},
}};

bool read_device_id(UpdateRecordsRequest& request, const Scalar& value) {
  return value.read(request.device_id) && is_device_id(request.device_id);
}

constexpr std::array<Field<UpdateRecordsRequest>, 2> kUpdateFields{{
    {"DeviceId", "a string of 1 to 256 characters", read_device_id},
    {"SyncSessionToken", kText, [](UpdateRecordsRequest& r, const Scalar& v) { return v.read(r.session_token); },
     Presence::kRequired},
}};

// What a table of single fields can't say.
Result<void> settle_patches(std::vector<RecordPatch>& patches) {
  std::unordered_set<std::string_view> keys;
  for (std::size_t i = 0; i < patches.size(); ++i) {
    auto& patch = patches[i];
    if (patch.operation == PatchOperation::kRemove) patch.value.reset();
    if (patch.operation == PatchOperation::kReplace && !patch.value) {
      return invalid("the body is not what it should be: RecordPatches[" + std::to_string(i) +
                     "].Value is missing, and Op is replace");
    }
    if (!keys.insert(patch.key).second) return invalid("RecordPatches has more than one patch for key " + patch.key);
  }
  return {};
}

// --- answers --------------------------------------------------------------------------------------------------------

void write_record(JsonWriter& json, const RemoteRecord& record) {
  const auto& version = record.version;
  json.open_object();
  json.text("Key", record.key);
  if (version.value) json.text("Value", *version.value);
  json.number("SyncCount", version.count.value);
  json.time("LastModifiedDate", version.modified_at);
  json.text_if_any("LastModifiedBy", version.modified_by);
  json.time("DeviceLastModifiedDate", version.device_modified_at);
  json.close_object();
}

void write_records(JsonWriter& json, const std::vector<RemoteRecord>& records) {
  json.open_list("Records");
  for (const auto& record : records) write_record(json, record);
  json.close_list();
}

// Roughly what the records will take, so that the body does not grow step by step.
std::size_t estimated_size(const std::vector<RemoteRecord>& records) {
  std::size_t bytes = 512;
  for (const auto& record : records) {
    const auto& version = record.version;
    bytes += 192 + record.key.size() + version.modified_by.size() + (version.value ? version.value->size() : 0);
  }
  return bytes;
}

void write_dataset(JsonWriter& json, const Dataset& dataset) {
  json.text("IdentityId", dataset.identity_id);
  json.text("DatasetName", dataset.name);
  json.time("CreationDate", dataset.created_at);
  json.time("LastModifiedDate", dataset.modified_at);
  json.text_if_any("LastModifiedBy", dataset.modified_by);
  json.number("DataStorage", dataset.bytes);
  json.number("NumRecords", dataset.records);
}

}  // namespace

Result<ListDatasetsRequest> decode_list_datasets_request(Target target, const HttpRequest& request) {
  auto most = max_results(request);
  if (!most) return std::move(most).error();
  return ListDatasetsRequest{
      .target = std::move(target), .next_token = text_parameter(request, "nextToken"), .max_results = *most};
}

Result<ListRecordsRequest> decode_list_records_request(Target target, const HttpRequest& request) {
  auto most = max_results(request);
  if (!most) return std::move(most).error();
  auto count = number_parameter<std::int64_t>(request, "lastSyncCount", 0, std::numeric_limits<std::int64_t>::max());
  if (!count) return std::move(count).error();
  return ListRecordsRequest{.target = std::move(target),
                            .last_sync_count = SyncCount{count->value_or(0)},
                            .next_token = text_parameter(request, "nextToken"),
                            .max_results = *most,
                            .session_token = text_parameter(request, "syncSessionToken")};
}

Result<UpdateRecordsRequest> decode_update_records_request(Target target, const HttpRequest& request) {
  UpdateRecordsRequest update;
  update.target = std::move(target);
  TableReader<UpdateRecordsRequest> fields(kUpdateFields, update);
  TableReader<RecordPatch> patches(kPatchFields, update.patches);
  const std::array nested{
      Nested{.name = "RecordPatches", .kind = Nested::Kind::kObjects, .objects = &patches, .most = kMostPatches}};
  if (request.body.empty()) return invalid("the body is empty, and SyncSessionToken is missing");
  if (const auto problem = read_message(request.body, fields, nested)) return malformed(*problem);
  if (auto settled = settle_patches(update.patches); !settled) return std::move(settled).error();
  if (const auto* context = find_header(request.headers, "x-amz-Client-Context")) update.client_context = *context;
  return update;
}

std::string encode_answer(const ListDatasetsAnswer& answer) {
  JsonWriter json;
  json.open_object();
  json.open_list("Datasets");
  for (const auto& dataset : answer.datasets) {
    json.open_object();
    write_dataset(json, dataset);
    json.close_object();
  }
  json.close_list();
  json.number("Count", static_cast<std::int64_t>(answer.datasets.size()));
  json.text_if_any("NextToken", answer.next_token);
  json.close_object();
  return json.take();
}

std::string encode_answer(const DatasetAnswer& answer) {
  JsonWriter json;
  json.open_object();
  json.open_object("Dataset");
  write_dataset(json, answer.dataset);
  json.close_object();
  json.close_object();
  return json.take();
}

std::string encode_answer(const ListedPage& page) {
  JsonWriter json;
  json.reserve(estimated_size(page.records));
  json.open_object();
  write_records(json, page.records);
  json.number("Count", static_cast<std::int64_t>(page.records.size()));
  json.number("DatasetSyncCount", page.dataset_count.value);
  json.flag("DatasetExists", page.dataset_exists);
  json.flag("DatasetDeletedAfterRequestedSyncCount", page.deleted_after_requested);
  json.text_if_any("LastModifiedBy", page.last_modified_by);
  json.open_list("MergedDatasetNames");
  for (const auto& name : page.merged_datasets) json.entry(name);
  json.close_list();
  json.text_if_any("NextToken", page.next_token);
  json.text_if_any("SyncSessionToken", page.session_token);
  json.close_object();
  return json.take();
}

std::string encode_answer(const UpdateRecordsAnswer& answer) {
  JsonWriter json;
  json.reserve(estimated_size(answer.records));
  json.open_object();
  write_records(json, answer.records);
  json.close_object();
  return json.take();
}

}  // namespace syncline::wire
