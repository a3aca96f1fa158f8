// synchronize() of one dataset: queues the callers, runs sessions with back-off in between, and carries out a session's
// commands with the store, the service and the app's conflict handler. [inside a driver step only]
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "client/callback_gate.h"
#include "client/driver.h"
#include "client/remote.h"
#include "client/sync_observer.h"
#include "core/clock.h"
#include "engine/backoff.h"
#include "engine/session.h"
#include "store/store.h"
#include "syncline/deletion.h"
#include "syncline/records.h"

namespace syncline {

// What a job works with. What it points to outlives every step of the job.
struct SyncContext {
  store::Store* store = nullptr;
  Driver* driver = nullptr;
  std::shared_ptr<Remote> remote;
  std::shared_ptr<CallbackGate> gate;
  std::shared_ptr<Clock> clock;
  Random* random = nullptr;
  engine::BackoffLimits backoff;
  int attempts = 1;
  wire::Target target;
  std::function<std::string()> device_id;
  store::DatasetId dataset = 0;
  std::function<ConflictHandler()> conflict_handler;
  std::function<DeletionHandler()> deletion_handler;
  std::function<void(ChangeSource, store::KeyChanges)> announce;
  std::function<void(std::vector<std::string>)> merged_datasets;  // as a list named them
  std::function<void(bool succeeded)> at_rest;                    // a run has ended, and no other waits
  SyncObserver* observer = nullptr;
};

// kInvalidArgument if it brings a value that no put would take.
Result<void> check_resolution(const Resolution& resolution);

class SyncJob : public std::enable_shared_from_this<SyncJob> {
 public:
  explicit SyncJob(SyncContext context) : context_(std::move(context)) {}

  // Starts, or waits for the run after the current one: a write made before this call is then part of it. `done` is
  // called exactly once, in a step. `attempts`: at most; those who share a run get what the most patient one wants.
  using Done = std::function<void(Result<SyncReport>)>;
  void synchronize(Done done) { synchronize(std::move(done), context_.attempts); }
  void synchronize(Done done, int attempts);
  // Ends the current run and all that wait, with `error`.
  void cancel(const Error& error);
  [[nodiscard]] bool idle() const { return running_.empty(); }
  // Whose dataset it is, once that is known.
  void aim_at(wire::Target target) { context_.target = std::move(target); }

 private:
  void start_run();
  void start_attempt();
  [[nodiscard]] engine::Begin begin();
  void keep_token(const engine::Finish& finish);
  void feed(engine::Event event);
  void end_attempt(engine::Finish finish);
  void end_run(const Result<SyncReport>& report);
  [[nodiscard]] bool worth_another_attempt(const Error& error) const;

  // Each carries out one command: an event now, or nullopt if it comes later.
  using Now = std::optional<engine::Event>;
  Now carry_out(engine::ListRecords command);
  Now carry_out(engine::StagePage command);
  Now carry_out(engine::ApplyPull command);
  Now carry_out(engine::AskDeletion command);
  Now carry_out(engine::AskConflicts command);
  Now carry_out(engine::PreparePush command);
  Now carry_out(engine::PushRecords command);
  Now carry_out(engine::AcknowledgePush command);
  Now carry_out(engine::DeleteRemotely command);
  Now carry_out(engine::FinishDeletion command);
  Now carry_out(engine::Finish command);

  // For answers that come later: ignored if the attempt they were for has ended.
  template <typename T>
  Remote::Callback<T> when_answered(engine::Event (*to_event)(T&& answer));
  void ask_about_deletion(const DeletionHandler& handler, const RemoteDeletion& deletion);
  Now ask(std::vector<Conflict> conflicts, int asked_before);
  Result<bool> settle_one(const Conflict& conflict, const Resolution& answer);
  void settle(const std::vector<Conflict>& conflicts, const std::vector<Resolution>& answers, int asked_before);
  Now conflicts_asked();

  // The session token of the latest list: it lets a push go out first. Good for an hour (protocol.md, section 3), and
  // only as long as nobody but this job has moved the dataset's generation on: no deletion, no other process.
  struct KeptToken {
    std::string text;  // empty: none
    IdentityId identity;
    std::int64_t generation = 0;
    MonotonicTime listed_at{};
  };

  SyncContext context_;
  KeptToken token_;
  std::vector<Done> running_;
  std::vector<Done> waiting_;
  int attempts_ = 0;  // that the current run may take
  int waiting_attempts_ = 0;

  // One run.
  int attempt_ = 0;
  SyncReport report_;
  Driver::TimerId retry_timer_ = 0;

  // One attempt.
  std::uint64_t attempt_id_ = 0;
  engine::DatasetSession session_;
  store::SyncLease lease_;
  std::vector<OutgoingChange> sent_;
  Remote::CallHandle call_;
  std::size_t resolved_ = 0;
};

}  // namespace syncline
