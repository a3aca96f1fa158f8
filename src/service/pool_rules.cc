#include "service/pool_rules.h"

#include <algorithm>
#include <string>
#include <utility>

#include "service/refusal.h"

namespace syncline::service {

namespace {}  // namespace

Result<wire::IdentityPoolConfigurationAnswer> decide_configuration(
    wire::IdentityPoolConfigurationAnswer current, const wire::SetIdentityPoolConfigurationRequest& request) {
  if (request.push_sync) current.push_sync = request.push_sync;
  if (request.streams) current.streams = request.streams;
  if (!streams_are_enabled(current)) return current;
  if (current.streams->stream_name.empty() || current.streams->role_arn.empty()) {
    return refused(ErrorCode::kInvalidParameter, "CognitoStreams needs a StreamName and a RoleArn to be ENABLED");
  }
  return current;
}

bool streams_are_enabled(const wire::IdentityPoolConfigurationAnswer& configuration) {
  return configuration.streams && configuration.streams->status == wire::StreamingStatus::kEnabled;
}

const std::string* push_application(const wire::IdentityPoolConfigurationAnswer& configuration,
                                    wire::Platform platform) {
  if (!configuration.push_sync) return nullptr;
  const auto& arns = configuration.push_sync->application_arns;
  const std::string part = ":app/" + std::string(wire::to_string(platform)) + "/";
  const auto found = std::find_if(arns.begin(), arns.end(),
                                  [&part](const std::string& arn) { return arn.find(part) != std::string::npos; });
  return found == arns.end() ? nullptr : &*found;
}

bool can_push_to(const wire::IdentityPoolConfigurationAnswer& configuration, wire::Platform platform) {
  return push_application(configuration, platform) != nullptr;
}

Result<wire::BulkPublishDetails> decide_bulk_publish(const wire::BulkPublishDetails& last,
                                                     const wire::IdentityPoolConfigurationAnswer& configuration,
                                                     Timestamp now) {
  if (!streams_are_enabled(configuration)) {
    return refused(ErrorCode::kInvalidConfiguration, "The identity pool has no enabled stream to publish to");
  }
  if (last.status == wire::BulkPublishStatus::kInProgress) {
    return refused(ErrorCode::kDuplicateRequest, "A bulk publish of the identity pool is in progress");
  }
  const bool succeeded = last.status == wire::BulkPublishStatus::kSucceeded && last.completed_at;
  if (succeeded && now < *last.completed_at + kBulkPublishInterval) {
    return refused(ErrorCode::kAlreadyStreamed, "The identity pool was published in the last 24 hours");
  }
  return wire::BulkPublishDetails{.pool_id = last.pool_id,
                                  .started_at = now,
                                  .completed_at = {},
                                  .status = wire::BulkPublishStatus::kInProgress,
                                  .failure = {}};
}

}  // namespace syncline::service
