#include "service/delivery_options.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace syncline::service {

namespace {

void take_from_environment(std::string& to, const char* name) {
  const char* value = std::getenv(name);
  if (value != nullptr) to = value;
}

Error wrong(std::string message) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = std::move(message)};
}

// S3's own rule for names, as far as a path needs it.
bool is_bucket(std::string_view name) {
  return !name.empty() && name.find("..") == std::string_view::npos && name != "." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

}  // namespace

Result<void> complete_delivery(DeliveryOptions& options) {
  Credentials& credentials = options.credentials;
  if (credentials.access_key_id.empty()) {
    take_from_environment(credentials.access_key_id, "AWS_ACCESS_KEY_ID");
    take_from_environment(credentials.secret_access_key, "AWS_SECRET_ACCESS_KEY");
    take_from_environment(credentials.session_token, "AWS_SESSION_TOKEN");
  }
  if (!options.s3.empty() && !is_bucket(options.bucket)) {
    return wrong("'delivery.s3' needs 'delivery.bucket', of letters, digits, '.' and '-'");
  }
  if (options.any() && (credentials.access_key_id.empty() || credentials.secret_access_key.empty())) {
    return wrong(
        "'delivery' has endpoints but no credentials: set 'delivery.access_key_id' and 'delivery.secret_access_key', or"
        " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment");
  }
  return {};
}

}  // namespace syncline::service
