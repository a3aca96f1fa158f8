// The one table of the protocol's errors, and what an error looks like on the wire, in both directions.
#include <algorithm>
#include <array>
#include <charconv>

#include "core/text.h"
#include "wire/json_reader.h"
#include "wire/json_writer.h"
#include "wire/messages.h"

namespace syncline::wire {

namespace {

using enum ErrorCode;

// The first row of a code says how it is sent, the first row of a type what it means.
constexpr auto kErrors = std::to_array<ErrorRow>({
    // protocol.md, section 2.
    {kNotAuthorized, "NotAuthorizedException", 403},
    {kInvalidParameter, "InvalidParameterException", 400},
    {kResourceNotFound, "ResourceNotFoundException", 404},
    {kResourceConflict, "ResourceConflictException", 409},
    {kLimitExceeded, "LimitExceededException", 400},
    {kTooManyRequests, "TooManyRequestsException", 429},
    {kServiceFailure, "InternalErrorException", 500},
    {kDuplicateRequest, "DuplicateRequestException", 400},
    {kAlreadyStreamed, "AlreadyStreamedException", 400},
    {kConcurrentModification, "ConcurrentModificationException", 400},
    {kInvalidConfiguration, "InvalidConfigurationException", 400},
    {kInvalidLambdaFunctionOutput, "InvalidLambdaFunctionOutputException", 400},
    {kLambdaThrottled, "LambdaThrottledException", 429},
    {kLambdaSocketTimeout, "LambdaSocketTimeoutException", 400},
    // Told apart by their text alone.
    {kNoSuchSyncCount, "InvalidParameterException", 400},
    {kClockSkew, "NotAuthorizedException", 403},
    // What core's checks of names, keys and values say.
    {kInvalidArgument, "InvalidParameterException", 400},
    // What stands before every service of the vendor's (AWS APIs, "Common Errors").
    {kNotAuthorized, "AccessDeniedException", 403},
    {kNotAuthorized, "ExpiredTokenException", 403},
    {kNotAuthorized, "IncompleteSignatureException", 403},
    {kNotAuthorized, "InvalidSignatureException", 403},
    {kNotAuthorized, "MissingAuthenticationTokenException", 403},
    {kNotAuthorized, "UnrecognizedClientException", 403},
    {kInvalidParameter, "SerializationException", 400},
    {kInvalidParameter, "ValidationException", 400},
    {kTooManyRequests, "ThrottlingException", 429},
    {kServiceFailure, "InternalFailure", 500},
    {kServiceFailure, "ServiceUnavailable", 503},
    {kServiceFailure, "ServiceUnavailableException", 503},
});

constexpr std::size_t kLongestQuote = 200;
constexpr std::size_t kLongestMessage = 2'000;
constexpr std::int64_t kLongestRetryAfterSeconds = 86'400;

struct ErrorBody {
  bool is_json = false;
  std::string message;
  std::string type;
};

// A field of a wrong type is as good as none.
template <std::string ErrorBody::*Member>
bool read_if_fits(ErrorBody& body, const Scalar& value) {
  static_cast<void>(value.read(body.*Member));
  return true;
}

constexpr std::array<Field<ErrorBody>, 3> kErrorFields{{
    {"message", kText, read_if_fits<&ErrorBody::message>},
    {"Message", kText, read_if_fits<&ErrorBody::message>},
    {"__type", kText, read_if_fits<&ErrorBody::type>},
}};

ErrorBody read_error_body(std::string_view body) {
  ErrorBody result;
  TableReader<ErrorBody> reader(kErrorFields, result);
  const auto problem = read_message(body, reader);
  result.is_json = !problem || problem->kind != Problem::Kind::kNoJson;
  if (!result.is_json) return ErrorBody{};
  return result;
}

// "namespace#Name:http://details" -> "Name".
std::string bare_type(std::string_view type) {
  type = type.substr(0, type.find(':'));
  if (const auto hash = type.rfind('#'); hash != std::string_view::npos) type.remove_prefix(hash + 1);
  while (!type.empty() && type.front() == ' ') type.remove_prefix(1);
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return std::string(type.substr(0, kLongestQuote));
}

// The vendor's service sends these under more than one type (protocol.md, section 8).
std::optional<ErrorCode> code_of_text(std::string_view message) {
  if (message.starts_with("Current SyncCount for:")) return kResourceConflict;
  // As a rule the list was too long ago: a new one gives a new token.
  if (message.starts_with("SyncSessionToken not valid")) return kResourceConflict;
  if (message.starts_with("No such SyncCount:")) return kNoSuchSyncCount;
  if (message.starts_with("Signature expired")) return kClockSkew;
  if (message.starts_with("Signature not yet current")) return kClockSkew;
  return std::nullopt;
}

ErrorCode code_of_status(int status, bool service_spoke) {
  if (status == 429) return kTooManyRequests;
  if (status >= 500) return kServiceFailure;
  if (status == 401 || status == 403) return kNotAuthorized;
  if (status == 408) return kTimeout;
  return service_spoke && status >= 400 ? kUnknownServiceError : kBadAnswer;
}

ErrorCode classify(int status, const std::string& type, const ErrorBody& body) {
  if (status >= 400 && status < 500) {
    if (const auto code = code_of_text(body.message)) return *code;
  }
  if (const auto* row = find_error(type)) return row->code;
  // A 404 without a type comes from something that is not this service.
  const bool service_spoke = !type.empty() || (status != 404 && !body.message.empty());
  return code_of_status(status, service_spoke);
}

// The printable part of a body that somebody else wrote: a proxy, a captive portal.
std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    if (shown.size() == kLongestQuote) break;
    const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (space && (shown.empty() || shown.back() == ' ')) continue;
    if (space) shown += ' ';
    if (c > 0x20 && c < 0x7F) shown += c;
  }
  return shown;
}

std::string shortened(std::string message) {
  if (message.size() <= kLongestMessage) return message;
  std::size_t end = kLongestMessage;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) --end;  // no half code point
  message.resize(end);
  return message + "...";
}

std::string describe(const HttpResponse& response, const std::string& type, const ErrorBody& body) {
  if (!body.message.empty()) return shortened(body.message);
  std::string text = "the service answered " + std::to_string(response.status);
  if (!type.empty()) text += " " + type;
  if (body.is_json) return text;
  const auto quote = printable(response.body);
  return quote.empty() ? text : text + ", no JSON: " + quote;
}

// The form with a date is not read: it would need this device's clock to be right.
std::optional<std::chrono::milliseconds> retry_after(const Headers& headers) {
  const auto* value = find_header(headers, "Retry-After");
  if (value == nullptr) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), seconds);
  if (error != std::errc{} || end != value->data() + value->size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, kLongestRetryAfterSeconds));
}

}  // namespace

const ErrorRow* find_error(ErrorCode code) {
  const auto* found =
      std::find_if(kErrors.begin(), kErrors.end(), [code](const ErrorRow& r) { return r.code == code; });
  return found == kErrors.end() ? nullptr : found;
}

const ErrorRow* find_error(std::string_view type) {
  const auto* found =
      std::find_if(kErrors.begin(), kErrors.end(), [type](const ErrorRow& r) { return r.type == type; });
  return found == kErrors.end() ? nullptr : found;
}

Error decode_error(const HttpResponse& response) {
  const auto body = read_error_body(response.body);
  const auto* header = find_header(response.headers, "x-amzn-ErrorType");
  const auto type = bare_type(header != nullptr ? *header : body.type);
  return Error{.code = classify(response.status, type, body),
               .message = describe(response, type, body),
               .http_status = response.status,
               .service_code = type,
               .retry_after = retry_after(response.headers)};
}

HttpResponse encode_error(const Error& error) {
  const auto* named = find_error(error.code);
  // An error that the protocol has no name for is the service's own trouble, and its words are for the log.
  const bool own_trouble = named == nullptr;
  const auto& row = own_trouble ? *find_error(kServiceFailure) : *named;

  JsonWriter body;
  body.open_object();
  body.text("message", own_trouble ? std::string_view("Internal error") : error.message);
  body.close_object();

  HttpResponse response;
  response.status = error.http_status >= 400 && !own_trouble ? error.http_status : row.status;
  response.headers = {{"Content-Type", "application/json"}, {"x-amzn-ErrorType", std::string(row.type)}};
  if (error.retry_after) {
    // Rounded up: coming back a moment early would be refused again.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after);
    response.headers.push_back({"Retry-After", std::to_string(seconds.count())});
  }
  response.body = body.take();
  return response;
}

}  // namespace syncline::wire
