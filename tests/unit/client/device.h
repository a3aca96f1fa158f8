// Two ends of a sync in one process: the real service without a socket, and a client on a device of its own. The fake
// transport lies between them; clocks stand still until a test, or a wait for a timer, moves them.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/client_impl.h"
#include "push_pool.h"
#include "service/handlers.h"
#include "support/fake_clock.h"
#include "support/fake_random.h"
#include "support/fake_transport.h"
#include "support/temp_dir.h"
#include "syncline/syncline.h"

namespace syncline::testing {

inline constexpr std::string_view kIdentity = "us-east-1:11111111-2222-3333-4444-555555555555";

class Backend {
 public:
  using Adjust = std::function<void(service::ServiceOptions&)>;
  explicit Backend(Adjust adjust = {}) : adjust_(std::move(adjust)) { start(); }

  HttpResponse handle(const HttpRequest& request) { return service_->handle(request, "test"); }
  [[nodiscard]] Credentials credentials() const;
  [[nodiscard]] std::string pool() const { return service_->identity_pool_id(); }
  // For PushPool.
  [[nodiscard]] ServiceAccess access();
  // Keeps a copy of all data; goes back to it, as an operator does after losing a disk.
  void back_up();
  void restore();

  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();

 private:
  void start();

  const Adjust adjust_;
  TempDir dir_;
  std::unique_ptr<service::Service> service_;
};

using Values = std::map<std::string, std::string>;

class Device {
 public:
  using Network = std::function<Result<HttpResponse>(const HttpRequest&)>;

  // With nothing else said: no thread, callbacks inline, conflicts wait.
  explicit Device(Backend& backend, std::string name = "phone");

  // Opens a client on this device's directory; again after `client.reset()`.
  void open();
  Dataset dataset(std::string_view name = "game");
  void put(std::string_view key, std::string_view value);
  // nullopt: absent.
  std::optional<std::string> get(std::string_view key);
  Values values();

  // Ticks, lets time pass to the next timer, and pumps `queue` if there is one, until `done`. A failure if nothing is
  // left to wait for.
  void run_until(const std::function<bool()>& done);
  // Until there is nothing more to do.
  void settle();
  // What an app's frames do while this much time passes.
  void pass(std::chrono::milliseconds time);
  // synchronize() to its end.
  Result<SyncReport> sync(std::string_view name = "game");
  SyncReport sync_well(std::string_view name = "game");  // a failure of the test if it fails

  ClientOptions options;  // for open()
  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
  std::shared_ptr<QueueDispatcher> queue;
  Network network;  // what a request meets; at first: the backend
  std::optional<Client> client;
  FakeTransport* transport = nullptr;  // the open client's
  FakeRandom* random = nullptr;

 private:
  TempDir dir_;
};

// Counts completions, from whatever thread.
template <typename T>
class Answers {
 public:
  std::function<void(const Result<T>&)> callback() {
    return [this](const Result<T>& answer) {
      const std::lock_guard guard(mutex_);
      answers_.push_back(answer);
      changed_.notify_all();
    };
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard guard(mutex_);
    return answers_.size();
  }
  [[nodiscard]] Result<T> at(std::size_t index) const {
    const std::lock_guard guard(mutex_);
    return answers_.at(index);
  }
  // For clients with threads. [blocks]
  [[nodiscard]] bool wait_for(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{30}, [&] { return answers_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Result<T>> answers_;
};
using SyncAnswers = Answers<SyncReport>;

// "ok", "conflicts" or the error's code, for messages and comparisons.
std::string outcome_of(const Result<SyncReport>& answer);

bool is_push(const HttpRequest& request);
bool is_list(const HttpRequest& request);

// An answer in the service's words.
HttpResponse refusal(int status, std::string_view type, std::string_view message);
HttpResponse json_answer(std::string body);

// Both devices know key = base, then each writes its own; `theirs` is at the service, `ours` is pending on `here`.
void collide(Device& here, Device& there, const std::string& key, const std::string& base, const std::string& ours,
             const std::string& theirs);

}  // namespace syncline::testing
