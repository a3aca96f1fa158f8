// Figures for Prometheus, in its text format 0.0.4. Whoever has some keeps them as it likes and adds a collector, which
// writes them when they are asked for.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline::service {

// How long things took. [any thread]
class Histogram {
 public:
  // Seconds: from a list that finds nothing new, to a client that has given up.
  static constexpr std::array<double, 12> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30};

  void observe(std::chrono::nanoseconds took);
  [[nodiscard]] std::uint64_t count() const;

 private:
  friend class MetricsText;
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};  // the last: longer than every bound
  std::atomic<std::int64_t> sum_{0};                                     // nanoseconds
};

// One answer to a scrape. Names are Prometheus's ("syncline_requests_total"); samples of one name stand together,
// whoever writes them. [one thread]
class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  void counter(std::string_view name, std::string_view help, Labels labels, std::uint64_t value);
  void gauge(std::string_view name, std::string_view help, Labels labels, double value);
  void histogram(std::string_view name, std::string_view help, Labels labels, const Histogram& values);
  [[nodiscard]] std::string text() const;

 private:
  // The samples of a family.
  std::string& family(std::string_view name, std::string_view type, std::string_view help);

  std::map<std::string, std::pair<std::string, std::string>, std::less<>> families_;  // name: head and samples
};

// [any thread]
class Metrics {
 public:
  // Must not throw. Called by each scrape, maybe by several at once; what it refers to must outlive this object.
  using Collector = std::function<void(MetricsText& text)>;

  void add(Collector collector);
  [[nodiscard]] std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Collector> collectors_;
};

}  // namespace syncline::service
