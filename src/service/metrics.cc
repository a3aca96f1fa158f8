#include "service/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace syncline::service {

namespace {

// The shortest text without an exponent that reads back as the same number.
std::string number(double value) {
  std::array<char, 512> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return {text.data(), end.ptr};
}

std::string escaped(std::string_view label) {
  std::string text;
  for (const char c : label) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

// `name="value",...`, without braces.
std::string inside_braces(MetricsText::Labels labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += (text.empty() ? "" : ",") + std::string(name) + "=\"" + escaped(value) + "\"";
  }
  return text;
}

std::string sample(std::string_view name, const std::string& labels, const std::string& value) {
  return std::string(name) + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
}

}  // namespace

void Histogram::observe(std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto* bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  counts_[static_cast<std::size_t>(bound - kBounds.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(took.count(), std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t all = 0;
  for (const auto& count : counts_) all += count.load(std::memory_order_relaxed);
  return all;
}

std::string& MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    const std::string is(name);
    std::string head = "# HELP " + is + " " + std::string(help) + "\n# TYPE " + is + " " + std::string(type) + "\n";
    found = families_.emplace(is, std::pair{std::move(head), std::string()}).first;
  }
  return found->second.second;
}

void MetricsText::counter(std::string_view name, std::string_view help, Labels labels, std::uint64_t value) {
  family(name, "counter", help) += sample(name, inside_braces(labels), std::to_string(value));
}

void MetricsText::gauge(std::string_view name, std::string_view help, Labels labels, double value) {
  family(name, "gauge", help) += sample(name, inside_braces(labels), number(value));
}

void MetricsText::histogram(std::string_view name, std::string_view help, Labels labels, const Histogram& values) {
  std::string& text = family(name, "histogram", help);
  const std::string own = inside_braces(labels);
  const std::string before = own.empty() ? "" : own + ",";
  const std::string bucket = std::string(name) + "_bucket";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < values.counts_.size(); ++i) {
    below += values.counts_[i].load(std::memory_order_relaxed);
    const std::string bound = i < Histogram::kBounds.size() ? number(Histogram::kBounds[i]) : "+Inf";
    text += sample(bucket, before + "le=\"" + bound + "\"", std::to_string(below));
  }
  const double sum = static_cast<double>(values.sum_.load(std::memory_order_relaxed)) / 1e9;
  text += sample(std::string(name) + "_sum", own, number(sum));
  text += sample(std::string(name) + "_count", own, std::to_string(below));
}

std::string MetricsText::text() const {
  std::string all;
  for (const auto& [name, family] : families_) all += family.first + family.second;
  return all;
}

void Metrics::add(Collector collector) {
  const std::lock_guard lock(mutex_);
  collectors_.push_back(std::move(collector));
}

std::string Metrics::text() const {
  MetricsText text;
  const std::lock_guard lock(mutex_);
  for (const Collector& collect : collectors_) collect(text);
  return text.text();
}

}  // namespace syncline::service
