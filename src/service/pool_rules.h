// What a pool may be told, and what becomes of it: configuration, bulk publishes, push applications. Pure. [any thread]
#pragma once

#include <chrono>
#include <string>

#include "syncline/result.h"
#include "syncline/values.h"
#include "wire/messages.h"

namespace syncline::service {

// Between successful bulk publishes of a pool.
inline constexpr std::chrono::hours kBulkPublishInterval{24};

// What the request leaves out stays as it is (inferred). Error: kInvalidParameter for a stream that is enabled without
// a name or a role.
Result<wire::IdentityPoolConfigurationAnswer> decide_configuration(
    wire::IdentityPoolConfigurationAnswer current, const wire::SetIdentityPoolConfigurationRequest& request);

bool streams_are_enabled(const wire::IdentityPoolConfigurationAnswer& configuration);

// The pool's SNS application of the platform; nullptr: none.
const std::string* push_application(const wire::IdentityPoolConfigurationAnswer& configuration,
                                    wire::Platform platform);
// Whether one of the pool's SNS applications is of the platform: ".../app/APNS/NAME".
bool can_push_to(const wire::IdentityPoolConfigurationAnswer& configuration, wire::Platform platform);

// A publish that begins now. Errors: kInvalidConfiguration (no enabled stream), kDuplicateRequest (one is under way),
// kAlreadyStreamed (one succeeded less than a day ago).
Result<wire::BulkPublishDetails> decide_bulk_publish(const wire::BulkPublishDetails& last,
                                                     const wire::IdentityPoolConfigurationAnswer& configuration,
                                                     Timestamp now);

}  // namespace syncline::service
