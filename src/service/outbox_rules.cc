#include "service/outbox_rules.h"

#include <algorithm>
#include <utility>

#include "wire/json_writer.h"

namespace syncline::service {

namespace {

using wire::JsonWriter;

std::int64_t milliseconds_of(Timestamp time) {
  return time.time_since_epoch().count();
}

void write_stream_entry(JsonWriter& json, const RemoteRecord& record) {
  const Version& version = record.version;
  json.open_object();
  json.text("key", record.key);
  if (version.value) json.text("value", *version.value);
  json.number("syncCount", version.count.value);
  json.number("lastModifiedDate", milliseconds_of(version.modified_at));
  json.number("deviceLastModifiedDate", milliseconds_of(version.device_modified_at));
  json.text("op", version.value ? "replace" : "remove");
  json.close_object();
}

// GCM and ADM take texts only; Apple's service takes what it is given, under `data`.
void write_push_keys(JsonWriter& json, const wire::Target& target, SyncCount count, bool texts_only) {
  json.open_object("data");
  json.text("source", "cognito-sync");
  json.text("identityPoolId", target.pool.text());
  json.text("identityId", target.identity.text());
  json.text("datasetName", target.dataset.text());
  if (texts_only) {
    json.text("syncCount", std::to_string(count.value));
  } else {
    json.number("syncCount", count.value);
  }
  json.close_object();
}

}  // namespace

std::string stream_records(const std::vector<RemoteRecord>& records) {
  JsonWriter json;
  json.open_list();
  for (const RemoteRecord& record : records) write_stream_entry(json, record);
  json.close_list();
  return json.take();
}

std::string stream_record(const wire::Target& target, const OutgoingMessage& message, std::string_view url) {
  JsonWriter json;
  json.reserve((url.empty() ? message.records.size() : 0) + 512);
  json.open_object();
  json.text("identityPoolId", target.pool.text());
  json.text("identityId", target.identity.text());
  json.text("dataSetName", target.dataset.text());
  json.text("operation", message.removal ? "remove" : "replace");
  if (url.empty()) {
    json.raw("kinesisSyncRecords", message.records);
  } else {
    json.text("kinesisSyncRecordsURL", url);
  }
  json.number("lastModifiedDate", milliseconds_of(message.modified_at));
  json.text("payloadType", url.empty() ? "Inline" : "S3Url");
  json.number("syncCount", message.count.value);
  json.close_object();
  return json.take();
}

std::string push_message(const wire::Target& target, const OutgoingMessage& message, wire::Platform platform) {
  const bool apple = platform == wire::Platform::kApns || platform == wire::Platform::kApnsSandbox;
  JsonWriter payload;
  payload.open_object();
  if (apple) {
    payload.open_object("aps");
    payload.number("content-available", 1);  // silent: it wakes the app, nobody sees it
    payload.close_object();
  }
  write_push_keys(payload, target, message.count, !apple);
  payload.close_object();
  JsonWriter envelope;
  envelope.open_object();
  envelope.text(wire::to_string(platform), payload.take());
  envelope.close_object();
  return envelope.take();
}

std::chrono::milliseconds delivery_delay(const DeliveryLimits& limits, int failures, Random& random) {
  auto delay = std::min(limits.first_delay, limits.longest_delay);
  for (int i = 1; i < failures && delay < limits.longest_delay; ++i) {
    delay = delay > limits.longest_delay / 2 ? limits.longest_delay : delay * 2;
  }
  const auto half = static_cast<std::uint64_t>(delay.count() / 2);
  return delay - std::chrono::milliseconds(static_cast<std::int64_t>(random.next() % (half + 1)));
}

Settlement settle(const WaitingMessage& message, const Outcome& outcome, const DeliveryLimits& limits, Timestamp now,
                  Random& random) {
  Settlement settled{.id = message.id, .lane = message.lane, .due_at = now};
  if (outcome.kind == Outcome::Kind::kDelivered) return settled;
  const int failures = message.attempts + 1;
  const bool over = failures >= limits.attempts || now - message.created_at >= limits.age;
  if (outcome.kind == Outcome::Kind::kRefused || over) {
    settled.kind = Settlement::Kind::kDead;
    settled.failure = outcome.failure;
    return settled;
  }
  settled.kind = Settlement::Kind::kRetry;
  settled.due_at = now + delivery_delay(limits, failures, random);
  return settled;
}

}  // namespace syncline::service
