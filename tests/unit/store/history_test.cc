// Seeded histories of two devices: writes, syncs step by step, lost and late answers, kills, conflicts left for later.
// The engine, the planner and the store are the real ones; the service is a model. At the end the faults stop, and
// everything must have come together (D12), with nothing lost (D1), doubled (D4), asked wrongly (D6) or not asked (D7).
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

#include "support/temp_dir.h"
#include "unit/store/model_device.h"

namespace syncline::store {
namespace {

// They live through many histories, each on a dataset of its own: opening files would take most of the time.
struct Devices {
  testing::TempDir temp;
  std::array<ModelDevice, 2> both{ModelDevice("A", temp.file("a")), ModelDevice("B", temp.file("b"))};
};

class History {
 public:
  struct Kind {
    bool deletions = false;  // the dataset is deleted now and then, here and by others
    bool alone = false;      // only one device writes and syncs
  };

  History(unsigned seed, Kind kind, Devices& devices)
      : random_(seed), kind_(kind), page_size_(1 + random_() % 3), devices_(devices.both) {
    for (auto& device : devices_) device.enter(service_, hooks(), "history" + std::to_string(seed));
  }

  void run() {
    const int steps = 30 + static_cast<int>(random_() % 50);
    for (int i = 0; i < steps; ++i) act(devices_[kind_.alone ? 0 : random_() % 2]);
    quiet_ = true;
    for (auto& device : devices_) {
      while (device.syncing()) device.step();
    }
    deliver_late(late_.size());
    for (int i = 0; i < 3; ++i) {
      for (auto& device : devices_) last_finish_ = device.sync();
    }
  }

  // Empty: all is well.
  std::vector<std::string> complaints() {
    std::vector<std::string> all;
    for (auto& device : devices_) {
      // A dataset that is deleted takes the counts and the words about it along.
      if (!kind_.deletions) {
        all.insert(all.end(), device.complaints().begin(), device.complaints().end());
        check_words(device, all);
      }
      check_convergence(device, all);
    }
    if (kind_.alone && asked_ > 0) all.emplace_back("D6: a device alone was asked about a conflict");
    if (!kind_.deletions) check_doubles(all);
    return all;
  }

 private:
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::string any_key() { return chance(50) ? "k1" : "k2"; }
  std::string new_value(const std::string& device) { return device + std::to_string(++values_); }

  ModelDevice::Hooks hooks() {
    return {.fate = [this] { return fate(); },
            .resolver = [this](ModelDevice& device, const Conflict& conflict) { return resolve(device, conflict); },
            .later = [this](std::function<void()> request) { late_.push_back(std::move(request)); },
            .page_size = page_size_};
  }

  Fate fate() {
    if (quiet_ || chance(70)) return Fate::kAnswered;
    constexpr std::array kFates{Fate::kLostBefore, Fate::kLostAfter, Fate::kLate, Fate::kAnsweredShort};
    return kFates[random_() % kFates.size()];
  }

  Resolution resolve(ModelDevice& device, const Conflict& conflict) {
    ++asked_;
    if (!quiet_ && chance(15)) device.put(conflict.key, new_value(device.name()));  // from inside the callback
    switch (random_() % (quiet_ ? 4 : 6)) {
      case 0:
        return Resolution::keep_local();
      case 1:
        return Resolution::keep_remote();
      case 2:
        return Resolution::use(new_value(device.name()));
      case 3:
        return Resolution::remove();
      default:
        return Resolution::later();
    }
  }

  void act(ModelDevice& device) {
    const auto what = random_() % 100;
    if (what < 22) return device.put(any_key(), new_value(device.name()));
    if (what < 29) return device.put(any_key(), std::nullopt);
    if (what < 32) return device.kill();
    if (what < 34) return deliver_late(1);
    if (what < 36 && device.syncing()) return device.cancel();
    if (what < 38) return settle_one(device);
    if (what < 41 && kind_.deletions) return delete_somewhere(device);
    if (device.syncing()) return device.step();
    device.start_sync();
  }

  void settle_one(ModelDevice& device) {
    const auto open = device.store().conflicts(device.id()).value();
    if (!open.empty()) device.ask(open.front());
  }

  void delete_somewhere(ModelDevice& device) {
    if (chance(50)) return service_.erase();
    ASSERT_TRUE(device.store().begin_deletion(device.id()));
  }

  void deliver_late(std::size_t count) {
    for (; count > 0 && !late_.empty(); --count) {
      late_.front()();
      late_.erase(late_.begin());
    }
  }

  void check_convergence(ModelDevice& device, std::vector<std::string>& all) {
    const auto who = "D12: device " + device.name() + " ";
    if (device.present() != service_.present()) all.push_back(who + "differs from the service");
    if (!device.store().pending_changes(device.id()).value().empty()) all.push_back(who + "has pending changes");
    if (!device.store().conflicts(device.id()).value().empty()) all.push_back(who + "has open conflicts");
    if (last_finish_.error) all.push_back(who + "ended with " + last_finish_.error->message);
  }

  // D1: the last thing that was said about each key reached the service.
  void check_words(ModelDevice& device, std::vector<std::string>& all) {
    const auto present = service_.present();
    for (const auto& [key, word] : device.last_words()) {
      if (!word) continue;
      bool arrived = false;
      for (const auto& record : service_.history()) arrived |= record.version.value == word->value;
      if (word->value && !arrived) all.push_back("D1: lost " + *word->value);
      const auto held = present.find(key);
      if (!word->value && held != present.end() && held->second == word->removed) {
        all.push_back("D1: " + key + " was removed, and is back");
      }
    }
  }

  // D4: every value is written once, but for those that the app insisted on after a conflict.
  void check_doubles(std::vector<std::string>& all) {
    std::set<std::string> insisted;
    for (auto& device : devices_) insisted.insert(device.insisted().begin(), device.insisted().end());
    std::set<std::string> seen;
    for (const auto& record : service_.history()) {
      const auto& value = record.version.value;
      if (value && !seen.insert(*value).second && !insisted.contains(*value)) all.push_back("D4: doubled " + *value);
    }
  }

  std::mt19937 random_;
  Kind kind_;
  std::size_t page_size_;
  bool quiet_ = false;
  int values_ = 0;
  int asked_ = 0;
  std::vector<std::function<void()>> late_;
  ModelService service_;
  std::array<ModelDevice, 2>& devices_;
  engine::Finish last_finish_;
};

// A test has a hundred histories: seeds from its parameter on.
class HistoryTest : public ::testing::TestWithParam<unsigned> {
 protected:
  void explore(History::Kind kind) const {
    constexpr unsigned kHistories = 100;
    Devices devices;
    for (unsigned seed = GetParam(); seed < GetParam() + kHistories; ++seed) {
      History history(seed, kind, devices);
      history.run();
      const auto complaints = history.complaints();
      for (const auto& complaint : complaints) ADD_FAILURE() << "seed " << seed << ": " << complaint;
      if (!complaints.empty()) return;
    }
  }
};

class TwoDevices : public HistoryTest {};
TEST_P(TwoDevices, ComeTogether) {
  explore({});
}
INSTANTIATE_TEST_SUITE_P(History, TwoDevices, ::testing::Range(0U, 1'200U, 100U));

class DeviceAlone : public HistoryTest {};
TEST_P(DeviceAlone, D6IsNeverAsked) {
  explore({.alone = true});
}
INSTANTIATE_TEST_SUITE_P(History, DeviceAlone, ::testing::Range(10'000U, 10'300U, 100U));

class Deletions : public HistoryTest {};
TEST_P(Deletions, D12LeadBackToo) {
  explore({.deletions = true});
}
INSTANTIATE_TEST_SUITE_P(History, Deletions, ::testing::Range(20'000U, 20'500U, 100U));

}  // namespace
}  // namespace syncline::store
