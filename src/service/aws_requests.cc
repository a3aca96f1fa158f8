#include "service/aws_requests.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/text.h"
#include "wire/json_tree.h"
#include "wire/json_writer.h"

namespace syncline::service {

namespace {

using Form = std::vector<std::pair<std::string_view, std::string_view>>;

constexpr std::size_t kShownCharacters = 200;

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a zero
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

HttpRequest sns_request(std::string_view action, const Form& fields) {
  HttpRequest request{
      .method = "POST", .path = "/", .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}};
  request.body = "Action=" + std::string(action) + "&Version=2010-03-31";
  for (const auto& [name, value] : fields) {
    request.body += "&" + std::string(name) + "=" + percent_encode(value);
  }
  return request;
}

// What stands in JSON under any of the names; empty: nowhere.
std::string json_text(std::string_view body, std::initializer_list<std::string_view> names) {
  wire::JsonNode root;
  if (wire::read_tree(body, root)) return {};
  std::optional<wire::Problem> problem;
  wire::TreeReader reader(root, {}, problem);
  std::string text;
  for (const std::string_view name : names) reader.text(name, text);
  return text;
}

std::string printable(std::string_view text) {
  std::string shown(text.substr(0, kShownCharacters));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return shown;
}

template <std::size_t kCount>
bool is_one_of(const std::array<std::string_view, kCount>& types, std::string_view type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

// About this service's key or clock, which its operator mends.
bool is_about_the_key(std::string_view type) {
  static constexpr std::array<std::string_view, 12> kTypes{
      "UnrecognizedClientException",
      "InvalidSignatureException",
      "SignatureDoesNotMatch",
      "IncompleteSignature",
      "InvalidAccessKeyId",
      "InvalidClientTokenId",
      "MissingAuthenticationTokenException",
      "ExpiredToken",
      "ExpiredTokenException",
      "RequestExpired",
      "RequestTimeTooSkewed",
      "AuthFailure",
  };
  return is_one_of(kTypes, type);
}

// One stream, function or application is asked too much; others may have room.
bool is_throttled(std::string_view type) {
  static constexpr std::array<std::string_view, 8> kTypes{
      "ProvisionedThroughputExceededException",
      "ThrottlingException",
      "Throttling",
      "Throttled",
      "ThrottledException",
      "LimitExceededException",
      "SlowDown",
      "RequestTimeout",
  };
  return type.starts_with("KMS") || is_one_of(kTypes, type);
}

}  // namespace

HttpRequest kinesis_put_record(std::string_view stream, std::string_view partition_key, std::string_view data) {
  wire::JsonWriter json;
  json.open_object();
  json.text("StreamName", stream);
  json.text("PartitionKey", partition_key);
  json.text("Data", base64(data));
  json.close_object();
  return {.method = "POST",
          .path = "/",
          .headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "Kinesis_20131202.PutRecord"}},
          .body = json.take()};
}

std::string object_path(std::string_view bucket, const WaitingMessage& message) {
  std::string path =
      "/" + std::string(bucket) + "/" + message.target.pool.text() + "/" + message.target.identity.text() + "/" +
      std::to_string(message.created_at.time_since_epoch().count()) + "-" + std::to_string(message.id) + ".json";
  std::replace(path.begin(), path.end(), ':', '_');
  return path;
}

HttpRequest s3_put_object(std::string path, std::string_view body) {
  return {.method = "PUT",
          .path = std::move(path),
          .headers = {{"Content-Type", "application/json"}},
          .body = std::string(body)};
}

HttpRequest sns_create_platform_endpoint(std::string_view application, std::string_view token) {
  return sns_request("CreatePlatformEndpoint", {{"PlatformApplicationArn", application}, {"Token", token}});
}

HttpRequest sns_publish(std::string_view endpoint, wire::Platform platform, std::string_view message) {
  Form fields{{"TargetArn", endpoint}, {"MessageStructure", "json"}, {"Message", message}};
  if (platform == wire::Platform::kApns || platform == wire::Platform::kApnsSandbox) {
    // Apple refuses a silent message that does not say so.
    fields.insert(fields.end(), {{"MessageAttributes.entry.1.Name", "AWS.SNS.MOBILE.APNS.PUSH_TYPE"},
                                 {"MessageAttributes.entry.1.Value.DataType", "String"},
                                 {"MessageAttributes.entry.1.Value.StringValue", "background"},
                                 {"MessageAttributes.entry.2.Name", "AWS.SNS.MOBILE.APNS.PRIORITY"},
                                 {"MessageAttributes.entry.2.Value.DataType", "String"},
                                 {"MessageAttributes.entry.2.Value.StringValue", "5"}});
  }
  return sns_request("Publish", fields);
}

std::string xml_text(std::string_view body, std::string_view element) {
  const std::string open = "<" + std::string(element) + ">";
  const auto begin = body.find(open);
  if (begin == std::string_view::npos) return {};
  const auto end = body.find("</" + std::string(element) + ">", begin);
  if (end == std::string_view::npos) return {};
  return std::string(body.substr(begin + open.size(), end - begin - open.size()));
}

HttpRequest lambda_invoke(std::string_view function, std::string payload) {
  return {.method = "POST",
          .path = "/2015-03-31/functions/" + percent_encode(function) + "/invocations",
          .headers = {{"Content-Type", "application/json"}, {"X-Amz-Invocation-Type", "RequestResponse"}},
          .body = std::move(payload)};
}

std::string failure_type(const HttpResponse& response) {
  std::string type;
  if (const std::string* header = find_header(response.headers, "x-amzn-ErrorType")) type = *header;
  if (type.empty()) type = json_text(response.body, {"__type"});
  if (type.empty()) type = xml_text(response.body, "Code");
  type = type.substr(type.find('#') == std::string::npos ? 0 : type.find('#') + 1);
  return printable(type.substr(0, type.find(':')));
}

std::string failure_text(std::string_view service, const HttpResponse& response) {
  std::string message = json_text(response.body, {"Message", "message"});
  if (message.empty()) message = xml_text(response.body, "Message");
  const std::string type = failure_type(response);
  return std::string(service) + " answered " + std::to_string(response.status) + (type.empty() ? "" : " ") + type +
         (message.empty() ? "" : ": ") + printable(message);
}

Outcome judge(std::string_view service, const Result<HttpResponse>& answer) {
  if (!answer) {
    return {.kind = Outcome::Kind::kUnreachable, .failure = std::string(service) + ": " + answer.error().message};
  }
  if (answer->status / 100 == 2) return {};
  const std::string type = failure_type(*answer);
  auto kind = Outcome::Kind::kRefused;
  if (answer->status >= 500 || is_about_the_key(type)) {
    kind = Outcome::Kind::kUnreachable;
  } else if (answer->status == 429 || answer->status == 401 || answer->status == 403 || is_throttled(type)) {
    kind = Outcome::Kind::kTransient;  // a permission may be given later
  }
  return {.kind = kind, .failure = failure_text(service, *answer)};
}

}  // namespace syncline::service
