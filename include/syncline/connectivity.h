// Whether there is a network, and whether it costs money: told by the system, or by the app.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "syncline/export.h"

namespace syncline {

struct Connectivity {
  enum class State : std::uint8_t {
    kUnknown,  // nobody can tell: worth a try
    kOffline,
    kOnline,
  };
  State state = State::kUnknown;
  bool metered = false;  // each byte costs: a mobile network, a tethered phone
  bool operator==(const Connectivity&) const = default;
};

// An app can bring its own (ClientOptions::connectivity), for one client each; or it has none and calls
// Client::network_changed(). A monitor that throws counts as none.
class SYNCLINE_API ConnectivityMonitor {
 public:
  using Callback = std::function<void(const Connectivity&)>;

  ConnectivityMonitor() = default;
  ConnectivityMonitor(const ConnectivityMonitor&) = delete;
  ConnectivityMonitor& operator=(const ConnectivityMonitor&) = delete;
  virtual ~ConnectivityMonitor();
  // Calls `changed` with the state as soon as it is known, and again when it is another: from any thread, or from
  // step(), until stop() was called. Both are called on the client's thread, or inside tick() and shutdown().
  virtual void start(Callback changed) = 0;
  virtual void stop() = 0;
  // A monitor without a thread: what poll() can wait for, and what is called when it can be read, or in every tick.
  // Asked for once, after start(); -1: none, it calls back by itself. step() must not block.
  [[nodiscard]] virtual int descriptor() const { return -1; }
  virtual void step() {}
};

// The system's own. Linux: the routes (rtnetlink), which say nothing of what a network costs. Elsewhere, or if the
// system refuses: null.
SYNCLINE_API std::shared_ptr<ConnectivityMonitor> system_connectivity();

}  // namespace syncline
