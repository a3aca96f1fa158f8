// What both sides of the pool messages share: how a pool's configuration looks in JSON. Private to wire.
#pragma once

#include "wire/json_tree.h"
#include "wire/json_writer.h"
#include "wire/messages.h"

namespace syncline::wire {

void write_configuration(JsonWriter& json, const std::optional<PushSync>& push_sync,
                         const std::optional<CognitoStreams>& streams);

// The rules that a request must keep, none for an answer.
struct ConfigurationRules {
  TextRule role_arn = kAnyText;
  TextRule application_arn = kAnyText;
  TextRule stream_name = kAnyText;
  std::size_t most_applications = kAnyNumber;
};
void read_configuration(TreeReader& message, const ConfigurationRules& rules, std::optional<PushSync>& push_sync,
                        std::optional<CognitoStreams>& streams);

}  // namespace syncline::wire
