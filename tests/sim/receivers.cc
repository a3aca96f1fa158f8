#include "sim/receivers.h"

#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/text.h"

namespace syncline::sim {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kTokenOf = "token-of-";

std::string base64_decoded(const std::string& text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const auto padding = std::count(text.begin(), text.end(), '=');
  bytes.resize(static_cast<std::size_t>(std::max<std::ptrdiff_t>(length - padding, 0)));
  return bytes;
}

std::map<std::string, std::string> form_of(std::string_view body) {
  std::map<std::string, std::string> fields;
  while (!body.empty()) {
    const auto field = body.substr(0, body.find('&'));
    const auto equals = std::min(field.find('='), field.size() - 1);
    fields[std::string(field.substr(0, equals))] = percent_decode(field.substr(equals + 1)).value_or("");
    body.remove_prefix(std::min(field.size() + 1, body.size()));
  }
  return fields;
}

HttpResponse sns_failure(int status, const std::string& code, const std::string& message) {
  return {.status = status,
          .headers = {{"Content-Type", "text/xml"}},
          .body = "<ErrorResponse><Error><Code>" + code + "</Code><Message>" + message +
                  "</Message></Error></ErrorResponse>"};
}

}  // namespace

std::string push_token(const std::string& device) {
  return std::string(kTokenOf) + device;
}

HttpResponse Receivers::answer(Receiver receiver, const HttpRequest& request, bool current) {
  if (receiver == Receiver::kKinesis) return put_record(request, current);
  if (receiver == Receiver::kS3) {
    objects_[request.path] = request.body;
    return {.status = 200};
  }
  auto form = form_of(request.body);
  if (form["Action"] == "CreatePlatformEndpoint") return create_endpoint(form["Token"]);
  return publish(form["TargetArn"], form["Message"], current);
}

void Receivers::say(const char* receiver, const Delivery& delivery, bool current) {
  context_.say(std::string(receiver) + " gets " + shown(delivery) + (current ? "" : " of a lost history"));
}

// --- streams ------------------------------------------------------------------------------------------------------

HttpResponse Receivers::put_record(const HttpRequest& request, bool current) {
  const Json put = Json::parse(request.body);
  const Json record = Json::parse(base64_decoded(put.at("Data")));
  const std::string identity = record.at("identityId");
  const Delivery delivery{.lane = label_of(identity, record.at("dataSetName").get<std::string>()),
                          .count = record.at("syncCount"),
                          .removal = record.at("operation") == "remove"};
  say("Kinesis", delivery, current);
  context_.verdict.require(put.at("StreamName") == kStreamName && put.at("PartitionKey") == identity, "S8",
                           "a record went to another stream or partition");
  const Json records = record.at("payloadType") == "Inline"
                           ? record.at("kinesisSyncRecords")
                           : Json::parse(fetch(record.at("kinesisSyncRecordsURL")), nullptr, false);
  context_.verdict.require(records.is_array(), "S8", shown(delivery) + " has its records nowhere");
  SentRecords sent;
  for (const Json& each : records) {
    const bool removed = each.at("op") == "remove";
    sent[each.at("key")] = removed ? std::nullopt : std::optional(each.at("value").get<std::string>());
    context_.verdict.require(each.at("syncCount") == delivery.count, "S8", shown(delivery) + " has an older record");
  }
  if (current) ledger_.record_arrived(delivery, sent);
  return {.status = 200, .headers = {}, .body = R"({"SequenceNumber":"1","ShardId":"shardId-000000000000"})"};
}

// "http://HOST/PATH?X-Amz-..."; "": there is no such object.
std::string Receivers::fetch(const std::string& url) {
  const auto path = url.find('/', url.find("://") + 3);
  const auto found = objects_.find(url.substr(path, url.find('?') - path));
  return found == objects_.end() ? "" : found->second;
}

// --- pushes -------------------------------------------------------------------------------------------------------

// A token keeps its endpoint; every other one was made with other attributes, which SNS answers with a refusal that
// names it.
HttpResponse Receivers::create_endpoint(const std::string& token) {
  const auto known =
      std::find_if(tokens_.begin(), tokens_.end(), [&](const auto& each) { return each.second == token; });
  const bool makes = known == tokens_.end();
  std::string endpoint =
      makes ? "arn:aws:sns:us-east-1:1:endpoint/GCM/game/" + std::to_string(++endpoints_) : known->first;
  if (!makes && endpoint.back() % 2 == 0) {
    return sns_failure(400, "InvalidParameter",
                       "Invalid parameter: Token Reason: Endpoint " + endpoint +
                           " already exists with the same Token, but different attributes.");
  }
  tokens_[endpoint] = token;
  return {.status = 200,
          .headers = {{"Content-Type", "text/xml"}},
          .body = "<CreatePlatformEndpointResponse><CreatePlatformEndpointResult><EndpointArn>" + endpoint +
                  "</EndpointArn></CreatePlatformEndpointResult></CreatePlatformEndpointResponse>"};
}

HttpResponse Receivers::publish(const std::string& endpoint, const std::string& message, bool current) {
  const auto token = tokens_.find(endpoint);
  if (token == tokens_.end()) return sns_failure(404, "NotFound", "Endpoint does not exist");
  const Json envelope = Json::parse(message);
  const Json data = Json::parse(envelope.at("GCM").get<std::string>()).at("data");
  const std::string dataset =
      label_of(data.at("identityId").get<std::string>(), data.at("datasetName").get<std::string>());
  const Delivery delivery{.lane = push_lane(dataset, token->second.substr(kTokenOf.size())),
                          .count = std::stoll(data.at("syncCount").get<std::string>())};
  say("SNS", delivery, current);
  if (current) ledger_.push_arrived(delivery);
  return {.status = 200, .headers = {}, .body = "<PublishResponse/>"};
}

}  // namespace syncline::sim
