#include "syncline/error.h"

#include <array>

namespace syncline {

// The one place where it is decided what helps against an error.
RetryClass retry_class(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kLimitExceeded:
    case ErrorCode::kStorage:
    case ErrorCode::kStorageFull:
    case ErrorCode::kCorrupt:
    case ErrorCode::kSchemaTooNew:
    case ErrorCode::kClosed:
    case ErrorCode::kCancelled:
    case ErrorCode::kIdentityChanged:
    case ErrorCode::kInternal:
    case ErrorCode::kTls:
    case ErrorCode::kInvalidParameter:
    case ErrorCode::kDuplicateRequest:
    case ErrorCode::kAlreadyStreamed:
    case ErrorCode::kInvalidConfiguration:
    case ErrorCode::kInvalidLambdaFunctionOutput:
    case ErrorCode::kUnknownServiceError:
      return RetryClass::kPermanent;
    case ErrorCode::kStorageBusy:
    case ErrorCode::kNetwork:
    case ErrorCode::kTimeout:
    case ErrorCode::kBadAnswer:  // as a rule a proxy or a captive portal that stood in between
    case ErrorCode::kTooManyRequests:
    case ErrorCode::kServiceFailure:
    case ErrorCode::kConcurrentModification:
    case ErrorCode::kLambdaThrottled:
    case ErrorCode::kLambdaSocketTimeout:
      return RetryClass::kTransient;
    case ErrorCode::kOutdated:
    case ErrorCode::kNoSuchSyncCount:
    case ErrorCode::kResourceNotFound:
    case ErrorCode::kResourceConflict:
      return RetryClass::kResync;
    case ErrorCode::kNotAuthorized:
    case ErrorCode::kClockSkew:
      return RetryClass::kCredentials;
  }
  return RetryClass::kPermanent;
}

namespace {

struct Name {
  ErrorCode code;
  std::string_view text;
};
constexpr auto kNames = std::to_array<Name>({
    {ErrorCode::kInvalidArgument, "invalid_argument"},
    {ErrorCode::kNotFound, "not_found"},
    {ErrorCode::kLimitExceeded, "limit_exceeded"},
    {ErrorCode::kStorage, "storage"},
    {ErrorCode::kStorageFull, "storage_full"},
    {ErrorCode::kStorageBusy, "storage_busy"},
    {ErrorCode::kCorrupt, "corrupt"},
    {ErrorCode::kSchemaTooNew, "schema_too_new"},
    {ErrorCode::kOutdated, "outdated"},
    {ErrorCode::kClosed, "closed"},
    {ErrorCode::kCancelled, "cancelled"},
    {ErrorCode::kIdentityChanged, "identity_changed"},
    {ErrorCode::kInternal, "internal"},
    {ErrorCode::kNetwork, "network"},
    {ErrorCode::kTimeout, "timeout"},
    {ErrorCode::kTls, "tls"},
    {ErrorCode::kBadAnswer, "bad_answer"},
    {ErrorCode::kNotAuthorized, "not_authorized"},
    {ErrorCode::kClockSkew, "clock_skew"},
    {ErrorCode::kInvalidParameter, "invalid_parameter"},
    {ErrorCode::kNoSuchSyncCount, "no_such_sync_count"},
    {ErrorCode::kResourceNotFound, "resource_not_found"},
    {ErrorCode::kResourceConflict, "resource_conflict"},
    {ErrorCode::kTooManyRequests, "too_many_requests"},
    {ErrorCode::kServiceFailure, "service_failure"},
    {ErrorCode::kDuplicateRequest, "duplicate_request"},
    {ErrorCode::kAlreadyStreamed, "already_streamed"},
    {ErrorCode::kConcurrentModification, "concurrent_modification"},
    {ErrorCode::kInvalidConfiguration, "invalid_configuration"},
    {ErrorCode::kInvalidLambdaFunctionOutput, "invalid_lambda_function_output"},
    {ErrorCode::kLambdaThrottled, "lambda_throttled"},
    {ErrorCode::kLambdaSocketTimeout, "lambda_socket_timeout"},
    {ErrorCode::kUnknownServiceError, "unknown_service_error"},
});

constexpr std::string_view name_of(ErrorCode code) {
  for (const auto& name : kNames) {
    if (name.code == code) return name.text;
  }
  return "unknown";
}

constexpr bool all_named() {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kUnknownServiceError); ++i) {
    if (name_of(static_cast<ErrorCode>(i)) == "unknown") return false;
  }
  return true;
}
static_assert(all_named());

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
  return name_of(code);
}

std::string_view to_string(RetryClass retry) noexcept {
  switch (retry) {
    case RetryClass::kPermanent:
      return "permanent";
    case RetryClass::kTransient:
      return "transient";
    case RetryClass::kResync:
      return "resync";
    case RetryClass::kCredentials:
      return "credentials";
  }
  return "unknown";
}

}  // namespace syncline
