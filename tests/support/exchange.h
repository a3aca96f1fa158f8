// One request over an HttpTransport, from start to answer.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "core/http.h"

namespace syncline::testing {

// Drives the transport until it has nothing under way. [blocks]
inline void finish_all(HttpTransport& transport) {
  while (transport.busy()) {
    transport.step();
    if (transport.busy()) transport.wait(std::chrono::seconds{30});
  }
}

// [blocks]
inline Result<HttpResponse> exchange(HttpTransport& transport, HttpRequest request) {
  std::optional<Result<HttpResponse>> outcome;
  transport.start(std::move(request), [&outcome](Result<HttpResponse> result) { outcome = std::move(result); });
  while (!outcome) {
    transport.step();
    if (!outcome) transport.wait(std::chrono::seconds{30});
  }
  return std::move(*outcome);
}

}  // namespace syncline::testing
