// What other processes, and other stores of this one, commit to datasets that somebody here listens to.
//
// A picture of what the app sees is kept for each watched dataset and compared when SQLite's data_version says that
// somebody else has committed: in whatever way one hears of it, nothing is missed. Writes of this store change the
// picture with their transaction, and look for others' first, so that none is taken for another's.
#include "store/impl.h"
#include "store/rows.h"

namespace syncline::store {

namespace {

Picture take_picture(Connection& connection, DatasetId dataset) {
  auto row = connection.use(R"sql(
    SELECT key, row_sum('v', value) FROM journal WHERE dataset = ?1 AND value IS NOT NULL
    UNION ALL
    SELECT key, row_sum('v', value) FROM record AS r WHERE dataset = ?1 AND value IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM journal AS j WHERE j.dataset = r.dataset AND j.key = r.key))sql");
  row.bind(dataset);
  Picture picture;
  while (row.step()) picture.emplace(row.text(0), row.number(1));
  return picture;
}

KeyChanges differences(const Picture& before, const Picture& after) {
  KeyChanges changes;
  for (const auto& [key, sum] : after) {
    const auto known = before.find(key);
    if (known == before.end()) {
      changes.added.push_back(key);
    } else if (known->second != sum) {
      changes.updated.push_back(key);
    }
  }
  for (const auto& [key, sum] : before) {
    if (!after.contains(key)) changes.removed.push_back(key);
  }
  return changes;
}

// What the app sees of one key; nullopt: nothing.
std::optional<std::int64_t> sum_of(Connection& connection, DatasetId dataset, std::string_view key) {
  auto row = connection.use(R"sql(
    SELECT CASE WHEN j.id IS NULL THEN r.value ELSE j.value END IS NULL,
           row_sum('v', CASE WHEN j.id IS NULL THEN r.value ELSE j.value END)
    FROM (SELECT 1)
    LEFT JOIN journal AS j ON j.dataset = ?1 AND j.key = ?2
    LEFT JOIN record AS r ON r.dataset = ?1 AND r.key = ?2)sql");
  row.bind(dataset).bind(key).step();
  if (row.number(0) != 0) return std::nullopt;
  return row.number(1);
}

}  // namespace

bool StoreImpl::others_wrote() {
  // It changes with each commit of another connection.
  const auto version = writer->number("PRAGMA data_version");
  if (version == data_version) return false;
  data_version = version;
  totals.clear();
  unseen = true;
  return true;
}

void StoreImpl::look_at_others() {
  if (watched.empty()) return;
  others_wrote();
  if (!unseen) return;
  for (auto& [dataset, picture] : watched) {
    auto now = take_picture(*writer, dataset);
    auto changes = differences(picture, now);
    if (!changes.empty()) noticed.emplace_back(dataset, std::move(changes));
    picture = std::move(now);  // last: what could not be noted is found again
  }
  unseen = false;
}

void WriteTransaction::changed(DatasetId dataset, const KeyChanges& changes) {
  if (!impl_.watched.contains(dataset)) return;
  painted_ = dataset;
  for (const auto* keys : {&changes.added, &changes.updated, &changes.removed}) {
    for (const auto& key : *keys) {
      if (const auto sum = sum_of(connection(), dataset, key)) {
        strokes_.insert_or_assign(key, *sum);
      } else {
        wiped_off_.push_back(key);
      }
    }
  }
}

// Once the transaction is committed nothing may fail any more, for want of memory as for any other reason: a call that
// answers an Error has changed nothing (D3).
void WriteTransaction::prepare_to_paint() {
  const auto picture = impl_.watched.find(painted_);
  if (picture != impl_.watched.end()) picture->second.reserve(picture->second.size() + strokes_.size());
}

void WriteTransaction::paint() noexcept {
  const auto picture = impl_.watched.find(painted_);
  if (picture == impl_.watched.end()) return;
  for (const auto& key : wiped_off_) picture->second.erase(key);
  while (!strokes_.empty()) {
    auto stroke = strokes_.extract(strokes_.begin());
    picture->second.erase(stroke.key());
    picture->second.insert(std::move(stroke));
  }
}

Result<void> Store::watch(DatasetId dataset) {
  return guarded(*impl_, [&] {
    const std::lock_guard guard(impl_->write_mutex);
    if (impl_->watched.contains(dataset)) return;
    impl_->look_at_others();
    // Before the picture is taken: what comes in between is compared once too often. It may be news of the others.
    impl_->others_wrote();
    if (impl_->watched.empty()) impl_->unseen = false;
    impl_->watched.emplace(dataset, take_picture(*impl_->writer, dataset));
  });
}

void Store::unwatch(DatasetId dataset) {
  const std::lock_guard guard(impl_->write_mutex);
  impl_->watched.erase(dataset);
}

Result<OthersChanges> Store::changes_of_others(Certainty certainty) {
  return guarded(*impl_, [&]() -> OthersChanges {
    const std::unique_lock guard(impl_->write_mutex, std::try_to_lock);
    if (!guard.owns_lock()) return {.busy = true};
    if (certainty == Certainty::kSettled && !impl_->file_lock.try_lock()) return {.busy = true};
    // What was written to the log before is committed, and seen, once its writer has let go of the lock.
    if (certainty == Certainty::kSettled) impl_->file_lock.unlock();
    impl_->look_at_others();
    return {.changes = std::exchange(impl_->noticed, {})};
  });
}

Result<OthersChanges> Store::noticed() {
  const std::lock_guard guard(impl_->write_mutex);
  return OthersChanges{.changes = std::exchange(impl_->noticed, {})};
}

}  // namespace syncline::store
