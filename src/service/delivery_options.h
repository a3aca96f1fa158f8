// Whom the service calls, and as whom: [delivery] of the config file. What has no endpoint is off: nothing is queued
// for it, and nothing is refused because of it (README.md).
#pragma once

#include <chrono>
#include <string>

#include "service/outbox_rules.h"
#include "service/outbox_store.h"
#include "syncline/credentials.h"

namespace syncline::service {

struct DeliveryOptions {
  std::string sns;      // "https://sns.us-east-1.amazonaws.com"; pushes
  std::string kinesis;  // streams
  std::string s3;       // records above 50 KB; needs the bucket
  std::string bucket;   // letters, digits, '.', '-'
  std::string lambda;   // sync triggers
  std::string region;   // for signatures; empty: the service's own
  Credentials credentials;
  DeliveryLimits limits;
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds trigger_timeout{5'000};  // protocol.md, section 7
  int triggers_at_once = 2;                          // each holds one of the workers up to trigger_timeout

  [[nodiscard]] OutboxOptions queued() const { return {.pushes = !sns.empty(), .streams = !kinesis.empty()}; }
  [[nodiscard]] bool any() const { return !sns.empty() || !kinesis.empty() || !s3.empty() || !lambda.empty(); }
};

// Credentials that the file does not name are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the
// environment. Errors: kInvalidArgument, naming the key: endpoints without credentials, s3 without a bucket or one with
// characters that a path would have to encode.
Result<void> complete_delivery(DeliveryOptions& options);

}  // namespace syncline::service
