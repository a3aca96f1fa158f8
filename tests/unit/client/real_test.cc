// Nothing faked: clients with threads of their own, libcurl, and the service on a real socket. Run under the
// sanitizers.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <tuple>
#include <vector>

#include "device.h"
#include "relay.h"
#include "service/server.h"

namespace syncline::testing {
namespace {

class RealTest : public ::testing::Test {
 protected:
  RealTest() {
    auto started = service::Server::start({.data_dir = dir.file("service"), .clock = nullptr});
    EXPECT_TRUE(started) << started.error().message;
    server = std::move(*started);
  }

  ClientOptions options(const std::string& device, const std::string& endpoint) {
    return ClientOptions{.data_directory = dir.file(device),
                         .endpoint = endpoint,
                         .region = server->region(),
                         .identity_pool_id = server->identity_pool_id(),
                         .identity_id = std::string(kIdentity),
                         .device_id = device,
                         .credentials = static_credentials({.access_key_id = server->access_key_id(),
                                                            .secret_access_key = server->secret_access_key()}),
                         .dispatcher = nullptr,
                         .conflict_handler = nullptr,
                         .durability = Durability::kProcess,
                         .retry = {.first_delay = std::chrono::milliseconds{5}},
                         .ca_file = {}};
  }
  Client open(const std::string& device) { return open(options(device, server->endpoint())); }
  static Client open(ClientOptions wanted) {
    auto opened = Client::open(std::move(wanted));
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  static SyncReport sync(Dataset dataset) {
    SyncAnswers answers;
    dataset.synchronize(answers.callback());
    EXPECT_TRUE(answers.wait_for(1));
    const auto answer = answers.at(0);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer.value_or(SyncReport{});
  }

  TempDir dir;
  std::unique_ptr<service::Server> server;
};

TEST_F(RealTest, TwoDevicesSettleAConflict) {
  auto phone = open("phone");
  auto laptop = open("laptop");
  auto here = *phone.dataset("game");
  auto there = *laptop.dataset("game");
  ASSERT_TRUE(here.put("score", "100"));
  sync(here);
  sync(there);
  ASSERT_TRUE(here.put("score", "140"));
  ASSERT_TRUE(there.put("score", "120"));
  sync(there);
  here.set_conflict_handler([](const Conflict& conflict) {
    return std::stoi(*conflict.local) > std::stoi(*conflict.remote.value) ? Resolution::keep_local()
                                                                          : Resolution::keep_remote();
  });
  EXPECT_EQ(sync(here).resolved, 1U);
  sync(there);
  EXPECT_EQ(*there.get("score"), "140");
}

TEST_F(RealTest, AWarmSyncOpensNoNewConnectionAndAPullIsSmall) {
  Relay relay(server->port());
  auto phone = open("phone");
  auto laptop = open(options("laptop", relay.endpoint()));
  auto here = *phone.dataset("game");
  auto there = *laptop.dataset("game");
  sync(there);
  const auto connections = relay.connections();
  const auto before = relay.bytes();
  std::vector<Change> changes;
  for (int i = 0; i < 1'024; ++i) {
    changes.push_back({.key = "key" + std::to_string(i), .value = std::to_string(i) + std::string(96, 'v')});
  }
  ASSERT_TRUE(here.put_all(changes));
  sync(here);
  EXPECT_EQ(sync(there).pulled, 1'024U);
  EXPECT_LT(relay.bytes() - before, 100'000U);
  RecordProperty("bytes", static_cast<int>(relay.bytes() - before));
  ASSERT_TRUE(there.put("key0", "1"));
  sync(there);
  EXPECT_EQ(relay.connections(), connections);
}

TEST_F(RealTest, TickModeDrivesRealSockets) {
  auto wanted = options("phone", server->endpoint());
  wanted.threading = Threading::kTick;
  auto phone = open(wanted);
  auto dataset = *phone.dataset("game");
  ASSERT_TRUE(dataset.put("k", "1"));
  SyncAnswers answers;
  dataset.synchronize(answers.callback());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (answers.count() == 0 && std::chrono::steady_clock::now() < end) {
    phone.tick(std::chrono::steady_clock::now());
    std::this_thread::yield();
  }
  ASSERT_EQ(answers.count(), 1U);
  EXPECT_EQ(outcome_of(answers.at(0)), "ok");
}

TEST_F(RealTest, BadInputARefusedConnectionIsAnError) {
  auto wanted = options("phone", server->endpoint());
  wanted.retry.attempts = 2;
  server.reset();
  auto phone = open(wanted);
  SyncAnswers answers;
  phone.dataset("game")->synchronize(answers.callback());
  ASSERT_TRUE(answers.wait_for(1));
  EXPECT_EQ(outcome_of(answers.at(0)), "network");
}

// --- threads
// ----------------------------------------------------------------------------------------------------------

// Several threads do everything at once on one client, and one of them ends it: every completion comes exactly once,
// nothing comes after the end, no write that returned success is lost.
TEST_F(RealTest, D13D1ManyThreadsAndAShutdownInBetween) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 60;
  for (const bool own_dispatcher : {false, true}) {
    auto wanted = options(own_dispatcher ? "a" : "b", server->endpoint());
    if (own_dispatcher) wanted.dispatcher = thread_dispatcher();
    wanted.conflict_handler = conflict_policy::keep_local;
    auto client = open(wanted);
    const std::string name = own_dispatcher ? "hammered-a" : "hammered-b";
    std::atomic<int> begun = 0;
    std::atomic<int> completed = 0;
    std::atomic<int> written = 0;
    std::atomic<bool> over = false;
    std::atomic<int> late = 0;
    const auto hammer = [&](int thread) {
      auto dataset = client.dataset(name);
      if (!dataset) return;
      const auto listening = dataset->on_change([&](const DatasetChange&) { late += over ? 1 : 0; });
      for (int i = 0; i < kRounds; ++i) {
        const auto key = std::to_string(thread) + "-" + std::to_string(i);
        if (dataset->put(key, "v")) ++written;
        std::ignore = dataset->get(key);
        std::ignore = dataset->info();
        if (i % 4 == thread) {
          ++begun;
          dataset->synchronize([&](const Result<SyncReport>&) { ++completed; });
        }
        if (i % 16 == 0) {
          ++begun;
          dataset->describe([&](const Result<RemoteDataset>&) { ++completed; });
        }
        if (thread == 0 && i == kRounds / 2) {
          client.shutdown(std::chrono::milliseconds{20});
          over = true;
        }
      }
    };
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back(hammer, thread);
    for (auto& thread : threads) thread.join();
    client.shutdown(std::chrono::milliseconds{0});
    wanted.dispatcher.reset();  // the thread dispatcher's rest runs in its destructor, below
    EXPECT_EQ(late, 0);

    auto again = open(options(own_dispatcher ? "a" : "b", server->endpoint()));
    auto dataset = *again.dataset(name);
    EXPECT_EQ(dataset.records()->size(), static_cast<std::size_t>(written.load()));
    sync(dataset);
    auto other = open(own_dispatcher ? "c" : "d");
    auto there = *other.dataset(name);
    sync(there);
    EXPECT_EQ(there.records()->size(), static_cast<std::size_t>(written.load()));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (completed != begun && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(completed, begun);
  }
}

TEST_F(RealTest, ClientsComeAndGoFromTheirOwnCallbacks) {
  for (int i = 0; i < 20; ++i) {
    auto client = std::make_unique<Client>(open("phone"));
    std::promise<void> gone;
    client->dataset("game")->synchronize([&](const Result<SyncReport>&) {
      client.reset();
      gone.set_value();
    });
    ASSERT_EQ(gone.get_future().wait_for(std::chrono::seconds{30}), std::future_status::ready);
  }
}

}  // namespace
}  // namespace syncline::testing
