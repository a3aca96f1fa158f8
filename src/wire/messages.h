// Cognito Sync's messages as values, and their translation to and from HTTP and JSON, for both sides: the client
// encodes requests and decodes answers, the service the other way round. Source: API model 2014-06-30 (protocol.md,
// sections 1 and 2). nlohmann/json stays inside. No function throws; none does I/O. [any thread]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http.h"
#include "core/sync.h"
#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::wire {

enum class Operation : std::uint8_t { kListDatasets, kDescribeDataset, kDeleteDataset, kListRecords, kUpdateRecords };

// The operation's name in the API model: "ListRecords".
std::string_view to_string(Operation operation);

// Whose data a request is about. `dataset` is empty for ListDatasets.
struct Target {
  IdentityPoolId pool = {};
  IdentityId identity = {};
  DatasetName dataset = {};
  bool operator==(const Target&) const = default;
};

struct Dataset {
  std::string identity_id = {};
  std::string name = {};
  Timestamp created_at{};
  Timestamp modified_at{};
  std::string modified_by = {};
  std::int64_t bytes = 0;    // DataStorage
  std::int64_t records = 0;  // NumRecords
  bool operator==(const Dataset&) const = default;
};

struct ListDatasetsRequest {
  Target target = {};
  std::string next_token = {};          // empty: absent
  std::optional<int> max_results = {};  // absent: the service's default
};
struct ListDatasetsAnswer {
  std::vector<Dataset> datasets = {};
  std::string next_token = {};
};

struct DescribeDatasetRequest {
  Target target = {};
};
struct DeleteDatasetRequest {
  Target target = {};
};
struct DatasetAnswer {  // of DescribeDataset and DeleteDataset
  Dataset dataset = {};
};

struct ListRecordsRequest {
  Target target = {};
  SyncCount last_sync_count = {};
  std::string next_token = {};
  std::optional<int> max_results = {};
  std::string session_token = {};  // SyncSessionToken; empty: absent
};
// Its answer is core's ListedPage.

enum class PatchOperation : std::uint8_t { kReplace, kRemove };

struct RecordPatch {
  PatchOperation operation = PatchOperation::kReplace;
  std::string key = {};
  std::optional<std::string> value = {};
  SyncCount sync_count = {};
  std::optional<Timestamp> device_modified_at = {};
};

struct UpdateRecordsRequest {
  Target target = {};
  std::string device_id = {};  // empty: absent
  std::vector<RecordPatch> patches = {};
  std::string session_token = {};
  std::string client_context = {};  // header x-amz-Client-Context; empty: absent
};
struct UpdateRecordsAnswer {
  std::vector<RemoteRecord> records = {};
};

// --- client side: client_codec.cc -----------------------------------------------------------------------------------

// The request without signature, Host or Date.
HttpRequest encode(const ListDatasetsRequest& request);
HttpRequest encode(const DescribeDatasetRequest& request);
HttpRequest encode(const DeleteDatasetRequest& request);
HttpRequest encode(const ListRecordsRequest& request);
HttpRequest encode(const UpdateRecordsRequest& request);

// A 2xx answer's body. Errors: kBadAnswer, naming the operation and the field that is missing or has the wrong type.
// Unknown fields are ignored; optional ones may be absent or null. A record without Value is a tombstone.
Result<ListDatasetsAnswer> decode_list_datasets(std::string_view body);
Result<DatasetAnswer> decode_dataset(std::string_view body);
Result<ListedPage> decode_list_records(std::string_view body);
Result<UpdateRecordsAnswer> decode_update_records(std::string_view body);

// What an answer other than 2xx means. Classifies by type (x-amzn-ErrorType header, else __type in the body; both may
// carry a namespace before '#' or details after ':') and by text, since the vendor's service sends stale pictures as
// InvalidParameterException too: "Current SyncCount for: ..." is kResourceConflict, "No such SyncCount: ..." is
// kNoSuchSyncCount, "SyncSessionToken not valid..." is kResourceConflict, "Signature expired..." and "Signature not yet
// current..." are kClockSkew. Anything else by status: 429 kTooManyRequests, 5xx kServiceFailure, 401/403
// kNotAuthorized, 404 without a type kBadAnswer (a wrong endpoint).
// Retry-After is read in seconds. A body that is no JSON is never quoted beyond 200 printable characters.
Error decode_error(const HttpResponse& response);

// --- service side: service_codec.cc ---------------------------------------------------------------------------------

// What the method and path ask for, names still unchecked.
struct Route {
  Operation operation = Operation::kListRecords;
  std::string pool = {};
  std::string identity = {};
  std::string dataset = {};
};

// nullopt: no such operation. Undoes the percent-encoding once; a malformed one is no route.
std::optional<Route> parse_route(std::string_view method, std::string_view path);

// Errors carry the service's code: kInvalidParameter with a message that names the field, whatever the bytes.
Result<Target> check_target(const Route& route);
Result<ListDatasetsRequest> decode_list_datasets_request(Target target, const HttpRequest& request);
Result<ListRecordsRequest> decode_list_records_request(Target target, const HttpRequest& request);
Result<UpdateRecordsRequest> decode_update_records_request(Target target, const HttpRequest& request);

// Bodies of 200 answers.
std::string encode_answer(const ListDatasetsAnswer& answer);
std::string encode_answer(const DatasetAnswer& answer);
std::string encode_answer(const ListedPage& page);
std::string encode_answer(const UpdateRecordsAnswer& answer);

// The status, x-amzn-ErrorType and body {"message": ...} of an error of the service's own; Retry-After if it is set.
HttpResponse encode_error(const Error& error);

// Both directions of protocol.md's table of errors.
struct ErrorRow {
  ErrorCode code = {};
  std::string_view type;
  int status;
};
const ErrorRow* find_error(ErrorCode code);
const ErrorRow* find_error(std::string_view type);

}  // namespace syncline::wire
