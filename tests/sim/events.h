// Time that only passes when nothing is left to do in it: what is due, in the order of its moments. [one thread]
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace syncline::sim {

class Events {
 public:
  using Action = std::function<void()>;

  // Milliseconds since the history began.
  [[nodiscard]] std::int64_t now() const { return now_; }
  // In `delay` milliseconds, behind all that is due then already.
  void after(std::int64_t delay, Action action) {
    actions_.emplace(std::pair(now_ + delay, ++last_), std::move(action));
  }

  [[nodiscard]] bool empty() const { return actions_.empty(); }
  // The next moment at which something is due; only if not empty().
  [[nodiscard]] std::int64_t next() const { return actions_.begin()->first.first; }
  // Takes the first action out and makes it now.
  Action take() {
    auto first = actions_.extract(actions_.begin());
    if (first.key().first > now_) now_ = first.key().first;
    return std::move(first.mapped());
  }
  void advance_to(std::int64_t moment) {
    if (moment > now_) now_ = moment;
  }

 private:
  std::int64_t now_ = 0;
  std::uint64_t last_ = 0;
  std::map<std::pair<std::int64_t, std::uint64_t>, Action> actions_;
};

}  // namespace syncline::sim
