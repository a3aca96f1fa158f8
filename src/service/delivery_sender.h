// Who carries one kind of message out of the service.
#pragma once

#include <chrono>
#include <functional>

#include "service/outbox_rules.h"

namespace syncline::service {

// [one thread, but for wake()]
class Sender {
 public:
  using Done = std::function<void(Outcome)>;

  virtual ~Sender() = default;
  [[nodiscard]] virtual OutboxKind kind() const = 0;
  // `done` is called exactly once, from send(), step() or the destructor. Several may be under way. [blocks: disk]
  virtual void send(const WaitingMessage& message, Done done) = 0;
  // Moves what is under way. [blocks: disk]
  virtual void step() = 0;
  // Until step() has something to do, wake() was called, or `longest` has passed. [blocks]
  virtual void wait(std::chrono::milliseconds longest) = 0;
  virtual void wake() = 0;  // [any thread]
};

}  // namespace syncline::service
