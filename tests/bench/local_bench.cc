// Local reads and writes through the public API, each beside raw SQLite doing the same on the same disk, in turn.
#include <string>
#include <vector>

#include "bench/support.h"
#include "syncline/syncline.h"

namespace syncline::bench {
namespace {

constexpr int kRecords = 900;          // with 1 KB values, below the quota of 1 MiB
const std::string kValue(1'000, 'v');  // 1 KB with its key

Client open_client(const ScratchFolder& folder, Durability durability) {
  ClientOptions options;
  options.data_directory = folder.path("client");
  options.durability = durability;
  options.threading = Threading::kTick;
  return must(Client::open(std::move(options)));
}

void put(benchmark::State& state, Durability durability) {
  const ScratchFolder folder;
  auto client = open_client(folder, durability);
  auto dataset = must(client.dataset("bench"));
  RawStore raw(folder.path("raw.db"), durability == Durability::kFull);
  Latencies ours;
  Latencies floor;
  int number = 0;
  for (auto _ : state) {
    const auto key = numbered_key(number++ % kRecords);
    ours.time([&] { must(dataset.put(key, kValue)); });
    floor.time([&] {
      raw.begin();
      raw.put(key, kValue);
      raw.commit();
    });
    state.SetIterationTime(ours.last());
  }
  report(state, ours, floor);
}

void put_all(benchmark::State& state, Durability durability) {
  const ScratchFolder folder;
  auto client = open_client(folder, durability);
  auto dataset = must(client.dataset("bench"));
  RawStore raw(folder.path("raw.db"), durability == Durability::kFull);
  // 1,024 records of 1 KB would be over the quota of 1 MiB with their keys.
  const std::string value(1'000, 'v');
  std::vector<Change> changes;
  for (int i = 0; i < state.range(0); ++i) changes.push_back({.key = numbered_key(i), .value = value});
  Latencies ours;
  Latencies floor;
  for (auto _ : state) {
    ours.time([&] { must(dataset.put_all(changes)); });
    floor.time([&] {
      raw.begin();
      for (const auto& change : changes) raw.put(change.key, *change.value);
      raw.commit();
    });
    state.SetIterationTime(ours.last());
  }
  report(state, ours, floor);
  state.counters["rows_per_s_by_floor"] = floor.median() / ours.median();
}

void get(benchmark::State& state) {
  const ScratchFolder folder;
  auto client = open_client(folder, Durability::kProcess);
  auto dataset = must(client.dataset("bench"));
  RawStore raw(folder.path("raw.db"), false);
  for (int i = 0; i < kRecords; ++i) {
    must(dataset.put(numbered_key(i), kValue));
    raw.begin();
    raw.put(numbered_key(i), kValue);
    raw.commit();
  }
  Latencies ours;
  Latencies floor;
  int number = 0;
  for (auto _ : state) {
    const auto key = numbered_key((number += 7) % kRecords);
    ours.time([&] { benchmark::DoNotOptimize(must(dataset.get(key))); });
    floor.time([&] { benchmark::DoNotOptimize(raw.get(key)); });
    state.SetIterationTime(ours.last());
  }
  report(state, ours, floor);
}

// From nothing to the first value of a dataset of 1,024 records.
void open_dataset(benchmark::State& state) {
  const ScratchFolder folder;
  {
    auto client = open_client(folder, Durability::kProcess);
    auto dataset = must(client.dataset("bench"));
    std::vector<Change> changes;
    for (int i = 0; i < 1'024; ++i) changes.push_back({.key = numbered_key(i), .value = std::string(900, 'v')});
    must(dataset.put_all(changes));
  }
  Latencies ours;
  for (auto _ : state) {
    ours.time([&] {
      auto client = open_client(folder, Durability::kProcess);
      benchmark::DoNotOptimize(must(must(client.dataset("bench")).get(numbered_key(512))));
    });
    state.SetIterationTime(ours.last());
  }
  report(state, ours);
}

BENCHMARK_CAPTURE(put, full, Durability::kFull)->UseManualTime();
BENCHMARK_CAPTURE(put, process, Durability::kProcess)->UseManualTime();
BENCHMARK_CAPTURE(put_all, full, Durability::kFull)->Arg(100)->Arg(1'024)->UseManualTime();
BENCHMARK_CAPTURE(put_all, process, Durability::kProcess)->Arg(100)->Arg(1'024)->UseManualTime();
BENCHMARK(get)->UseManualTime();
BENCHMARK(open_dataset)->UseManualTime();

}  // namespace
}  // namespace syncline::bench

BENCHMARK_MAIN();
