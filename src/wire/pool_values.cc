#include "wire/pool_values.h"

#include <algorithm>
#include <array>

namespace syncline::wire {

namespace {

// Each row's place is its value's number.
constexpr std::array<std::string_view, 4> kPlatforms{"APNS", "APNS_SANDBOX", "GCM", "ADM"};
constexpr std::array<std::string_view, 2> kStreamingStatuses{"DISABLED", "ENABLED"};
constexpr std::array<std::string_view, 4> kBulkPublishStatuses{"NOT_STARTED", "IN_PROGRESS", "FAILED", "SUCCEEDED"};

template <typename Value, std::size_t Count>
std::optional<Value> parse(const std::array<std::string_view, Count>& names, std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Value>(found - names.begin());
}

}  // namespace

std::string_view to_string(Platform platform) {
  return kPlatforms[static_cast<std::size_t>(platform)];
}
std::string_view to_string(StreamingStatus status) {
  return kStreamingStatuses[static_cast<std::size_t>(status)];
}
std::string_view to_string(BulkPublishStatus status) {
  return kBulkPublishStatuses[static_cast<std::size_t>(status)];
}
std::optional<Platform> parse_platform(std::string_view text) {
  return parse<Platform>(kPlatforms, text);
}
std::optional<StreamingStatus> parse_streaming_status(std::string_view text) {
  return parse<StreamingStatus>(kStreamingStatuses, text);
}
std::optional<BulkPublishStatus> parse_bulk_publish_status(std::string_view text) {
  return parse<BulkPublishStatus>(kBulkPublishStatuses, text);
}

void write_configuration(JsonWriter& json, const std::optional<PushSync>& push_sync,
                         const std::optional<CognitoStreams>& streams) {
  if (push_sync) {
    json.open_object("PushSync");
    json.open_list("ApplicationArns");
    for (const auto& arn : push_sync->application_arns) json.entry(arn);
    json.close_list();
    json.text_if_any("RoleArn", push_sync->role_arn);
    json.close_object();
  }
  if (streams) {
    json.open_object("CognitoStreams");
    json.text_if_any("StreamName", streams->stream_name);
    json.text_if_any("RoleArn", streams->role_arn);
    if (streams->status) json.text("StreamingStatus", to_string(*streams->status));
    json.close_object();
  }
}

void read_configuration(TreeReader& message, const ConfigurationRules& rules, std::optional<PushSync>& push_sync,
                        std::optional<CognitoStreams>& streams) {
  if (auto push = message.object("PushSync")) {
    push_sync.emplace();
    push->texts("ApplicationArns", push_sync->application_arns, rules.application_arn, rules.most_applications);
    push->text("RoleArn", push_sync->role_arn, rules.role_arn);
  }
  if (auto stream = message.object("CognitoStreams")) {
    streams.emplace();
    stream->text("StreamName", streams->stream_name, rules.stream_name);
    stream->text("RoleArn", streams->role_arn, rules.role_arn);
    std::string status;
    stream->text("StreamingStatus", status,
                 {.expected = "one of the enum value set: [ENABLED, DISABLED]",
                  .holds = [](std::string_view text) { return parse_streaming_status(text).has_value(); }});
    streams->status = parse_streaming_status(status);
  }
}

}  // namespace syncline::wire
