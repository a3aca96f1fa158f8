// Pieces of an answer that a test lets go one by one, for RawAnswer::more. [any thread]
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace syncline::testing {

// Must be ended before the server that waits for it.
class Pieces {
 public:
  Pieces() = default;
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;
  ~Pieces() { end(); }

  void send(std::string piece) {
    const std::lock_guard lock(state_->mutex);
    state_->pieces.push_back(std::move(piece));
    state_->changed.notify_all();
  }
  // No more of them; what was sent still goes out.
  void end() {
    const std::lock_guard lock(state_->mutex);
    state_->ended = true;
    state_->changed.notify_all();
  }
  [[nodiscard]] auto more() const {
    return [state = state_]() -> std::optional<std::string> {
      std::unique_lock lock(state->mutex);
      state->changed.wait(lock, [&] { return state->ended || !state->pieces.empty(); });
      if (state->pieces.empty()) return std::nullopt;
      auto piece = std::move(state->pieces.front());
      state->pieces.pop_front();
      return piece;
    };
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::string> pieces;
    bool ended = false;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace syncline::testing
