#include "client/own_thread.h"

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

namespace syncline {

namespace {

constexpr std::chrono::seconds kLongestFarewell{1};

struct LeftThread {
  std::thread thread;
  std::future<void> ended;
};

// False: it was still running after `longest`, or is the calling one.
bool join(LeftThread& left, std::chrono::milliseconds longest) {
  if (left.thread.get_id() == std::this_thread::get_id()) return false;
  if (left.ended.wait_for(longest) != std::future_status::ready) return false;
  left.thread.join();
  return true;
}

// Those that could not be joined when they were let go of.
class LeftThreads {
 public:
  // Never destroyed: a thread may still get here while the process exits.
  static LeftThreads& all() {
    static auto* const all = new LeftThreads;
    return *all;
  }

  void add(LeftThread left) {
    const std::lock_guard guard(mutex_);
    std::erase_if(threads_, [](LeftThread& earlier) { return join(earlier, std::chrono::milliseconds{0}); });
    threads_.push_back(std::move(left));
  }

 private:
  LeftThreads() {
    std::atexit([] { all().join_all(); });
  }

  void join_all() {
    std::vector<LeftThread> threads;
    {
      const std::lock_guard guard(mutex_);
      threads.swap(threads_);
    }
    for (auto& left : threads) {
      if (!join(left, kLongestFarewell)) left.thread.detach();
    }
  }

  std::mutex mutex_;
  std::vector<LeftThread> threads_;
};

}  // namespace

OwnThread::OwnThread(std::function<void()> body) {
  start(std::move(body));
}

OwnThread::~OwnThread() {
  end();
}

void OwnThread::start(std::function<void()> body) {
  std::promise<void> ended;
  ended_ = ended.get_future();
  thread_ = std::thread([body = std::move(body), ended = std::move(ended)]() mutable {
    ended.set_value_at_thread_exit();
    std::exchange(body, nullptr)();
  });
}

void OwnThread::end() {
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) {
    LeftThreads::all().add({.thread = std::move(thread_), .ended = std::move(ended_)});
  } else {
    thread_.join();
  }
}

}  // namespace syncline
