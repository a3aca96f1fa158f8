#include "unit/store/model_device.h"

#include <utility>

#include "engine/planner.h"

namespace syncline::store {

namespace {

constexpr auto kNow = Timestamp{std::chrono::milliseconds{1'000}};

Error lost() {
  return Error{.code = ErrorCode::kTimeout, .message = "lost on the way"};
}

std::unique_ptr<Store> open(const std::string& directory) {
  return std::move(Store::open({.directory = directory, .survive_power_cut = false}).value());
}

}  // namespace

ModelDevice::ModelDevice(std::string name, std::string directory)
    : name_(std::move(name)),
      directory_(std::move(directory)),
      store_(open(directory_)),
      other_process_(open(directory_)) {}

void ModelDevice::enter(ModelService& service, Hooks hooks, const std::string& dataset) {
  service_ = &service;
  hooks_ = std::move(hooks);
  dataset_ = dataset;
  id_ = store_->open_dataset("identity", dataset_).value();
  session_.reset();
  command_.reset();
  last_words_.clear();
  insisted_.clear();
  complaints_.clear();
}

void ModelDevice::kill() {
  session_.reset();
  command_.reset();
  store_.reset();
  store_ = open(directory_);
  id_ = store_->open_dataset("identity", dataset_).value();
}

void ModelDevice::start_sync() {
  lease_ = store_->begin_sync(id_).value();
  session_.emplace();
  listed_.clear();
  command_ = session_->on(engine::Begin{lease_.start});
}

void ModelDevice::step() {
  auto command = std::move(*command_);
  command_.reset();
  auto event = std::visit([this](const auto& each) { return run(each); }, command);
  if (session_->finished()) return;
  command_ = session_->on(std::move(event));
  if (!command_) complain("the session has no next step");
}

void ModelDevice::cancel() {
  command_ = session_->on(engine::Cancel{Error{.code = ErrorCode::kCancelled, .message = "cancelled"}});
}

engine::Finish ModelDevice::sync() {
  start_sync();
  while (syncing()) step();
  return finish_;
}

void ModelDevice::put(const std::string& key, std::optional<std::string> value) {
  const auto visible = store_->get(id_, key).value();
  auto& store = ++writes_ % 7 == 0 ? *other_process_ : *store_;
  const Change change{key, value};
  if (!store.write(id_, {&change, 1}, kNow)) complain("a write failed");
  if (value || visible) last_words_[key] = Word{value, value ? std::nullopt : visible};
}

void ModelDevice::ask(const Conflict& conflict) {
  if (conflict.remote.modified_by == name_) complain("D6: asked about its own version of " + conflict.key);
  if (conflict.remote.value == conflict.local) complain("D6: asked although both sides are equal");
  const auto answer = hooks_.resolver(*this, conflict);
  const auto resolved = store_->resolve(id_, conflict, answer, kNow);
  if (!resolved && resolved.error().code != ErrorCode::kOutdated) complain(resolved.error().message);
  if (!resolved || answer.choice() == Resolution::Choice::kLater) return;
  if (answer.choice() == Resolution::Choice::kRemote) last_words_[conflict.key] = std::nullopt;
  if (answer.choice() == Resolution::Choice::kValue) last_words_[conflict.key] = Word{answer.value(), std::nullopt};
  if (answer.choice() == Resolution::Choice::kRemove) last_words_[conflict.key] = Word{std::nullopt, conflict.local};
  if (answer.choice() == Resolution::Choice::kLocal && conflict.local) insisted_.push_back(*conflict.local);
}

std::map<std::string, std::string> ModelDevice::present() {
  std::map<std::string, std::string> values;
  const auto records = store_->records(id_).value();
  for (const auto& record : records) values.emplace(record.key, record.value);
  return values;
}

// --- commands -----------------------------------------------------------------------------------------------------

engine::Event ModelDevice::run(const engine::ListRecords& command) {
  const auto fate = hooks_.fate();
  auto page = service_->list(command.from, command.next_token, hooks_.page_size);
  if (fate == Fate::kLostBefore || fate == Fate::kLostAfter) return engine::CallFailed{lost()};
  if (!page) return engine::CallFailed{page.error()};
  if (command.next_token.empty()) listed_.clear();
  for (const auto& record : page->records) listed_[record.key] = record.version;
  return engine::Listed{*page};
}

engine::Event ModelDevice::run(const engine::StagePage& command) {
  const auto staged = store_->stage_page(lease_, command.records, command.first);
  if (!staged) return engine::StoreFailed{staged.error()};
  return engine::Staged{};
}

engine::Event ModelDevice::run(const engine::ApplyPull& command) {
  const auto pending = store_->pending_changes(id_).value();
  const Pull pull{command.kind, command.sync_count, command.staged, command.records};
  const auto applied = store_->apply_pull(lease_, pull, engine::plan);
  if (!applied) return engine::StoreFailed{applied.error()};
  if (command.kind == PullKind::kIncremental) check_no_missed_conflict(pending);
  check_sync_count();
  return engine::Applied{applied->applied};
}

engine::Event ModelDevice::run(const engine::AskDeletion&) {
  return engine::DeletionAsked{};
}

engine::Event ModelDevice::run(const engine::AskConflicts&) {
  const auto before = store_->conflicts(id_).value();
  for (const auto& conflict : before) ask(conflict);
  const auto open = store_->conflicts(id_).value().size();
  return engine::ConflictsAsked{before.size() - open, open};
}

engine::Event ModelDevice::run(const engine::PreparePush& command) {
  auto prepared = store_->prepare_push(lease_, command.listed);
  if (!prepared) return engine::StoreFailed{prepared.error()};
  sent_ = *prepared;
  return engine::Prepared{sent_};
}

engine::Event ModelDevice::run(const engine::PushRecords& command) {
  const auto deliver = [&service = *service_, name = name_, command] {
    return service.update(command.session_token, name, command.changes);
  };
  const auto fate = hooks_.fate();
  if (fate == Fate::kLostBefore) return engine::CallFailed{lost()};
  if (fate == Fate::kLate) {
    hooks_.later([deliver] { (void)deliver(); });
    return engine::CallFailed{lost()};
  }
  auto answer = deliver();
  if (fate == Fate::kLostAfter) return engine::CallFailed{lost()};
  if (!answer) return engine::CallFailed{answer.error()};
  if (fate == Fate::kAnsweredShort) answer->pop_back();
  return engine::Pushed{*answer};
}

engine::Event ModelDevice::run(const engine::AcknowledgePush& command) {
  const auto acknowledged = store_->acknowledge_push(lease_, {sent_, command.records, command.listed}, engine::plan);
  if (!acknowledged) return engine::StoreFailed{acknowledged.error()};
  check_sync_count();
  return engine::Acknowledged{acknowledged->acknowledged, acknowledged->new_conflicts, acknowledged->nothing_between};
}

engine::Event ModelDevice::run(const engine::DeleteRemotely&) {
  const auto fate = hooks_.fate();
  if (fate == Fate::kLostBefore) return engine::CallFailed{lost()};
  service_->erase();
  if (fate == Fate::kLostAfter) return engine::CallFailed{lost()};
  return engine::DeletedRemotely{};
}

engine::Event ModelDevice::run(const engine::FinishDeletion&) {
  const auto finished = store_->finish_deletion(lease_);
  if (!finished) return engine::StoreFailed{finished.error()};
  return engine::DeletionFinished{};
}

engine::Event ModelDevice::run(const engine::Finish& command) {
  finish_ = command;
  return engine::Staged{};
}

// --- what must hold on the way ------------------------------------------------------------------------------------

void ModelDevice::complain(const std::string& what) {
  complaints_.push_back("device " + name_ + ": " + what);
}

// D7: another writer's value that came over a pending change is in a conflict now.
void ModelDevice::check_no_missed_conflict(const std::vector<PendingChange>& pending_before) {
  std::map<std::string, Version> open;
  const auto conflicts = store_->conflicts(id_).value();
  for (const auto& conflict : conflicts) open.emplace(conflict.key, conflict.remote);
  for (const auto& change : pending_before) {
    const auto news = listed_.find(change.key);
    // A removal may be one of ours that was lost: they all look alike.
    if (news == listed_.end() || !news->second.value || news->second.modified_by == name_) continue;
    if (news->second.count <= change.base_count) continue;
    const auto shown = open.find(change.key);
    if (shown == open.end() || shown->second != news->second) complain("D7: not asked about " + change.key);
  }
}

// D9: what the service has up to our sync count is known here.
void ModelDevice::check_sync_count() {
  const auto sync_count = store_->info(id_).value().sync_count;
  std::map<std::string, SyncCount> known;
  const auto pending = store_->pending_changes(id_).value();
  const auto records = store_->records(id_).value();
  const auto conflicts = store_->conflicts(id_).value();
  for (const auto& change : pending) known[change.key] = change.base_count;
  for (const auto& record : records) known[record.key] = record.sync_count;
  for (const auto& conflict : conflicts) known[conflict.key] = conflict.remote.count;
  for (const auto& [key, version] : service_->records()) {
    const bool gone_here = !version.value && !known.contains(key);
    if (version.count <= sync_count && !gone_here && known[key] < version.count) {
      complain("D9: the sync count passed a change of " + key);
    }
  }
}

}  // namespace syncline::store
