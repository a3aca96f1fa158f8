#include "small_worlds/small_store.h"

#include <algorithm>
#include <utility>

#include "engine/planner.h"

namespace syncline::small {

namespace {

constexpr std::size_t kSendsKept = 8;  // store/push.cc

PlanInput describe(const Entry& entry, PullKind kind, const Held* incoming) {
  PlanInput input{.kind = kind};
  if (entry.pending) {
    input.local = entry.pending_value != kNoValue ? PlanInput::Local::kPending : PlanInput::Local::kPendingRemoval;
  } else {
    input.local = entry.visible() != kNoValue ? PlanInput::Local::kClean : PlanInput::Local::kNone;
  }
  if (entry.base.known) {
    input.base = entry.base.value != kNoValue ? PlanInput::Base::kValue : PlanInput::Base::kTombstone;
  }
  if (incoming == nullptr) {
    input.incoming = PlanInput::Incoming::kAbsent;
    return input;
  }
  input.incoming = incoming->value != kNoValue ? PlanInput::Incoming::kValue : PlanInput::Incoming::kTombstone;
  if (entry.base.known) {
    input.equals_base = entry.base.value == incoming->value;
    input.same_version = input.equals_base && entry.base.count == incoming->count;
    input.behind_base = incoming->count <= entry.base.count;
  }
  if (entry.pending) {
    input.equals_local = entry.pending_value == incoming->value;
    input.equals_sent = std::any_of(entry.sent.begin(), entry.sent.end(), [&](const Sent& sent) {
      return sent.value == incoming->value && sent.base_count != incoming->count;
    });
  }
  return input;
}

}  // namespace

SyncStart SmallStore::start() const {
  SyncStart start{.phase = phase, .sync_count = SyncCount{sync_count}, .newest = SyncCount{newest}};
  for (const auto& entry : keys) {
    start.has_records |= entry.base.known || entry.conflict.known;
    start.pending |= entry.pending;
    start.pending_known |= entry.pending && entry.base.known;
    start.unanswered |= entry.pending && !entry.sent.empty();
    start.open_conflicts |= entry.conflict.known;
    const bool base_present = entry.base.known && entry.base.value != kNoValue;
    start.unanswered |= entry.pending && entry.pending_value == kNoValue && !base_present;
  }
  return start;
}

bool SmallStore::write(std::size_t key, Byte value) {
  auto& entry = keys[key];
  if (value == kNoValue && entry.visible() == kNoValue) return false;
  Byte last = entry.last_revision();
  // What was sent outlasts a deletion, and its revisions are not given again.
  const bool outlasted = !entry.pending && !entry.base.known;
  for (const auto& sent : entry.sent) last = outlasted ? std::max(last, sent.revision) : last;
  const auto revision = static_cast<Byte>(last + 1);
  if (entry.conflict.known && entry.conflict.value == value) {
    set_base(entry, entry.conflict, revision);
    entry.pending = false;
    entry.conflict = {};
    return true;
  }
  entry.pending = true;
  entry.pending_value = value;
  entry.revision = revision;
  return true;
}

void SmallStore::set_base(Entry& entry, const Held& version, Byte revision) {
  entry.base = version;
  entry.base_revision = revision;
  std::erase_if(entry.sent, [&](const Sent& sent) { return sent.base_count != version.count; });
}

void SmallStore::drop_base(Entry& entry) {
  entry.base = {};
  entry.base_revision = 0;
  std::erase_if(entry.sent, [](const Sent& sent) { return sent.base_count != 0; });
}

void SmallStore::stage(const std::vector<RemoteRecord>& records, bool first) {
  if (first) {
    for (auto& entry : keys) entry.staged = {};
  }
  for (const auto& record : records) keys[key_of(record.key)].staged = from_record(record);
}

void SmallStore::carry_out(Entry& entry, PlanAction action, const Held* incoming) {
  const auto move_base = [&](Byte revision) {
    if (incoming != nullptr) return set_base(entry, *incoming, revision);
    drop_base(entry);
  };
  const Held before = entry.base;
  const Byte last = entry.last_revision();
  switch (action) {
    case PlanAction::kIgnore:
      break;
    case PlanAction::kAdopt:
    case PlanAction::kForget:
      move_base(last);
      break;
    case PlanAction::kConverge:
      move_base(last);
      entry.pending = false;
      entry.conflict = {};
      break;
    case PlanAction::kRebase:
      move_base(entry.base_revision);
      entry.conflict = {};
      break;
    case PlanAction::kRevive:
      move_base(entry.base_revision);
      entry.pending = true;
      entry.pending_value = before.value;
      entry.revision = static_cast<Byte>(last + 1);
      break;
    case PlanAction::kConflict:
      entry.conflict = *incoming;
      break;
  }
}

Taken SmallStore::take(std::size_t key, PullKind kind, const Held* incoming) {
  auto& entry = keys[key];
  const auto action = engine::plan(describe(entry, kind, incoming));
  carry_out(entry, action, incoming);
  return Taken{key, action};
}

std::vector<Taken> SmallStore::apply_pull(PullKind kind, SyncCount count, bool with_staged,
                                          const std::vector<RemoteRecord>& records) {
  std::vector<Taken> taken;
  std::array<bool, kKeys> listed = {};
  for (std::size_t key = 0; with_staged && key < kKeys; ++key) {
    if (!keys[key].staged.known) continue;
    const auto version = keys[key].staged;
    keys[key].staged = {};
    taken.push_back(take(key, kind, &version));
    listed[key] = true;
  }
  for (const auto& record : records) {
    const auto version = from_record(record);
    taken.push_back(take(key_of(record.key), kind, &version));
    listed[key_of(record.key)] = true;
  }
  for (std::size_t key = 0; kind != PullKind::kIncremental && key < kKeys; ++key) {
    const bool known = keys[key].base.known || keys[key].conflict.known;
    if (known && !listed[key]) taken.push_back(take(key, kind, nullptr));
  }
  sync_count = newest = static_cast<Byte>(count.value);
  return taken;
}

std::vector<OutgoingChange> SmallStore::prepare_push(bool listed) {
  std::vector<OutgoingChange> changes;
  for (std::size_t key = 0; key < kKeys; ++key) {
    auto& entry = keys[key];
    if (!entry.pending || entry.conflict.known) continue;
    const bool base_present = entry.base.known && entry.base.value != kNoValue;
    const bool unanswered = !entry.sent.empty();
    if (entry.pending_value == kNoValue && !base_present && !unanswered) {
      if (!listed) continue;
      entry.pending = false;
      if (entry.base.known) entry.base_revision = entry.revision;
      continue;
    }
    const Sent sent{entry.pending_value, entry.revision, entry.base.known ? entry.base.count : Byte{0}};
    const bool again = std::any_of(entry.sent.begin(), entry.sent.end(), [&](const Sent& other) {
      return other.revision == sent.revision && other.base_count == sent.base_count;
    });
    if (!again) entry.sent.push_back(sent);
    if (entry.sent.size() > kSendsKept) entry.sent.erase(entry.sent.begin());
    changes.push_back(OutgoingChange{.key = key_name(key),
                                     .value = to_text(sent.value),
                                     .base_count = SyncCount{sent.base_count},
                                     .revision = Revision{sent.revision}});
  }
  return changes;
}

bool SmallStore::acknowledge(const std::vector<OutgoingChange>& changes, const std::vector<RemoteRecord>& records,
                             SyncCount listed) {
  std::array<bool, kKeys> answered = {};
  bool at_next_count = true;
  Byte told = 0;
  for (const auto& record : records) {
    const auto key = key_of(record.key);
    told = std::max(told, static_cast<Byte>(record.version.count.value));
    const auto sent =
        std::find_if(changes.begin(), changes.end(), [&](const auto& change) { return change.key == record.key; });
    const auto version = from_record(record);
    at_next_count = at_next_count && record.version.count == listed.next();
    if (sent == changes.end() || answered[key]) {
      take(key, PullKind::kIncremental, &version);
      continue;
    }
    answered[key] = true;
    auto& entry = keys[key];
    const bool still_the_sent_one = entry.pending && entry.revision == sent->revision.value;
    set_base(entry, version, still_the_sent_one ? entry.last_revision() : entry.base_revision);
    if (still_the_sent_one) entry.pending = false;
  }
  const bool all_answered =
      std::all_of(changes.begin(), changes.end(), [&](const auto& change) { return answered[key_of(change.key)]; });
  if (!all_answered || !at_next_count) {
    newest = std::max(newest, told);
    return false;
  }
  sync_count = newest = static_cast<Byte>(listed.next().value);
  return true;
}

void SmallStore::resolve(std::size_t key, Resolution::Choice choice, Byte value) {
  auto& entry = keys[key];
  if (choice == Resolution::Choice::kLater) return;
  const auto remote = entry.conflict;
  const auto last = entry.last_revision();
  Byte settled = entry.pending_value;
  if (choice == Resolution::Choice::kRemote) settled = remote.value;
  if (choice == Resolution::Choice::kValue) settled = value;
  if (choice == Resolution::Choice::kRemove) settled = kNoValue;
  set_base(entry, remote, last);
  entry.conflict = {};
  if (settled == remote.value) {
    entry.pending = false;
  } else if (settled != entry.pending_value) {
    entry.pending_value = settled;
    entry.revision = static_cast<Byte>(last + 1);
  }
}

void SmallStore::begin_deletion() {
  for (auto& entry : keys) entry = Entry{.sent = std::move(entry.sent)};  // a push that is out may still arrive
  // A dataset that was pushed to and not listed since is known by what the answers told.
  if (sync_count == 0) sync_count = newest;
  newest = sync_count;
  phase = sync_count > 0 ? DatasetPhase::kDeleting : DatasetPhase::kActive;
  ++deletions;
}

void SmallStore::finish_deletion() {
  phase = DatasetPhase::kActive;
  sync_count = newest = 0;
}

std::size_t SmallStore::open_conflicts() const {
  return static_cast<std::size_t>(
      std::count_if(keys.begin(), keys.end(), [](const Entry& entry) { return entry.conflict.known; }));
}

void SmallStore::add_to(Digest& digest) const {
  digest.add((static_cast<unsigned>(phase) << 16U) | (unsigned{newest} << 8U) | sync_count);
  for (const auto& entry : keys) {
    digest.add(entry.base);
    digest.add((entry.pending ? 1U : 0U) | (unsigned{entry.pending_value} << 8U) | (unsigned{entry.revision} << 16U) |
               (unsigned{entry.base_revision} << 24U));
    digest.add(entry.conflict);
    digest.add(entry.staged);
    for (const auto& sent : entry.sent) {
      digest.add(sent.value | (unsigned{sent.revision} << 8U) | (unsigned{sent.base_count} << 16U));
    }
  }
}

}  // namespace syncline::small
