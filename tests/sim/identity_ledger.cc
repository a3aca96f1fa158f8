#include "sim/identity_ledger.h"

#include <algorithm>

#include "sim/write_ledger.h"

namespace syncline::sim {

namespace {

constexpr std::string_view kTail = ".us-east-1:";

}  // namespace

std::string root_of(const std::string& dataset) {
  return dataset.substr(0, dataset.find(kTail));
}

// --- who there is -------------------------------------------------------------------------------------------------

Who IdentityLedger::of(const std::string& identity) {
  const auto [found, made] = known_.try_emplace(identity, last_ + 1);
  if (made) ++last_;
  return found->second;
}

Who IdentityLedger::new_nobody() {
  return ++last_;
}

std::string IdentityLedger::name(Who who) const {
  return "I" + std::to_string(who);
}

std::string IdentityLedger::shown(std::string text) const {
  for (const auto& [identity, who] : known_) {
    for (auto at = text.find(identity); at != std::string::npos; at = text.find(identity)) {
      text.replace(at, identity.size(), name(who));
    }
  }
  return text;
}

bool IdentityLedger::leads(Who from, Who to) const {
  std::set<Who> reached{from};
  for (std::vector<Who> next{from}; !next.empty();) {
    const Who at = next.back();
    next.pop_back();
    if (at == to) return true;
    for (const auto* edges : {&claims_, &heirs_}) {
      for (const auto& [before, after] : *edges) {
        if (before == at && reached.insert(after).second) next.push_back(after);
      }
    }
  }
  return false;
}

bool IdentityLedger::merged(Who who) const {
  return std::any_of(heirs_.begin(), heirs_.end(),
                     [who](const auto& edge) { return edge.first == who || edge.second == who; });
}

// --- what the app does --------------------------------------------------------------------------------------------

std::string IdentityLedger::about(const std::string& value, const Write& write) const {
  return std::string(1, static_cast<char>('A' + write.place.device)) + "'s " + value.substr(0, 12) + ", written by " +
         name(write.place.who) + " to " + shown(write.place.dataset) + " " + write.place.key + ", ";
}

void IdentityLedger::wrote(const std::string& value, const Place& place, const std::optional<std::string>& before,
                           bool sure) {
  for (auto& [other, write] : writes_) {
    const bool same = write.place.device == place.device && write.place.who == place.who &&
                      write.place.dataset == place.dataset && write.place.key == place.key && !place.dataset.empty();
    if (!same || write.settled) continue;
    verdict_.require(!write.sure || before == other, "D1",
                     about(other, write) + "was not there any more when it was written over");
    write.settled = true;
  }
  let_go(before);
  writes_.try_emplace(value, Write{.place = place, .sure = sure, .over = before});
}

void IdentityLedger::let_go(const std::optional<std::string>& value) {
  if (!value) return;
  if (const auto write = writes_.find(*value); write != writes_.end()) write->second.settled = true;
}

void IdentityLedger::let_go_all(int device, std::optional<Who> who) {
  for (auto& [value, write] : writes_) {
    if (write.place.device == device && (!who || leads(write.place.who, *who))) write.settled = true;
  }
}

void IdentityLedger::let_go_everywhere(Who who) {
  for (auto& [value, write] : writes_) {
    if (leads(write.place.who, who)) write.settled = true;
  }
}

void IdentityLedger::allow_again(const std::optional<std::string>& value) {
  if (!value) return;
  if (const auto write = writes_.find(*value); write != writes_.end()) ++write->second.allowed;
}

void IdentityLedger::wrote_another(int device, const std::string& key) {
  blurred_.insert({device, key});
}

void IdentityLedger::decided(int device, const std::optional<std::string>& remote) {
  if (remote) decided_.insert({device, *remote});
}

bool IdentityLedger::can_be_gone(Who who, const std::string& dataset) const {
  return deleted_.contains(root_of(dataset)) || merged(who);
}

void IdentityLedger::deleted(const std::string& dataset) {
  deleted_.insert(root_of(dataset));
}

// Nothing that somebody else wrote there has come to be its own: such a conflict stays one when the key is written
// again.
bool IdentityLedger::only_one_wrote(const Write& last) const {
  return std::none_of(writes_.begin(), writes_.end(), [&](const auto& each) {
    const auto& place = each.second.place;
    return place.device == last.place.device && place.key == last.place.key && place.who != last.place.who &&
           leads(place.who, last.place.who);
  });
}

void IdentityLedger::check_conflict(int device, const Conflict& conflict) {
  verdict_.require(conflict.local != conflict.remote.value, "D6", "both sides of a conflict hold the same");
  const auto local = writes_.find(conflict.local.value_or(""));
  const auto remote = writes_.find(conflict.remote.value.value_or(""));
  if (local == writes_.end() || remote == writes_.end() || wiped_.contains(device)) return;
  const auto& here = local->second.place;
  const auto& there = remote->second.place;
  const bool own = here.device == device && there.device == device && here.who == there.who &&
                   here.dataset == there.dataset && !here.dataset.empty();
  if (!own || !only_one_wrote(local->second)) return;
  verdict_.require(merged(here.who) || deleted_.contains(root_of(here.dataset)), "D6",
                   about(local->first, local->second) + "is in conflict with its own " + remote->first.substr(0, 12));
}

// --- what the service does ----------------------------------------------------------------------------------------

void IdentityLedger::committed(int device, Who who, const std::string& dataset, const std::string& key,
                               const std::optional<std::string>& value) {
  const auto before = current_.find({who, dataset, key});
  if (before != current_.end() && is_unique(value) && !deleted_.contains(root_of(dataset))) {
    check_over(device, *value, before->second);
  }
  listed(who, dataset, key, value);
  const auto write = is_unique(value) ? writes_.find(*value) : writes_.end();
  if (write == writes_.end()) return;
  const int commits = ++commits_[{who, dataset, *value}];
  if (commits <= write->second.allowed || deleted_.contains(root_of(dataset))) return;
  if (merged(who) || merged(write->second.place.who)) return;
  verdict_.fail("D4", about(*value, write->second) + "became its version number " + std::to_string(commits));
}

void IdentityLedger::listed(Who who, const std::string& dataset, const std::string& key,
                            const std::optional<std::string>& value) {
  if (!is_unique(value)) {
    current_.erase({who, dataset, key});
    return;
  }
  current_[{who, dataset, key}] = *value;
  seen(who, dataset, key, *value);
  let_go(value);
}

void IdentityLedger::vanished(Who who, const std::string& dataset) {
  deleted(dataset);
  std::erase_if(current_,
                [&](const auto& each) { return std::get<0>(each.first) == who && std::get<1>(each.first) == dataset; });
}

// Whether whoever wrote `value` had `old` before his eyes, or wrote over what had.
bool IdentityLedger::knew(const std::string& value, const std::string& old) const {
  for (auto write = writes_.find(value); write != writes_.end(); write = writes_.find(*write->second.over)) {
    const auto& over = write->second.over;
    if (!over || over == old) return over == old;
  }
  return true;
}

// D7: what another device has written, or this one for somebody else, is replaced only by somebody who knew it.
void IdentityLedger::check_over(int device, const std::string& value, const std::string& old) {
  const auto write = writes_.find(value);
  const auto other = writes_.find(old);
  if (write == writes_.end() || other == writes_.end() || value == old) return;
  const auto& place = write->second.place;
  const auto& there = other->second.place;
  if (place.device != device || (there.device == device && there.who == place.who)) return;
  if (place.dataset.empty() || decided_.contains({device, old}) || blurred_.contains({device, place.key})) return;
  verdict_.require(knew(value, old), "D7",
                   about(value, write->second) + "replaced " + old.substr(0, 12) + " and nobody was asked");
}

void IdentityLedger::seen(Who who, const std::string& dataset, const std::string& key, const std::string& value) {
  if (!is_unique(value)) return;
  const auto write = writes_.find(value);
  if (write == writes_.end())
    return verdict_.fail("S2", name(who) + " has " + value.substr(0, 12) + ", which nobody wrote");
  const auto& place = write->second.place;
  verdict_.require(leads(place.who, who), "D15",
                   about(value, write->second) + "is in " + name(who) + "'s " + shown(dataset));
  const bool right = place.key == key && (place.dataset.empty() || root_of(place.dataset) == root_of(dataset));
  verdict_.require(right, "D15",
                   about(value, write->second) + "is in " + name(who) + "'s " + shown(dataset) + " " + key);
}

// --- what is found ------------------------------------------------------------------------------------------------

void IdentityLedger::check_journal(const Place& of, const std::vector<PendingChange>& pending) {
  for (const auto& [value, write] : writes_) {
    const auto& place = write.place;
    if (write.settled || !write.sure || place.device != of.device || place.who != of.who || place.dataset != of.dataset)
      continue;
    const bool there = std::any_of(pending.begin(), pending.end(), [&, &text = value](const PendingChange& change) {
      return change.key == place.key && change.value == text;
    });
    verdict_.require(there, "D1", about(value, write) + "is neither pending nor at the service");
  }
}

void IdentityLedger::check_end() {
  for (const auto& [value, write] : writes_) {
    verdict_.require(write.settled || !write.sure, "D1",
                     about(value, write) + "never came to the service, and nobody decided against it");
  }
}

}  // namespace syncline::sim
