#include "fault/store_cases.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "engine/planner.h"

namespace syncline::fault {

namespace {

using store::DatasetId;
using store::Store;
using store::SyncLease;

Timestamp at(std::int64_t millis) {
  return Timestamp(std::chrono::milliseconds(millis));
}

RemoteRecord remote(std::string key, std::optional<std::string> value, std::int64_t count) {
  return RemoteRecord{.key = std::move(key),
                      .version = Version{.value = std::move(value),
                                         .count = SyncCount{count},
                                         .modified_by = "other",
                                         .modified_at = at(1'000 + count),
                                         .device_modified_at = at(500 + count)}};
}

// Longer than a page of the file.
std::string long_value(char letter) {
  return std::string(9'000, letter);
}

const Timestamp kNow = at(5'000);

CallWatch call_watch;

template <typename Call>
auto watched(Call&& call) {
  struct Window {
    Window() {
      if (call_watch.begin != nullptr) call_watch.begin();
    }
    ~Window() {
      if (call_watch.end != nullptr) call_watch.end();
    }
  };
  const Window window;
  return std::forward<Call>(call)();
}

// For steps of the preparation.
template <typename Value>
void must(Result<Value> result) {
  (void)std::move(result).value();
}

// --- answers as texts

std::string text(const std::optional<std::string>& value) {
  return value ? "'" + *value + "'" : "none";
}

std::string text(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += word + ",";
  return all;
}

std::string text(const store::KeyChanges& changes) {
  return "+" + text(changes.added) + " ~" + text(changes.updated) + " -" + text(changes.removed);
}

std::string text(const Version& version) {
  return text(version.value) + "@" + std::to_string(version.count.value) + version.modified_by;
}

std::string text(const Record& record) {
  return record.key + "=" + record.value + "@" + std::to_string(record.sync_count.value) + record.modified_by +
         std::to_string(static_cast<int>(record.state)) + ";";
}

std::string text(const OutgoingChange& change) {
  return change.key + "=" + text(change.value) + "@" + std::to_string(change.base_count.value) + "#" +
         std::to_string(change.revision.value) + ";";
}

std::string text(const store::PushOutcome& outcome) {
  return text(outcome.changes) + std::to_string(outcome.acknowledged) + "/" + std::to_string(outcome.new_conflicts) +
         (outcome.nothing_between ? " moved" : " stays");
}

template <typename Value, typename Describe>
Result<std::string> described(const Result<Value>& result, Describe&& describe) {
  if (!result) return result.error();
  return describe(*result);
}

template <typename Value>
Result<std::string> described(const Result<Value>& result) {
  return described(result, [](const Value& value) { return text(value); });
}

Result<std::string> done(const Result<void>& result) {
  if (!result) return result.error();
  return std::string("done");
}

// --- the calls

using Ready = std::function<Act(Store&, DatasetId)>;

// For calls that need nothing before them.
template <typename Call>
Ready at_once(Call call) {
  return [call](Store& store, DatasetId id) -> Act { return [call, &store, id] { return call(store, id); }; };
}

// For calls under a lease.
template <typename Call>
Ready leased(Call call) {
  return [call](Store& store, DatasetId id) -> Act {
    auto lease = std::make_shared<SyncLease>(store.begin_sync(id).value());
    return [call, lease, &store] { return call(store, *lease); };
  };
}

Result<std::string> pull(Store& store, SyncLease& lease, PullKind kind, bool with_staged) {
  const Planner planner = engine::plan;
  const store::Pull all{.kind = kind,
                        .sync_count = SyncCount{9},
                        .with_staged = with_staged,
                        .records = {remote("clean", long_value('n'), 7), remote("new", "n", 8),
                                    remote("only-here", "theirs", 9), remote("gone", "back", 9)}};
  return described(
      watched([&] { return store.apply_pull(lease, all, planner); }),
      [](const store::PullOutcome& outcome) { return text(outcome.changes) + std::to_string(outcome.applied); });
}

std::vector<RemoteRecord> page() {
  return {remote("clean", "staged", 7), remote("page1", long_value('p'), 8), remote("page2", std::nullopt, 8)};
}

Act staged_pull(Store& store, DatasetId id) {
  auto lease = std::make_shared<SyncLease>(store.begin_sync(id).value());
  store.stage_page(*lease, page(), true).value();
  return [lease, &store] { return pull(store, *lease, PullKind::kComplete, true); };
}

// A push of which one key was written again meanwhile, answered with a record that was not sent.
Act acknowledgement(Store& store, DatasetId id) {
  auto lease = std::make_shared<SyncLease>(store.begin_sync(id).value());
  auto sent = std::make_shared<std::vector<OutgoingChange>>(store.prepare_push(*lease).value());
  auto answer = std::make_shared<std::vector<RemoteRecord>>();
  for (const auto& change : *sent) answer->push_back(remote(change.key, change.value, 6));
  answer->push_back(remote("trigger", long_value('t'), 6));
  must(store.put(id, "changed", "again", kNow));
  return [lease, sent, answer, &store] {
    const Planner planner = engine::plan;
    return described(watched([&] { return store.acknowledge_push(*lease, {*sent, *answer, SyncCount{5}}, planner); }));
  };
}

Ready resolution(Resolution how) {
  return [how](Store& store, DatasetId id) -> Act {
    const auto shown = store.conflicts(id).value().at(0);
    return [how, shown, &store, id] { return described(watched([&] { return store.resolve(id, shown, how, kNow); })); };
  };
}

Act deletion_to_finish(Store& store, DatasetId id) {
  must(store.begin_deletion(id));
  auto lease = std::make_shared<SyncLease>(store.begin_sync(id).value());
  return [lease, &store] { return done(watched([&] { return store.finish_deletion(*lease); })); };
}

Result<std::string> put_one(Store& store, DatasetId id, const std::string& key, const std::string& value) {
  return described(watched([&] { return store.put(id, key, value, kNow); }));
}

Result<std::string> put_many(Store& store, DatasetId id, const std::string& value) {
  std::vector<Change> changes{{.key = "clean"}, {.key = "conflict", .value = "theirs"}};
  for (int number = 0; number < 20; ++number) {
    changes.push_back(Change{.key = "many" + std::to_string(number), .value = value});
  }
  return described(watched([&] { return store.write(id, changes, kNow); }));
}

std::vector<StoreCase> writes() {
  return {
      {"put", true, false,
       at_once([](Store& store, DatasetId id) { return put_one(store, id, "clean", long_value('x')); })},
      {"remove", true, false, at_once([](Store& store, DatasetId id) {
         const Change change{.key = "clean"};
         return described(watched([&] { return store.write(id, {&change, 1}, kNow); }));
       })},
      {"put_all", true, false, at_once([](Store& store, DatasetId id) { return put_many(store, id, "some"); })},
      {"put_that_settles", true, false,
       at_once([](Store& store, DatasetId id) { return put_one(store, id, "conflict", "theirs"); })},
      {"put_that_is_watched", true, false,
       [](Store& store, DatasetId id) -> Act {
         must(store.watch(id));
         return [&store, id] { return put_one(store, id, "a key that nobody had", "x"); };
       }},
      {"put_that_checkpoints", true, true,
       at_once([](Store& store, DatasetId id) { return put_many(store, id, long_value('y')); })},
      {"adopt_identity", true, false, at_once([](Store& store, DatasetId) {
         const std::string wanted = "somebody of whom nobody had heard";
         return described(watched([&] { return store.adopt_identity(wanted); }),
                          [](const std::string& name) { return name; });
       })},
      {"open_dataset", true, false, at_once([](Store& store, DatasetId) {
         const std::string identity = kIdentity;
         const std::string name = "another";
         return described(watched([&] { return store.open_dataset(identity, name); }),
                          [](DatasetId id) { return std::to_string(id); });
       })},
      {"begin_deletion", true, false, at_once([](Store& store, DatasetId id) {
         return described(watched([&] { return store.begin_deletion(id); }));
       })},
      {"finish_deletion", true, false, deletion_to_finish},
      {"resolve_keep_local", true, false, resolution(Resolution::keep_local())},
      {"resolve_keep_remote", true, false, resolution(Resolution::keep_remote())},
      {"resolve_use", true, false, resolution(Resolution::use(long_value('u')))},
  };
}

std::vector<StoreCase> protocol() {
  return {
      {"stage_page", false, false, leased([](Store& store, SyncLease& lease) {
         const auto records = page();
         return done(watched([&] { return store.stage_page(lease, records, true); }));
       })},
      {"apply_pull", false, false,
       leased([](Store& store, SyncLease& lease) { return pull(store, lease, PullKind::kIncremental, false); })},
      {"apply_restored_pull", false, false,
       leased([](Store& store, SyncLease& lease) { return pull(store, lease, PullKind::kRestored, false); })},
      {"apply_staged_pull", false, false, staged_pull},
      {"prepare_push", false, false, leased([](Store& store, SyncLease& lease) {
         return described(watched([&] { return store.prepare_push(lease); }),
                          [](const std::vector<OutgoingChange>& changes) {
                            std::string all;
                            for (const auto& change : changes) all += text(change);
                            return all;
                          });
       })},
      {"acknowledge_push", false, false, acknowledgement},
  };
}

std::vector<StoreCase> reads() {
  return {
      {"get", false, false,
       at_once([](Store& store, DatasetId id) { return described(watched([&] { return store.get(id, "long"); })); })},
      {"record", false, false, at_once([](Store& store, DatasetId id) {
         return described(watched([&] { return store.record(id, "long"); }),
                          [](const std::optional<Record>& found) { return text(*found); });
       })},
      {"records", false, false, at_once([](Store& store, DatasetId id) {
         return described(watched([&] { return store.records(id); }), [](const std::vector<Record>& records) {
           std::string all;
           for (const auto& record : records) all += text(record);
           return all;
         });
       })},
      {"pending_changes", false, false, at_once([](Store& store, DatasetId id) {
         return described(watched([&] { return store.pending_changes(id); }),
                          [](const std::vector<PendingChange>& changes) {
                            std::string all;
                            for (const auto& change : changes) all += change.key + "=" + text(change.value) + ";";
                            return all;
                          });
       })},
      {"info", false, false, at_once([](Store& store, DatasetId id) {
         return described(watched([&] { return store.info(id); }), [](const DatasetInfo& info) {
           return std::to_string(info.records) + "/" + std::to_string(info.bytes) + "/" + std::to_string(info.pending);
         });
       })},
      {"pending_count", false, false, at_once([](Store& store, DatasetId) {
         const std::string identity = kIdentity;
         return described(watched([&] { return store.pending_count(identity); }),
                          [](std::size_t count) { return std::to_string(count); });
       })},
      {"dataset_names", false, false, at_once([](Store& store, DatasetId) {
         const std::string identity = kIdentity;
         return described(watched([&] { return store.dataset_names(identity); }));
       })},
      {"begin_sync", false, false, at_once([](Store& store, DatasetId id) {
         return described(watched([&] { return store.begin_sync(id); }), [](const SyncLease& lease) {
           return std::to_string(lease.generation) + "/" + std::to_string(lease.start.sync_count.value);
         });
       })},
      {"sync_count", false, false, at_once([](Store& store, DatasetId id) {
         return described(watched([&] { return store.sync_count(id); }),
                          [](SyncCount count) { return std::to_string(count.value); });
       })},
      {"conflicts", false, false, at_once([](Store& store, DatasetId id) {
         return described(watched([&] { return store.conflicts(id); }), [](const std::vector<Conflict>& conflicts) {
           std::string all;
           for (const auto& conflict : conflicts) {
             all += conflict.key + text(conflict.local) + text(conflict.remote) + text(conflict.base->value);
           }
           return all;
         });
       })},
  };
}

}  // namespace

void watch_calls(CallWatch watch) {
  call_watch = watch;
}

const std::vector<StoreCase>& store_cases() {
  static const std::vector<StoreCase> kCases = [] {
    auto all = writes();
    for (auto& one : protocol()) all.push_back(std::move(one));
    for (auto& one : reads()) all.push_back(std::move(one));
    return all;
  }();
  return kCases;
}

void make_world(Store& store) {
  const auto early = store.open_dataset("", "early").value();
  must(store.put(early, "first", "of all", kNow));
  const auto id = store.open_dataset(kIdentity, kDataset).value();
  auto lease = store.begin_sync(id).value();
  const store::Pull first{
      .sync_count = SyncCount{4},
      .records = {remote("clean", "c", 1), remote("changed", "old", 2), remote("conflict", "base", 3),
                  remote("removed", "r", 3), remote("gone", std::nullopt, 4), remote("long", long_value('l'), 4)}};
  must(store.apply_pull(lease, first, engine::plan));
  must(store.put(id, "changed", "mine", kNow));
  must(store.put(id, "conflict", long_value('m'), kNow));
  must(store.put(id, "only-here", "h", kNow));
  const Change removal{.key = "removed"};
  must(store.write(id, {&removal, 1}, kNow));
  const store::Pull second{.sync_count = SyncCount{5}, .records = {remote("conflict", "theirs", 5)}};
  must(store.apply_pull(lease, second, engine::plan));
}

void fill_wal(Store& store) {
  const auto id = store.open_dataset(kIdentity, "filler").value();
  // Five to ten pages each; SQLite folds the WAL into the file at 1,000. Opening it again writes some more (push.h).
  for (int number = 0; number < 134; ++number) {
    const char letter = static_cast<char>('a' + number / 20);
    must(store.put(id, "f" + std::to_string(number % 20), std::string(20'000, letter), kNow));
  }
}

}  // namespace syncline::fault
