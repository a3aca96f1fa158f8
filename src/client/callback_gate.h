// The one way from the library to the app's callbacks: on the dispatcher, none that was begun before close() after it,
// completions exactly once (D13), and a callback that throws harms nobody.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "syncline/dispatcher.h"

namespace syncline {

enum class CallbackKind : std::uint8_t {
  kCompletion,  // must be called exactly once: close() itself calls what the dispatcher has not
  kRepeating,   // may be dropped by close()
};

class CallbackGate : public std::enable_shared_from_this<CallbackGate> {
 public:
  explicit CallbackGate(std::shared_ptr<Dispatcher> dispatcher) : dispatcher_(std::move(dispatcher)) {}

  // [any thread] An inline dispatcher runs it now: only call this where the app may be called back. Once closed, a
  // repeating callback is dropped, and a completion, which then answers a call that came too late, still dispatched.
  void post(CallbackKind kind, std::function<void()> callback);

  // Waits for callbacks that are running on other threads, and calls the completions that are left. [blocks]
  void close();

  // Whether close() was called: what calls the app several times in a row stops there.
  [[nodiscard]] bool closed() const;
  // Whether the calling thread is inside one of the app's callbacks.
  [[nodiscard]] bool calling_here() const;

 private:
  struct Waiting {
    CallbackKind kind;
    std::function<void()> callback;
  };

  void run(std::uint64_t id);
  void leave();

  const std::shared_ptr<Dispatcher> dispatcher_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::multiset<std::thread::id> running_;
  std::uint64_t next_id_ = 0;
  bool closed_ = false;
};

}  // namespace syncline
