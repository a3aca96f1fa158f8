#include "service/stream_sender.h"

#include <algorithm>
#include <utility>

#include "service/aws_requests.h"
#include "service/pool_documents.h"
#include "service/pool_rules.h"

namespace syncline::service {

namespace {

constexpr std::size_t kMostInline = std::size_t{50} * 1024;
constexpr std::chrono::hours kLinkLasts{24 * 7};  // the longest that a signature may
constexpr std::chrono::milliseconds kTurn{5};
constexpr int kAttemptsToDisable = 3;

bool disables(const Result<HttpResponse>& answer) {
  if (!answer || answer->status / 100 != 4) return false;
  const std::string type = failure_type(*answer);
  return type == "ResourceNotFoundException" || type == "AccessDeniedException" || type == "AccessDenied";
}

}  // namespace

StreamSender::StreamSender(ServiceStore& store, Parts parts, Log log)
    : store_(store), log_(std::move(log)), parts_(std::move(parts)) {}

void StreamSender::send(const WaitingMessage& message, Done done) {
  auto configuration = load_configuration(store_, message.target.pool);
  if (!configuration && configuration.error().code == ErrorCode::kResourceNotFound) {
    return done({});  // the pool was deleted, and its stream's setting with it
  }
  if (!configuration) return done({.kind = Outcome::Kind::kTransient, .failure = configuration.error().message});
  if (!streams_are_enabled(configuration->value)) {
    return done({.kind = Outcome::Kind::kRefused, .failure = "the pool's stream is disabled"});
  }
  const std::string stream = configuration->value.streams->stream_name;
  std::string record = stream_record(message.target, message.message);
  if (record.size() > kMostInline && parts_.objects) return put_object(message, stream, std::move(done));
  if (record.size() + message.target.identity.text().size() > kMostKinesisBytes) {
    return done(
        {.kind = Outcome::Kind::kRefused,
         .failure = std::to_string(record.size()) + " bytes need an S3-compatible store: delivery.s3 is not set"});
  }
  put_record(message.target, stream, std::move(record), std::move(done));
}

void StreamSender::put_object(const WaitingMessage& message, const std::string& stream, Done done) {
  std::string path = object_path(parts_.bucket, message);
  OutgoingMessage outline = message.message;
  outline.records.clear();
  auto put = [this, path, stream, target = message.target, outline = std::move(outline),
              done = std::move(done)](const Result<HttpResponse>& answer) {
    Outcome outcome = judge("S3", answer);
    if (outcome.kind == Outcome::Kind::kDelivered) {
      return put_record(target, stream, stream_record(target, outline, parts_.objects->presigned_url(path, kLinkLasts)),
                        done);
    }
    // A bucket that is missing or closed is for its operator to mend, not the message's fault.
    if (outcome.kind == Outcome::Kind::kRefused) outcome.kind = Outcome::Kind::kTransient;
    done(std::move(outcome));
  };
  parts_.objects->send(s3_put_object(std::move(path), message.message.records), std::move(put));
}

void StreamSender::put_record(const wire::Target& target, const std::string& stream, std::string record, Done done) {
  parts_.kinesis->send(kinesis_put_record(stream, target.identity.text(), record),
                       [this, pool = target.pool, stream, done = std::move(done)](const Result<HttpResponse>& answer) {
                         Outcome outcome = judge("Kinesis", answer);
                         if (disables(answer)) {
                           disable(pool, stream, outcome.failure);
                           outcome.kind = Outcome::Kind::kRefused;
                         }
                         done(std::move(outcome));
                       });
}

void StreamSender::disable(const IdentityPoolId& pool, const std::string& stream, const std::string& why) {
  for (int i = 0; i < kAttemptsToDisable; ++i) {
    auto configuration = load_configuration(store_, pool);
    if (!configuration || !streams_are_enabled(configuration->value)) return;
    if (configuration->value.streams->stream_name != stream) return;  // it was told another one meanwhile
    configuration->value.streams->status = wire::StreamingStatus::kDisabled;
    const auto saved = save(store_, pool, *configuration);
    if (saved && log_) log_(LogLevel::kWarning, "the stream of " + pool.text() + " is disabled: " + why);
    if (saved || saved.error().code != ErrorCode::kConcurrentModification) return;
  }
}

void StreamSender::step() {
  if (parts_.objects) parts_.objects->step();
  parts_.kinesis->step();
}

void StreamSender::wait(std::chrono::milliseconds longest) {
  const bool objects = parts_.objects && parts_.objects->busy();
  if (!objects) return parts_.kinesis->wait(longest);
  parts_.objects->wait(parts_.kinesis->busy() ? std::min(longest, kTurn) : longest);
}

void StreamSender::wake() {
  if (parts_.objects) parts_.objects->wake();
  parts_.kinesis->wake();
}

}  // namespace syncline::service
