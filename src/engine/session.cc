#include "engine/session.h"

#include <algorithm>
#include <utility>

namespace syncline::engine {

namespace {

bool changes_known_record(const std::vector<OutgoingChange>& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const auto& change) { return change.base_count.value > 0; });
}

// The greatest count of an answer; 0: it has no records.
SyncCount newest_of(const std::vector<RemoteRecord>& records) {
  SyncCount newest;
  for (const auto& record : records) newest = std::max(newest, record.version.count);
  return newest;
}

// The service has looked at a push and does not take it as it is: not now, or never.
bool refused(const Error& error) {
  return error.retry() == RetryClass::kResync || (error.retry() == RetryClass::kPermanent && error.http_status >= 400);
}

Error bad_answer(std::string message) {
  return Error{.code = ErrorCode::kBadAnswer, .message = std::move(message)};
}

}  // namespace

std::optional<Command> DatasetSession::on(Event event) {
  if (finished()) return std::nullopt;
  return std::visit([this](auto&& each) { return handle(std::forward<decltype(each)>(each)); }, std::move(event));
}

DatasetSession::Next DatasetSession::handle(Begin event) {
  if (state_ != State::kIdle) return std::nullopt;
  start_ = event.start;
  pushes_first_ = may_push_first(event);
  if (pushes_first_) {
    needs_known_ = !event.token_ends_with_dataset && start_.sync_count.value > 0;
    session_token_ = std::move(event.session_token);
    listed_ = start_.sync_count;
    state_ = State::kPreparing;
    return PreparePush{.listed = false};
  }
  if (start_.phase == DatasetPhase::kActive) return start_round();
  return list_for_deletion();
}

bool DatasetSession::may_push_first(const Begin& begin) const {
  if (begin.session_token.empty() || start_.phase != DatasetPhase::kActive) return false;
  if (!start_.pending || start_.unanswered || start_.open_conflicts) return false;
  if (start_.newest > start_.sync_count) return false;  // something between the two is not known here
  // Where nothing was ever seen, nothing can have been deleted that this device knows.
  return begin.token_ends_with_dataset || start_.pending_known || start_.sync_count.value == 0;
}

// --- deletion -----------------------------------------------------------------------------------------------------

// D14: a deletion is for the incarnation that this device has seen. Ask first whether it is still that one.
DatasetSession::Next DatasetSession::list_for_deletion() {
  state_ = State::kCheckingDeletion;
  from_ = start_.sync_count;
  return list_page();
}

DatasetSession::Next DatasetSession::check_deletion(const ListedPage& page) {
  const bool same_incarnation = page.dataset_exists && !page.deleted_after_requested && start_.sync_count.value > 0 &&
                                page.dataset_count >= start_.sync_count;
  if (!same_incarnation) {
    state_ = State::kFinishingDeletion;
    return FinishDeletion{};
  }
  state_ = State::kDeleting;
  ++requests_;
  return DeleteRemotely{};
}

// Another device was faster, or somebody on the way said so; if the dataset is still there, its records would come
// back.
DatasetSession::Next DatasetSession::nothing_to_delete(Error error) {
  if (std::exchange(deletion_in_doubt_, true)) return finish(std::move(error));
  return list_for_deletion();
}

DatasetSession::Next DatasetSession::handle(DeletedRemotely /*event*/) {
  if (state_ != State::kDeleting) return std::nullopt;
  state_ = State::kFinishingDeletion;
  return FinishDeletion{};
}

DatasetSession::Next DatasetSession::handle(DeletionFinished /*event*/) {
  if (state_ != State::kFinishingDeletion) return std::nullopt;
  start_ = SyncStart{};
  return start_round();
}

// --- list ---------------------------------------------------------------------------------------------------------

DatasetSession::Next DatasetSession::start_round() {
  ++rounds_;
  list_starts_ = 0;
  // After two refusals the sync count itself is in doubt: records may have changed at or below it.
  const bool rewind = rounds_ >= kMaxRounds && start_.sync_count.value > 0;
  if (rewind) return start_list(SyncCount{}, PullKind::kRestored);
  return start_list(start_.sync_count, start_.sync_count.value == 0 ? PullKind::kComplete : PullKind::kIncremental);
}

DatasetSession::Next DatasetSession::start_list(SyncCount from, PullKind kind) {
  if (++list_starts_ > kMaxListStarts) {
    return finish(Error{.code = ErrorCode::kResourceConflict,
                        .message = "the dataset changed each time while it was listed; synchronize again"});
  }
  pushes_first_ = false;
  from_ = from;
  kind_ = kind;
  next_token_.clear();
  session_token_.clear();
  pages_ = 0;
  staged_ = false;
  return list_page();
}

DatasetSession::Next DatasetSession::restart_list() {
  return start_list(from_, kind_);
}

DatasetSession::Next DatasetSession::list_page() {
  if (state_ != State::kCheckingDeletion) state_ = State::kListing;
  ++requests_;
  return ListRecords{.from = from_, .next_token = next_token_};
}

DatasetSession::Next DatasetSession::handle(Listed event) {
  if (state_ == State::kCheckingDeletion) return check_deletion(event.page);
  if (state_ != State::kListing) return std::nullopt;
  if (pages_ == 0) return first_page(std::move(event.page));
  const bool same_snapshot = event.page.dataset_count == listed_ && event.page.dataset_exists;
  // In a list of changes the smallest count is a promise that can be kept (D9). In a list of all there is, a record
  // that slipped between two pages would be taken for lost: such a list is never used.
  const bool usable = same_snapshot || (kind_ == PullKind::kIncremental && event.page.dataset_exists);
  if (!same_snapshot && (!usable || list_starts_ < kMaxListStarts)) return restart_list();
  listed_ = std::min(listed_, event.page.dataset_count);
  return take_page(std::move(event.page));
}

DatasetSession::Next DatasetSession::first_page(ListedPage page) {
  listed_ = page.dataset_exists ? page.dataset_count : SyncCount{};
  if (!page.dataset_exists) {
    kind_ = PullKind::kComplete;
    incarnation_gone_ = true;
    page.records.clear();
    page.next_token.clear();
  } else if (page.deleted_after_requested && from_.value > 0) {
    incarnation_gone_ = true;
    start_.newest = {};  // of the incarnation that is gone
    return start_list(SyncCount{}, PullKind::kComplete);
  } else if (kind_ != PullKind::kRestored && listed_ < std::max(from_, start_.newest)) {
    return start_list(SyncCount{}, PullKind::kRestored);
  }
  return take_page(std::move(page));
}

DatasetSession::Next DatasetSession::take_page(ListedPage page) {
  if (!page.session_token.empty()) session_token_ = std::move(page.session_token);
  ++pages_;
  if (page.next_token.empty()) return apply(std::move(page.records));
  if (page.next_token == next_token_ || pages_ >= kMaxPages) {
    return finish(bad_answer("ListRecords: NextToken leads nowhere after page " + std::to_string(pages_)));
  }
  next_token_ = std::move(page.next_token);
  state_ = State::kStaging;
  return StagePage{.records = std::move(page.records), .first = !std::exchange(staged_, true)};
}

DatasetSession::Next DatasetSession::handle(Staged /*event*/) {
  if (state_ != State::kStaging) return std::nullopt;
  return list_page();
}

bool DatasetSession::nothing_new(const std::vector<RemoteRecord>& records) const {
  const bool all_seen = kind_ == PullKind::kIncremental || !start_.has_records;
  return records.empty() && !staged_ && all_seen && listed_ == start_.sync_count;
}

DatasetSession::Next DatasetSession::apply(std::vector<RemoteRecord> records) {
  if (nothing_new(records)) return ask_conflicts();
  // Case 10: what this device has never seen was not deleted.
  const bool known = start_.sync_count.value > 0 && start_.has_records;
  if (!std::exchange(incarnation_gone_, false) || !known || kind_ != PullKind::kComplete) {
    return apply_pull(std::move(records));
  }
  last_page_ = std::move(records);
  state_ = State::kAskingDeletion;
  return AskDeletion{.made_anew = listed_.value > 0};
}

// To keep it is what a service that was restored needs too: what is not in the list becomes pending again.
DatasetSession::Next DatasetSession::handle(DeletionAsked event) {
  if (state_ != State::kAskingDeletion) return std::nullopt;
  if (event.keep) kind_ = PullKind::kRestored;
  return apply_pull(std::exchange(last_page_, {}));
}

DatasetSession::Next DatasetSession::apply_pull(std::vector<RemoteRecord> records) {
  state_ = State::kApplying;
  return ApplyPull{.kind = kind_, .sync_count = listed_, .staged = staged_, .records = std::move(records)};
}

DatasetSession::Next DatasetSession::handle(Applied event) {
  if (state_ != State::kApplying) return std::nullopt;
  applied_up_to_listed();
  totals_.pulled += event.changed;
  return ask_conflicts();
}

void DatasetSession::applied_up_to_listed() {
  start_.sync_count = listed_;
  start_.newest = listed_;
  start_.has_records = true;
}

// --- conflicts ----------------------------------------------------------------------------------------------------

DatasetSession::Next DatasetSession::ask_conflicts() {
  state_ = State::kAsking;
  return AskConflicts{};
}

DatasetSession::Next DatasetSession::handle(ConflictsAsked event) {
  if (state_ != State::kAsking) return std::nullopt;
  totals_.resolved += event.resolved;
  totals_.conflicts = event.open;
  state_ = State::kPreparing;
  return PreparePush{};
}

// --- push ---------------------------------------------------------------------------------------------------------

DatasetSession::Next DatasetSession::handle(Prepared event) {
  if (state_ != State::kPreparing) return std::nullopt;
  const bool list_first = pushes_first_ && needs_known_ && !changes_known_record(event.changes);
  if (list_first || (pushes_first_ && event.changes.empty())) return start_round();
  if (event.changes.empty()) return finish(std::nullopt);
  if (session_token_.empty()) {
    return finish(bad_answer("ListRecords: SyncSessionToken is missing, so nothing can be pushed"));
  }
  last_push_full_ = event.changes.size() >= kMaxPatchesPerPush;
  state_ = State::kPushing;
  ++requests_;
  return PushRecords{.changes = std::move(event.changes), .session_token = session_token_};
}

DatasetSession::Next DatasetSession::handle(Pushed event) {
  if (state_ != State::kPushing) return std::nullopt;
  if (pushes_first_) {
    const auto newest = newest_of(event.records);
    if (!event.records.empty() && newest <= listed_) return list_all_as_restored();
    start_.newest = std::max(start_.newest, newest);
    start_.has_records = true;
  }
  state_ = State::kAcknowledging;
  return AcknowledgePush{.records = std::move(event.records), .listed = listed_};
}

DatasetSession::Next DatasetSession::handle(Acknowledged event) {
  if (state_ != State::kAcknowledging) return std::nullopt;
  totals_.pushed += event.acknowledged;
  totals_.conflicts += event.new_conflicts;
  if (std::exchange(pushes_first_, false) && !event.nothing_between) return start_round();
  if (!more_to_push(event)) return finish(std::nullopt);
  listed_ = listed_.next();  // what the service holds now is known without another list
  applied_up_to_listed();
  state_ = State::kPreparing;
  return PreparePush{};
}

// What was pushed stays written down as sent: the list shows it, as that of a push whose answer was lost (D11).
DatasetSession::Next DatasetSession::list_all_as_restored() {
  ++rounds_;
  list_starts_ = 0;
  return start_list(SyncCount{}, PullKind::kRestored);
}

bool DatasetSession::more_to_push(const Acknowledged& event) {
  return last_push_full_ && event.nothing_between && full_pushes_++ < kMaxFullPushes;
}

DatasetSession::Next DatasetSession::after_refused_push(Error error) {
  if (rounds_ >= kMaxRounds) return finish(std::move(error));
  return start_round();
}

// --- ends ---------------------------------------------------------------------------------------------------------

DatasetSession::Next DatasetSession::handle(CallFailed event) {
  const auto code = event.error.code;
  if (state_ == State::kListing && code == ErrorCode::kNoSuchSyncCount && from_.value > 0) {
    return start_list(SyncCount{}, PullKind::kRestored);
  }
  if (state_ == State::kCheckingDeletion && code == ErrorCode::kNoSuchSyncCount) return check_deletion(ListedPage{});
  if (state_ == State::kDeleting && code == ErrorCode::kResourceNotFound) {
    return nothing_to_delete(std::move(event.error));
  }
  if (state_ == State::kPushing && pushes_first_ && refused(event.error)) return start_round();
  if (state_ == State::kPushing && event.error.retry() == RetryClass::kResync) {
    return after_refused_push(std::move(event.error));
  }
  const bool calling = state_ == State::kListing || state_ == State::kCheckingDeletion || state_ == State::kDeleting ||
                       state_ == State::kPushing;
  if (!calling) return std::nullopt;
  return finish(std::move(event.error));
}

DatasetSession::Next DatasetSession::handle(StoreFailed event) {
  return finish(std::move(event.error));
}

DatasetSession::Next DatasetSession::handle(Cancel event) {
  return finish(std::move(event.error));
}

DatasetSession::Next DatasetSession::finish(std::optional<Error> error) {
  state_ = State::kFinished;
  if (!error) totals_.session_token = session_token_;
  totals_.error = std::move(error);
  return totals_;
}

}  // namespace syncline::engine
