// Automatic syncs with nothing faked: threads, libcurl, netlink, and the service on a real socket.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <tuple>

#include "device.h"
#include "service/server.h"

namespace syncline::testing {
namespace {

using std::chrono::milliseconds;

class AutomaticRealTest : public ::testing::TestWithParam<Threading> {
 protected:
  AutomaticRealTest() {
    auto started = service::Server::start({.data_dir = dir.file("service"), .clock = nullptr});
    EXPECT_TRUE(started) << started.error().message;
    server = std::move(*started);
  }

  Client open(const std::string& device) {
    auto opened = Client::open(
        {.data_directory = dir.file(device),
         .endpoint = server->endpoint(),
         .region = server->region(),
         .identity_pool_id = server->identity_pool_id(),
         .identity_id = std::string(kIdentity),
         .device_id = device,
         .credentials = static_credentials(
             {.access_key_id = server->access_key_id(), .secret_access_key = server->secret_access_key()}),
         .durability = Durability::kProcess,
         .threading = GetParam(),
         .automatic_sync = {
             .enabled = true, .settle = milliseconds{5}, .period = milliseconds{20}, .jitter = milliseconds{5}}});
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  // Until `there` has heard of it; clients without a thread are ticked meanwhile.
  void run_until(const std::function<bool()>& done, std::vector<Client*> clients) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    std::unique_lock lock(mutex);
    while (!done() && std::chrono::steady_clock::now() < end) {
      lock.unlock();
      for (auto* client : clients) client->tick(std::chrono::steady_clock::now());
      lock.lock();
      changed.wait_for(lock, milliseconds{1}, done);
    }
    EXPECT_TRUE(done());
  }

  TempDir dir;
  std::unique_ptr<service::Server> server;
  std::mutex mutex;
  std::condition_variable changed;
};

TEST_P(AutomaticRealTest, AWriteHereArrivesThereAndNobodyAsked) {
  auto phone = open("phone");
  auto laptop = open("laptop");
  auto here = *phone.dataset("game");
  auto there = *laptop.dataset("game");
  bool heard = false;
  const auto listening = there.on_change([&](const DatasetChange& change) {
    const std::lock_guard guard(mutex);
    heard = heard || change.source == ChangeSource::kRemote;
    changed.notify_all();
  });
  ASSERT_TRUE(here.put("level", "12"));
  run_until([&] { return heard; }, {&phone, &laptop});
  EXPECT_EQ(*there.get("level"), "12");
}

INSTANTIATE_TEST_SUITE_P(Both, AutomaticRealTest, ::testing::Values(Threading::kTick, Threading::kOwnThread),
                         [](const auto& one) { return one.param == Threading::kTick ? "Tick" : "OwnThread"; });

}  // namespace
}  // namespace syncline::testing
