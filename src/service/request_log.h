// One request as the log tells of it. It names no identity (whoever knows a guest's may ask for its credentials), no
// dataset, key or value, and no signature.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

namespace syncline::service {

struct RequestEntry {
  std::string_view request_id;  // x-amzn-RequestId of the answer
  std::string_view operation;   // "unknown": none
  int status = 0;
  std::string_view error;  // the error's type; empty: none
  std::string_view cause;  // of an error of the service's own, which the client was not told
  std::string_view remote_address;
  std::size_t bytes_in = 0;  // bodies
  std::size_t bytes_out = 0;
  std::chrono::nanoseconds took{};
};

// [any thread] Must not throw. The texts are gone when it returns.
using RequestLog = std::function<void(const RequestEntry& entry)>;

}  // namespace syncline::service
