// Notices what other processes commit to the data directory, while somebody listens: within 100 ms, and with nothing
// that ticks while nobody writes (D18).
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "client/directory_watch.h"
#include "client/driver.h"

namespace syncline {

// [inside a driver step only]
class Neighbours {
 public:
  enum class Look : std::uint8_t { kDone, kBusy };  // kBusy: somebody is writing; look again soon
  enum class How : std::uint8_t {
    kWatching,  // in steps, when the directory says so; where it can't, once a second
    kStepping,  // in each step: the app ticks anyway
  };

  Neighbours(std::shared_ptr<Driver> driver, How how, std::string data_directory, std::function<Look()> look)
      : driver_(std::move(driver)), how_(how), data_directory_(std::move(data_directory)), look_(std::move(look)) {}

  // Begins to look; again: nothing.
  void start();
  // With nobody left to tell.
  void stop();

 private:
  void step();
  void look_soon(std::chrono::milliseconds pause);
  void look();

  const std::shared_ptr<Driver> driver_;
  const How how_;
  const std::string data_directory_;
  const std::function<Look()> look_;
  std::unique_ptr<DirectoryWatch> watch_;
  bool running_ = false;
  bool due_ = false;  // something was written that was not looked at
  Driver::TimerId timer_ = 0;
  Driver::TimerId each_step_ = 0;
  std::chrono::milliseconds busy_pause_{0};
};

}  // namespace syncline
