#include "client/offline_transport.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace syncline {

namespace {

// With no pipe left in the process, to look around this often.
constexpr std::chrono::milliseconds kNoPipeSlice{50};

}  // namespace

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

OfflineTransport::OfflineTransport() {
  if (::pipe(pipe_.data()) != 0) return;  // wait() then sleeps in slices
  for (const int end : pipe_) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
}

OfflineTransport::~OfflineTransport() {
  for (const int end : pipe_) ::close(end);
}

void OfflineTransport::wait(std::chrono::milliseconds longest) {
  std::vector<pollfd> files = {pollfd{.fd = pipe_[0], .events = POLLIN, .revents = 0}};
  for (const int descriptor : also_) files.push_back(pollfd{.fd = descriptor, .events = POLLIN, .revents = 0});
  static constexpr std::chrono::milliseconds kMost{std::numeric_limits<int>::max()};
  const auto bounded = std::clamp(longest, std::chrono::milliseconds{0}, pipe_[0] < 0 ? kNoPipeSlice : kMost);
  ::poll(files.data(), files.size(), static_cast<int>(bounded.count()));
  std::array<char, 64> drained;
  while (::read(pipe_[0], drained.data(), drained.size()) > 0) {
  }
}

bool OfflineTransport::also_wait_for(int descriptor) {
  also_.push_back(descriptor);
  return true;
}

void OfflineTransport::wake() {
  [[maybe_unused]] const auto written = ::write(pipe_[1], "", 1);  // a full pipe wakes just as well
}

}  // namespace syncline
