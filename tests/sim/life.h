// The life of an app's process with a client in it: it is opened, ticks while simulated time goes on, and is shut down
// or dies at any file operation; from then on nothing that it does counts. [one thread]
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "client/client_impl.h"
#include "sim/context.h"
#include "sim/network.h"
#include "syncline/syncline.h"

namespace syncline::sim {

class Life {
 public:
  Life(Context& context, Network& network, SimClock& clock, int device);
  virtual ~Life() = default;
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // Opens the client if it is not open. False: the disk does not let it.
  virtual bool open() = 0;
  // Its process dies now.
  void kill();
  void fail(const Step& step);
  void tick();
  [[nodiscard]] bool running() const { return client_.has_value(); }

 protected:
  // After a tick.
  virtual void rested() = 0;
  // What the process has had in memory goes.
  virtual void forget() = 0;

  [[nodiscard]] bool dead() const { return context_.disk.killed(process_); }
  [[nodiscard]] std::string name() const { return std::string(1, static_cast<char>('A' + device_index_)); }
  // With all that comes from outside; what `options` leave open.
  ClientOptions common_options(const std::string& directory) const;
  Result<void> begin(ClientOptions options);
  // What is left of a process, dead or shut down.
  void bury();
  // After each call into the library: it may have been the process's last.
  void after_call();
  void wake_after(std::int64_t milliseconds);
  // In `milliseconds`, if this process still lives then.
  void later(std::int64_t milliseconds, std::function<void()> action);
  // In the destructor of whoever is derived.
  void end();

  Context& context_;
  Network& network_;
  SimClock& clock_;
  testing::ProcessId process_ = 0;
  std::optional<Client> client_;
  std::shared_ptr<Mailbox> mailbox_;
  int owed_ = 0;  // answers of the app's that come late

 private:
  [[nodiscard]] std::uint64_t drawn_seed() const;

  const int device_index_;
  std::shared_ptr<Clock> shared_clock_;
  std::optional<std::int64_t> wake_at_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // of this object, for events
};

}  // namespace syncline::sim
