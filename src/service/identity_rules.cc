#include "service/identity_rules.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace syncline::service {

namespace {

Error refused(ErrorCode code, std::string message) {
  return Error{.code = code, .message = std::move(message)};
}

Error forbidden(const IdentityId& identity) {
  return refused(ErrorCode::kNotAuthorized, "Access to Identity '" + identity.text() + "' is forbidden.");
}

Error not_found(const IdentityId& identity) {
  return refused(ErrorCode::kResourceNotFound, "Identity '" + identity.text() + "' not found.");
}

Error no_guests() {
  return refused(ErrorCode::kNotAuthorized, "Unauthenticated access is not supported for this identity pool.");
}

Result<LoginDecision> decide_guest(const LoginFacts& facts, const LoginCall& call) {
  if (call.presented.empty()) {
    if (!call.guests_allowed) return no_guests();
    return LoginDecision{.identity = call.fresh, .made = true, .merged = {}, .linked = {}};
  }
  if (!facts.presented) return not_found(call.presented);
  if (!facts.presented->enabled || !facts.presented->is_guest()) return forbidden(call.presented);
  if (!call.guests_allowed) return no_guests();
  return LoginDecision{.identity = call.presented, .made = false, .merged = {}, .linked = {}};
}

// The enabled owners, each once, the oldest first.
std::vector<const Identity*> distinct_owners(const LoginFacts& facts) {
  std::vector<const Identity*> owners;
  for (const auto& owner : facts.owners) {
    if (!owner || !owner->enabled) continue;
    const bool known =
        std::any_of(owners.begin(), owners.end(), [&](const Identity* other) { return other->id == owner->id; });
    if (!known) owners.push_back(&*owner);
  }
  std::stable_sort(owners.begin(), owners.end(),
                   [](const Identity* a, const Identity* b) { return a->created_at < b->created_at; });
  return owners;
}

std::vector<Login> unowned(const LoginFacts& facts, const std::vector<Login>& logins) {
  std::vector<Login> result;
  for (std::size_t i = 0; i < logins.size(); ++i) {
    if (!facts.owners[i] && logins[i].provider != kOwnProvider) result.push_back(logins[i]);
  }
  return result;
}

// One account is one user at each provider, but for the developer's own, where it may have several names.
Result<void> check_one_user_each(const LoginDecision& decision, const std::vector<const Identity*>& parts,
                                 const std::string& developer_provider) {
  std::map<std::string, std::string> users;
  std::vector<Login> all = decision.linked;
  for (const Identity* part : parts) all.insert(all.end(), part->logins.begin(), part->logins.end());
  for (const Login& login : all) {
    if (login.provider == developer_provider) continue;
    const auto [known, added] = users.emplace(login.provider, login.user);
    if (added || known->second == login.user) continue;
    return refused(ErrorCode::kResourceConflict,
                   "Logins of " + login.provider + " belong to different users; one identity can be only one of them");
  }
  return {};
}

}  // namespace

Result<LoginDecision> decide_login(const LoginFacts& facts, const LoginCall& call) {
  if (call.logins.empty()) return decide_guest(facts, call);
  if (!call.presented.empty() && !facts.presented) return not_found(call.presented);
  auto owners = distinct_owners(facts);
  // One that was merged has logins no more: they say who the caller is now.
  const Identity* presented = facts.presented && facts.presented->enabled ? &*facts.presented : nullptr;
  const bool owned = presented != nullptr && std::any_of(owners.begin(), owners.end(), [&](const Identity* owner) {
                       return owner->id == presented->id;
                     });
  if (presented != nullptr && !presented->is_guest() && !owned) {
    return refused(ErrorCode::kNotAuthorized,
                   "Logins don't match. Please include at least one valid login for this identity or identity pool.");
  }
  if (facts.presented && presented == nullptr && owners.empty()) return forbidden(call.presented);

  LoginDecision decision;
  const Identity* account = owned ? presented : owners.empty() ? presented : owners.front();
  decision.made = account == nullptr;
  decision.identity = account == nullptr ? call.fresh : account->id;
  decision.linked = unowned(facts, call.logins);
  if (presented != nullptr && !owned) owners.push_back(presented);
  for (const Identity* other : owners) {
    if (other->id != decision.identity) decision.merged.push_back(other->id);
  }
  if (auto checked = check_one_user_each(decision, owners, call.developer_provider); !checked)
    return std::move(checked).error();
  // This service's own token of a guest makes nobody more than a guest.
  const bool guest = decision.linked.empty() &&
                     std::all_of(owners.begin(), owners.end(), [](const Identity* part) { return part->is_guest(); });
  if (guest && !call.guests_allowed) return no_guests();
  return decision;
}

Result<LoginDecision> decide_developer_login(const LoginFacts& facts, const LoginCall& call) {
  if (!call.presented.empty() && !facts.presented) return not_found(call.presented);
  if (facts.presented && !facts.presented->enabled) return forbidden(call.presented);
  const auto owners = distinct_owners(facts);
  const IdentityId account = facts.presented ? call.presented : owners.empty() ? call.fresh : owners.front()->id;
  const bool elsewhere =
      std::any_of(owners.begin(), owners.end(), [&](const Identity* owner) { return owner->id != account; });
  if (elsewhere) {
    return Error{.code = ErrorCode::kResourceConflict,
                 .message = "A login is already registered under a different identity",
                 .service_code = "DeveloperUserAlreadyRegisteredException"};
  }
  return LoginDecision{.identity = account,
                       .made = !facts.presented && owners.empty(),
                       .merged = {},
                       .linked = unowned(facts, call.logins)};
}

Result<LoginDecision> decide_merge(const LoginFacts& facts, const std::string& developer_provider) {
  const auto& source = facts.owners.at(0);
  const auto& destination = facts.owners.at(1);
  if (!source || !destination) {
    return refused(ErrorCode::kResourceNotFound, "A user to merge is not registered in this identity pool");
  }
  LoginDecision decision{.identity = destination->id, .made = false, .merged = {}, .linked = {}};
  if (source->id != destination->id) decision.merged.push_back(source->id);
  if (auto checked = check_one_user_each(decision, {&*source, &*destination}, developer_provider); !checked) {
    return std::move(checked).error();
  }
  return decision;
}

}  // namespace syncline::service
