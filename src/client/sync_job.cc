#include "client/sync_job.h"

#include <algorithm>
#include <utility>

#include "engine/planner.h"

namespace syncline {

namespace {

// An answer that came too late, because a side changed while the app decided, is asked for again this often in one
// session; after that the conflict waits for the next (D13).
constexpr int kMaxAsks = 3;

std::vector<wire::RecordPatch> to_patches(const std::vector<OutgoingChange>& changes) {
  std::vector<wire::RecordPatch> patches;
  patches.reserve(changes.size());
  for (const auto& change : changes) {
    patches.push_back(
        wire::RecordPatch{.operation = change.value ? wire::PatchOperation::kReplace : wire::PatchOperation::kRemove,
                          .key = change.key,
                          .value = change.value,
                          .sync_count = change.base_count,
                          .device_modified_at = change.written_at});
  }
  return patches;
}

// D8: an answer that can't be used is as good as none; the other keys go on.
bool leaves_conflict_open(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kLimitExceeded || code == ErrorCode::kNotFound;
}

Resolution ask_app(const ConflictHandler& handler, const Conflict& conflict) {
  try {
    return handler(conflict);
  } catch (...) {
    return Resolution::later();  // case 14: a handler that throws has not decided
  }
}

}  // namespace

Result<void> check_resolution(const Resolution& resolution) {
  return resolution.choice() == Resolution::Choice::kValue ? check_value(resolution.value()) : Result<void>();
}

// --- runs ---------------------------------------------------------------------------------------------------------

void SyncJob::synchronize(Done done) {
  if (!idle()) {
    waiting_.push_back(std::move(done));
    return;
  }
  running_.push_back(std::move(done));
  start_run();
}

void SyncJob::start_run() {
  attempt_ = 0;
  report_ = SyncReport{};
  start_attempt();
}

void SyncJob::cancel(const Error& error) {
  if (idle()) return;
  running_.insert(running_.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  context_.driver->cancel_timer(retry_timer_);
  ++attempt_id_;  // what is still under way is no longer of interest
  if (const auto call = std::exchange(call_, nullptr)) context_.remote->cancel(call);
  attempt_ = context_.attempts;
  if (session_.finished()) {
    end_run(error);
  } else {
    feed(engine::Cancel{error});
  }
}

void SyncJob::end_run(const Result<SyncReport>& report) {
  for (auto& done : std::exchange(running_, std::exchange(waiting_, {}))) done(report);
  if (!idle()) start_run();
}

// --- attempts -----------------------------------------------------------------------------------------------------

void SyncJob::start_attempt() {
  ++attempt_;
  ++attempt_id_;
  session_ = engine::DatasetSession();
  resolved_ = 0;
  auto lease = context_.store->begin_sync(context_.dataset);
  if (!lease) {
    feed(engine::Cancel{std::move(lease).error()});
    return;
  }
  lease_ = *lease;
  feed(engine::Begin{lease_.start});
}

void SyncJob::feed(engine::Event event) {
  auto next = std::optional(std::move(event));
  while (next) {
    auto command = session_.on(std::move(*next));
    if (!command) return;
    next =
        std::visit([this](auto&& each) { return carry_out(std::forward<decltype(each)>(each)); }, std::move(*command));
  }
}

SyncJob::Now SyncJob::carry_out(engine::Finish command) {
  end_attempt(std::move(command));
  return std::nullopt;
}

bool SyncJob::worth_another_attempt(const Error& error) const {
  const auto retry = error.retry();
  return attempt_ < context_.attempts && (retry == RetryClass::kTransient || retry == RetryClass::kResync);
}

void SyncJob::end_attempt(engine::Finish finish) {
  report_.pulled += finish.pulled;
  report_.pushed += finish.pushed;
  report_.resolved += finish.resolved;
  report_.conflicts = finish.conflicts;
  if (finish.error && worth_another_attempt(*finish.error)) {
    const auto delay = engine::backoff_delay(context_.backoff, attempt_, finish.error->retry_after, *context_.random);
    retry_timer_ = context_.driver->after(delay, [self = shared_from_this()] { self->start_attempt(); });
    return;
  }
  if (finish.error) return end_run(std::move(*finish.error));
  if (const auto count = context_.store->sync_count(context_.dataset)) report_.sync_count = *count;
  report_.outcome = report_.conflicts > 0 ? SyncOutcome::kConflictsPending : SyncOutcome::kSuccess;
  end_run(report_);
}

// --- commands: the service ----------------------------------------------------------------------------------------

template <typename T>
Remote::Callback<T> SyncJob::when_answered(engine::Event (*to_event)(T&& answer)) {
  return [self = shared_from_this(), id = attempt_id_, to_event](Answer<T> answer) {
    self->report_.requests += answer.requests;
    if (id != self->attempt_id_) return;
    self->call_ = nullptr;
    if (answer.result) {
      self->feed(to_event(std::move(*answer.result)));
    } else {
      self->feed(engine::CallFailed{std::move(answer.result).error()});
    }
  };
}

SyncJob::Now SyncJob::carry_out(engine::ListRecords command) {
  wire::ListRecordsRequest request{
      .target = context_.target, .last_sync_count = command.from, .next_token = std::move(command.next_token)};
  auto listed =
      when_answered<ListedPage>([](ListedPage&& page) -> engine::Event { return engine::Listed{std::move(page)}; });
  call_ = context_.remote->list_records(
      request, [self = shared_from_this(), listed = std::move(listed)](Answer<ListedPage> answer) {
        if (answer.result && !answer.result->merged_datasets.empty()) {
          self->context_.merged_datasets(answer.result->merged_datasets);
        }
        listed(std::move(answer));
      });
  return std::nullopt;
}

SyncJob::Now SyncJob::carry_out(engine::PushRecords command) {
  sent_ = std::move(command.changes);
  wire::UpdateRecordsRequest request{.target = context_.target,
                                     .device_id = context_.device_id,
                                     .patches = to_patches(sent_),
                                     .session_token = std::move(command.session_token)};
  call_ = context_.remote->update_records(
      request, when_answered<wire::UpdateRecordsAnswer>([](wire::UpdateRecordsAnswer&& answer) -> engine::Event {
        return engine::Pushed{std::move(answer.records)};
      }));
  return std::nullopt;
}

SyncJob::Now SyncJob::carry_out(engine::DeleteRemotely /*command*/) {
  call_ = context_.remote->delete_dataset(
      wire::DeleteDatasetRequest{.target = context_.target},
      when_answered<wire::DatasetAnswer>(
          [](wire::DatasetAnswer&& /*answer*/) -> engine::Event { return engine::DeletedRemotely{}; }));
  return std::nullopt;
}

// --- commands: the store ------------------------------------------------------------------------------------------

SyncJob::Now SyncJob::carry_out(engine::StagePage command) {
  auto staged = context_.store->stage_page(lease_, command.records, command.first);
  if (!staged) return engine::StoreFailed{std::move(staged).error()};
  return engine::Staged{};
}

SyncJob::Now SyncJob::carry_out(engine::ApplyPull command) {
  const store::Pull pull{.kind = command.kind,
                         .sync_count = command.sync_count,
                         .with_staged = command.staged,
                         .records = std::move(command.records)};
  auto applied = context_.store->apply_pull(lease_, pull, &engine::plan);
  if (!applied) return engine::StoreFailed{std::move(applied).error()};
  context_.announce(ChangeSource::kRemote, std::move(applied->changes));
  return engine::Applied{applied->applied};
}

SyncJob::Now SyncJob::carry_out(engine::PreparePush /*command*/) {
  auto prepared = context_.store->prepare_push(lease_);
  if (!prepared) return engine::StoreFailed{std::move(prepared).error()};
  return engine::Prepared{std::move(*prepared)};
}

SyncJob::Now SyncJob::carry_out(engine::AcknowledgePush command) {
  const store::PushAnswer answer{.sent = sent_, .records = command.records, .listed = command.listed};
  auto acknowledged = context_.store->acknowledge_push(lease_, answer, &engine::plan);
  if (!acknowledged) return engine::StoreFailed{std::move(acknowledged).error()};
  context_.announce(ChangeSource::kRemote, std::move(acknowledged->changes));
  return engine::Acknowledged{.acknowledged = acknowledged->acknowledged,
                              .new_conflicts = acknowledged->new_conflicts,
                              .nothing_between = acknowledged->nothing_between};
}

SyncJob::Now SyncJob::carry_out(engine::FinishDeletion /*command*/) {
  auto finished = context_.store->finish_deletion(lease_);
  if (!finished) return engine::StoreFailed{std::move(finished).error()};
  return engine::DeletionFinished{};
}

// --- commands: the app --------------------------------------------------------------------------------------------

SyncJob::Now SyncJob::carry_out(engine::AskConflicts /*command*/) {
  auto conflicts = context_.store->conflicts(context_.dataset);
  if (!conflicts) return engine::StoreFailed{std::move(conflicts).error()};
  if (conflicts->empty()) return engine::ConflictsAsked{};
  return ask(std::move(*conflicts), 0);
}

SyncJob::Now SyncJob::ask(std::vector<Conflict> conflicts, int asked_before) {
  auto handler = context_.conflict_handler();
  if (!handler) return conflicts_asked();
  for (auto& conflict : conflicts) conflict.local_written_at += context_.remote->clock_offset();
  context_.gate->post(CallbackKind::kRepeating,
                      [self = shared_from_this(), driver = context_.driver->weak_from_this(), gate = context_.gate,
                       expected = context_.driver->expect(), handler = std::move(handler),
                       conflicts = std::move(conflicts), asked_before, id = attempt_id_] {
                        std::vector<Resolution> answers;
                        answers.reserve(conflicts.size());
                        for (const auto& conflict : conflicts) {
                          answers.push_back(ask_app(handler, conflict));
                          if (gate->closed())
                            return;  // the handler has shut the client down, or somebody else has meanwhile
                        }
                        const auto alive = driver.lock();
                        if (!alive) return;
                        alive->post([self, conflicts, answers, asked_before, id] {
                          if (id == self->attempt_id_) self->settle(conflicts, answers, asked_before);
                        });
                      });
  return std::nullopt;
}

// False: the answer was for other versions than there are by now.
Result<bool> SyncJob::settle_one(const Conflict& conflict, const Resolution& answer) {
  if (answer.choice() == Resolution::Choice::kLater) return true;
  auto settled = check_resolution(answer).and_then(
      [&] { return context_.store->resolve(context_.dataset, conflict, answer, context_.clock->wall()); });
  if (settled) {
    ++resolved_;
    context_.announce(ChangeSource::kResolution, std::move(*settled));
    return true;
  }
  if (settled.error().code == ErrorCode::kOutdated) return false;
  if (leaves_conflict_open(settled.error().code)) return true;
  return std::move(settled).error();
}

void SyncJob::settle(const std::vector<Conflict>& conflicts, const std::vector<Resolution>& answers, int asked_before) {
  std::vector<std::string> outdated;
  for (std::size_t i = 0; i < conflicts.size(); ++i) {
    auto settled = settle_one(conflicts[i], answers[i]);
    if (session_.finished()) return;  // the app has shut the client down when it heard of the change
    if (!settled) return feed(engine::StoreFailed{std::move(settled).error()});
    if (!*settled) outdated.push_back(conflicts[i].key);
  }
  auto again = context_.store->conflicts(context_.dataset);
  if (!again) return feed(engine::StoreFailed{std::move(again).error()});
  std::erase_if(*again, [&](const Conflict& conflict) {
    return std::find(outdated.begin(), outdated.end(), conflict.key) == outdated.end();
  });
  auto next =
      !again->empty() && asked_before + 1 < kMaxAsks ? ask(std::move(*again), asked_before + 1) : conflicts_asked();
  if (next) feed(std::move(*next));
}

SyncJob::Now SyncJob::conflicts_asked() {
  auto open = context_.store->conflicts(context_.dataset);
  if (!open) return engine::StoreFailed{std::move(open).error()};
  return engine::ConflictsAsked{.resolved = std::exchange(resolved_, 0), .open = open->size()};
}

}  // namespace syncline
