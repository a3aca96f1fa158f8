#include "service/group_commit.h"

#include <sqlite3.h>

namespace syncline::service {

std::size_t GroupCommit::waiting() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const Job* job = first_; job != nullptr; job = job->next) ++count;
  return count;
}

void GroupCommit::join(Job& job) {
  std::unique_lock lock(mutex_);
  (last_ != nullptr ? last_->next : first_) = &job;
  last_ = &job;
  if (led_) job.turn.wait(lock, [&job] { return job.done || job.leads; });
  if (job.done) return;
  led_ = true;
  lock.unlock();
  Job* answered = lead();
  lock.lock();
  while (answered != nullptr) {
    // Told under the lock: once it is released, the job may be gone.
    Job* const told = std::exchange(answered, answered->next);
    told->done = true;
    told->turn.notify_one();
  }
  led_ = first_ != nullptr;
  if (!led_) return;
  first_->leads = true;
  first_->turn.notify_one();
}

// The next in the queue, which goes over to `taken`; nullptr: nobody waits.
GroupCommit::Job* GroupCommit::take(Job*& taken) {
  const std::lock_guard lock(mutex_);
  Job* const job = first_;
  if (job == nullptr) return nullptr;
  first_ = job->next;
  if (first_ == nullptr) last_ = nullptr;
  job->next = taken;
  taken = job;
  return job;
}

// Returns those who have their answer, as a list.
GroupCommit::Job* GroupCommit::lead() {
  Job* taken = nullptr;
  Result<void> whole;
  try {
    whole = work(taken);
  } catch (const std::exception&) {
    whole = Error{.code = ErrorCode::kInternal, .message = "out of memory"};
  }
  for (Job* job = taken; !whole && job != nullptr; job = job->next) {
    if (!job->settled) job->fail(whole.error());
  }
  return taken;
}

// One transaction. Those who come while it is open still get in, so that as few as can be wait for the next sync. It
// ends: whoever is in comes again only after the answer.
Result<void> GroupCommit::work(Job*& taken) {
  Transaction transaction(connection_);
  bool begun = false;
  while (Job* const job = take(taken)) {
    auto whole = perform(*job, transaction, begun);
    if (whole) continue;
    // As when another process holds the lock: all who wait have waited long enough.
    while (!begun && take(taken) != nullptr) {
    }
    return whole;
  }
  return begun ? transaction.commit() : Result<void>();
}

// An error is one of the transaction, which is lost with all that is in it.
Result<void> GroupCommit::perform(Job& job, Transaction& transaction, bool& begun) {
  if (begun) return perform_beside_others(job);
  if (auto opened = transaction.begin_immediate(); !opened) return opened;
  begun = job.perform(connection_);
  if (begun) return {};
  // Nothing else is in the transaction.
  job.settled = true;
  return transaction.roll_back();
}

Result<void> GroupCommit::perform_beside_others(Job& job) {
  if (auto marked = connection_.use("SAVEPOINT job"); !marked) return marked;
  if (!job.perform(connection_)) {
    // After some failures SQLite has ended the whole transaction by itself.
    if (sqlite3_get_autocommit(connection_.handle()) != 0) {
      return Error{.code = ErrorCode::kStorage, .message = "a write that failed has ended the writes beside it"};
    }
    if (auto undone = connection_.use("ROLLBACK TO job"); !undone) return undone;
  }
  return connection_.use("RELEASE job");
}

}  // namespace syncline::service
