// Where the app's callbacks run. A client never calls back under a lock, nor inside another of its calls, except inside
// tick() and shutdown(), and, once it is shut down, inside the call that it refuses if callbacks are inline.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "syncline/export.h"

namespace syncline {

// [any thread] post() may be called from any thread and must run `task` once, later or now, tasks of one caller in
// order. An app can bring its own (a UI loop, an engine's job system).
class SYNCLINE_API Dispatcher {
 public:
  Dispatcher() = default;
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  virtual ~Dispatcher();
  virtual void post(std::function<void()> task) = 0;
};

// Runs callbacks where they arise: on the client's thread, or inside tick() or shutdown(). A slow callback holds up the
// network.
SYNCLINE_API std::shared_ptr<Dispatcher> inline_dispatcher();

// Runs callbacks on a thread of its own, which ends with the dispatcher.
SYNCLINE_API std::shared_ptr<Dispatcher> thread_dispatcher();

// Keeps callbacks until the app pumps them, as a game does once a frame.
class SYNCLINE_API QueueDispatcher final : public Dispatcher {
 public:
  QueueDispatcher();
  ~QueueDispatcher() override;
  void post(std::function<void()> task) override;
  // Runs what was waiting when poll() began, on the calling thread; returns how many ran. [one thread at a time, or the
  // order is lost; a task may poll]
  std::size_t poll();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline
