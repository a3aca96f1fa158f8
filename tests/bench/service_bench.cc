// What a request costs the service, over real HTTP on loopback. The server is a process of its own.
// service_bench updates [SECONDS]: UpdateRecords of one record, durable, on 1 connection, then on 32.
// service_bench lists [REQUESTS]: ListRecords with nothing new on 32 kept connections: CPU of the server's process for
// each, beside that of a bare Beast server, in turn, both on core 0; the client on core 1.
// service_bench scale [IDENTITIES]: a store of that many x 3 datasets x 20 records beside one of 100 identities: p99 of
// both, restart, memory. A million need 10 GB and an hour.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>

#include "bench/bare_server.h"
#include "bench/http_load.h"
#include "bench/support.h"

namespace syncline::bench {
namespace {

constexpr int kConnections = 32;
constexpr std::size_t kReplyBytes = 200;

wire::RecordPatch patch_of(std::int64_t count) {
  return {.operation = wire::PatchOperation::kReplace,
          .key = "level",
          .value = std::string(100, static_cast<char>('a' + count % 26)),
          .sync_count = SyncCount{count},
          .device_modified_at = std::nullopt};
}

// Each connection has a dataset of its own, as each player has.
double updates_per_second(const ServerProcess& server, const Developer& developer, int connections, double seconds) {
  std::atomic<bool> begun{false};
  std::atomic<bool> ended{false};
  std::atomic<std::int64_t> updates{0};
  std::vector<std::thread> clients;
  for (int client = 0; client < connections; ++client) {
    clients.emplace_back([&, client] {
      Connection connection(server.port());
      const int identity = connections * 1000 + client;
      connection.send(developer.list(identity, 0, 0));
      const std::string session = Developer::session_of(connection.receive());
      for (std::int64_t count = 0; !ended; ++count) {
        connection.send(developer.update(identity, 0, session, {patch_of(count)}));
        connection.receive();
        if (begun) ++updates;
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  begun = true;
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const auto done = static_cast<double>(updates);
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ended = true;
  for (std::thread& client : clients) client.join();
  return done / took;
}

void updates(double seconds) {
  const ScratchFolder folder;
  const ServerProcess server(
      -1, [&](const auto& ready) { run_service(folder.path("data"), service::HttpLimits().io_threads, ready); });
  const Developer developer(server);
  const double one = updates_per_second(server, developer, 1, seconds);
  const double many = updates_per_second(server, developer, kConnections, seconds);
  std::printf("updates: 1 connection %.0f/s, %d connections %.0f/s, ratio %.1f\n", one, kConnections, many, many / one);
}

// Sends on all, then reads from all: the server always has work.
double cpu_of_requests(const ServerProcess& server, const std::string& request, int requests) {
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < kConnections; ++i) connections.push_back(std::make_unique<Connection>(server.port()));
  double before = 0;
  const int rounds = requests / kConnections;
  for (int round = -rounds / 10 - 1; round < rounds; ++round) {
    if (round == 0) before = server.cpu_seconds();
    for (const auto& connection : connections) connection->send(request);
    for (const auto& connection : connections) connection->receive();
  }
  return (server.cpu_seconds() - before) / (rounds * kConnections);
}

void lists(int requests) {
  const ScratchFolder folder;
  const ServerProcess bare(
      0, [](const auto& ready) { run_bare_server(kReplyBytes, [&](std::uint16_t port) { ready(port, "bare"); }); });
  const ServerProcess service(0, [&](const auto& ready) { run_service(folder.path("data"), 1, ready); });
  pin_to(1);
  const Developer developer(service);
  Connection writer(service.port());
  writer.send(developer.list(1, 0, 0));
  std::vector<wire::RecordPatch> patches = {patch_of(0)};
  writer.send(developer.update(1, 0, Developer::session_of(writer.receive()), std::move(patches)));
  writer.receive();
  const std::string list = developer.list(1, 0, 1);
  std::vector<double> ratios;
  for (int round = 0; round < 5; ++round) {
    const double floor = cpu_of_requests(bare, list, requests);
    const double cost = cpu_of_requests(service, list, requests);
    ratios.push_back(cost / floor);
    std::printf("lists: bare %.1f us, service %.1f us, ratio %.2f\n", floor * 1e6, cost * 1e6, cost / floor);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("lists: median ratio %.2f\n", ratios[ratios.size() / 2]);
}

// --- scale ----------------------------------------------------------------------------------------------------------

void fill(const std::string& file, int identities) {
  sqlite3* database = nullptr;
  if (sqlite3_open(file.c_str(), &database) != SQLITE_OK) give_up("cannot open " + file);
  const std::string sql = R"sql(
    PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA journal_mode = OFF;
    INSERT INTO identities (pool_id, name, created_at, modified_at)
      WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < )sql" +
                          std::to_string(identities) + R"sql()
      SELECT 1, printf('us-east-1:00000000-0000-4000-8000-%012d', i), 0, 0 FROM n;
    INSERT INTO datasets (identity_id, name, present, sync_count, first_count, records, bytes, created_at, modified_at,
                          modified_by)
      SELECT i.id, 'save' || d.column1, 1, 1, 1, 20, 1160, 0, 0, 'phone' FROM identities i, (VALUES (0), (1), (2)) d
      ORDER BY i.id;
    INSERT INTO records (dataset_id, key, value, sync_count, modified_by, modified_at, device_modified_at)
      WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19)
      SELECT d.id, printf('key/%04d', n.i), 'a value of fifty characters, which is what a save h', 1, 'phone', 0, 0
      FROM datasets d, n ORDER BY d.id;
    PRAGMA journal_mode = WAL;)sql";
  char* failed = nullptr;
  if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &failed) != SQLITE_OK) give_up(failed);
  sqlite3_close(database);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The p99 in ms of each operation on datasets chosen by chance.
void measure_store(const std::string& folder, int identities) {
  { must(service::open_sqlite_store({.data_dir = folder, .region = "us-east-1"})); }
  auto start = std::chrono::steady_clock::now();
  fill(folder + "/service.db", identities);
  const double filled = seconds_since(start);
  start = std::chrono::steady_clock::now();
  const ServerProcess server(-1, [&](const auto& ready) { run_service(folder, 2, ready); });
  const Developer developer(server);
  Connection connection(server.port());
  std::mt19937 chance(1);
  std::vector<double> lists;
  std::vector<double> updates;
  double restart = 0;
  static constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds; ++round) {
    const int identity = static_cast<int>(chance() % static_cast<unsigned>(identities));
    const int dataset = static_cast<int>(chance() % 3);
    const std::string list = developer.list(identity, dataset, 0);
    const auto listing = std::chrono::steady_clock::now();
    connection.send(list);
    const ListedPage page = must(wire::decode_list_records(connection.receive()));
    lists.push_back(seconds_since(listing));
    if (round == 0) restart = seconds_since(start);
    wire::RecordPatch patch = patch_of(page.records[0].version.count.value);
    patch.key = page.records[0].key;
    const std::string update = developer.update(identity, dataset, page.session_token, {patch});
    const auto updating = std::chrono::steady_clock::now();
    connection.send(update);
    connection.receive();
    updates.push_back(seconds_since(updating));
  }
  for (auto* latencies : {&lists, &updates}) std::sort(latencies->begin(), latencies->end());
  std::printf(
      "scale: %d identities, %.1f GB, filled in %.0f s; first answer %.2f s after the start; ListRecords p50 %.2f p99 "
      "%.2f ms; UpdateRecords p50 %.2f p99 %.2f ms; %.0f MB resident\n",
      identities, static_cast<double>(std::filesystem::file_size(folder + "/service.db")) * 1e-9, filled, restart,
      lists[kRounds / 2] * 1e3, lists[kRounds * 99 / 100] * 1e3, updates[kRounds / 2] * 1e3,
      updates[kRounds * 99 / 100] * 1e3, static_cast<double>(server.resident_bytes()) * 1e-6);
}

void scale(int identities) {
  const ScratchFolder folder;
  measure_store(folder.path("small"), 100);
  measure_store(folder.path("large"), identities);
}

int run(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "updates") {
    updates(argc > 2 ? std::atof(argv[2]) : 5.0);
  } else if (what == "lists") {
    lists(argc > 2 ? std::atoi(argv[2]) : 20'000);
  } else if (what == "scale") {
    scale(argc > 2 ? std::atoi(argv[2]) : 1'000'000);
  } else {
    std::fprintf(stderr, "usage: service_bench updates [SECONDS] | lists [REQUESTS] | scale [IDENTITIES]\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace syncline::bench

int main(int argc, char** argv) {
  return syncline::bench::run(argc, argv);
}
