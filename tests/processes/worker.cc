// A client in a process of its own. Reads one command a line, answers with one line each; what it is told by the
// library comes in between as lines of its own. Arguments: DIRECTORY ENDPOINT REGION POOL IDENTITY KEY SECRET
// LOCK_TIMEOUT_MS.
#include <fcntl.h>
#include <sys/file.h>

#include <condition_variable>
#include <cstdint>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <sstream>
#include <string>

#include "syncline/syncline.h"

namespace syncline::testing {
namespace {

std::mutex out_mutex;

void say(const std::string& line) {
  const std::lock_guard guard(out_mutex);
  std::cout << line << std::endl;
}

std::string word(const Error& error) {
  return "error " + std::string(to_string(error.code));
}

class Worker {
 public:
  Worker(Client client, Dataset dataset) : client_(std::move(client)), dataset_(std::move(dataset)) {}

  std::string perform(std::istream& line) {
    std::string command;
    line >> command;
    if (command == "put") return put(line);
    if (command == "get") return get(line);
    if (command == "sync") return sync();
    if (command == "listen") return listen();
    if (command == "mirror") return compare();
    if (command == "pending") return std::to_string(dataset_.info().value_or(DatasetInfo{.pending = 999'999}).pending);
    if (command == "records") return records();
    if (command == "run") return run(line);
    return "error what?";
  }

 private:
  std::string put(std::istream& line) {
    std::string key;
    std::string value;
    line >> key >> value;
    const auto written = value == "-" ? dataset_.remove(key) : dataset_.put(key, value);
    return written ? "ok" : word(written.error());
  }

  std::string get(std::istream& line) {
    std::string key;
    line >> key;
    const auto value = dataset_.get(key);
    if (!value) return word(value.error());
    return *value ? "value " + **value : "absent";
  }

  std::string sync() {
    std::mutex mutex;
    std::condition_variable changed;
    std::string answer;
    dataset_.synchronize([&](const Result<SyncReport>& report) {
      const std::lock_guard guard(mutex);
      answer = !report ? word(report.error()) : report->outcome == SyncOutcome::kConflictsPending ? "conflicts" : "ok";
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !answer.empty(); });
    return answer;
  }

  // Tells of each change, and keeps a copy of the dataset from nothing else.
  std::string listen() {
    subscription_ = dataset_.on_change([this](const DatasetChange& change) {
      std::string line = change.source == ChangeSource::kOtherProcess ? "change other" : "change own";
      const std::lock_guard guard(mirror_mutex_);
      for (const auto& key : change.added) line += " +" + key, copy(key);
      for (const auto& key : change.updated) line += " ~" + key, copy(key);
      for (const auto& key : change.removed) line += " -" + key, copy(key);
      if (telling_) say(line);
    });
    const auto all = dataset_.records();
    if (!all) return word(all.error());
    const std::lock_guard guard(mirror_mutex_);
    for (const auto& record : *all) mirror_[record.key] = record.value;
    return "ok";
  }

  void copy(const std::string& key) {
    const auto value = dataset_.get(key);
    if (value && *value) mirror_[key] = **value;
    if (value && !*value) mirror_.erase(key);
  }

  std::string compare() {
    const auto all = dataset_.records();
    if (!all) return word(all.error());
    std::map<std::string, std::string> seen;
    for (const auto& record : *all) seen[record.key] = record.value;
    const std::lock_guard guard(mirror_mutex_);
    return seen == mirror_ ? "same" : "differs";
  }

  std::string records() {
    const auto all = dataset_.records();
    if (!all) return word(all.error());
    std::string line = "records";
    for (const auto& record : *all) line += " " + record.key + "=" + record.value;
    return line;
  }

  // Writes and syncs at random, for ever: "wrote KEY VALUE" for each write that was answered.
  std::string run(std::istream& line) {
    std::string name;
    std::uint64_t seed = 0;
    line >> name >> seed;
    telling_ = false;
    std::mt19937_64 random(seed);
    for (int number = 0;; ++number) {
      const auto chance = random() % 100;
      if (chance < 12) {
        const auto answer = sync();
        if (answer == "conflicts") say("conflict");
        continue;
      }
      const auto key = chance < 60 ? name + std::to_string(random() % 8) : "shared" + std::to_string(random() % 4);
      const bool removal = chance >= 90 && chance < 96;
      const auto value = name + "." + std::to_string(number);
      say("writes " + key + " " + (removal ? "-" : value));
      const auto written = removal ? dataset_.remove(key) : dataset_.put(key, value);
      if (written) say("wrote " + key + " " + (removal ? "-" : value));
      if (!written) say(word(written.error()));
    }
  }

  Client client_;
  Dataset dataset_;
  std::mutex mirror_mutex_;
  std::map<std::string, std::string> mirror_;
  bool telling_ = true;
  Subscription subscription_;
};

// Takes the lock of the directory, and keeps it.
std::string hold(const std::string& directory) {
  const int file = ::open((directory + "/syncline.lock").c_str(), O_RDWR);
  return file >= 0 && ::flock(file, LOCK_EX) == 0 ? "ok" : "error hold";
}

int work(char** arguments) {
  ClientOptions options;
  options.data_directory = arguments[1];
  options.endpoint = arguments[2];
  options.region = arguments[3];
  options.identity_pool_id = arguments[4];
  options.identity_id = arguments[5];
  options.device_id = "device";
  options.credentials = static_credentials({.access_key_id = arguments[6], .secret_access_key = arguments[7]});
  options.durability = Durability::kProcess;
  options.retry.first_delay = std::chrono::milliseconds{2};
  options.lock_timeout = std::chrono::milliseconds{std::stol(arguments[8])};
  if (options.endpoint == "-") options.endpoint.clear();
  auto client = Client::open(options);
  if (!client) return say(word(client.error()) + " " + client.error().message), 1;
  auto dataset = client->dataset("game");
  if (!dataset) return say(word(dataset.error())), 1;
  Worker worker(std::move(*client), std::move(*dataset));
  say("ready");
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "hold") {
      say(hold(options.data_directory));
      continue;
    }
    std::istringstream words(line);
    say(worker.perform(words));
  }
  return 0;
}

}  // namespace
}  // namespace syncline::testing

int main(int count, char** arguments) {
  return count == 9 ? syncline::testing::work(arguments) : 2;
}
