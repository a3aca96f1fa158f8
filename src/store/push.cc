// What goes out: writing down what is sent before it is, and acknowledging the answer.
#include "store/push.h"

#include <algorithm>
#include <unordered_map>

#include "store/merge.h"
#include "store/schema.h"

namespace syncline::store {

namespace {

struct Candidate {
  OutgoingChange change;
  bool base_present = false;     // the service has a value under the key
  bool send_unanswered = false;  // an earlier send of this key can still take effect
};

// Removals first: where not all fit into one call, those that come later then stay within the service's quotas.
std::vector<Candidate> candidates(Connection& connection, DatasetId dataset) {
  auto row = connection.use(R"sql(
    SELECT j.key, j.value, j.revision, j.written_at, coalesce(r.sync_count, 0), r.value IS NOT NULL,
           EXISTS (SELECT 1 FROM sent AS s WHERE s.dataset = j.dataset AND s.key = j.key),
           row_sum('j', j.dataset, j.key, j.value, j.revision, j.written_at) = j.checksum
           AND (r.id IS NULL OR row_sum('r', j.dataset, j.key, r.value, r.sync_count, r.modified_by, r.modified_at,
                                        r.device_modified_at, r.revision) = r.checksum)
    FROM journal AS j LEFT JOIN record AS r ON r.dataset = j.dataset AND r.key = j.key
    WHERE j.dataset = ?1 AND NOT EXISTS (SELECT 1 FROM conflict AS c WHERE c.dataset = j.dataset AND c.key = j.key)
    ORDER BY j.value IS NOT NULL, j.id)sql");
  row.bind(dataset);
  std::vector<Candidate> found;
  while (row.step()) {
    if (row.number(7) == 0) fail_sum(connection);  // D19: never pushed
    found.push_back(Candidate{.change = OutgoingChange{.key = row.text(0),
                                                       .value = row.blob(1),
                                                       .base_count = SyncCount{row.number(4)},
                                                       .revision = Revision{row.number(2)},
                                                       .written_at = from_millis(row.number(3))},
                              .base_present = row.number(5) != 0,
                              .send_unanswered = row.number(6) != 0});
  }
  return found;
}

// A removal of what the service does not have is done, unless an unanswered put could still bring it back: then the
// removal must go out, so that the put's count is stale.
bool nothing_to_remove(const Candidate& candidate) {
  return !candidate.change.value && !candidate.base_present && !candidate.send_unanswered;
}

// A key that is written between pushes none of which is answered would otherwise leave a copy of each value. A push of
// a key with unanswered sends follows a list that showed what had arrived by then (SyncStart::unanswered), so a send
// that is this many pushes old was not lost, but refused.
constexpr std::int64_t kSendsKept = 8;

void forget_oldest_sends(Connection& connection, DatasetId dataset, std::string_view key) {
  connection
      .use(R"sql(
    DELETE FROM sent WHERE dataset = ?1 AND key = ?2 AND id NOT IN
      (SELECT id FROM sent WHERE dataset = ?1 AND key = ?2 ORDER BY id DESC LIMIT ?3))sql")
      .bind(dataset)
      .bind(key)
      .bind(kSendsKept)
      .run();
}

void write_down_sent(Connection& connection, DatasetId dataset, const OutgoingChange& change) {
  add_sent(connection, dataset, change.key, change.value, change.revision, change.base_count, change.written_at);
}

void end_removal_of_nothing(Connection& connection, DatasetId dataset, const OutgoingChange& change) {
  end_pending(connection, dataset, change.key);
  connection
      .use(R"sql(
    UPDATE record SET revision = ?1, checksum = row_sum('r', dataset, key, value, sync_count, modified_by, modified_at,
                                                        device_modified_at, ?1)
    WHERE dataset = ?2 AND key = ?3)sql")
      .bind(change.revision.value)
      .bind(dataset)
      .bind(std::string_view(change.key))
      .run();
}

class Acknowledgement {
 public:
  Acknowledgement(WriteTransaction& transaction, DatasetId dataset, const std::vector<OutgoingChange>& sent,
                  const Planner& planner, PushOutcome& outcome)
      : transaction_(transaction),
        dataset_(dataset),
        merge_(transaction, dataset, PullKind::kIncremental, planner, outcome.changes),
        outcome_(outcome) {
    for (const auto& change : sent) sent_.emplace(change.key, change.revision);
  }

  void take(const RemoteRecord& record) {
    const auto sent = sent_.find(record.key);
    if (sent == sent_.end()) {
      merge_.take(record);
      outcome_.new_conflicts = merge_.new_conflicts();
      return;
    }
    acknowledge(record, sent->second);
    sent_.erase(sent);
  }

  [[nodiscard]] bool all_answered() const { return sent_.empty(); }

 private:
  void acknowledge(const RemoteRecord& record, Revision sent_revision) {
    auto& connection = transaction_.connection();
    const auto state = load_key(connection, dataset_, record.key);
    const bool still_the_sent_one = state.pending && state.pending->revision == sent_revision;
    set_base(connection, dataset_, record.key, record.version,
             still_the_sent_one ? state.last_revision() : state.base_revision);
    if (still_the_sent_one) {
      end_pending(connection, dataset_, record.key);
      // A sync trigger at the service may have stored something else than what was sent.
      note_change(transaction_, dataset_, record.key, state.visible(), record.version.value, outcome_.changes);
    }
    ++outcome_.acknowledged;
  }

  WriteTransaction& transaction_;
  DatasetId dataset_;
  Merge merge_;
  PushOutcome& outcome_;
  std::unordered_map<std::string, Revision> sent_;
};

}  // namespace

void mark_perhaps_sent(Connection& connection) {
  connection.execute(R"sql(
    INSERT OR IGNORE INTO sent (dataset, key, value, revision, base, written_at, checksum)
    SELECT j.dataset, j.key, j.value, j.revision, coalesce(r.sync_count, 0), j.written_at,
           row_sum('o', j.dataset, j.key, j.value, j.revision, coalesce(r.sync_count, 0), j.written_at)
    FROM journal AS j LEFT JOIN record AS r ON r.dataset = j.dataset AND r.key = j.key)sql");
}

Result<std::vector<OutgoingChange>> Store::prepare_push(SyncLease& lease, bool listed) {
  const auto pending = reading(*impl_, [&](Connection& connection) {
    auto row = connection.use("SELECT EXISTS (SELECT 1 FROM journal WHERE dataset = ?)");
    row.bind(lease.dataset).step();
    return row.number(0) != 0;
  });
  if (!pending) return pending.error();
  if (!*pending) return std::vector<OutgoingChange>{};
  return guarded(*impl_, [&] {
    // Not fsynced: should a power cut take it, the next open finds the same journal, and marks it (mark_perhaps_sent).
    WriteTransaction transaction(*impl_, Lasting::kRepeatable);
    auto& connection = transaction.connection();
    transaction.renew(lease);
    std::vector<OutgoingChange> outgoing;
    for (auto& candidate : candidates(connection, lease.dataset)) {
      if (outgoing.size() == kMaxPatchesPerPush) break;
      if (nothing_to_remove(candidate)) {
        if (listed) end_removal_of_nothing(connection, lease.dataset, candidate.change);
        continue;
      }
      write_down_sent(connection, lease.dataset, candidate.change);
      if (candidate.send_unanswered) forget_oldest_sends(connection, lease.dataset, candidate.change.key);
      outgoing.push_back(std::move(candidate.change));
    }
    transaction.commit();
    return outgoing;
  });
}

Result<PushOutcome> Store::acknowledge_push(SyncLease& lease, const PushAnswer& answer, const Planner& planner) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kRepeatable);
    auto& connection = transaction.connection();
    transaction.renew(lease);
    PushOutcome outcome;
    Acknowledgement acknowledgement(transaction, lease.dataset, answer.sent, planner, outcome);
    for (const auto& record : answer.records) acknowledgement.take(record);
    const auto expected = answer.listed.next();
    SyncCount newest;
    for (const auto& record : answer.records) newest = std::max(newest, record.version.count);
    const bool nothing_between = acknowledgement.all_answered() &&
                                 std::all_of(answer.records.begin(), answer.records.end(),
                                             [&](const auto& record) { return record.version.count == expected; });
    if (nothing_between) {
      set_sync_count(connection, lease.dataset, expected);
    } else {
      note_newest(connection, lease.dataset, newest);
    }
    outcome.nothing_between = nothing_between;
    transaction.changed(lease.dataset, outcome.changes);
    transaction.commit();
    return outcome;
  });
}

}  // namespace syncline::store
