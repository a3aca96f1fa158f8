#include "client/driver.h"

#include <algorithm>

namespace syncline {

namespace {

using std::chrono::milliseconds;

// Nothing to do until somebody posts; the transport takes a number.
constexpr milliseconds kForever = std::chrono::hours{24};

// How long run_until() sleeps at most before it looks around: what it waits for may come without a post().
constexpr milliseconds kSlice{10};

}  // namespace

Driver::Driver(std::shared_ptr<Clock> clock, std::unique_ptr<HttpTransport> transport)
    : clock_(std::move(clock)), transport_(std::move(transport)), now_(clock_->monotonic()) {}

void Driver::post(Task task) {
  {
    const std::lock_guard guard(mutex_);
    if (stopped_) return;
    tasks_.push_back(std::move(task));
  }
  transport_->wake();
}

Driver::TimerId Driver::after(milliseconds delay, Task task) {
  timers_.emplace(std::pair(now_ + delay, ++last_timer_), std::move(task));
  return last_timer_;
}

Driver::TimerId Driver::each_step(Task task) {
  each_step_.emplace(++last_timer_, std::move(task));
  return last_timer_;
}

void Driver::cancel_timer(TimerId timer) {
  const auto found =
      std::find_if(timers_.begin(), timers_.end(), [timer](const auto& entry) { return entry.first.second == timer; });
  if (found != timers_.end()) timers_.erase(found);
}

std::optional<MonotonicTime> Driver::step(MonotonicTime now) {
  const std::lock_guard alone(step_mutex_);
  if (stopped_) return std::nullopt;
  stepping_thread_ = std::this_thread::get_id();
  now_ = now;
  run_tasks();
  run_each_step();
  run_timers(now);
  if (!stopped_) transport_->step();
  run_tasks();
  if (stopped_) drop_everything();
  stepping_thread_ = std::thread::id();
  if (stopped_) {
    if (const auto last = std::exchange(at_rest_, nullptr)) last();
    return std::nullopt;
  }
  // In this order: who is expected to post does it before the expectation ends.
  const bool expecting = expecting_.use_count() > 1;
  if (transport_->busy() || expecting || anything_posted()) return now;
  return next_timer();
}

bool Driver::anything_posted() {
  const std::lock_guard guard(mutex_);
  return !tasks_.empty();
}

std::optional<MonotonicTime> Driver::next_timer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

void Driver::run_tasks() {
  std::vector<Task> ready;
  {
    const std::lock_guard guard(mutex_);
    ready.swap(tasks_);
  }
  for (auto& task : ready) {
    if (stopped_) return;
    task();
  }
}

void Driver::run_each_step() {
  for (auto next = each_step_.begin(); next != each_step_.end() && !stopped_;) {
    const auto [id, task] = *next;  // it may end itself, or another
    task();
    next = each_step_.upper_bound(id);
  }
}

void Driver::run_timers(MonotonicTime now) {
  while (!stopped_ && !timers_.empty() && timers_.begin()->first.first <= now) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
}

bool Driver::run_until(const std::function<bool()>& done, milliseconds longest) {
  // Whoever waits here waits in real time, whatever the clock of a test says; timers go on from the latest step.
  const auto from = std::chrono::steady_clock::now();
  const auto base = [this] {
    const std::lock_guard alone(step_mutex_);
    return now_;
  }();
  for (;;) {
    if (done()) return true;
    const auto passed = std::chrono::steady_clock::now() - from;
    if (passed >= longest || stopped_) return false;
    step(base + passed);
    if (done()) return true;
    const std::lock_guard alone(step_mutex_);
    if (!stopped_) transport_->wait(std::min(kSlice, longest));
  }
}

void Driver::start_thread() {
  thread_.start([self = shared_from_this()] { self->run_thread(); });
}

void Driver::run_thread() {
  while (!stopped_) {
    const auto now = clock_->monotonic();
    step(now);
    if (stopped_) return;
    const auto timer = next_timer();
    const auto until_timer = timer ? std::chrono::ceil<milliseconds>(*timer - now) : kForever;
    transport_->wait(std::clamp(until_timer, milliseconds{0}, kForever));  // what is posted meanwhile ends it
  }
}

void Driver::stop() {
  {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
  }
  transport_->wake();
  thread_.end();
  if (stepping_here()) return;  // it ends with this step
  const std::lock_guard alone(step_mutex_);
  drop_everything();
}

void Driver::at_rest(Task task) {
  if (stepping_here()) {
    at_rest_ = std::move(task);
  } else {
    task();
  }
}

void Driver::drop_everything() {
  std::vector<Task> tasks;
  {
    const std::lock_guard guard(mutex_);
    tasks.swap(tasks_);
  }
  timers_.clear();
  each_step_.clear();
}

}  // namespace syncline
