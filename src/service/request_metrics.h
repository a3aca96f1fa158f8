// What the service counts of its requests: by operation and status, and how long they took. [any thread]
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "service/metrics.h"

namespace syncline::service {

class RequestMetrics {
 public:
  RequestMetrics();

  // `operation`: of the API, "changes", or anything else, which is counted as "other".
  void count(std::string_view operation, int status, std::chrono::nanoseconds took);
  void collect(MetricsText& text) const;

 private:
  // What this service answers; the last stands for all others.
  static constexpr std::array<int, 10> kStatuses{200, 400, 403, 404, 409, 413, 429, 500, 503, 0};

  struct Figures {
    std::array<std::atomic<std::uint64_t>, kStatuses.size()> by_status{};
    Histogram took;
  };

  Figures& add(std::string_view operation);

  // Filled by the constructor, so that nobody has to lock it.
  std::unordered_map<std::string_view, std::unique_ptr<Figures>> operations_;
  Figures& other_;
};

}  // namespace syncline::service
