// The client's side: requests out, answers in.
#include <array>

#include "wire/json_reader.h"
#include "wire/json_writer.h"
#include "wire/messages.h"
#include "wire/paths.h"

namespace syncline::wire {

namespace {

void write_patch(JsonWriter& json, const RecordPatch& patch) {
  const bool replaces = patch.operation == PatchOperation::kReplace;
  json.open_object();
  json.text("Op", replaces ? "replace" : "remove");
  json.text("Key", patch.key);
  if (replaces && patch.value) json.text("Value", *patch.value);
  json.number("SyncCount", patch.sync_count.value);
  if (patch.device_modified_at) json.time("DeviceLastModifiedDate", *patch.device_modified_at);
  json.close_object();
}

// Roughly what the body will take, so that it does not grow step by step.
std::size_t estimated_size(const UpdateRecordsRequest& request) {
  std::size_t bytes = 256 + request.session_token.size();
  for (const auto& patch : request.patches) bytes += 128 + patch.key.size() + (patch.value ? patch.value->size() : 0);
  return bytes;
}

// Page, and what only an absent field tells.
struct PageAnswer {
  ListedPage page;
  std::optional<bool> exists;
};

// Key and count are what a record is; the rest may be absent in the answers of services that are older than ours.
constexpr std::array<Field<RemoteRecord>, 6> kRecordFields{{
    {"Key", "a key of 1 to 1024 characters",
     [](RemoteRecord& r, const Scalar& v) { return v.read(r.key) && check_key(r.key).has_value(); },
     Presence::kRequired},
    {"Value", kText, [](RemoteRecord& r, const Scalar& v) { return v.read(r.version.value); }},
    {"SyncCount", kCount, [](RemoteRecord& r, const Scalar& v) { return v.read(r.version.count); },
     Presence::kRequired},
    {"LastModifiedBy", kText, [](RemoteRecord& r, const Scalar& v) { return v.read(r.version.modified_by); }},
    {"LastModifiedDate", kTime, [](RemoteRecord& r, const Scalar& v) { return v.read(r.version.modified_at); }},
    {"DeviceLastModifiedDate", kTime,
     [](RemoteRecord& r, const Scalar& v) { return v.read(r.version.device_modified_at); }},
}};

constexpr std::array<Field<PageAnswer>, 6> kPageFields{{
    {"DatasetSyncCount", kCount, [](PageAnswer& a, const Scalar& v) { return v.read(a.page.dataset_count); },
     Presence::kRequired},
    {"DatasetExists", kFlag, [](PageAnswer& a, const Scalar& v) { return v.read(a.exists.emplace()); }},
    {"DatasetDeletedAfterRequestedSyncCount", kFlag,
     [](PageAnswer& a, const Scalar& v) { return v.read(a.page.deleted_after_requested); }},
    {"LastModifiedBy", kText, [](PageAnswer& a, const Scalar& v) { return v.read(a.page.last_modified_by); }},
    {"NextToken", kText, [](PageAnswer& a, const Scalar& v) { return v.read(a.page.next_token); }},
    {"SyncSessionToken", kText, [](PageAnswer& a, const Scalar& v) { return v.read(a.page.session_token); }},
}};

constexpr std::array<Field<Dataset>, 7> kDatasetFields{{
    {"IdentityId", kText, [](Dataset& d, const Scalar& v) { return v.read(d.identity_id); }},
    {"DatasetName", kText, [](Dataset& d, const Scalar& v) { return v.read(d.name); }, Presence::kRequired},
    {"CreationDate", kTime, [](Dataset& d, const Scalar& v) { return v.read(d.created_at); }},
    {"LastModifiedDate", kTime, [](Dataset& d, const Scalar& v) { return v.read(d.modified_at); }},
    {"LastModifiedBy", kText, [](Dataset& d, const Scalar& v) { return v.read(d.modified_by); }},
    {"DataStorage", kCount, [](Dataset& d, const Scalar& v) { return v.read(d.bytes); }},
    {"NumRecords", kCount, [](Dataset& d, const Scalar& v) { return v.read(d.records); }},
}};

constexpr std::array<Field<ListDatasetsAnswer>, 1> kDatasetListFields{{
    {"NextToken", kText, [](ListDatasetsAnswer& a, const Scalar& v) { return v.read(a.next_token); }},
}};

struct Unnamed {};
constexpr std::span<const Field<Unnamed>> kNoFields;

}  // namespace

HttpRequest encode(const ListDatasetsRequest& request) {
  auto http = make_request("GET", identity_path(request.target.pool, request.target.identity) + "/datasets");
  add_paging(http, request.next_token, request.max_results);
  return http;
}

HttpRequest encode(const DescribeDatasetRequest& request) {
  return make_request("GET", dataset_path(request.target));
}

HttpRequest encode(const DeleteDatasetRequest& request) {
  return make_request("DELETE", dataset_path(request.target));
}

HttpRequest encode(const ListRecordsRequest& request) {
  auto http = make_request("GET", dataset_path(request.target) + "/records");
  http.query.emplace_back("lastSyncCount", std::to_string(request.last_sync_count.value));
  add_paging(http, request.next_token, request.max_results);
  if (!request.session_token.empty()) http.query.emplace_back("syncSessionToken", request.session_token);
  return http;
}

HttpRequest encode(const UpdateRecordsRequest& request) {
  JsonWriter json;
  json.reserve(estimated_size(request));
  json.open_object();
  json.text_if_any("DeviceId", request.device_id);
  json.open_list("RecordPatches");
  for (const auto& patch : request.patches) write_patch(json, patch);
  json.close_list();
  json.text("SyncSessionToken", request.session_token);
  json.close_object();

  auto http = make_request("POST", dataset_path(request.target), json.take());
  if (!request.client_context.empty()) http.headers.push_back({"x-amz-Client-Context", request.client_context});
  return http;
}

Result<ListDatasetsAnswer> decode_list_datasets(std::string_view body) {
  ListDatasetsAnswer answer;
  TableReader<ListDatasetsAnswer> fields(kDatasetListFields, answer);
  TableReader<Dataset> datasets(kDatasetFields, answer.datasets);
  const std::array nested{Nested{.name = "Datasets", .kind = Nested::Kind::kObjects, .objects = &datasets}};
  if (const auto problem = read_message(body, fields, nested)) return bad_answer("ListDatasets", problem->text);
  return answer;
}

Result<DatasetAnswer> decode_dataset(std::string_view body) {
  DatasetAnswer answer;
  Unnamed rest;
  TableReader<Unnamed> fields(kNoFields, rest);
  TableReader<Dataset> dataset(kDatasetFields, answer.dataset);
  const std::array nested{Nested{.name = "Dataset", .kind = Nested::Kind::kObject, .objects = &dataset}};
  static constexpr std::string_view kOperation = "DescribeDataset or DeleteDataset";
  if (const auto problem = read_message(body, fields, nested)) return bad_answer(kOperation, problem->text);
  if (answer.dataset.name.empty()) return bad_answer(kOperation, "Dataset is missing");
  return answer;
}

Result<ListedPage> decode_list_records(std::string_view body) {
  PageAnswer answer;
  auto& page = answer.page;
  TableReader<PageAnswer> fields(kPageFields, answer);
  TableReader<RemoteRecord> records(kRecordFields, page.records);
  const std::array nested{
      Nested{.name = "Records", .kind = Nested::Kind::kObjects, .objects = &records},
      Nested{.name = "MergedDatasetNames", .kind = Nested::Kind::kTexts, .texts = &page.merged_datasets},
  };
  if (const auto problem = read_message(body, fields, nested)) return bad_answer("ListRecords", problem->text);
  page.dataset_exists = answer.exists.value_or(page.dataset_count.value > 0 || !page.records.empty());
  return std::move(answer.page);
}

Result<UpdateRecordsAnswer> decode_update_records(std::string_view body) {
  UpdateRecordsAnswer answer;
  Unnamed rest;
  TableReader<Unnamed> fields(kNoFields, rest);
  TableReader<RemoteRecord> records(kRecordFields, answer.records);
  const std::array nested{Nested{.name = "Records", .kind = Nested::Kind::kObjects, .objects = &records}};
  if (const auto problem = read_message(body, fields, nested)) return bad_answer("UpdateRecords", problem->text);
  return answer;
}

}  // namespace syncline::wire
