#include "syncline/dispatcher.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "client/own_thread.h"

namespace syncline {

namespace {

class InlineDispatcher final : public Dispatcher {
 public:
  void post(std::function<void()> task) override { task(); }
};

class ThreadDispatcher final : public Dispatcher {
 public:
  ThreadDispatcher() : state_(std::make_shared<State>()), thread_([state = state_] { state->run(); }) {}
  ThreadDispatcher(const ThreadDispatcher&) = delete;
  ThreadDispatcher& operator=(const ThreadDispatcher&) = delete;
  // Runs what was posted before it ends.
  ~ThreadDispatcher() override {
    state_->stop();
    thread_.end();
  }
  void post(std::function<void()> task) override { state_->post(std::move(task)); }

 private:
  struct State {
    void post(std::function<void()> task) {
      {
        const std::lock_guard guard(mutex);
        tasks.push_back(std::move(task));
      }
      changed.notify_one();
    }
    void stop() {
      {
        const std::lock_guard guard(mutex);
        stopping = true;
      }
      changed.notify_one();
    }
    void run() {
      std::unique_lock lock(mutex);
      for (;;) {
        changed.wait(lock, [this] { return stopping || !tasks.empty(); });
        if (tasks.empty()) return;
        auto task = std::move(tasks.front());
        tasks.pop_front();
        lock.unlock();
        task();
        task = nullptr;
        lock.lock();
      }
    }

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> tasks;
    bool stopping = false;
  };

  std::shared_ptr<State> state_;
  OwnThread thread_;
};

}  // namespace

Dispatcher::~Dispatcher() = default;

std::shared_ptr<Dispatcher> inline_dispatcher() {
  return std::make_shared<InlineDispatcher>();
}

std::shared_ptr<Dispatcher> thread_dispatcher() {
  return std::make_shared<ThreadDispatcher>();
}

struct QueueDispatcher::Impl {
  std::mutex mutex;
  std::deque<std::function<void()>> tasks;
};

QueueDispatcher::QueueDispatcher() : impl_(std::make_unique<Impl>()) {}

QueueDispatcher::~QueueDispatcher() = default;

void QueueDispatcher::post(std::function<void()> task) {
  const std::lock_guard guard(impl_->mutex);
  impl_->tasks.push_back(std::move(task));
}

std::size_t QueueDispatcher::poll() {
  std::size_t waiting = 0;
  {
    const std::lock_guard guard(impl_->mutex);
    waiting = impl_->tasks.size();
  }
  // One by one, so that a task may itself poll, or throw, without taking the others with it.
  std::size_t ran = 0;
  for (; ran < waiting; ++ran) {
    std::function<void()> task;
    {
      const std::lock_guard guard(impl_->mutex);
      if (impl_->tasks.empty()) break;
      task = std::move(impl_->tasks.front());
      impl_->tasks.pop_front();
    }
    task();
  }
  return ran;
}

}  // namespace syncline
