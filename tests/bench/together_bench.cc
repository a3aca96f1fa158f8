// Client::synchronize(): 20 datasets with one change each beside one alone, at 50 ms of latency, connections open.
#include <future>
#include <string>
#include <vector>

#include "bench/delay_line.h"
#include "bench/support.h"
#include "service/server.h"
#include "syncline/syncline.h"

namespace syncline::bench {
namespace {

constexpr std::chrono::milliseconds kOneWay{25};
constexpr int kMany = 20;

class Phone {
 public:
  // Each is an identity of its own: the quota is 20 datasets.
  Phone(const service::Server& server, const DelayLine& line, const std::string& folder, int datasets) {
    ClientOptions options;
    options.data_directory = folder;
    options.endpoint = line.endpoint();
    options.region = server.region();
    options.identity_pool_id = server.identity_pool_id();
    options.identity_id = "us-east-1:00000000-0000-4000-8000-0000000000" + std::to_string(10 + datasets);
    options.device_id = "phone";
    options.credentials =
        static_credentials({.access_key_id = server.access_key_id(), .secret_access_key = server.secret_access_key()});
    client_.emplace(must(Client::open(std::move(options))));
    for (int i = 0; i < datasets; ++i) datasets_.push_back(must(client_->dataset("data" + std::to_string(i))));
  }

  void change_each() {
    ++round_;
    for (auto& dataset : datasets_) must(dataset.put("level", std::to_string(round_)));
  }
  // Returns how many requests it took.
  std::size_t synchronize() {
    std::promise<Result<std::vector<DatasetSyncReport>>> promise;
    client_->synchronize([&](const auto& reports) { promise.set_value(reports); });
    std::size_t requests = 0;
    for (const auto& report : must(promise.get_future().get())) requests += must(report.result).requests;
    return requests;
  }

 private:
  std::optional<Client> client_;
  std::vector<Dataset> datasets_;
  int round_ = 0;
};

// Measured in turn, so that both have the same machine.
void one_and_twenty(benchmark::State& state) {
  ScratchFolder folder;
  const auto server = must(service::Server::start({.data_dir = folder.path("service")}));
  DelayLine line(server->port(), kOneWay);
  Phone one(*server, line, folder.path("one"), 1);
  Phone twenty(*server, line, folder.path("twenty"), kMany);
  for (auto* phone : {&one, &twenty}) {
    phone->change_each();
    phone->synchronize();
  }
  Latencies alone;
  Latencies together;
  std::size_t requests = 0;
  const auto before = line.connections();
  for (auto _ : state) {
    one.change_each();
    alone.time([&] { one.synchronize(); });
    twenty.change_each();
    together.time([&] { requests = twenty.synchronize(); });
    state.SetIterationTime(together.last());
  }
  report(state, together, alone);
  state.counters["requests"] = static_cast<double>(requests);
  state.counters["connections_made"] = static_cast<double>(line.connections() - before);
}

BENCHMARK(one_and_twenty)->Iterations(40)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace syncline::bench

BENCHMARK_MAIN();
