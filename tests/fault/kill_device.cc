// The device of a kill campaign: writes and syncs in a loop until it is killed, and tells each answered write on
// standard output (kill_plan.h). Usage:
//   kill_device DIRECTORY ENDPOINT REGION POOL IDENTITY ACCESS_KEY SECRET_KEY CA_FILE full|process NEXT [--finish]
// CA_FILE may be empty. --finish: writes nothing, syncs until all is at the service, tells after how many syncs, ends.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "fault/kill_plan.h"
#include "syncline/client.h"

namespace syncline::fault {
namespace {

using Kind = KillReport::Kind;

void tell(Kind kind, std::int64_t number) {
  const KillReport report{.kind = kind, .number = number};
  // A write this small to a pipe is whole or not at all. Nobody to tell it to: nobody to work for.
  if (::write(STDOUT_FILENO, &report, sizeof report) != sizeof report) std::_Exit(3);
}

// With a single device nobody else can have written (D6).
Resolution refuse(const Conflict&) {
  tell(Kind::kConflict, 0);
  return Resolution::later();
}

ClientOptions options_of(const std::vector<std::string>& words) {
  return ClientOptions{
      .data_directory = words[0],
      .endpoint = words[1],
      .region = words[2],
      .identity_pool_id = words[3],
      .identity_id = words[4],
      .device_id = "killed",
      .credentials = static_credentials({.access_key_id = words[5], .secret_access_key = words[6]}),
      .conflict_handler = refuse,
      .durability = words[8] == "full" ? Durability::kFull : Durability::kProcess,
      .retry = {.first_delay = std::chrono::milliseconds{2}, .longest_delay = std::chrono::milliseconds{20}},
      .ca_file = words[7],
  };
}

// One after the other for as long as the process lives.
void sync_forever(Dataset& dataset) {
  dataset.synchronize([&dataset](const Result<SyncReport>& report) {
    if (report) tell(Kind::kSynced, 0);
    sync_forever(dataset);
  });
}

int write_until_killed(Dataset& dataset, std::int64_t next) {
  tell(Kind::kReady, next);
  sync_forever(dataset);
  for (auto number = next;; ++number) {
    const auto changes = planned_write(number);
    const auto& first = changes.front();
    const auto written = changes.size() > 1 ? dataset.put_all(changes)
                         : first.value      ? dataset.put(first.key, *first.value)
                                            : dataset.remove(first.key);
    if (!written) {
      tell(Kind::kFailed, static_cast<std::int64_t>(written.error().code));
      return 2;
    }
    tell(Kind::kWritten, number);
    // The pace of a busy app: some writes between two syncs, not thousands.
    std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
}

int finish(Dataset& dataset) {
  constexpr int kMostSyncs = 20;
  for (int syncs = 1; syncs <= kMostSyncs; ++syncs) {
    std::promise<bool> done;
    dataset.synchronize([&](const Result<SyncReport>& report) { done.set_value(report.has_value()); });
    const bool succeeded = done.get_future().get();
    const auto info = dataset.info();
    if (succeeded && info && info->pending == 0) {
      tell(Kind::kDone, syncs);
      return 0;
    }
  }
  return 4;
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 10) {
    std::fputs("usage: kill_device: see the first lines of kill_device.cc\n", stderr);
    return 64;
  }
  auto client = Client::open(options_of(words));
  if (!client) {
    std::fprintf(stderr, "kill_device: %s\n", client.error().message.c_str());
    tell(Kind::kFailed, static_cast<std::int64_t>(client.error().code));
    return 2;
  }
  auto dataset = client->dataset(kKillDataset);
  if (!dataset) {
    std::fprintf(stderr, "kill_device: %s\n", dataset.error().message.c_str());
    tell(Kind::kFailed, static_cast<std::int64_t>(dataset.error().code));
    return 2;
  }
  return words.size() > 10 ? finish(*dataset) : write_until_killed(*dataset, std::atoll(words[9].c_str()));
}

}  // namespace
}  // namespace syncline::fault

int main(int argc, char** argv) {
  return syncline::fault::run({argv + 1, argv + argc});
}
