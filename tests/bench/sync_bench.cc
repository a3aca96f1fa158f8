// synchronize() against the service in this process, over real HTTP on loopback, durable on both sides.
#include <future>
#include <string>
#include <vector>

#include "bench/support.h"
#include "service/server.h"
#include "syncline/syncline.h"

namespace syncline::bench {
namespace {

constexpr const char* kIdentity = "us-east-1:00000000-0000-4000-8000-000000000001";

class Sides {
 public:
  Sides() : server_(must(service::Server::start({.data_dir = folder_.path("service")}))) {}

  Client device(const std::string& name) {
    ClientOptions options;
    options.data_directory = folder_.path(name);
    options.endpoint = server_->endpoint();
    options.region = server_->region();
    options.identity_pool_id = server_->identity_pool_id();
    options.identity_id = kIdentity;
    options.device_id = name;
    options.credentials = static_credentials(
        {.access_key_id = server_->access_key_id(), .secret_access_key = server_->secret_access_key()});
    return must(Client::open(std::move(options)));
  }

 private:
  ScratchFolder folder_;
  std::unique_ptr<service::Server> server_;
};

SyncReport synchronize(Dataset& dataset) {
  std::promise<Result<SyncReport>> promise;
  dataset.synchronize([&](const Result<SyncReport>& report) { promise.set_value(report); });
  return must(promise.get_future().get());
}

// All records at once, each time with other values of 100 bytes.
void write_records(Dataset& dataset, std::int64_t count, int round) {
  std::vector<Change> changes;
  auto value = std::to_string(round);
  value.resize(100, 'v');
  for (int i = 0; i < static_cast<int>(count); ++i) changes.push_back({.key = numbered_key(i), .value = value});
  must(dataset.put_all(changes));
}

void expect(std::size_t got, std::size_t expected, const char* what) {
  if (got != expected) give_up(std::string(what) + ": " + std::to_string(got) + ", not " + std::to_string(expected));
}

void push(benchmark::State& state) {
  Sides sides;
  auto phone = sides.device("phone");
  auto dataset = must(phone.dataset("bench"));
  write_records(dataset, state.range(0), -1);
  synchronize(dataset);
  Latencies ours;
  SyncReport last;
  int round = 0;
  for (auto _ : state) {
    write_records(dataset, state.range(0), round++);
    ours.time([&] { last = synchronize(dataset); });
    state.SetIterationTime(ours.last());
  }
  expect(last.pushed, static_cast<std::size_t>(state.range(0)), "pushed");
  report(state, ours);
  state.counters["requests"] = static_cast<double>(last.requests);
}

void pull(benchmark::State& state) {
  Sides sides;
  auto phone = sides.device("phone");
  auto laptop = sides.device("laptop");
  auto here = must(phone.dataset("bench"));
  auto there = must(laptop.dataset("bench"));
  Latencies ours;
  SyncReport last;
  int round = 0;
  for (auto _ : state) {
    write_records(here, state.range(0), round++);
    synchronize(here);
    ours.time([&] { last = synchronize(there); });
    state.SetIterationTime(ours.last());
  }
  expect(last.pulled, static_cast<std::size_t>(state.range(0)), "pulled");
  report(state, ours);
  state.counters["requests"] = static_cast<double>(last.requests);
}

void nothing_changed(benchmark::State& state) {
  Sides sides;
  auto phone = sides.device("phone");
  auto dataset = must(phone.dataset("bench"));
  write_records(dataset, 1'024, 0);
  synchronize(dataset);
  synchronize(dataset);
  Latencies ours;
  SyncReport last;
  for (auto _ : state) {
    ours.time([&] { last = synchronize(dataset); });
    state.SetIterationTime(ours.last());
  }
  report(state, ours);
  state.counters["requests"] = static_cast<double>(last.requests);
}

BENCHMARK(nothing_changed)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(push)->Arg(1)->Arg(1'024)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(pull)->Arg(1)->Arg(1'024)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace syncline::bench

BENCHMARK_MAIN();
