// A name server that does not answer must hold up nobody but the request that asks for the name.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/curl_transport.h"
#include "support/exchange.h"

namespace {

constexpr std::string_view kSilentName = "silent.example";

// The thread that libcurl resolves names on, caught.
class SilentNameServer {
 public:
  void answer_nothing() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return closed_; });
    --waiting_;
    changed_.notify_all();
  }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return waiting_ == 0; });
    closed_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool closed_ = false;
};

SilentNameServer& name_server() {
  static SilentNameServer server;
  return server;
}

}  // namespace

// Stands before the C library's for the whole test program, libcurl included.
extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* name, const char* service,
                                                                  const addrinfo* hints, addrinfo** found) {
  if (name != nullptr && name == kSilentName) {
    name_server().answer_nothing();
    return EAI_AGAIN;
  }
  using Original = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto original = reinterpret_cast<Original>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return original(name, service, hints, found);
}

namespace syncline::net {
namespace {

using namespace std::chrono_literals;

class SilentResolver : public ::testing::Test {
 protected:
  ~SilentResolver() override {
    name_server().wait_until_asked();  // the thread may be slower than the test
    name_server().close();
  }

  std::unique_ptr<HttpTransport> connect(std::chrono::milliseconds time_out) {
    return make_curl_transport({.endpoint = "http://silent.example", .connect_timeout = time_out}).value();
  }
};

TEST_F(SilentResolver, ResolvingCountsAsConnecting) {
  const auto answer = testing::exchange(*connect(50ms), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(to_string(answer.error().code), to_string(ErrorCode::kTimeout));
}

TEST_F(SilentResolver, CancelAndDestructionDoNotWaitForIt) {
  std::optional<ErrorCode> code;
  auto transport = connect(10min);
  const auto call = transport->start({}, [&code](const Result<HttpResponse>& answer) { code = answer.error().code; });
  transport->step();
  name_server().wait_until_asked();
  transport->cancel(call);
  EXPECT_EQ(code, ErrorCode::kCancelled);
  transport.reset();
}

}  // namespace
}  // namespace syncline::net
