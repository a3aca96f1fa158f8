// The service's side: requests in, answers out. Whatever the bytes, a request that is not right becomes an error whose
// message names the part, worded as the vendor's service words it, and never shows a value (S6).
#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

#include "core/text.h"
#include "syncline/limits.h"
#include "wire/json_reader.h"
#include "wire/json_writer.h"
#include "wire/messages.h"

namespace syncline::wire {

namespace {

constexpr std::string_view kIdentityPattern = "regular expression pattern: [\\w-]+:[0-9a-f-]+";
constexpr std::string_view kDatasetPattern = "regular expression pattern: [a-zA-Z0-9_.:-]+";
constexpr int kLargestPage = 1024;
// A limit of this service's own, so that one call stays small: the model has none. LimitExceededException and not
// InvalidParameterException, since each patch is right and the same patches in two calls are accepted.
constexpr std::size_t kMostPatches = 1024;

Error invalid(std::string message) {
  return Error{.code = ErrorCode::kInvalidParameter, .message = std::move(message)};
}

// A name is shown if it is short and printable.
std::string shown(std::string_view name) {
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7F && c != '\''; };
  if (name.size() > kMaxDatasetNameCharacters || !std::all_of(name.begin(), name.end(), printable)) return "Value";
  return "Value '" + std::string(name) + "'";
}

Error violation(std::string_view what, std::string_view member, std::string_view constraint) {
  return invalid("1 validation error detected: " + std::string(what) + " at '" + std::string(member) +
                 "' failed to satisfy constraint: Member must " + std::string(constraint));
}

template <typename Name>
Result<Name> checked_name(std::string_view text, std::string_view member, std::size_t most, std::string_view pattern) {
  if (auto name = Name::parse(text)) return std::move(*name);
  if (text.empty()) return violation("Value ''", member, "have length greater than or equal to 1");
  if (text.size() > most)
    return violation("Value", member, "have length less than or equal to " + std::to_string(most));
  return violation(shown(text), member, "satisfy " + std::string(pattern));
}

const std::string* find_parameter(const HttpRequest& request, std::string_view name) {
  const auto found = std::find_if(request.query.begin(), request.query.end(),
                                  [name](const auto& parameter) { return parameter.first == name; });
  return found == request.query.end() ? nullptr : &found->second;
}

std::string text_parameter(const HttpRequest& request, std::string_view name) {
  const auto* found = find_parameter(request, name);
  return found == nullptr ? std::string() : *found;
}

template <typename Number>
Result<std::optional<Number>> number_parameter(const HttpRequest& request, std::string_view name, Number least,
                                               Number most) {
  const auto* text = find_parameter(request, name);
  if (text == nullptr) return std::optional<Number>();
  Number number{};
  const auto* last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, number);
  if (error != std::errc{} || end != last || number < least || number > most) {
    return violation("Value", name, "be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return std::optional<Number>(number);
}

Result<std::optional<int>> max_results(const HttpRequest& request) {
  return number_parameter(request, "maxResults", 1, kLargestPage);
}

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
  if (!value.read(request.device_id)) return false;
  const auto length = utf8_length(request.device_id);
  return length && *length >= 1 && *length <= kMaxDeviceIdCharacters;
}

constexpr std::array<Field<UpdateRecordsRequest>, 2> kUpdateFields{{
    {"DeviceId", "a string of 1 to 256 characters", read_device_id},
    {"SyncSessionToken", kText, [](UpdateRecordsRequest& r, const Scalar& v) { return v.read(r.session_token); },
     Presence::kRequired},
}};

Error malformed(const Problem& problem) {
  if (problem.kind == Problem::Kind::kTooMany) {
    return Error{.code = ErrorCode::kLimitExceeded, .message = problem.text + " in one call"};
  }
  return invalid("the body is not what it should be: " + problem.text);
}

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

// --- routes ---------------------------------------------------------------------------------------------------------

// The path's segments, their percent-encoding undone; nullopt: malformed, or more than a route has.
std::optional<std::vector<std::string>> segments(std::string_view path) {
  static constexpr std::size_t kLongestRoute = 7;
  std::vector<std::string> result;
  while (!path.empty()) {
    if (path.front() != '/' || result.size() == kLongestRoute) return std::nullopt;
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    auto segment = percent_decode(path.substr(0, end));
    if (!segment || segment->empty()) return std::nullopt;
    result.push_back(std::move(*segment));
    path.remove_prefix(end);
  }
  return result;
}

std::optional<Operation> operation_on_dataset(std::string_view method) {
  if (method == "GET") return Operation::kDescribeDataset;
  if (method == "POST") return Operation::kUpdateRecords;
  if (method == "DELETE") return Operation::kDeleteDataset;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::kListDatasets:
      return "ListDatasets";
    case Operation::kDescribeDataset:
      return "DescribeDataset";
    case Operation::kDeleteDataset:
      return "DeleteDataset";
    case Operation::kListRecords:
      return "ListRecords";
    case Operation::kUpdateRecords:
      return "UpdateRecords";
  }
  return "unknown";
}

// /identitypools/{pool}/identities/{identity}/datasets[/{dataset}[/records]]
std::optional<Route> parse_route(std::string_view method, std::string_view path) {
  auto parts = segments(path);
  if (!parts || parts->size() < 5) return std::nullopt;
  auto& at = *parts;
  if (at[0] != "identitypools" || at[2] != "identities" || at[4] != "datasets") return std::nullopt;
  Route route{Operation::kListDatasets, std::move(at[1]), std::move(at[3]), {}};
  if (at.size() == 5) return method == "GET" ? std::optional(std::move(route)) : std::nullopt;
  route.dataset = std::move(at[5]);
  if (at.size() == 7) {
    route.operation = Operation::kListRecords;
    return method == "GET" && at[6] == "records" ? std::optional(std::move(route)) : std::nullopt;
  }
  const auto operation = operation_on_dataset(method);
  if (!operation) return std::nullopt;
  route.operation = *operation;
  return route;
}

Result<Target> check_target(const Route& route) {
  Target target;
  auto pool = checked_name<IdentityPoolId>(route.pool, "identityPoolId", kMaxIdentityCharacters, kIdentityPattern);
  if (!pool) return std::move(pool).error();
  target.pool = std::move(*pool);

  auto identity = checked_name<IdentityId>(route.identity, "identityId", kMaxIdentityCharacters, kIdentityPattern);
  if (!identity) return std::move(identity).error();
  target.identity = std::move(*identity);

  if (route.operation == Operation::kListDatasets) return target;
  auto dataset = checked_name<DatasetName>(route.dataset, "datasetName", kMaxDatasetNameCharacters, kDatasetPattern);
  if (!dataset) return std::move(dataset).error();
  target.dataset = std::move(*dataset);
  return target;
}

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
