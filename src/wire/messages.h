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
#include "syncline/sync_messages.h"
#include "syncline/values.h"

namespace syncline::wire {

// The values themselves are the public ones (syncline/sync_messages.h).
using api::BulkPublishAnswer;
using api::BulkPublishDetails;
using api::BulkPublishRequest;
using api::BulkPublishStatus;
using api::CognitoStreams;
using api::Dataset;
using api::DatasetAnswer;
using api::DeleteDatasetRequest;
using api::DescribeDatasetRequest;
using api::DescribeIdentityPoolUsageAnswer;
using api::DescribeIdentityPoolUsageRequest;
using api::DescribeIdentityUsageAnswer;
using api::DescribeIdentityUsageRequest;
using api::GetBulkPublishDetailsRequest;
using api::GetCognitoEventsAnswer;
using api::GetCognitoEventsRequest;
using api::GetIdentityPoolConfigurationRequest;
using api::IdentityPoolConfigurationAnswer;
using api::IdentityPoolUsage;
using api::IdentityUsage;
using api::ListDatasetsAnswer;
using api::ListDatasetsRequest;
using api::ListIdentityPoolUsageAnswer;
using api::ListIdentityPoolUsageRequest;
using api::ListRecordsRequest;
using api::NoAnswer;
using api::PatchOperation;
using api::Platform;
using api::PushSync;
using api::RecordPatch;
using api::RegisterDeviceAnswer;
using api::RegisterDeviceRequest;
using api::SetCognitoEventsRequest;
using api::SetIdentityPoolConfigurationRequest;
using api::StreamingStatus;
using api::SubscribeToDatasetRequest;
using api::Target;
using api::UnsubscribeFromDatasetRequest;
using api::UpdateRecordsAnswer;
using api::UpdateRecordsRequest;

enum class Operation : std::uint8_t {
  kListIdentityPoolUsage,
  kDescribeIdentityPoolUsage,
  kBulkPublish,
  kGetBulkPublishDetails,
  kGetIdentityPoolConfiguration,
  kSetIdentityPoolConfiguration,
  kGetCognitoEvents,
  kSetCognitoEvents,
  kDescribeIdentityUsage,
  kListDatasets,
  kDescribeDataset,
  kDeleteDataset,
  kListRecords,
  kUpdateRecords,
  kRegisterDevice,
  kSubscribeToDataset,
  kUnsubscribeFromDataset,
};

// The operation's name in the API model: "ListRecords".
std::string_view to_string(Operation operation);

// In the API model's words: "APNS_SANDBOX", "ENABLED", "IN_PROGRESS".
std::string_view to_string(Platform platform);
std::string_view to_string(StreamingStatus status);
std::string_view to_string(BulkPublishStatus status);
std::optional<Platform> parse_platform(std::string_view text);
std::optional<StreamingStatus> parse_streaming_status(std::string_view text);
std::optional<BulkPublishStatus> parse_bulk_publish_status(std::string_view text);

// --- client side: client_codec.cc, pool_client_codec.cc -------------------------------------------------------------

// The request without signature, Host or Date.
HttpRequest encode(const ListDatasetsRequest& request);
HttpRequest encode(const DescribeDatasetRequest& request);
HttpRequest encode(const DeleteDatasetRequest& request);
HttpRequest encode(const ListRecordsRequest& request);
HttpRequest encode(const UpdateRecordsRequest& request);
HttpRequest encode(const DescribeIdentityUsageRequest& request);
HttpRequest encode(const DescribeIdentityPoolUsageRequest& request);
HttpRequest encode(const ListIdentityPoolUsageRequest& request);
HttpRequest encode(const GetIdentityPoolConfigurationRequest& request);
HttpRequest encode(const SetIdentityPoolConfigurationRequest& request);
HttpRequest encode(const GetCognitoEventsRequest& request);
HttpRequest encode(const SetCognitoEventsRequest& request);
HttpRequest encode(const BulkPublishRequest& request);
HttpRequest encode(const GetBulkPublishDetailsRequest& request);
HttpRequest encode(const RegisterDeviceRequest& request);
HttpRequest encode(const SubscribeToDatasetRequest& request);
HttpRequest encode(const UnsubscribeFromDatasetRequest& request);

// A 2xx answer's body. Errors: kBadAnswer, naming the operation and the field that is missing or has the wrong type.
// Unknown fields are ignored; optional ones may be absent or null. A record without Value is a tombstone.
Result<ListDatasetsAnswer> decode_list_datasets(std::string_view body);
Result<DatasetAnswer> decode_dataset(std::string_view body);
Result<ListedPage> decode_list_records(std::string_view body);
Result<UpdateRecordsAnswer> decode_update_records(std::string_view body);
Result<DescribeIdentityUsageAnswer> decode_describe_identity_usage(std::string_view body);
Result<DescribeIdentityPoolUsageAnswer> decode_describe_identity_pool_usage(std::string_view body);
Result<ListIdentityPoolUsageAnswer> decode_list_identity_pool_usage(std::string_view body);
Result<IdentityPoolConfigurationAnswer> decode_identity_pool_configuration(std::string_view body);
Result<GetCognitoEventsAnswer> decode_get_cognito_events(std::string_view body);
Result<BulkPublishAnswer> decode_bulk_publish(std::string_view body);
Result<BulkPublishDetails> decode_bulk_publish_details(std::string_view body);
Result<RegisterDeviceAnswer> decode_register_device(std::string_view body);
// Of an answer that may be anything: SetCognitoEvents, SubscribeToDataset, UnsubscribeFromDataset.
Result<NoAnswer> decode_nothing(std::string_view body);

// What an answer other than 2xx means. Classifies by type (x-amzn-ErrorType header, else __type in the body; both may
// carry a namespace before '#' or details after ':') and by text, since the vendor's service sends stale pictures as
// InvalidParameterException too: "Current SyncCount for: ..." is kResourceConflict, "No such SyncCount: ..." is
// kNoSuchSyncCount, "SyncSessionToken not valid..." is kResourceConflict, "Signature expired..." and "Signature not yet
// current..." are kClockSkew. Anything else by status: 429 kTooManyRequests, 5xx kServiceFailure, 401/403
// kNotAuthorized, 404 without a type kBadAnswer (a wrong endpoint).
// Retry-After is read in seconds. A body that is no JSON is never quoted beyond 200 printable characters.
Error decode_error(const HttpResponse& response);

// --- both sides ----------------------------------------------------------------------------------------------------

// Not the vendor's: on every answer of a service that refuses an UpdateRecords (409) whose session listed an
// incarnation of the dataset that was deleted since, however old the session is. A device may then push without a list
// before it.
inline constexpr std::string_view kSessionHeader = "Syncline-Session";
inline constexpr std::string_view kSessionEndsWithDataset = "ends-with-dataset";

// --- service side: routes.cc, service_codec.cc, pool_service_codec.cc -----------------------------------------------

// What the method and path ask for, names still unchecked.
struct Route {
  Operation operation = Operation::kListRecords;
  std::string pool = {};
  std::string identity = {};
  std::string dataset = {};
  std::string device = {};
};

// nullopt: no such operation. Undoes the percent-encoding once; a malformed one is no route.
std::optional<Route> parse_route(std::string_view method, std::string_view path);

// Errors carry the service's code: kInvalidParameter with a message that names the field, whatever the bytes.
Result<Target> check_target(const Route& route);  // as far as the operation's path names one
Result<void> check_device_id(std::string_view device_id);
Result<ListDatasetsRequest> decode_list_datasets_request(Target target, const HttpRequest& request);
Result<ListRecordsRequest> decode_list_records_request(Target target, const HttpRequest& request);
Result<UpdateRecordsRequest> decode_update_records_request(Target target, const HttpRequest& request);
Result<ListIdentityPoolUsageRequest> decode_list_identity_pool_usage_request(const HttpRequest& request);
Result<SetIdentityPoolConfigurationRequest> decode_set_identity_pool_configuration_request(IdentityPoolId pool,
                                                                                           std::string_view body);
Result<SetCognitoEventsRequest> decode_set_cognito_events_request(IdentityPoolId pool, std::string_view body);
Result<RegisterDeviceRequest> decode_register_device_request(Target target, std::string_view body);

// Bodies of 200 answers.
std::string encode_answer(const ListDatasetsAnswer& answer);
std::string encode_answer(const DatasetAnswer& answer);
std::string encode_answer(const ListedPage& page);
std::string encode_answer(const UpdateRecordsAnswer& answer);
std::string encode_answer(const DescribeIdentityUsageAnswer& answer);
std::string encode_answer(const DescribeIdentityPoolUsageAnswer& answer);
std::string encode_answer(const ListIdentityPoolUsageAnswer& answer);
std::string encode_answer(const IdentityPoolConfigurationAnswer& answer);
std::string encode_answer(const GetCognitoEventsAnswer& answer);
std::string encode_answer(const BulkPublishAnswer& answer);
std::string encode_answer(const BulkPublishDetails& answer);
std::string encode_answer(const RegisterDeviceAnswer& answer);
std::string encode_answer(const NoAnswer& answer);

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
