#include "client/offline_transport.h"

#include <utility>

namespace syncline {

HttpTransport::CallId OfflineTransport::start(HttpRequest /*request*/, Completion done) {
  calls_.emplace(++last_call_, std::move(done));
  return last_call_;
}

void OfflineTransport::cancel(CallId call) {
  complete(call, ErrorCode::kCancelled, "the request was cancelled");
}

void OfflineTransport::step() {
  while (!calls_.empty()) {
    complete(calls_.begin()->first, ErrorCode::kInvalidArgument, "no endpoint is set (ClientOptions::endpoint)");
  }
}

void OfflineTransport::complete(CallId call, ErrorCode code, const char* message) {
  auto taken = calls_.extract(call);
  if (!taken.empty()) taken.mapped()(Error{.code = code, .message = message});
}

void OfflineTransport::wait(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, longest, [this] { return awake_; });
  awake_ = false;
}

void OfflineTransport::wake() {
  {
    const std::lock_guard guard(mutex_);
    awake_ = true;
  }
  woken_.notify_one();
}

}  // namespace syncline
