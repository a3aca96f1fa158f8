#include "service/push_sender.h"

#include <utility>

#include "service/aws_requests.h"
#include "service/pool_documents.h"
#include "service/pool_rules.h"

namespace syncline::service {

namespace {

Outcome transient(std::string failure) {
  return {.kind = Outcome::Kind::kTransient, .failure = std::move(failure)};
}

Outcome undeliverable(std::string failure) {
  return {.kind = Outcome::Kind::kRefused, .failure = std::move(failure)};
}

// SNS refuses to make a second endpoint for a token that has one with other attributes, and names that one: "Invalid
// parameter: Token Reason: Endpoint arn:aws:sns:... already exists with the same Token, but different attributes."
std::string existing_endpoint(const Result<HttpResponse>& answer) {
  static constexpr std::string_view kBefore = "Endpoint arn:";
  if (!answer || answer->status != 400) return {};
  const std::string text = xml_text(answer->body, "Message");
  const auto begin = text.find(kBefore);
  if (begin == std::string::npos || text.find("already exists") == std::string::npos) return {};
  const auto arn = begin + kBefore.size() - 4;
  return text.substr(arn, text.find(' ', arn) - arn);
}

}  // namespace

void PushSender::send(const WaitingMessage& message, Done done) {
  auto address = store_.push_address(message.target, message.device);
  if (!address) return done(transient(address.error().message));
  if (!*address) return done({});  // the device is gone: nobody waits for this
  auto configuration = load_configuration(store_, message.target.pool);
  if (!configuration) return done(transient(configuration.error().message));
  const auto platform = wire::parse_platform((*address)->platform);
  const std::string* application = platform ? push_application(configuration->value, *platform) : nullptr;
  if (application == nullptr) {
    return done(undeliverable("the identity pool has no push application for " + (*address)->platform));
  }
  Push push{.device = message.device,
            .platform = *platform,
            .application = *application,
            .text = push_message(message.target, message.message, *platform)};
  const bool known = !(*address)->endpoint.empty() && (*address)->application == push.application;
  if (known) return publish(push, (*address)->endpoint, std::move(done));
  create_endpoint(std::move(push), (*address)->token, std::move(done));
}

void PushSender::create_endpoint(Push push, const std::string& token, Done done) {
  HttpRequest request = sns_create_platform_endpoint(push.application, token);
  sns_->send(std::move(request),
             [this, push = std::move(push), done = std::move(done)](const Result<HttpResponse>& answer) {
               std::string endpoint = existing_endpoint(answer);
               if (endpoint.empty()) {
                 Outcome outcome = judge("SNS", answer);
                 if (outcome.kind != Outcome::Kind::kDelivered) return done(std::move(outcome));
                 endpoint = xml_text(answer->body, "EndpointArn");
               }
               if (endpoint.empty()) return done(transient("SNS made an endpoint without an EndpointArn"));
               auto kept = store_.set_push_endpoint(push.device, push.application, endpoint);
               if (!kept) return done(transient(kept.error().message));
               publish(push, endpoint, done);
             });
}

void PushSender::publish(const Push& push, const std::string& endpoint, Done done) {
  sns_->send(sns_publish(endpoint, push.platform, push.text),
             [this, device = push.device, done = std::move(done)](const Result<HttpResponse>& answer) {
               Outcome outcome = judge("SNS", answer);
               const std::string type = answer ? failure_type(*answer) : std::string();
               const bool gone = outcome.kind == Outcome::Kind::kRefused && type.starts_with("NotFound");
               // Somebody deleted the endpoint: the next attempt makes another one.
               if (gone && store_.set_push_endpoint(device, {}, {})) outcome.kind = Outcome::Kind::kTransient;
               // Its operator can enable an application again; an endpoint's token is of no use any more.
               if (type.starts_with("PlatformApplicationDisabled")) outcome.kind = Outcome::Kind::kTransient;
               done(std::move(outcome));
             });
}

}  // namespace syncline::service
