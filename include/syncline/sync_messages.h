// The messages of Cognito Sync's 17 operations as values, with every field (API model 2014-06-30; protocol.md, sections
// 1 and 2). What an answer counts (Count) is the size of its list. Sizes are bytes of UTF-8. [any thread]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "syncline/values.h"

namespace syncline {

// A record as the service sent it.
struct RemoteRecord {
  std::string key = {};
  Version version = {};
  bool operator==(const RemoteRecord&) const = default;
};

// One page of ListRecords' answer (protocol.md, section 2).
struct ListedPage {
  std::vector<RemoteRecord> records = {};
  SyncCount dataset_count = {};
  bool dataset_exists = false;
  bool deleted_after_requested = false;  // DatasetDeletedAfterRequestedSyncCount
  std::string last_modified_by = {};
  std::string next_token = {};     // empty: the last page
  std::string session_token = {};  // SyncSessionToken, for UpdateRecords
  std::vector<std::string> merged_datasets = {};
};

namespace api {

// Whose data a request is about. `dataset` is empty for what is about no single one.
struct Target {
  IdentityPoolId pool = {};
  IdentityId identity = {};
  DatasetName dataset = {};
  bool operator==(const Target&) const = default;
};

// --- datasets and records -------------------------------------------------------------------------------------------

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
// Its answer is ListedPage.

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

// --- usage ----------------------------------------------------------------------------------------------------------

struct IdentityUsage {
  std::string identity_id = {};
  std::string pool_id = {};
  std::optional<Timestamp> modified_at = {};  // absent: nothing was ever written
  std::int64_t datasets = 0;                  // DatasetCount
  std::int64_t bytes = 0;                     // DataStorage
  bool operator==(const IdentityUsage&) const = default;
};

struct IdentityPoolUsage {
  std::string pool_id = {};
  std::int64_t sync_sessions = 0;  // SyncSessionsCount
  std::int64_t bytes = 0;          // DataStorage
  std::optional<Timestamp> modified_at = {};
  bool operator==(const IdentityPoolUsage&) const = default;
};

struct DescribeIdentityUsageRequest {
  IdentityPoolId pool = {};
  IdentityId identity = {};
};
struct DescribeIdentityUsageAnswer {
  IdentityUsage usage = {};
};

struct DescribeIdentityPoolUsageRequest {
  IdentityPoolId pool = {};
};
struct DescribeIdentityPoolUsageAnswer {
  IdentityPoolUsage usage = {};
};

struct ListIdentityPoolUsageRequest {
  std::string next_token = {};
  std::optional<int> max_results = {};
};
struct ListIdentityPoolUsageAnswer {
  std::vector<IdentityPoolUsage> usages = {};
  std::optional<int> max_results = {};  // what the page could have held
  std::string next_token = {};
};

// --- configuration of a pool ----------------------------------------------------------------------------------------

struct PushSync {
  std::vector<std::string> application_arns = {};
  std::string role_arn = {};  // empty: absent
  bool operator==(const PushSync&) const = default;
};

enum class StreamingStatus : std::uint8_t { kDisabled, kEnabled };

struct CognitoStreams {
  std::string stream_name = {};  // empty: absent
  std::string role_arn = {};     // empty: absent
  std::optional<StreamingStatus> status = {};
  bool operator==(const CognitoStreams&) const = default;
};

struct GetIdentityPoolConfigurationRequest {
  IdentityPoolId pool = {};
};
struct SetIdentityPoolConfigurationRequest {
  IdentityPoolId pool = {};
  std::optional<PushSync> push_sync = {};  // absent: stays as it is
  std::optional<CognitoStreams> streams = {};
};
struct IdentityPoolConfigurationAnswer {  // of both
  std::string pool_id = {};
  std::optional<PushSync> push_sync = {};
  std::optional<CognitoStreams> streams = {};
};

struct GetCognitoEventsRequest {
  IdentityPoolId pool = {};
};
struct GetCognitoEventsAnswer {
  std::vector<std::pair<std::string, std::string>> events = {};  // name (SyncTrigger) and function's ARN
};
struct SetCognitoEventsRequest {
  IdentityPoolId pool = {};
  std::vector<std::pair<std::string, std::string>> events = {};  // at most one; an empty ARN removes it
};

struct BulkPublishRequest {
  IdentityPoolId pool = {};
};
struct BulkPublishAnswer {
  std::string pool_id = {};
};

enum class BulkPublishStatus : std::uint8_t { kNotStarted, kInProgress, kFailed, kSucceeded };

struct GetBulkPublishDetailsRequest {
  IdentityPoolId pool = {};
};
struct BulkPublishDetails {
  std::string pool_id = {};
  std::optional<Timestamp> started_at = {};    // BulkPublishStartTime
  std::optional<Timestamp> completed_at = {};  // BulkPublishCompleteTime
  BulkPublishStatus status = BulkPublishStatus::kNotStarted;
  std::string failure = {};  // FailureMessage
  bool operator==(const BulkPublishDetails&) const = default;
};

// --- devices --------------------------------------------------------------------------------------------------------

enum class Platform : std::uint8_t { kApns, kApnsSandbox, kGcm, kAdm };

struct RegisterDeviceRequest {
  IdentityPoolId pool = {};
  IdentityId identity = {};
  Platform platform = Platform::kApns;
  std::string token = {};  // the push vendor's
};
struct RegisterDeviceAnswer {
  std::string device_id = {};
};

struct SubscribeToDatasetRequest {
  Target target = {};
  std::string device_id = {};
};
struct UnsubscribeFromDatasetRequest {
  Target target = {};
  std::string device_id = {};
};

// What an operation answers that has nothing to say.
struct NoAnswer {
  bool operator==(const NoAnswer&) const = default;
};

}  // namespace api
}  // namespace syncline
