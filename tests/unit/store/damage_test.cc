// D19: a store file damaged in every place. Opening never crashes, never invents a write or a base, pushes nothing that
// is damaged, saves what is readable, and keeps the file byte for byte.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPage = 4'096;
using Values = std::map<std::string, std::optional<std::string>>;

// A store with some of everything, as bytes, and what is true of it.
struct Sample {
  std::string database;
  std::string log;
  Values pending;                                        // of "save"
  std::set<std::string> said;                            // every value that was ever put or pulled
  std::map<std::string, std::set<std::int64_t>> counts;  // by key, those that a base ever had
};

std::string value_of(int number, std::size_t size) {
  std::string value = "value " + std::to_string(number) + " ";
  while (value.size() < size)
    value += static_cast<char>('a' + (value.size() * 7 + static_cast<std::size_t>(number)) % 26);
  return value;
}

class Maker : public StoreTest {
 public:
  void TestBody() override {}

  Sample make(bool keep_log) {
    std::vector<RemoteRecord> listed;
    for (int i = 0; i < 60; ++i) listed.push_back(remote("base" + std::to_string(i), value_of(i, 300), 1 + i % 3));
    listed.push_back(remote("tomb", std::nullopt, 2));
    for (const auto& record : listed) know(record);
    pull(listed, 3);
    for (int i = 0; i < 40; ++i) write("new" + std::to_string(i), value_of(100 + i, i % 10 == 0 ? 9'000 : 200));
    push_without_answer();
    for (int i = 20; i < 30; ++i) write("base" + std::to_string(i), value_of(200 + i, 300));
    write("new3", value_of(300, 250));
    remove("base30");
    sample_.pending["base30"] = std::nullopt;
    const auto other = remote("base21", value_of(400, 100), 4);
    know(other);
    pull({other}, 4);
    sample_.pending.erase("base21");
    const auto gone = store_->open_dataset("identity", "gone").value();
    auto lease = store_->begin_sync(gone).value();
    EXPECT_TRUE(store_->apply_pull(
        lease, {.kind = PullKind::kComplete, .sync_count = SyncCount{7}, .records = {remote("x", "y", 7)}},
        engine::plan));
    EXPECT_TRUE(store_->begin_deletion(gone));
    sample_.pending["base21"] = value_of(221, 300);
    const auto file = directory() + "/syncline.db";
    if (!keep_log) store_.reset();
    sample_.database = testing::read_file(file);
    if (keep_log) sample_.log = testing::read_file(file + "-wal");
    return sample_;
  }

 private:
  void know(const RemoteRecord& record) {
    if (record.version.value) sample_.said.insert(*record.version.value);
    sample_.counts[record.key].insert(record.version.count.value);
  }
  void write(const std::string& key, const std::string& value) {
    put(key, value);
    sample_.said.insert(value);
    sample_.pending[key] = value;
  }

  Sample sample_;
};

class DamageTest : public ::testing::Test {
 protected:
  static const Sample& closed() {
    static const Sample kSample = Maker().make(false);
    return kSample;
  }
  static const Sample& killed() {
    static const Sample kSample = Maker().make(true);
    return kSample;
  }

  // Which table or index each page belongs to; "" for none.
  static std::vector<std::string> owners(const Sample& sample) {
    const testing::TempDir dir;
    testing::write_file(dir.file("db"), sample.database);
    std::vector<std::string> names(sample.database.size() / kPage);
    sqlite3* database = nullptr;
    sqlite3_open(dir.file("db").c_str(), &database);
    const auto take = [](void* into, int, char** columns, char**) {
      (*static_cast<std::vector<std::string>*>(into))[std::stoul(columns[0]) - 1] = columns[1];
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(database, "SELECT pageno, name FROM dbstat", take, &names, nullptr), SQLITE_OK);
    sqlite3_close(database);
    return names;
  }

  // Whether the next place is tried: all are, but under a sanitizer one of seven, which is of every kind sooner or
  // later.
  bool is_tried() { return ++places_ % SYNCLINE_DAMAGE_STEP == 0; }

  struct Outcome {
    std::size_t pending = 0;  // that are in the store in the end
    bool recovered = false;
    bool complete = true;
    bool refused = false;
  };

  // Opens the damaged file, looks at everything, opens it again if damage was met, and pushes.
  Outcome survive(const Sample& truth, const std::string& database, const std::string& log, const std::string& what) {
    SCOPED_TRACE(what);
    const testing::TempDir dir;
    const auto file = dir.file("syncline.db");
    testing::write_file(dir.file("syncline.lock"), "S");
    testing::write_file(file, database);
    if (!log.empty()) testing::write_file(file + "-wal", log);
    Outcome outcome;
    std::unique_ptr<Store> store;
    for (int attempt = 1;; ++attempt) {
      auto opened = Store::open({.directory = dir.path().string(), .survive_power_cut = false});
      if (!opened) {
        EXPECT_EQ(opened.error().code, ErrorCode::kSchemaTooNew) << opened.error().message;
        EXPECT_TRUE(testing::read_file(file) == database);
        return Outcome{.refused = true};
      }
      store = std::move(*opened);
      if (look_around(*store, truth, outcome)) break;
      EXPECT_LT(attempt, 2) << "it is still damaged after a recovery";
      if (attempt == 2) return outcome;
      store.reset();
    }
    if (const auto& report = store->recovery()) {
      outcome.recovered = true;
      outcome.complete = report->complete;
      EXPECT_TRUE(testing::read_file(report->set_aside) == database) << "the file was changed";
      if (!log.empty()) {
        EXPECT_TRUE(testing::read_file(report->set_aside + "-wal") == log) << "the log was changed";
      }
      EXPECT_FALSE(fs::exists(file + ".salvage") || fs::exists(file + ".recovered") || fs::exists(file + ".scratch"));
    }
    const auto id = store->open_dataset("identity", "save").value();
    EXPECT_TRUE(store->put(id, "afterwards", "1", at(9)));
    return outcome;
  }

  // False: damage was met. Whatever is handed out is true.
  static bool look_around(Store& store, const Sample& truth, Outcome& outcome) {
    const auto id = store.open_dataset("identity", "save");
    if (!id) return is_damage(id.error());
    const auto pending = store.pending_changes(*id);
    if (!pending) return is_damage(pending.error());
    for (const auto& change : *pending) {
      const auto known = truth.pending.find(change.key);
      EXPECT_TRUE(known != truth.pending.end()) << "an invented write of " << change.key;
      if (known != truth.pending.end()) {
        EXPECT_TRUE(change.value == known->second || truth.said.contains(*change.value));
      }
    }
    const auto records = store.records(*id);
    if (!records) return is_damage(records.error());
    for (const auto& record : *records) {
      EXPECT_TRUE(truth.said.contains(record.value)) << "an invented value of " << record.key;
      const auto counts = truth.counts.find(record.key);
      EXPECT_TRUE(record.sync_count.value == 0 ||
                  (counts != truth.counts.end() && counts->second.contains(record.sync_count.value)))
          << "an invented base of " << record.key;
    }
    for (const auto& [key, value] : truth.pending) {
      const auto got = store.get(*id, key);
      if (!got) return is_damage(got.error());
      EXPECT_TRUE(!*got || truth.said.contains(**got)) << "an invented value of " << key;
    }
    const auto open = store.conflicts(*id);
    if (!open) return is_damage(open.error());
    const auto begun = store.begin_sync(*id);
    if (!begun) return is_damage(begun.error());
    EXPECT_LE(begun->start.sync_count.value, store.recovery() ? 0 : 4);
    outcome.pending = pending->size();
    return push(store, *begun, truth);
  }
  static bool is_damage(const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::kCorrupt) << error.message;
    return false;
  }

  // What is sent was written.
  static bool push(Store& store, SyncLease lease, const Sample& truth) {
    const auto sent = store.prepare_push(lease);
    if (!sent) return is_damage(sent.error());
    for (const auto& change : *sent) {
      const auto known = truth.pending.find(change.key);
      EXPECT_TRUE(known != truth.pending.end()) << change.key;
      if (known == truth.pending.end()) continue;
      EXPECT_TRUE(change.value == known->second || truth.said.contains(*change.value)) << change.key;
    }
    return true;
  }

 private:
  int places_ = 0;
};

using Damage = std::function<std::string(const std::string& page, std::size_t number)>;

std::map<std::string, Damage> damages(const Sample& sample) {
  return {
      {"zeros", [](const std::string&, std::size_t) { return std::string(kPage, '\0'); }},
      {"ones", [](const std::string&, std::size_t) { return std::string(kPage, '\xFF'); }},
      {"noise",
       [](const std::string&, std::size_t number) {
         std::mt19937 random(static_cast<unsigned>(number));
         std::string noise(kPage, '\0');
         for (auto& byte : noise) byte = static_cast<char>(random());
         return noise;
       }},
      {"another page",
       [&sample](const std::string&, std::size_t number) {
         const auto pages = sample.database.size() / kPage;
         return sample.database.substr((number * 7 + 3) % pages * kPage, kPage);
       }},
  };
}

bool holds_changes(const std::string& owner) {
  return owner == "journal" || owner == "sqlite_autoindex_journal_1";
}

TEST_F(DamageTest, D19TheSampleItselfIsSound) {
  EXPECT_FALSE(survive(closed(), closed().database, "", "closed").recovered);
  const auto outcome = survive(killed(), killed().database, killed().log, "killed");
  EXPECT_FALSE(outcome.recovered);
  EXPECT_EQ(outcome.pending, killed().pending.size());
}

TEST_F(DamageTest, D19EveryPageOverwritten) {
  const auto& sample = closed();
  const auto owner = owners(sample);
  const auto kinds = damages(sample);
  int recovered = 0;
  for (std::size_t page = 0; page < owner.size(); ++page) {
    for (const auto& [kind, damage] : kinds) {
      if (!is_tried()) continue;
      auto database = sample.database;
      const auto instead = damage(database.substr(page * kPage, kPage), page);
      if (instead == database.substr(page * kPage, kPage)) continue;
      database.replace(page * kPage, kPage, instead);
      const auto what = "page " + std::to_string(page + 1) + " (" + owner[page] + "): " + kind;
      const auto outcome = survive(sample, database, "", what);
      recovered += outcome.recovered ? 1 : 0;
      const bool all = outcome.pending == sample.pending.size();
      if (!holds_changes(owner[page])) {
        EXPECT_TRUE(all) << what << ": " << outcome.pending << " of " << sample.pending.size();
      }
      if (!all) {
        EXPECT_TRUE(outcome.recovered && !outcome.complete) << what;
      }
    }
  }
  EXPECT_GT(recovered, static_cast<int>(owner.size() / SYNCLINE_DAMAGE_STEP));
}

TEST_F(DamageTest, D19TheFileCutAnywhere) {
  const auto& sample = closed();
  for (std::size_t page = 0; page * kPage < sample.database.size(); ++page) {
    for (const std::size_t more : {std::size_t{0}, std::size_t{1}, std::size_t{511}, kPage / 2, kPage - 1}) {
      if (!is_tried()) continue;
      const auto length = page * kPage + more;
      survive(sample, sample.database.substr(0, length), "", "cut after " + std::to_string(length));
    }
  }
}

TEST_F(DamageTest, D19SingleFlippedBits) {
  const auto& sample = closed();
  std::mt19937 random(19);
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < 108; ++at) places.push_back(at);
  for (int i = 0; i < 200; ++i) places.push_back(random() % sample.database.size());
  for (const auto place : places) {
    if (!is_tried()) continue;
    auto database = sample.database;
    database[place] = static_cast<char>(database[place] ^ (1 << random() % 8));
    const auto what = "byte " + std::to_string(place);
    const auto outcome = survive(sample, database, "", what);
    if (!outcome.refused) {
      EXPECT_GE(outcome.pending + 1, sample.pending.size()) << what;
    }
  }
}

// The log: SQLite takes its frames' checksums, so what is damaged ends it. What was in the file before is not lost.
TEST_F(DamageTest, D19TheLogOverwrittenAndCut) {
  const auto& sample = killed();
  constexpr std::size_t kFrame = kPage + 24;
  const auto kinds = damages(closed());
  for (std::size_t at = 32; at + kFrame <= sample.log.size(); at += 3 * kFrame) {
    for (const auto& [kind, damage] : kinds) {
      if (!is_tried()) continue;
      auto log = sample.log;
      log.replace(at + 24, kPage, damage("", at));
      survive(sample, sample.database, log, "log at " + std::to_string(at) + ": " + kind);
    }
    survive(sample, sample.database, sample.log.substr(0, at), "log cut after " + std::to_string(at));
    survive(sample, sample.database, sample.log.substr(0, at + 1'000), "log cut after " + std::to_string(at + 1'000));
  }
  for (std::size_t at = 0; at < 32; ++at) {
    auto log = sample.log;
    log[at] = static_cast<char>(log[at] ^ 0x10);
    survive(sample, sample.database, log, "the log's header, byte " + std::to_string(at));
  }
}

}  // namespace
}  // namespace syncline::store
