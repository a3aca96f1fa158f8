// Stands in for the network when no endpoint is set: every call fails, waiting works.
#pragma once

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "core/http.h"

namespace syncline {

class OfflineTransport final : public HttpTransport {
 public:
  OfflineTransport();
  OfflineTransport(const OfflineTransport&) = delete;
  OfflineTransport& operator=(const OfflineTransport&) = delete;
  ~OfflineTransport() override;

  CallId start(HttpRequest request, Completion done) override;
  CallId start_stream(HttpRequest request, OnPart /*on_part*/, Completion done) override {
    return start(std::move(request), std::move(done));
  }
  void cancel(CallId call) override;
  void step() override;
  void wait(std::chrono::milliseconds longest) override;
  bool also_wait_for(int descriptor) override;
  void no_longer_wait_for(int descriptor) override { std::erase(also_, descriptor); }
  void wake() override;
  [[nodiscard]] bool busy() const override { return !calls_.empty(); }

 private:
  void complete(CallId call, ErrorCode code, const char* message);

  std::map<CallId, Completion> calls_;
  CallId last_call_ = 0;
  std::array<int, 2> pipe_ = {-1, -1};  // a byte in it: awake
  std::vector<int> also_;
};

}  // namespace syncline
