// A registered callback's lifetime.
#pragma once

#include <functional>
#include <utility>

#include "syncline/export.h"

namespace syncline {

// Ends the registration when it is destroyed or reset(). [any thread] After reset() returned, the callback is not
// started again; one that runs on another thread at that moment may still finish.
class SYNCLINE_API Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::function<void()> end) : end_(std::move(end)) {}
  Subscription(Subscription&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    if (this != &other) {
      reset();
      end_ = std::exchange(other.end_, nullptr);
    }
    return *this;
  }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription() { reset(); }

  void reset() {
    if (auto end = std::exchange(end_, nullptr)) end();
  }
  [[nodiscard]] bool active() const noexcept { return end_ != nullptr; }

 private:
  std::function<void()> end_;
};

}  // namespace syncline
