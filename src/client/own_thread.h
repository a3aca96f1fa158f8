// A thread of the library's, whose last owner may let go of it from inside a callback on that very thread.
#pragma once

#include <functional>
#include <future>
#include <thread>

namespace syncline {

class OwnThread {
 public:
  OwnThread() = default;
  explicit OwnThread(std::function<void()> body);
  OwnThread(OwnThread&&) = default;
  OwnThread& operator=(OwnThread&&) = delete;
  ~OwnThread();  // end()

  void start(std::function<void()> body);  // at most once
  // Waits for the thread. On the thread itself: leaves it to end on its own; it is joined later, at the latest when the
  // process exits, which must not tear down OpenSSL and the rest under it. A thread whose callback does not return then
  // is waited for a second. [any thread, one at a time]
  void end();

 private:
  std::thread thread_;
  std::future<void> ended_;  // ready when the thread and all that is local to it are gone
};

}  // namespace syncline
