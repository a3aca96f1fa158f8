#include "client/callback_gate.h"

namespace syncline {

namespace {

void call_app(const std::function<void()>& callback) {
  try {
    callback();
  } catch (...) {
    // D13: an exception out of a callback is the app's; the library's state does not depend on it.
  }
}

}  // namespace

void CallbackGate::post(CallbackKind kind, std::function<void()> callback) {
  std::uint64_t id = 0;
  {
    const std::lock_guard guard(mutex_);
    if (!closed_) {
      id = ++next_id_;
      waiting_.emplace(id, Waiting{.kind = kind, .callback = std::move(callback)});
    }
  }
  if (id != 0) {
    // Weak: a queue that is never pumped again must not keep itself alive through this gate.
    dispatcher_->post([gate = weak_from_this(), id] {
      if (const auto self = gate.lock()) self->run(id);
    });
  } else if (kind == CallbackKind::kCompletion) {
    dispatcher_->post([callback = std::move(callback)] { call_app(callback); });
  }
}

void CallbackGate::run(std::uint64_t id) {
  std::function<void()> callback;
  {
    const std::lock_guard guard(mutex_);
    auto taken = waiting_.extract(id);
    if (taken.empty()) return;
    callback = std::move(taken.mapped().callback);
    running_.insert(std::this_thread::get_id());
  }
  call_app(callback);
  callback = nullptr;
  leave();
}

void CallbackGate::leave() {
  {
    const std::lock_guard guard(mutex_);
    running_.erase(running_.find(std::this_thread::get_id()));
  }
  idle_.notify_all();
}

void CallbackGate::close() {
  const auto here = std::this_thread::get_id();
  std::map<std::uint64_t, Waiting> left;
  {
    std::unique_lock lock(mutex_);
    closed_ = true;
    left.swap(waiting_);
    // A callback that closes the gate itself can't be waited for.
    idle_.wait(lock, [&] { return running_.size() == running_.count(here); });
    running_.insert(here);
  }
  for (auto& [id, waiting] : left) {
    if (waiting.kind == CallbackKind::kCompletion) call_app(waiting.callback);
  }
  left.clear();
  leave();
}

bool CallbackGate::closed() const {
  const std::lock_guard guard(mutex_);
  return closed_;
}

bool CallbackGate::calling_here() const {
  const std::lock_guard guard(mutex_);
  return running_.contains(std::this_thread::get_id());
}

}  // namespace syncline
