// Stands in for the network when no endpoint is set: every call fails, waiting works.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "core/http.h"

namespace syncline {

class OfflineTransport final : public HttpTransport {
 public:
  CallId start(HttpRequest request, Completion done) override;
  void cancel(CallId call) override;
  void step() override;
  void wait(std::chrono::milliseconds longest) override;
  void wake() override;
  [[nodiscard]] bool busy() const override { return !calls_.empty(); }

 private:
  void complete(CallId call, ErrorCode code, const char* message);

  std::map<CallId, Completion> calls_;
  CallId last_call_ = 0;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool awake_ = false;
};

}  // namespace syncline
