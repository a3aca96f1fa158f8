#include "small_worlds/world.h"

#include <algorithm>
#include <utility>

namespace syncline::small {

namespace {

constexpr Byte kValuesOfADevice = 31;
constexpr auto kSizeOfOneByOne = 3U;  // pages, at most, of a list of two keys whose pages disagree

Error failure(ErrorCode code) {
  return Error{.code = code, .message = "in a small world"};
}

std::uint64_t bit(Byte value) {
  return std::uint64_t{1} << value;
}

bool is(const std::optional<engine::Command>& command, auto kind) {
  return command && std::holds_alternative<decltype(kind)>(*command);
}

bool is_own_value(const Entry& entry, Byte value) {
  const auto same = [&](const Sent& sent) { return sent.value == value; };
  return entry.pending_value == value || std::any_of(entry.sent.begin(), entry.sent.end(), same);
}

// What an engine is told, as far as it can matter to it.
void add_event(Digest& digest, const engine::Event& event) {
  digest.add(event.index());
  if (const auto* begin = std::get_if<engine::Begin>(&event)) {
    digest.add(static_cast<std::uint64_t>(begin->start.sync_count.value) * 4 + (begin->start.has_records ? 2U : 0U) +
               static_cast<std::uint64_t>(begin->start.phase));
    digest.add(static_cast<std::uint64_t>(begin->start.newest.value));
    digest.add(begin->session_token);
    digest.add((begin->start.pending ? 1U : 0U) | (begin->start.pending_known ? 2U : 0U) |
               (begin->start.unanswered ? 4U : 0U) | (begin->start.open_conflicts ? 8U : 0U));
  } else if (const auto* listed = std::get_if<engine::Listed>(&event)) {
    const auto& page = listed->page;
    digest.add(static_cast<std::uint64_t>(page.dataset_count.value) * 4 + (page.dataset_exists ? 2U : 0U) +
               (page.deleted_after_requested ? 1U : 0U));
    for (const auto& record : page.records) {
      digest.add(record.key);
      digest.add(from_record(record));
    }
    digest.add(page.next_token);
    digest.add(page.session_token);
  } else if (const auto* prepared = std::get_if<engine::Prepared>(&event)) {
    for (const auto& change : prepared->changes) {
      digest.add(change.key);
      digest.add(static_cast<std::uint64_t>(change.revision.value * 1'000 + change.base_count.value));
      digest.add(from_text(change.value));
    }
  } else if (const auto* pushed = std::get_if<engine::Pushed>(&event)) {
    for (const auto& record : pushed->records) {
      digest.add(record.key);
      digest.add(from_record(record));
    }
  } else if (const auto* acknowledged = std::get_if<engine::Acknowledged>(&event)) {
    digest.add(acknowledged->nothing_between ? 1U : 0U);
  } else if (const auto* deletion = std::get_if<engine::DeletionAsked>(&event)) {
    digest.add(deletion->keep ? 1U : 0U);
  } else if (const auto* failed = std::get_if<engine::CallFailed>(&event)) {
    digest.add(static_cast<std::uint64_t>(failed->error.code));
  }
}

}  // namespace

World::World(const Budget& budget)
    : budget_(budget), deletions_left_(budget.deletions), restores_left_(budget.restores) {
  service_.lenient = budget.lenient;
  for (Byte device = 0; device < kDevices; ++device) {
    const bool silent = device == 1 && budget.b_is_silent;
    devices_[device].writes_left = silent ? Byte{0} : budget.writes;
    devices_[device].syncs_left = silent ? Byte{0} : budget.syncs;
  }
  if (!budget.shared_start) return;
  write(0, 0, false);
  for (Byte device = 0; device < kDevices; ++device) sync(device);
  devices_[0].writes_left = budget.writes;
}

std::string World::apply(const Action& action) {
  complaint_.clear();
  switch (action.what) {
    case What::kWrite:
      write(action.device, action.detail % kRemoval, action.detail >= kRemoval);
      break;
    case What::kStart:
      --devices_[action.device].syncs_left;
      start(action.device, action.detail == 0);
      break;
    case What::kStep:
      step(action.device, static_cast<Outcome>(action.detail));
      break;
    case What::kKill:
      --budget_.faults;
      kill(action.device);
      break;
    case What::kDeliver: {
      const auto push = late_[action.detail];
      late_.erase(late_.begin() + action.detail);
      commit(push, false);
      break;
    }
    case What::kErase:
      --deletions_left_;
      service_.erase();
      break;
    case What::kDeleteHere:
      --deletions_left_;
      devices_[action.device].store.begin_deletion();
      break;
    case What::kRestore:
      restore();
      break;
  }
  check_sync_counts();
  check_words();
  return complaint_;
}

void World::complain(const std::string& what) {
  if (complaint_.empty()) complaint_ = what;
}

// --- what happens at a device -------------------------------------------------------------------------------------

Byte World::new_value(Byte device) {
  auto& number = devices_[device].values;
  if (number == kValuesOfADevice) complain("the small world is too small for its values");
  return static_cast<Byte>(device * 32 + ++number);
}

void World::write(Byte device, std::size_t key, bool removal) {
  auto& self = devices_[device];
  const auto visible = self.store.keys[key].visible();
  const auto value = removal ? kNoValue : new_value(device);
  --self.writes_left;
  if (!self.store.write(key, value)) return;
  self.words[key] = Word{.value = value, .removed = removal ? visible : kNoValue};
}

bool World::keeps_token(Byte device) const {
  const auto& self = devices_[device];
  return !self.token.empty() && self.token_deletions == self.store.deletions;
}

void World::start(Byte device, bool with_token) {
  auto& self = devices_[device];
  ahead_[device] = 0;
  self.session.emplace();
  self.session->deletions = self.store.deletions;
  engine::Begin begin{.start = self.store.start(), .token_ends_with_dataset = !budget_.lenient};
  if (with_token && keeps_token(device)) begin.session_token = self.token;
  tell(device, std::move(begin));
}

void World::tell(Byte device, engine::Event event) {
  auto& self = devices_[device];
  auto& session = *self.session;
  Digest told;
  told.add(session.told);
  add_event(told, event);
  session.told = told.value();
  session.command = session.engine.on(std::move(event));
  constexpr auto kBound = engine::kMaxRounds * (engine::kMaxListStarts + 1) + engine::kMaxFullPushes + 4;
  if (session.engine.requests() > kBound * kSizeOfOneByOne) complain("D13: more requests than any session may send");
  if (!session.command) return complain("D13: a session does not know what to do next");
  const auto* finish = std::get_if<engine::Finish>(&*session.command);
  if (finish == nullptr) return;
  self.last_sync_failed = finish->error.has_value();
  self.token = finish->session_token;
  self.token_deletions = session.deletions;
  end_session(device);
}

void World::step(Byte device, Outcome outcome) {
  const bool faulty = outcome > Outcome::kFine && outcome < Outcome::kKeepLocal;
  if (faulty) --budget_.faults;
  auto command = std::move(*devices_[device].session->command);
  auto event = std::visit([&](const auto& each) { return run(device, each, outcome); }, command);
  tell(device, std::move(event));
}

void World::kill(Byte device) {
  auto& self = devices_[device];
  const auto last = self.session->engine.on(engine::Cancel{failure(ErrorCode::kCancelled)});
  if (!is(last, engine::Finish{})) complain("D13: a session that was cancelled did not finish");
  self.token.clear();
  end_session(device);
}

// What it knew of a restored service, and had not written down, goes with it.
void World::end_session(Byte device) {
  auto& self = devices_[device];
  blinded_[device] = blinded_[device] || self.session->in_doubt;
  self.session.reset();
}

void World::sync(Byte device) {
  start(device, true);
  while (devices_[device].session && complaint_.empty()) {
    const bool keep_local = service_.count % 2 == 0;
    const bool asking = is(devices_[device].session->command, engine::AskConflicts{});
    step(device, asking ? (keep_local ? Outcome::kKeepLocal : Outcome::kKeepRemote) : Outcome::kFine);
  }
}

// --- commands -----------------------------------------------------------------------------------------------------

engine::Event World::run(Byte device, const engine::ListRecords& command, Outcome outcome) {
  devices_[device].session->listed = true;
  if (outcome == Outcome::kLostBefore) return engine::CallFailed{failure(ErrorCode::kTimeout)};
  auto page = service_.list(command.from, command.next_token, budget_.page_size);
  if (!page) return engine::CallFailed{page.error()};
  return engine::Listed{std::move(*page)};
}

engine::Event World::run(Byte device, const engine::StagePage& command, Outcome /*outcome*/) {
  auto& self = devices_[device];
  if (self.session->deletions != self.store.deletions) return engine::StoreFailed{failure(ErrorCode::kOutdated)};
  self.store.stage(command.records, command.first);
  return engine::Staged{};
}

engine::Event World::run(Byte device, const engine::ApplyPull& command, Outcome /*outcome*/) {
  auto& self = devices_[device];
  if (self.session->deletions != self.store.deletions) return engine::StoreFailed{failure(ErrorCode::kOutdated)};
  const auto before = self.store.keys;
  self.store.apply_pull(command.kind, command.sync_count, command.staged, command.records);
  if (command.kind != PullKind::kIncremental) self.session->in_doubt = false;
  check_not_missed(device, before, command);
  return engine::Applied{};
}

engine::Event World::run(Byte /*device*/, const engine::AskDeletion&, Outcome outcome) {
  return engine::DeletionAsked{.keep = outcome == Outcome::kKeepLocal};
}

engine::Event World::run(Byte device, const engine::AskConflicts&, Outcome outcome) {
  auto& self = devices_[device];
  for (std::size_t key = 0; key < kKeys; ++key) {
    if (!self.store.keys[key].conflict.known) continue;
    check_asked_rightly(device, key);
    answer_conflict(device, key, outcome);
  }
  return engine::ConflictsAsked{.open = self.store.open_conflicts()};
}

void World::answer_conflict(Byte device, std::size_t key, Outcome outcome) {
  auto& self = devices_[device];
  const auto& entry = self.store.keys[key];
  if (outcome == Outcome::kKeepLocal) {
    ++self.insisted[key][entry.revision];
    if (entry.pending_value != kNoValue) insisted_values_ |= bit(entry.pending_value);
    self.store.resolve(key, Resolution::Choice::kLocal, kNoValue);
  } else if (outcome == Outcome::kKeepRemote) {
    self.words[key] = Word{};
    self.store.resolve(key, Resolution::Choice::kRemote, kNoValue);
  } else if (outcome == Outcome::kUseNew) {
    const auto value = new_value(device);
    self.words[key] = Word{.value = value};
    self.store.resolve(key, Resolution::Choice::kValue, value);
  }
}

engine::Event World::run(Byte device, const engine::PreparePush& command, Outcome /*outcome*/) {
  auto& self = devices_[device];
  const bool pending =
      std::any_of(self.store.keys.begin(), self.store.keys.end(), [](auto& key) { return key.pending; });
  if (!pending) return engine::Prepared{};
  if (self.session->deletions != self.store.deletions) return engine::StoreFailed{failure(ErrorCode::kOutdated)};
  self.session->sent = self.store.prepare_push(command.listed);
  return engine::Prepared{self.session->sent};
}

engine::Event World::run(Byte device, const engine::PushRecords& command, Outcome outcome) {
  const auto token = std::stoi(command.session_token);
  Push push{.device = device,
            .incarnation = static_cast<Byte>(token / 256),
            .listed = static_cast<Byte>(token % 256),
            .first = !devices_[device].session->listed};
  for (const auto& change : command.changes) {
    push.patches.push_back(Patch{.key = static_cast<Byte>(key_of(change.key)),
                                 .value = from_text(change.value),
                                 .base_count = static_cast<Byte>(change.base_count.value),
                                 .revision = static_cast<Byte>(change.revision.value)});
  }
  if (outcome == Outcome::kRefused) return engine::CallFailed{failure(ErrorCode::kResourceConflict)};
  if (outcome == Outcome::kLate || outcome == Outcome::kTwice) late_.push_back(push);
  if (outcome == Outcome::kLate || outcome == Outcome::kLostBefore) {
    return engine::CallFailed{failure(ErrorCode::kTimeout)};
  }
  const bool tells_count = outcome != Outcome::kLostAfter && (outcome != Outcome::kShort || push.patches.size() > 1);
  const bool committed = commit(push, tells_count);
  if (outcome == Outcome::kLostAfter) return engine::CallFailed{failure(ErrorCode::kTimeout)};
  if (!committed) return engine::CallFailed{failure(ErrorCode::kResourceConflict)};
  engine::Pushed pushed;
  for (const auto& patch : push.patches) pushed.records.push_back(to_record(patch.key, service_.records[patch.key]));
  if (outcome == Outcome::kShort) pushed.records.pop_back();
  return pushed;
}

engine::Event World::run(Byte device, const engine::AcknowledgePush& command, Outcome /*outcome*/) {
  auto& self = devices_[device];
  if (self.session->deletions != self.store.deletions) return engine::StoreFailed{failure(ErrorCode::kOutdated)};
  const bool nothing_between = self.store.acknowledge(self.session->sent, command.records, command.listed);
  return engine::Acknowledged{.acknowledged = command.records.size(), .nothing_between = nothing_between};
}

engine::Event World::run(Byte device, const engine::DeleteRemotely&, Outcome outcome) {
  (void)device;
  if (outcome == Outcome::kLostBefore) return engine::CallFailed{failure(ErrorCode::kTimeout)};
  if (!service_.exists) return engine::CallFailed{failure(ErrorCode::kResourceNotFound)};
  service_.erase();
  if (outcome == Outcome::kLostAfter) return engine::CallFailed{failure(ErrorCode::kTimeout)};
  return engine::DeletedRemotely{};
}

engine::Event World::run(Byte device, const engine::FinishDeletion&, Outcome /*outcome*/) {
  auto& self = devices_[device];
  if (self.session->deletions != self.store.deletions) return engine::StoreFailed{failure(ErrorCode::kOutdated)};
  self.store.finish_deletion();
  return engine::DeletionFinished{};
}

engine::Event World::run(Byte /*device*/, const engine::Finish&, Outcome /*outcome*/) {
  return engine::Staged{};
}

// --- what happens at the service ----------------------------------------------------------------------------------

bool World::commit(const Push& push, bool answered) {
  const auto before = service_;
  if (!service_.update(push)) return false;
  before_last_commit_ = before;
  auto& writer = devices_[push.device];
  for (const auto& patch : push.patches) {
    if (patch.value != kNoValue) committed_ |= bit(patch.value);
    const auto times = ++writer.spent[patch.key][patch.revision];
    if (words_count() && times > 1 + writer.insisted[patch.key][patch.revision]) {
      complain("D4: a write became a version twice: of " + key_name(patch.key) + " on device " +
               std::string(1, static_cast<char>('A' + push.device)));
    }
  }
  for (std::size_t device = 0; device < kDevices; ++device) {
    const auto seen = std::max(devices_[device].store.sync_count, ahead_[device]);
    const bool overtaken = seen > before.count && seen <= service_.count;
    // A push that comes first to a restored service shows that by its answer's count.
    if (device == push.device && push.first && answered) {
      devices_[device].session->in_doubt = overtaken;
    } else {
      blinded_[device] = blinded_[device] || overtaken;
    }
  }
  return true;
}

// What blinds a device: the service was restored, and new counts came up to the one that it had seen before it listed
// again. No client of this protocol can tell.
void World::restore() {
  --restores_left_;
  for (std::size_t device = 0; device < kDevices; ++device) {
    if (devices_[device].session) ahead_[device] = service_.count;
  }
  service_ = *before_last_commit_;
  before_last_commit_.reset();
}

// --- what must hold -----------------------------------------------------------------------------------------------

void World::check_asked_rightly(Byte device, std::size_t key) {
  const auto& entry = devices_[device].store.keys[key];
  if (!entry.pending) complain("D6: asked about a key with nothing pending");
  if (entry.pending_value == entry.conflict.value) complain("D6: asked although both sides are equal");
  if (!words_count()) return;
  if (entry.conflict.by == device + 1) complain("D6, D11: asked about the device's own version");
  if (budget_.b_is_silent) complain("D6: a device alone was asked");
  if (entry.base.known && entry.conflict.count <= entry.base.count) complain("D6: asked about an older version");
}

// D7: another writer's value that came over a pending change is in a conflict now. A removal may be one of ours whose
// answer was lost: they all look alike.
void World::check_not_missed(Byte device, const std::array<Entry, kKeys>& before, const engine::ApplyPull& pull) {
  if (pull.kind != PullKind::kIncremental || blinded_[device]) return;
  std::array<Held, kKeys> listed = {};
  for (std::size_t key = 0; pull.staged && key < kKeys; ++key) listed[key] = before[key].staged;
  for (const auto& record : pull.records) listed[key_of(record.key)] = from_record(record);
  for (std::size_t key = 0; key < kKeys; ++key) {
    const auto& news = listed[key];
    if (!news.known || news.by == device + 1 || !before[key].pending) continue;
    if (news.value == kNoValue) {
      // Taken for a lost removal of this device, so that its pending write goes out (once more) over it.
      const auto& after = devices_[device].store.keys[key];
      if (after.conflict.known || !after.pending) continue;
      ++devices_[device].insisted[key][after.revision];
      insisted_values_ |= bit(after.pending_value);
      continue;
    }
    if (is_own_value(before[key], news.value)) continue;  // another device may have revived it after a restore
    if (before[key].base.known && news.count <= before[key].base.count) continue;
    if (devices_[device].store.keys[key].conflict != news) complain("D7: not asked about another writer's version");
  }
}

// D9: what the service has up to a device's sync count is known there.
void World::check_sync_counts() {
  for (std::size_t device = 0; device < kDevices; ++device) {
    const auto& store = devices_[device].store;
    if (blinded_[device] || store.phase == DatasetPhase::kDeleting || store.sync_count > service_.count) continue;
    for (std::size_t key = 0; key < kKeys; ++key) {
      const auto& version = service_.records[key];
      const auto& entry = store.keys[key];
      if (!version.known || version.count > store.sync_count) continue;
      const bool gone_here = version.value == kNoValue && !entry.base.known && !entry.conflict.known;
      const auto known = std::max(entry.base.known ? entry.base.count : Byte{0},
                                  entry.conflict.known ? entry.conflict.count : Byte{0});
      const bool own = version.by == device + 1 && is_own_value(entry, version.value);  // still to be heard of
      if (known < version.count && !gone_here && !own)
        complain("D9: the sync count passed a change that is not applied");
    }
  }
}

// D1, D5, D11: a write is in the journal, or the service has it. (Those that the app gave up are no longer its word.)
void World::check_words() {
  if (!words_count()) return;
  for (const auto& device : devices_) {
    for (std::size_t key = 0; key < kKeys; ++key) {
      const auto value = device.words[key].value;
      const auto& entry = device.store.keys[key];
      if (value == kNoValue || (committed_ & bit(value)) != 0) continue;
      if (!entry.pending || entry.pending_value != value) complain("D1, D5: a write is lost");
    }
  }
}

std::string World::settle() const {
  World world = *this;
  world.complaint_.clear();
  world.budget_.faults = 0;
  for (Byte device = 0; device < kDevices; ++device) {
    while (world.devices_[device].session && world.complaint_.empty()) {
      const bool asking = is(world.devices_[device].session->command, engine::AskConflicts{});
      world.step(device, asking ? Outcome::kLater : Outcome::kFine);
    }
  }
  while (!world.late_.empty() && world.complaint_.empty()) world.apply({What::kDeliver, 0, 0});
  for (int i = 0; i < 3; ++i) {
    for (Byte device = 0; device < kDevices; ++device) world.sync(device);
  }
  world.check_sync_counts();
  world.check_words();
  return world.complaint_.empty() ? world.check_together() : world.complaint_;
}

std::string World::check_together() const {
  if (blinded_[0] || blinded_[1]) return {};
  for (std::size_t i = 0; i < kDevices; ++i) {
    const auto who = "D12: after three syncs device " + std::string(1, static_cast<char>('A' + i));
    const auto& device = devices_[i];
    if (device.last_sync_failed) return who + " still fails";
    if (device.store.open_conflicts() > 0) return who + " has an open conflict";
    for (std::size_t key = 0; key < kKeys; ++key) {
      const auto& entry = device.store.keys[key];
      const auto present = service_.records[key].value;
      if (entry.pending) return who + " has a pending change";
      if (entry.visible() != present) return who + " differs from the service";
      const auto removed = device.words[key].removed;
      const bool is_back = removed != kNoValue && removed == present && (insisted_values_ & bit(removed)) == 0;
      if (words_count() && is_back) return "D1: what was removed is back";
    }
  }
  return {};
}

}  // namespace syncline::small
