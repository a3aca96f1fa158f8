#include "sim/write_ledger.h"

#include <algorithm>

namespace syncline::sim {

namespace {

std::string name_of(const std::optional<std::string>& value) {
  if (!value) return "removal";
  return value->empty() ? "\"\"" : value->substr(0, 24);
}

std::string where(const Place& place) {
  return std::string(1, static_cast<char>('A' + place.device)) + "/" + place.dataset + " " + place.key + ": ";
}

std::string device_name(int device) {
  return std::string(1, static_cast<char>('A' + device));
}

}  // namespace

// --- what the app does --------------------------------------------------------------------------------------------

void WriteLedger::wrote(const Place& place, const std::optional<std::string>& value, std::int64_t base,
                        std::int64_t since) {
  const auto now = moment();
  intents_[place] = Intent{.value = value, .moment = now, .since = std::min(since, now), .base = base};
  if (is_unique(value)) writes_[*value] = Write{.place = place, .moment = now, .base = base};
}

void WriteLedger::perhaps_wrote(const Place& place, const std::optional<std::string>& value) {
  const auto now = moment();
  doubts_[place] = now;
  if (is_unique(value)) writes_.try_emplace(*value, Write{.place = place, .moment = now, .base = kUnknownBase});
}

void WriteLedger::deleted(int device, const std::string& dataset) {
  std::erase_if(intents_,
                [&](const auto& each) { return each.first.device == device && each.first.dataset == dataset; });
}

void WriteLedger::perhaps_deleted(int device, const std::string& dataset) {
  const auto now = moment();
  for (const auto& [place, intent] : intents_) {
    if (place.device == device && place.dataset == dataset) doubts_[place] = now;
  }
}

void WriteLedger::shown(int device, const std::string& dataset, const Conflict& conflict) {
  if (restored_) return;
  const Place place{.device = device, .dataset = dataset, .key = conflict.key};
  const auto& remote = conflict.remote;
  const auto found = commits_.find({dataset, conflict.key, remote.count.value});
  const bool real =
      found != commits_.end() && found->second.value == remote.value && found->second.by == remote.modified_by;
  verdict_.require(real, "D6",
                   where(place) + "shown a remote version " + name_of(remote.value) + "@" +
                       std::to_string(remote.count.value) + " that never was");
  if (!forgetful_.contains(device)) {
    verdict_.require(
        remote.modified_by != device_name(device), "D6",
        where(place) + "in conflict with its own " + name_of(remote.value) + "@" + std::to_string(remote.count.value));
  }
  verdict_.require(remote.value != conflict.local, "D6", where(place) + "both sides hold " + name_of(remote.value));
  const auto base = conflict.base ? conflict.base->count.value : 0;
  verdict_.require(base < remote.count.value, "D6",
                   where(place) + "the base " + std::to_string(base) + " is not older than the remote version");
}

void WriteLedger::chose(const Place& place, const Conflict& conflict, Resolution::Choice choice,
                        const std::optional<std::string>& value) {
  if (choice == Resolution::Choice::kLater) return;
  const auto count = conflict.remote.count.value;
  decided_.insert({place, count});
  const auto write = conflict.local ? writes_.find(*conflict.local) : writes_.end();
  if (choice == Resolution::Choice::kLocal) {
    if (write != writes_.end()) {
      ++write->second.allowed;
      write->second.base = std::max(write->second.base, count);
    }
    return;
  }
  const auto intent = intents_.find(place);
  if (intent != intents_.end() && intent->second.value == conflict.local) intent->second.dropped = true;
  if (value && is_unique(value)) writes_.try_emplace(*value, Write{.place = place, .moment = moment(), .base = count});
}

// --- what the service does ----------------------------------------------------------------------------------------

void WriteLedger::committed(const Commit& commit) {
  const auto now = moment();
  history_[{commit.dataset, commit.key}].push_back(Held{.moment = now, .value = commit.value});
  auto& kept = commits_[{commit.dataset, commit.key, commit.count}];
  kept = commit;
  kept.moment = now;
  const int device = commit.by.empty() ? -1 : commit.by[0] - 'A';
  if (is_unique(commit.value)) {
    const auto write = writes_.find(*commit.value);
    if (write == writes_.end()) {
      verdict_.fail("S2", "the service holds " + name_of(commit.value) + ", which nobody wrote");
      return;
    }
    // Whoever does not know that its push arrived can't know, from a dataset that is gone, that it was deleted with it.
    if (write->second.deleted && !write->second.known) ++write->second.allowed;
    write->second.deleted = false;
    ++write->second.commits;
    if (restored_) return;
    verdict_.require(write->second.place.device == device, "D4",
                     where(write->second.place) + name_of(commit.value) + " was pushed by " + commit.by);
    verdict_.require(
        write->second.place.dataset == commit.dataset && write->second.place.key == commit.key, "D15",
        where(write->second.place) + name_of(commit.value) + " was pushed to " + commit.dataset + " " + commit.key);
    verdict_.require(write->second.commits <= write->second.allowed, "D4",
                     where(write->second.place) + name_of(commit.value) + " became version " +
                         std::to_string(commit.count) + ", its second");
  }
  if (!restored_ && commit.over && commit.over->by != commit.by) check_over(commit, device);
}

std::int64_t WriteLedger::committed_at(const std::string& dataset, const std::string& key, std::int64_t count) const {
  const auto found = commits_.find({dataset, key, count});
  return found == commits_.end() ? kUnknownBase : found->second.moment;
}

// D7: what another writer has written is replaced only by somebody who knew it.
void WriteLedger::check_over(const Commit& commit, int device) {
  const Place place{.device = device, .dataset = commit.dataset, .key = commit.key};
  const auto& over = *commit.over;
  if (!is_unique(over.value) || decided_.contains({place, over.count})) return;
  std::int64_t base = kUnknownBase;
  if (const auto write = commit.value ? writes_.find(*commit.value) : writes_.end(); write != writes_.end()) {
    base = write->second.base;
  }
  verdict_.require(base >= over.count, "D7",
                   where(place) + name_of(commit.value) + ", written on " + std::to_string(base) + ", replaced " +
                       over.by + "'s " + name_of(over.value) + "@" + std::to_string(over.count) +
                       " and nobody was asked");
}

void WriteLedger::vanished(const std::string& dataset, const std::string& key) {
  for (auto& [value, write] : writes_) {
    if (write.place.dataset == dataset && write.place.key == key && write.commits > 0) write.deleted = true;
  }
  history_[{dataset, key}].push_back(Held{.moment = moment(), .value = std::nullopt});
}

// --- what is found ------------------------------------------------------------------------------------------------

bool WriteLedger::held_since(const Place& place, const std::optional<std::string>& value, std::int64_t since) const {
  const auto history = history_.find({place.dataset, place.key});
  if (history == history_.end()) return !value;
  std::optional<std::string> at_first;
  for (const auto& held : history->second) {
    if (held.moment <= since) {
      at_first = held.value;
    } else if (held.value == value) {
      return true;
    }
  }
  return at_first == value;
}

void WriteLedger::power_cut(int device) {
  for (auto& [value, write] : writes_) {
    if (write.place.device == device) write.known = false;
  }
}

bool WriteLedger::settled(const Place& place, const Intent& intent) const {
  if (intent.dropped) return true;
  if (!is_unique(intent.value)) return restored_ || held_since(place, intent.value, intent.since);
  const auto write = writes_.find(*intent.value);
  return write != writes_.end() && write->second.commits > 0;
}

void WriteLedger::check(int device, const std::string& dataset, const std::vector<PendingChange>& pending) {
  for (auto each = intents_.lower_bound(Place{.device = device, .dataset = dataset, .key = ""});
       each != intents_.end() && each->first.device == device && each->first.dataset == dataset;) {
    const auto found = std::find_if(pending.begin(), pending.end(),
                                    [&](const PendingChange& change) { return change.key == each->first.key; });
    bool gone = false;
    check_place(each->first, each->second, found == pending.end() ? nullptr : &*found, gone);
    each = gone ? intents_.erase(each) : std::next(each);
  }
}

void WriteLedger::check_place(const Place& place, Intent& intent, const PendingChange* pending, bool& gone) {
  if (pending != nullptr && pending->value == intent.value) return;
  const auto doubt = doubts_.find(place);
  const bool doubtful = doubt != doubts_.end() && doubt->second > intent.moment;
  if (pending != nullptr && is_unique(pending->value)) {
    const auto write = writes_.find(*pending->value);
    // What replaced it may be an answer to a conflict, or a call that was said to have failed.
    if (write != writes_.end() && write->second.place == place && write->second.moment > intent.moment) {
      intent = Intent{.value = pending->value,
                      .moment = write->second.moment,
                      .since = write->second.moment,
                      .base = write->second.base};
      return;
    }
  }
  gone = true;
  if (const auto write = intent.value ? writes_.find(*intent.value) : writes_.end(); write != writes_.end()) {
    write->second.known = write->second.commits > 0;
  }
  if (doubtful || settled(place, intent)) return;
  verdict_.fail("D1", where(place) + name_of(intent.value) + " is neither pending nor at the service; pending is " +
                          (pending == nullptr ? "nothing" : name_of(pending->value)));
}

void WriteLedger::lost_newest(int device, const std::map<std::string, std::vector<PendingChange>>& pending) {
  std::int64_t first_lost = kUnknownBase;
  std::int64_t last_kept = 0;
  for (auto each = intents_.begin(); each != intents_.end();) {
    const auto& [place, intent] = *each;
    const auto journal = pending.find(place.dataset);
    if (place.device != device || journal == pending.end()) {
      ++each;
      continue;
    }
    const bool kept = std::any_of(journal->second.begin(), journal->second.end(), [&](const PendingChange& change) {
      return change.key == place.key && change.value == intent.value;
    });
    if (kept && is_unique(intent.value)) last_kept = std::max(last_kept, intent.moment);
    const bool lost = !kept && !settled(place, intent) && !doubts_.contains(place);
    if (lost) first_lost = std::min(first_lost, intent.moment);
    each = kept ? std::next(each) : intents_.erase(each);
  }
  forgetful_.insert(device);
  verdict_.require(last_kept < first_lost, "D2",
                   "device " + device_name(device) + " lost a write and kept a newer one");
}

}  // namespace syncline::sim
