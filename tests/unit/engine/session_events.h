// Events for sessions, in short.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/session.h"

namespace syncline::engine::session_events {

inline RemoteRecord record(std::string key, std::int64_t count) {
  return RemoteRecord{.key = std::move(key), .version = Version{.value = "value", .count = SyncCount{count}}};
}

inline OutgoingChange change(std::string key) {
  return OutgoingChange{.key = std::move(key), .value = "value"};
}

// A page of a dataset that exists.
inline ListedPage page(std::int64_t count, std::vector<RemoteRecord> records = {}, std::string next_token = {}) {
  return ListedPage{.records = std::move(records),
                    .dataset_count = SyncCount{count},
                    .dataset_exists = true,
                    .next_token = std::move(next_token),
                    .session_token = "token"};
}

inline Error failure(ErrorCode code) {
  return Error{.code = code, .message = "failed in a test"};
}

}  // namespace syncline::engine::session_events
