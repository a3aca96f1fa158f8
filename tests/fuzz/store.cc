// A device's store file with flipped bytes: opened, read, written to and synchronized. D19: an error is fine, a crash
// or a hang is not. Input: for each flip the offset (4 bytes) and what to flip (1 byte); a flip of nothing cuts the
// file there.
#include "store/store.h"

#include <filesystem>

#include "engine/planner.h"
#include "fuzz/fuzz.h"

namespace syncline::fuzz {
namespace {

constexpr Timestamp kNow{std::chrono::seconds{1'800'000'000}};

RemoteRecord remote(std::string key, std::optional<std::string> value, std::int64_t count) {
  return {std::move(key), Version{.value = std::move(value), .count = SyncCount{count}, .modified_by = "B"}};
}

// A file with something in every table.
std::string make_file() {
  const auto folder = scratch_folder() + "/made";
  {
    const auto store = store::Store::open({.directory = folder}).value();
    const auto id = store->open_dataset(store->adopt_identity("us-east-1:aaaa").value(), "game").value();
    auto lease = store->begin_sync(id).value();
    const store::Pull pull{.sync_count = SyncCount{3},
                           .records = {remote("clean", std::string(3'000, 'v'), 1), remote("mine", "base", 2),
                                       remote("gone", std::nullopt, 3)}};
    require(store->apply_pull(lease, pull, engine::plan).has_value(), "the harness can not pull");
    for (const char* key : {"mine", "new", "sent"}) {
      require(store->put(id, key, "local", kNow).has_value(), "the harness can not put");
    }
    require(store->prepare_push(lease).has_value(), "the harness can not push");
    const store::Pull news{.sync_count = SyncCount{4}, .records = {remote("mine", "theirs", 4)}};
    require(store->apply_pull(lease, news, engine::plan).has_value(), "the harness can not pull");
    require(store->stage_page(lease, {remote("staged", "1", 5)}, true).has_value(), "the harness can not stage");
  }
  return read_file(folder + "/syncline.db");
}

std::string damaged(std::string file, Bytes bytes) {
  while (!bytes.empty()) {
    const auto at = bytes.number() % file.size();
    const auto flip = bytes.byte();
    if (flip == 0 && at > 0) file.resize(at);
    file[at % file.size()] = static_cast<char>(file[at % file.size()] ^ flip);
  }
  return file;
}

void use(store::Store& store) {
  const auto identity = store.adopt_identity("");
  if (!identity) return;
  (void)store.dataset_names(*identity);
  const auto opened = store.open_dataset(*identity, "game");
  if (!opened) return;
  (void)store.records(*opened);
  (void)store.pending_changes(*opened);
  (void)store.info(*opened);
  (void)store.record(*opened, "mine");
  (void)store.put(*opened, "new", "more", kNow);
  const auto conflicts = store.conflicts(*opened);
  if (conflicts && !conflicts->empty()) {
    (void)store.resolve(*opened, conflicts->front(), Resolution::keep_remote(), kNow);
  }
  auto lease = store.begin_sync(*opened);
  if (!lease) return;
  const store::Pull pull{.kind = PullKind::kRestored, .sync_count = SyncCount{9}, .with_staged = true};
  (void)store.apply_pull(*lease, pull, engine::plan);
  const auto sent = store.prepare_push(*lease);
  if (sent) (void)store.acknowledge_push(*lease, {*sent, {}, SyncCount{9}}, engine::plan);
  (void)store.begin_deletion(*opened);
}

}  // namespace
}  // namespace syncline::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace syncline::fuzz;
  static const std::string made = make_file();
  if (size > 512) return 0;
  const auto folder = scratch_folder() + "/used";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  write_file(folder + "/syncline.db", damaged(made, Bytes(data, size)));
  const auto store = syncline::store::Store::open({.directory = folder, .survive_power_cut = false});
  if (store) use(**store);
  return 0;
}
