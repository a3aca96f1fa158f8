// Errors as values: what went wrong, and what a caller can do about it. No exception crosses the API. [any thread]
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/export.h"

namespace syncline {

// What went wrong. The first block arises on the device, the second on the way, the third is the service's own word
// (names and statuses: API model 2014-06-30).
enum class ErrorCode : std::uint8_t {
  // On the device.
  kInvalidArgument,  // a name, key, value, option or path outside its limits; the message names it
  kNotFound,         // what was named does not exist here (a conflict that is no longer open, a data set to delete)
  kLimitExceeded,    // a quota: 1,024 records or 1 MiB a dataset, here or at the service
  kStorage,          // the data directory or its file could not be read or written
  kStorageFull,      // no space left on the device
  kStorageBusy,      // another process held the store for longer than the time allowed
  kCorrupt,          // the store file is not a database, or is damaged
  kSchemaTooNew,     // the store file was written by a newer Syncline; it was not touched
  kOutdated,         // the answer was for a version that has changed since; ask again
  kClosed,           // the client was shut down
  kCancelled,        // given up because the app asked for it
  kIdentityChanged,  // the client works for another identity by now; open the dataset again
  kInternal,         // a defect of Syncline, or an app callback that threw or never answered; the message says which
  // On the way.
  kNetwork,    // no connection, or it broke
  kTimeout,    // no complete answer in time
  kTls,        // the service's certificate did not verify, or no secure connection came about
  kBadAnswer,  // an answer that is not what the protocol says: no JSON, a field lacking or of a wrong type, cut off
  // The service's word.
  kNotAuthorized,
  kClockSkew,  // a signature refused because this device's clock is wrong
  kInvalidParameter,
  kNoSuchSyncCount,  // InvalidParameterException for a count that the service has forgotten (restored, re-created)
  kResourceNotFound,
  kResourceConflict,  // a stale sync count, whichever code carried it
  kTooManyRequests,
  kServiceFailure,  // InternalErrorException and any other 5xx
  kDuplicateRequest,
  kAlreadyStreamed,
  kConcurrentModification,
  kInvalidConfiguration,
  kInvalidLambdaFunctionOutput,
  kLambdaThrottled,
  kLambdaSocketTimeout,
  kUnknownServiceError,  // a type that this version does not know; Error::service_code has it
};

// What helps. Derived from the code in one switch (src/core/error.cc).
enum class RetryClass : std::uint8_t {
  kPermanent,    // the same call fails again: something must be changed first
  kTransient,    // the same call may succeed later; wait in between
  kResync,       // this device's picture is out of date: synchronize again
  kCredentials,  // new credentials are needed
};

SYNCLINE_API RetryClass retry_class(ErrorCode code) noexcept;

// A stable lower_snake name, for logs and for --json output: "resource_conflict".
SYNCLINE_API std::string_view to_string(ErrorCode code) noexcept;
SYNCLINE_API std::string_view to_string(RetryClass retry) noexcept;

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;            // English, one sentence, names what was wrong; never a secret, never a record's value
  int http_status = 0;            // 0: no answer was received
  std::string service_code = {};  // the service's own type, such as "ResourceConflictException"; may be empty
  std::optional<std::chrono::milliseconds> retry_after = {};  // from the answer's Retry-After

  [[nodiscard]] RetryClass retry() const noexcept { return retry_class(code); }
};

}  // namespace syncline
