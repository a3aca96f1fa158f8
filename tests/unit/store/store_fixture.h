// A store in a directory of its own, and the words in which its tests speak.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/planner.h"
#include "store/store.h"
#include "support/temp_dir.h"

namespace syncline::store {

inline Timestamp at(std::int64_t millis) {
  return Timestamp(std::chrono::milliseconds(millis));
}

// A version by another device, unless `by` says otherwise. What "this" device wrote has no date, as if an older version
// had sent it.
inline RemoteRecord remote(std::string key, std::optional<std::string> value, std::int64_t count,
                           std::string by = "other") {
  const auto written_at = by == "this" ? at(0) : at(500 + count);
  return RemoteRecord{.key = std::move(key),
                      .version = Version{.value = std::move(value),
                                         .count = SyncCount{count},
                                         .modified_by = std::move(by),
                                         .modified_at = at(1'000 + count),
                                         .device_modified_at = written_at}};
}

// What the service answers to a push that it took as its `count`.
inline std::vector<RemoteRecord> answer_to(const std::vector<OutgoingChange>& sent, std::int64_t count) {
  std::vector<RemoteRecord> records;
  for (const auto& change : sent) {
    records.push_back(remote(change.key, change.value, count, "this"));
    records.back().version.device_modified_at = change.written_at;
  }
  return records;
}

inline std::unique_ptr<Store> open_store(const std::string& directory, bool survive_power_cut = false) {
  auto opened = Store::open({.directory = directory, .survive_power_cut = survive_power_cut});
  EXPECT_TRUE(opened) << opened.error().message;
  return opened ? std::move(*opened) : nullptr;
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { reopen(); }

  // As after a restart.
  void reopen() {
    store_.reset();
    store_ = open_store(directory());
    id_ = store_->open_dataset("identity", "save").value();
  }
  [[nodiscard]] std::string directory() const { return dir_.file("data"); }

  KeyChanges put(std::string_view key, std::string_view value) {
    return store_->put(id_, key, value, at(++now_)).value();
  }
  KeyChanges remove(const std::string& key) {
    const Change change{.key = key};
    return store_->write(id_, {&change, 1}, at(++now_)).value();
  }
  std::optional<std::string> get(std::string_view key) { return store_->get(id_, key).value(); }
  std::vector<PendingChange> pending() { return store_->pending_changes(id_).value(); }
  std::vector<Conflict> conflicts() { return store_->conflicts(id_).value(); }
  DatasetInfo info() { return store_->info(id_).value(); }
  std::int64_t sync_count() { return info().sync_count.value; }

  SyncLease begin() { return store_->begin_sync(id_).value(); }
  PullOutcome pull(std::vector<RemoteRecord> records, std::int64_t count, PullKind kind = PullKind::kIncremental) {
    auto lease = begin();
    return pull(lease, std::move(records), count, kind);
  }
  PullOutcome pull(SyncLease& lease, std::vector<RemoteRecord> records, std::int64_t count,
                   PullKind kind = PullKind::kIncremental) {
    const Pull all{.kind = kind, .sync_count = SyncCount{count}, .records = std::move(records)};
    return store_->apply_pull(lease, all, engine::plan).value();
  }
  std::vector<OutgoingChange> prepare(SyncLease& lease) { return store_->prepare_push(lease).value(); }
  PushOutcome acknowledge(SyncLease& lease, const std::vector<OutgoingChange>& sent,
                          const std::vector<RemoteRecord>& records, std::int64_t listed) {
    const PushAnswer answer{.sent = sent, .records = records, .listed = SyncCount{listed}};
    return store_->acknowledge_push(lease, answer, engine::plan).value();
  }
  // Everything pending goes out and is answered.
  PushOutcome push(std::int64_t listed) {
    auto lease = begin();
    const auto sent = prepare(lease);
    return acknowledge(lease, sent, answer_to(sent, listed + 1), listed);
  }
  // Everything pending goes out, and no answer comes.
  std::vector<OutgoingChange> push_without_answer() {
    auto lease = begin();
    return prepare(lease);
  }

  testing::TempDir dir_;
  std::unique_ptr<Store> store_;
  DatasetId id_ = 0;
  std::int64_t now_ = 100;
};

}  // namespace syncline::store
