// One attempt to synchronize one dataset, as a state machine. It does nothing itself: an event comes in, commands go
// out, the driver (client/sync_job) carries them out and reports what happened as the next event. Pure: no I/O, no
// thread, no clock; a retry is a new session. Any event in any state is legal, one that does not fit is ignored. [one
// thread]
//
//   begin -> [delete at the service] -> list -> (stage -> list)* -> apply -> ask conflicts -> prepare -> push
//         -> acknowledge -> finish
//
// With the session token of an earlier list, a session that has nothing but local changes to tell begins with the push,
// and that is all if the answer shows that nobody else wrote:
//
//   begin -> prepare -> push -> acknowledge -> finish
//
// Else it lists after all, as if it had only begun. No list stands between this push and what happened before, so:
//   - the count moves on only if the new one is exactly the dataset's count here + 1 (D9)
//   - the dataset may have been deleted, and a push of new keys alone would make it anew, one count further: it goes
//     first only to a service whose session tokens end with the dataset, or with a change of a record that the service
//     holds, whose count no other incarnation has (D14)
//   - the service may have been restored, and the push may bring its count up to the one known here: an answer with no
//     count above that is not acknowledged; all there is is listed (D12)
//
// What may be repeated, and how often, so that every session ends (D13):
//   - a push that is refused as stale, or for its session, lists again: first from the sync count, then from 0
//     (kMaxRounds pushes)
//   - a list starts again if its pages disagree, if the service has forgotten the count it was asked for, or if the
//     dataset was deleted meanwhile (kMaxListStarts lists in a round, each of at most kMaxPages pages); if the pages of
//     the last one disagree, a list of changes is used with the smallest count, one of all there is ends the session
//   - a push that was full is followed by another, as long as nobody else writes (kMaxFullPushes more in a session)
//   - a deletion of what is said not to be there lists again, once: an answer that is not the service's must not end it
// With answers of one page, which is what a dataset within the quotas needs, a session therefore sends at most
// kMaxRounds * (kMaxListStarts + 1) + kMaxFullPushes + 4 requests, the 4 for a deletion, or one of them for a push that
// came before the first list (a dataset that is being deleted is not pushed to). It costs none of the rounds.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/sync.h"
#include "syncline/error.h"

namespace syncline::engine {

inline constexpr int kMaxRounds = 3;
inline constexpr int kMaxListStarts = 4;
inline constexpr int kMaxPages = 2048;
inline constexpr int kMaxFullPushes = 4;

// --- events: what happened ----------------------------------------------------------------------------------------

struct Begin {
  SyncStart start = {};
  // Of the latest list of this dataset that this device made, if nothing but this device's own pushes came to its store
  // since; empty: list first.
  std::string session_token = {};
  // The service refuses a push whose session listed an incarnation that is gone.
  bool token_ends_with_dataset = false;
};
struct Listed {
  ListedPage page = {};
};
struct Staged {};
struct Applied {
  std::size_t changed = 0;  // records that were taken over
};
struct DeletionAsked {
  bool keep = false;  // what the deleted dataset held is to be uploaded again
};
struct ConflictsAsked {
  std::size_t resolved = 0;
  std::size_t open = 0;
};
struct Prepared {
  std::vector<OutgoingChange> changes = {};  // empty: nothing to push
};
struct Pushed {
  std::vector<RemoteRecord> records = {};
};
struct Acknowledged {
  std::size_t acknowledged = 0;   // sent changes that ended, or got a new base
  std::size_t new_conflicts = 0;  // the answer brought versions of keys that are pending here
  bool nothing_between = false;   // no other writer came between list and push
};
struct DeletedRemotely {};
struct DeletionFinished {};
struct CallFailed {
  Error error = {};
};
struct StoreFailed {
  Error error = {};
};
struct Cancel {
  Error error = {};
};

using Event = std::variant<Begin, Listed, Staged, Applied, DeletionAsked, ConflictsAsked, Prepared, Pushed,
                           Acknowledged, DeletedRemotely, DeletionFinished, CallFailed, StoreFailed, Cancel>;

// --- commands: what to do next ------------------------------------------------------------------------------------

struct ListRecords {
  SyncCount from = {};
  std::string next_token = {};
};
struct StagePage {
  std::vector<RemoteRecord> records = {};
  bool first = false;  // what an earlier list staged goes
};
struct ApplyPull {
  PullKind kind = PullKind::kIncremental;
  SyncCount sync_count = {};               // the dataset's, once this is applied
  bool staged = false;                     // staged pages belong to it
  std::vector<RemoteRecord> records = {};  // the last page's
};
// Somebody else has deleted the dataset that this device knows (D14).
struct AskDeletion {
  bool made_anew = false;  // and another has taken its place
};
struct AskConflicts {};
struct PreparePush {
  bool listed = true;  // false: no list has shown what the service holds
};
struct PushRecords {
  std::vector<OutgoingChange> changes = {};
  std::string session_token = {};
};
struct AcknowledgePush {
  std::vector<RemoteRecord> records = {};
  SyncCount listed = {};  // the dataset's count before the push, as this session listed it
};
struct DeleteRemotely {};
struct FinishDeletion {};
struct Finish {
  std::optional<Error> error = {};  // absent: done, apart from open conflicts
  std::size_t pulled = 0;
  std::size_t pushed = 0;
  std::size_t resolved = 0;
  std::size_t conflicts = 0;
  std::string session_token = {};  // good for the next Begin; empty after an error
};

using Command = std::variant<ListRecords, StagePage, ApplyPull, AskDeletion, AskConflicts, PreparePush, PushRecords,
                             AcknowledgePush, DeleteRemotely, FinishDeletion, Finish>;

class DatasetSession {
 public:
  // What to do next; nullopt: nothing, the event did not fit. After Finish there is never a command again.
  std::optional<Command> on(Event event);

  // Requests sent so far.
  [[nodiscard]] std::size_t requests() const { return requests_; }
  [[nodiscard]] bool finished() const { return state_ == State::kFinished; }

 private:
  enum class State {
    kIdle,
    kCheckingDeletion,
    kDeleting,
    kFinishingDeletion,
    kListing,
    kStaging,
    kAskingDeletion,
    kApplying,
    kAsking,
    kPreparing,
    kPushing,
    kAcknowledging,
    kFinished,
  };
  using Next = std::optional<Command>;

  Next handle(Begin event);
  Next handle(Listed event);
  Next handle(Staged event);
  Next handle(Applied event);
  Next handle(DeletionAsked event);
  Next handle(ConflictsAsked event);
  Next handle(Prepared event);
  Next handle(Pushed event);
  Next handle(Acknowledged event);
  Next handle(DeletedRemotely event);
  Next handle(DeletionFinished event);
  Next handle(CallFailed event);
  Next handle(StoreFailed event);
  Next handle(Cancel event);

  [[nodiscard]] bool may_push_first(const Begin& begin) const;
  Next start_round();
  Next start_list(SyncCount from, PullKind kind);
  Next list_page();
  Next restart_list();
  Next list_for_deletion();
  Next check_deletion(const ListedPage& page);
  Next nothing_to_delete(Error error);
  Next first_page(ListedPage page);
  Next take_page(ListedPage page);
  Next apply(std::vector<RemoteRecord> records);
  Next apply_pull(std::vector<RemoteRecord> records);
  void applied_up_to_listed();
  Next ask_conflicts();
  Next list_all_as_restored();
  [[nodiscard]] bool more_to_push(const Acknowledged& event);
  Next after_refused_push(Error error);
  Next finish(std::optional<Error> error);
  bool nothing_new(const std::vector<RemoteRecord>& records) const;

  State state_ = State::kIdle;
  SyncStart start_ = {};
  std::size_t requests_ = 0;
  int rounds_ = 0;
  int full_pushes_ = 0;
  bool last_push_full_ = false;
  bool pushes_first_ = false;  // no list of this session stands behind the push that is being made
  bool needs_known_ = false;   // and it must change a record that the service holds
  Finish totals_;

  bool deletion_in_doubt_ = false;
  bool incarnation_gone_ = false;             // the one that this device has seen
  std::vector<RemoteRecord> last_page_ = {};  // while the app is asked about that

  // The list of this round.
  PullKind kind_ = PullKind::kIncremental;
  SyncCount from_ = {};
  SyncCount listed_ = {};  // the dataset's count, as the pages say
  std::string next_token_ = {};
  std::string session_token_ = {};
  int list_starts_ = 0;
  int pages_ = 0;
  bool staged_ = false;
};

}  // namespace syncline::engine
