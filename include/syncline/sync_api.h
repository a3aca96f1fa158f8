// Cognito Sync's 17 operations one by one, for tools and bindings that want the service itself: no store, no merging,
// no retries. An app that synchronizes wants client.h instead.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "syncline/credentials.h"
#include "syncline/export.h"
#include "syncline/result.h"
#include "syncline/sync_messages.h"

namespace syncline {

enum class Signing : std::uint8_t {
  kHeader,  // Authorization and its headers
  kQuery,   // presigned: X-Amz-Signature and the rest in the query
};

struct SyncApiOptions {
  std::string endpoint = {};                              // "https://cognito-sync.us-east-1.amazonaws.com"
  std::string region = {};                                // "us-east-1"
  std::shared_ptr<CredentialsProvider> credentials = {};  // a developer's, or an identity's
  Signing signing = Signing::kHeader;
  std::chrono::seconds presigned_for{300};  // how long a request signed in the query is good for; 1..604,800
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds request_timeout{60'000};  // for one request, connecting included
  std::string ca_file = {};                           // PEM certificates to trust; empty: the system's
};

// [any thread]; calls of one object go out one after another. Each operation [blocks: network] and makes one request,
// one more if the service said that this device's clock is wrong. Errors are the service's own (error.h), or kNetwork,
// kTimeout, kTls, kBadAnswer, and what the credentials provider said. Who may call what: protocol, "who may call".
class SYNCLINE_API SyncApi {
 public:
  // Errors: kInvalidArgument, naming the option; kTls if the CA file can't be read.
  static Result<SyncApi> open(SyncApiOptions options);
  SyncApi(SyncApi&&) noexcept;
  SyncApi& operator=(SyncApi&&) noexcept;
  SyncApi(const SyncApi&) = delete;
  SyncApi& operator=(const SyncApi&) = delete;
  ~SyncApi();

  // An identity, or a developer for any identity.
  Result<api::ListDatasetsAnswer> list_datasets(const api::ListDatasetsRequest& request);
  Result<api::DatasetAnswer> describe_dataset(const api::DescribeDatasetRequest& request);
  Result<api::DatasetAnswer> delete_dataset(const api::DeleteDatasetRequest& request);
  Result<ListedPage> list_records(const api::ListRecordsRequest& request);
  Result<api::UpdateRecordsAnswer> update_records(const api::UpdateRecordsRequest& request);
  Result<api::DescribeIdentityUsageAnswer> describe_identity_usage(const api::DescribeIdentityUsageRequest& request);

  // An identity only.
  Result<api::RegisterDeviceAnswer> register_device(const api::RegisterDeviceRequest& request);
  Result<api::NoAnswer> subscribe_to_dataset(const api::SubscribeToDatasetRequest& request);
  Result<api::NoAnswer> unsubscribe_from_dataset(const api::UnsubscribeFromDatasetRequest& request);

  // A developer only.
  Result<api::DescribeIdentityPoolUsageAnswer> describe_identity_pool_usage(
      const api::DescribeIdentityPoolUsageRequest& request);
  Result<api::ListIdentityPoolUsageAnswer> list_identity_pool_usage(const api::ListIdentityPoolUsageRequest& request);
  Result<api::IdentityPoolConfigurationAnswer> get_identity_pool_configuration(
      const api::GetIdentityPoolConfigurationRequest& request);
  Result<api::IdentityPoolConfigurationAnswer> set_identity_pool_configuration(
      const api::SetIdentityPoolConfigurationRequest& request);
  Result<api::GetCognitoEventsAnswer> get_cognito_events(const api::GetCognitoEventsRequest& request);
  Result<api::NoAnswer> set_cognito_events(const api::SetCognitoEventsRequest& request);
  Result<api::BulkPublishAnswer> bulk_publish(const api::BulkPublishRequest& request);
  Result<api::BulkPublishDetails> get_bulk_publish_details(const api::GetBulkPublishDetailsRequest& request);

 private:
  class Impl;
  explicit SyncApi(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline
