#include "client/neighbours.h"

#include <algorithm>
#include <utility>

namespace syncline {

namespace {

using std::chrono::milliseconds;

// Between two looks, however many commits there are: each one reads what is listened to.
constexpr milliseconds kBetweenLooks{20};

// While a writer is at work. It grows: one that hangs must not keep us awake.
constexpr milliseconds kFirstBusyPause{3};
constexpr milliseconds kLongestPause{1'000};

}  // namespace

void Neighbours::start() {
  if (std::exchange(running_, true)) return;
  if (how_ == How::kWatching) {
    watch_ = watch_store(data_directory_);
    if (watch_ && !driver_->transport().also_wait_for(watch_->descriptor())) watch_.reset();
  }
  each_step_ = driver_->each_step([this] { step(); });
  // What was written before the watch began; without one, the first of many.
  look();
}

void Neighbours::stop() {
  if (!std::exchange(running_, false)) return;
  driver_->no_longer_each_step(each_step_);
  driver_->cancel_timer(std::exchange(timer_, 0));
  if (watch_) driver_->transport().no_longer_wait_for(watch_->descriptor());
  watch_.reset();
  due_ = false;
}

void Neighbours::step() {
  if (how_ == How::kStepping) {
    look_();
    return;
  }
  if (watch_ && watch_->changed()) due_ = true;
  if (due_ && timer_ == 0) look();
}

void Neighbours::look_soon(milliseconds pause) {
  timer_ = driver_->after(pause, [this] {
    timer_ = 0;
    if (due_ || !watch_) look();
  });
}

void Neighbours::look() {
  due_ = false;
  if (how_ == How::kStepping) return;
  const auto outcome = look_();
  if (!running_) return;
  if (outcome == Look::kBusy) {
    due_ = true;
    busy_pause_ = std::clamp(busy_pause_ * 2, kFirstBusyPause, kLongestPause);
    return look_soon(busy_pause_);
  }
  busy_pause_ = milliseconds{0};
  look_soon(watch_ ? kBetweenLooks : kLongestPause);
}

}  // namespace syncline
