// The only loop of the library: tasks, timers and the network, on the client's thread or inside tick(). Nobody else
// waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "client/own_thread.h"
#include "core/clock.h"
#include "core/http.h"

namespace syncline {

class Driver : public std::enable_shared_from_this<Driver> {
 public:
  using Task = std::function<void()>;
  using TimerId = std::uint64_t;
  using Expectation = std::shared_ptr<const void>;

  Driver(std::shared_ptr<Clock> clock, std::unique_ptr<HttpTransport> transport);

  // Runs `task` in the next step; drops it after stop(). [any thread]
  void post(Task task);

  // --- inside a step, or when no step can run any more
  TimerId after(std::chrono::milliseconds delay, Task task);
  void cancel_timer(TimerId timer);
  // Runs in every step until no_longer_each_step().
  TimerId each_step(Task task);
  void no_longer_each_step(TimerId id) { each_step_.erase(id); }
  // Of the latest step.
  [[nodiscard]] MonotonicTime now() const { return now_; }
  [[nodiscard]] HttpTransport& transport() { return *transport_; }
  // Somebody else will post(): until what this returns is gone, step() asks to be called again at once.
  [[nodiscard]] Expectation expect() const { return expecting_; }

  // Does what can be done now. Returns when it has something to do again: at once while requests are under way (but for
  // streams that rest), at the next timer, or nullopt: when something is posted. [any thread, one at a time; not inside
  // a step]
  std::optional<MonotonicTime> step(MonotonicTime now);
  // Steps until `done` says so; false: `longest` went by before. For the mode without a thread. [blocks]
  bool run_until(const std::function<bool()>& done, std::chrono::milliseconds longest);
  // Whether the calling thread is inside step().
  [[nodiscard]] bool stepping_here() const { return stepping_thread_.load() == std::this_thread::get_id(); }

  // Runs steps on a thread of its own until stop().
  void start_thread();
  // Nothing runs after this returned, and what was left to run is freed. From inside a step: that step ends as soon as
  // its current task returns. [blocks: for a step on another thread]
  void stop();
  // After stop(): runs `task` as soon as no step is on any stack, now or as the calling step's last act. Whatever it
  // holds lives until then.
  void at_rest(Task task);

 private:
  [[nodiscard]] bool anything_posted();
  [[nodiscard]] std::optional<MonotonicTime> next_timer() const;
  void run_tasks();
  void run_each_step();
  void run_timers(MonotonicTime now);
  void run_thread();
  void drop_everything();

  const std::shared_ptr<Clock> clock_;
  const std::unique_ptr<HttpTransport> transport_;
  const Expectation expecting_ = std::make_shared<char>();

  std::mutex mutex_;  // guards tasks_
  std::vector<Task> tasks_;

  std::mutex step_mutex_;  // held by the step; guards what follows
  std::map<std::pair<MonotonicTime, TimerId>, Task> timers_;
  TimerId last_timer_ = 0;
  std::map<TimerId, Task> each_step_;
  MonotonicTime now_;  // of the latest step
  Task at_rest_;

  std::atomic<std::thread::id> stepping_thread_;
  std::atomic<bool> stopped_ = false;
  OwnThread thread_;
};

}  // namespace syncline
