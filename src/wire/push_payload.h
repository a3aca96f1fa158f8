// What a push tells (protocol.md, section 5), and the request for the service's own stream of the same
// (service/change_streams.h has its contract). [any thread]
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/http.h"
#include "syncline/result.h"
#include "syncline/sync_messages.h"
#include "syncline/values.h"

namespace syncline::wire {

// More than any push service carries.
inline constexpr std::size_t kLongestPush = std::size_t{8} << 10U;

struct PushPayload {
  api::Target target = {};
  SyncCount count = {};
};

// A JSON object with the five keys, or one that has them under `data`, as Apple's service delivers it; the count is a
// number, or its digits as a text, as Google's service delivers it. Other keys are skipped. Errors: kInvalidArgument,
// naming what is wrong, whatever the bytes.
Result<PushPayload> decode_push(std::string_view bytes);

struct ChangeStreamRequest {
  api::Target target = {};         // without a dataset
  std::string device_id = {};      // whose changes are not told; empty: all are
  std::string last_event_id = {};  // empty: begins now
};

HttpRequest encode(const ChangeStreamRequest& request);

}  // namespace syncline::wire
