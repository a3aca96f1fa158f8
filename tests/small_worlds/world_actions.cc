// What can happen next in a small world, and what tells two of them apart.
#include "small_worlds/world.h"

namespace syncline::small {

namespace {

std::vector<Outcome> outcomes_of(const engine::Command& command, const SmallStore& store, const Budget& budget) {
  if (std::holds_alternative<engine::AskConflicts>(command)) {
    if (store.open_conflicts() == 0) return {Outcome::kFine};
    return {Outcome::kKeepLocal, Outcome::kKeepRemote, Outcome::kUseNew, Outcome::kLater};
  }
  if (std::holds_alternative<engine::AskDeletion>(command) && budget.keeps) {
    return {Outcome::kFine, Outcome::kKeepLocal};
  }
  if (budget.faults == 0) return {Outcome::kFine};
  if (std::holds_alternative<engine::ListRecords>(command)) return {Outcome::kFine, Outcome::kLostBefore};
  if (std::holds_alternative<engine::DeleteRemotely>(command)) {
    return {Outcome::kFine, Outcome::kLostBefore, Outcome::kLostAfter};
  }
  if (std::holds_alternative<engine::PushRecords>(command)) {
    return {Outcome::kFine,  Outcome::kLostBefore, Outcome::kLostAfter, Outcome::kLate,
            Outcome::kTwice, Outcome::kRefused,    Outcome::kShort};
  }
  return {Outcome::kFine};
}

}  // namespace

std::string describe(const Action& action) {
  static constexpr const char* kWhat[] = {"writes",
                                          "starts a sync",
                                          "steps:",
                                          "is killed",
                                          "(service) a late push arrives",
                                          "(service) the dataset is erased",
                                          "deletes the dataset here",
                                          "(service) is restored"};
  static constexpr const char* kOutcome[] = {"fine",         "lost before", "lost after",   "late",
                                             "twice",        "refused",     "answer short", "keeps local",
                                             "keeps remote", "uses new",    "later"};
  std::string text =
      std::string(1, static_cast<char>('A' + action.device)) + " " + kWhat[static_cast<std::size_t>(action.what)];
  if (action.what == What::kStart && action.detail == 1) text += " with a list";
  if (action.what == What::kStep) text += std::string(" ") + kOutcome[action.detail];
  if (action.what == What::kWrite) {
    text += (action.detail >= kRemoval ? " removal of " : " ") + key_name(action.detail % kRemoval);
  }
  return text;
}

std::vector<Action> World::actions() const {
  std::vector<Action> actions;
  for (Byte device = 0; device < kDevices; ++device) {
    append_writes(actions, device);
    append_steps(actions, device);
    if (deletions_left_ > 0) actions.push_back({What::kDeleteHere, device, 0});
  }
  for (std::size_t i = 0; i < late_.size(); ++i) actions.push_back({What::kDeliver, 0, static_cast<Byte>(i)});
  if (deletions_left_ > 0 && service_.exists) actions.push_back({What::kErase, 0, 0});
  if (restores_left_ > 0 && before_last_commit_) actions.push_back({What::kRestore, 0, 0});
  return actions;
}

void World::append_writes(std::vector<Action>& actions, Byte device) const {
  const auto& self = devices_[device];
  if (self.writes_left == 0) return;
  // Nothing was written yet: the keys, and the devices, are alike.
  const bool first = !budget_.shared_start && devices_[0].values == 0 && devices_[1].values == 0;
  if (first && device != 0) return;
  for (std::size_t key = 0; key < (first ? 1 : kKeys); ++key) {
    actions.push_back({What::kWrite, device, static_cast<Byte>(key)});
    if (self.store.keys[key].visible() != kNoValue) {
      actions.push_back({What::kWrite, device, static_cast<Byte>(key + kRemoval)});
    }
  }
}

void World::append_steps(std::vector<Action>& actions, Byte device) const {
  const auto& self = devices_[device];
  if (!self.session) {
    if (self.syncs_left > 0) actions.push_back({What::kStart, device, 0});
    if (self.syncs_left > 0 && keeps_token(device) && self.store.start().pending) {
      actions.push_back({What::kStart, device, 1});
    }
    return;
  }
  for (const auto outcome : outcomes_of(*self.session->command, self.store, budget_)) {
    actions.push_back({What::kStep, device, static_cast<Byte>(outcome)});
  }
  if (budget_.faults > 0) actions.push_back({What::kKill, device, 0});
}

std::uint64_t World::digest() const {
  Digest digest;
  service_.add_to(digest);
  if (before_last_commit_ && restores_left_ > 0) before_last_commit_->add_to(digest);
  digest.add(budget_.faults | (unsigned{deletions_left_} << 8U) | (unsigned{restores_left_} << 16U) |
             (blinded_[0] ? 1U << 24U : 0U) | (blinded_[1] ? 1U << 25U : 0U));
  digest.add(ahead_[0] | (unsigned{ahead_[1]} << 8U));
  for (const auto& device : devices_) {
    device.store.add_to(digest);
    digest.add(device.writes_left | (unsigned{device.syncs_left} << 8U) | (unsigned{device.values} << 16U));
    for (const auto& word : device.words) digest.add(word.value | (unsigned{word.removed} << 8U));
    for (std::size_t key = 0; key < kKeys; ++key) {
      for (std::size_t i = 0; i < kRevisions; ++i) {
        const auto times = unsigned{device.spent[key][i]} | (unsigned{device.insisted[key][i]} << 8U);
        if (times != 0) digest.add(times * kRevisions + i);
      }
    }
    digest.add(device.token);
    digest.add(device.token_deletions == device.store.deletions ? 1U : 0U);
    digest.add(device.session ? 1U : 0U);
    if (!device.session) continue;
    digest.add(device.session->told);
    digest.add((device.session->deletions == device.store.deletions ? 1U : 0U) | (device.session->listed ? 2U : 0U) |
               (device.session->in_doubt ? 4U : 0U));
  }
  for (const auto& push : late_) {
    digest.add(push.device | (unsigned{push.incarnation} << 8U) | (unsigned{push.listed} << 16U) |
               (push.first ? 1U << 24U : 0U));
    for (const auto& patch : push.patches) {
      digest.add(patch.key | (unsigned{patch.value} << 8U) | (unsigned{patch.base_count} << 16U) |
                 (unsigned{patch.revision} << 24U));
    }
  }
  digest.add(committed_);
  digest.add(insisted_values_);
  return digest.value();
}

}  // namespace syncline::small
