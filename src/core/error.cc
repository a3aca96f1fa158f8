#include "syncline/error.h"

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

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kLimitExceeded:
      return "limit_exceeded";
    case ErrorCode::kStorage:
      return "storage";
    case ErrorCode::kStorageFull:
      return "storage_full";
    case ErrorCode::kStorageBusy:
      return "storage_busy";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kSchemaTooNew:
      return "schema_too_new";
    case ErrorCode::kOutdated:
      return "outdated";
    case ErrorCode::kClosed:
      return "closed";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kIdentityChanged:
      return "identity_changed";
    case ErrorCode::kInternal:
      return "internal";
    case ErrorCode::kNetwork:
      return "network";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kTls:
      return "tls";
    case ErrorCode::kBadAnswer:
      return "bad_answer";
    case ErrorCode::kNotAuthorized:
      return "not_authorized";
    case ErrorCode::kClockSkew:
      return "clock_skew";
    case ErrorCode::kInvalidParameter:
      return "invalid_parameter";
    case ErrorCode::kNoSuchSyncCount:
      return "no_such_sync_count";
    case ErrorCode::kResourceNotFound:
      return "resource_not_found";
    case ErrorCode::kResourceConflict:
      return "resource_conflict";
    case ErrorCode::kTooManyRequests:
      return "too_many_requests";
    case ErrorCode::kServiceFailure:
      return "service_failure";
    case ErrorCode::kDuplicateRequest:
      return "duplicate_request";
    case ErrorCode::kAlreadyStreamed:
      return "already_streamed";
    case ErrorCode::kConcurrentModification:
      return "concurrent_modification";
    case ErrorCode::kInvalidConfiguration:
      return "invalid_configuration";
    case ErrorCode::kInvalidLambdaFunctionOutput:
      return "invalid_lambda_function_output";
    case ErrorCode::kLambdaThrottled:
      return "lambda_throttled";
    case ErrorCode::kLambdaSocketTimeout:
      return "lambda_socket_timeout";
    case ErrorCode::kUnknownServiceError:
      return "unknown_service_error";
  }
  return "unknown";
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
