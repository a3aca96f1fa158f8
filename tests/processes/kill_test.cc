// D18, D1, D4, D12: processes write and sync on one data directory, each is killed again and again in the middle of
// whatever it does, and the service loses answers. In the end nothing is lost, nothing was stored twice, nobody was
// asked about the device's own writes, and all agree.
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <sstream>

#include "processes/witness.h"
#include "processes/worker_process.h"
#include "support/temp_dir.h"

namespace syncline::testing {
namespace {

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

// What one writer said about each key: what its last write that was answered left, and all that came after it without
// an answer. "-" is a removal.
struct Ledger {
  std::map<std::string, std::set<std::string>> possible;

  void take(const std::string& line) {
    std::istringstream words(line);
    std::string what;
    std::string key;
    std::string value;
    words >> what >> key >> value;
    if (what == "writes") possible.try_emplace(key, std::set<std::string>{"-"}).first->second.insert(value);
    if (what == "wrote") possible[key] = {value};
  }
};

class KillTest : public ::testing::Test {
 protected:
  void start(std::size_t slot) {
    workers_[slot] = std::make_unique<WorkerProcess>(witness_.worker_on(dir_.file("data")));
    const auto name = "w" + std::to_string(slot) + "g" + std::to_string(++generation_);
    EXPECT_EQ(workers_[slot]->ask("listen"), "ok");
    // A name for the values of this life, and keys that are this slot's.
    workers_[slot]->send("run " + name + " " + std::to_string(seed_ * 1'000 + static_cast<std::uint64_t>(generation_)));
  }

  void note(std::size_t slot, const std::string& line) {
    ++lines_;
    if (line.starts_with("wr")) {
      ledgers_[generation_of_[slot]].take(line);
      if (line.starts_with("wrote")) ++answered_;
    } else {
      EXPECT_TRUE(line.starts_with("change")) << line;
    }
  }

  void drain(std::size_t slot) {
    while (const auto line = workers_[slot]->read(std::chrono::milliseconds{0})) note(slot, *line);
  }

  // Reads what all say until so many more lines have come.
  void listen_for(int lines) {
    const auto until = lines_ + lines;
    while (lines_ < until) {
      std::array<pollfd, 3> files;
      for (std::size_t slot = 0; slot < 3; ++slot) files[slot] = {workers_[slot]->output(), POLLIN, 0};
      ASSERT_GT(::poll(files.data(), files.size(), 60'000), 0) << "nobody does anything";
      for (std::size_t slot = 0; slot < 3; ++slot) drain(slot);
    }
  }

  const std::uint64_t seed_ = static_cast<std::uint64_t>(from_environment("SYNCLINE_SEED", 3));
  TempDir dir_;
  Witness witness_{10, seed_};
  std::array<std::unique_ptr<WorkerProcess>, 3> workers_;
  std::array<int, 3> generation_of_ = {};
  std::map<int, Ledger> ledgers_;  // by life
  int generation_ = 0;
  int lines_ = 0;
  int answered_ = 0;
};

std::map<std::string, std::string> parse_records(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  EXPECT_EQ(word, "records");
  std::map<std::string, std::string> records;
  while (words >> word) records[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  return records;
}

TEST_F(KillTest, D18ThreeProcessesAndAKillerLoseNothing) {
  const int kills = from_environment("SYNCLINE_KILLS", 12);
  std::mt19937_64 random(seed_);
  for (std::size_t slot = 0; slot < 3; ++slot) {
    start(slot);
    generation_of_[slot] = generation_;
  }
  for (int kill = 0; kill < kills; ++kill) {
    listen_for(20 + static_cast<int>(random() % 150));
    if (HasFatalFailure()) return;
    const auto slot = static_cast<std::size_t>(random() % 3);
    workers_[slot]->kill();
    drain(slot);
    start(slot);
    generation_of_[slot] = generation_;
  }
  listen_for(100);
  for (std::size_t slot = 0; slot < 3; ++slot) {
    workers_[slot]->kill();
    drain(slot);
  }
  witness_.be_kind();

  // Two that share the directory, one syncing, one listening; and another device.
  WorkerProcess listener(witness_.worker_on(dir_.file("data")));
  WorkerProcess one(witness_.worker_on(dir_.file("data")));
  WorkerProcess other(witness_.worker_on(dir_.file("other")));
  EXPECT_EQ(listener.ask("listen"), "ok");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(one.ask("sync"), "ok") << "D6: a single device is asked nothing";
  EXPECT_EQ(one.ask("pending"), "0") << "D12";
  EXPECT_EQ(listener.ask("pending"), "0");
  EXPECT_EQ(other.ask("sync"), "ok");
  const auto line = one.ask("records");
  EXPECT_EQ(other.ask("records"), line) << "D12";
  EXPECT_EQ(listener.ask("records"), line);

  const auto records = parse_records(line);
  std::map<std::string, std::set<std::string>> possible;
  for (const auto& [life, ledger] : ledgers_) {
    for (const auto& [key, values] : ledger.possible) {
      // A life's own keys are nobody else's. Shared ones hold what some life wrote last.
      possible[key].insert(values.begin(), values.end());
    }
  }
  for (const auto& [key, values] : possible) {
    const auto found = records.find(key);
    const auto value = found == records.end() ? std::string("-") : found->second;
    EXPECT_TRUE(values.contains(value)) << "D1: " << key << " is " << value;
  }
  for (const auto& [key, value] : records) EXPECT_TRUE(possible.contains(key)) << "invented: " << key;
  for (const auto& [value, count] : witness_.versions()) EXPECT_EQ(count, 1) << "D4: stored twice: " << value;
  EXPECT_GT(answered_, kills * 10);
  RecordProperty("answered_writes", answered_);
}

// Case 16 with two processes: each overtakes the other's session all the time, and both end well.
TEST_F(KillTest, D18TwoProcessesThatSyncAtOnceBothEndWell) {
  witness_.be_kind();
  WorkerProcess one(witness_.worker_on(dir_.file("data")));
  WorkerProcess two(witness_.worker_on(dir_.file("data")));
  for (int i = 0; i < 40; ++i) {
    const auto value = std::to_string(i);
    EXPECT_EQ(one.ask("put a" + value + " one" + value), "ok");
    EXPECT_EQ(two.ask("put b" + value + " two" + value), "ok");
    one.send("sync");
    two.send("sync");
    EXPECT_EQ(one.read(), "ok") << i;
    EXPECT_EQ(two.read(), "ok") << i;
  }
  EXPECT_EQ(one.ask("pending"), "0");
  WorkerProcess other(witness_.worker_on(dir_.file("other")));
  EXPECT_EQ(other.ask("sync"), "ok");
  EXPECT_EQ(other.ask("records"), one.ask("records"));
  const auto versions = witness_.versions();
  EXPECT_EQ(versions.size(), 80U);
  for (const auto& [value, count] : versions) EXPECT_EQ(count, 1) << "D4: stored twice: " << value;
}

}  // namespace
}  // namespace syncline::testing
