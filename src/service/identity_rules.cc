#include "service/identity_rules.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "service/refusal.h"

namespace syncline::service {

namespace {

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

// The enabled owners, each once: accounts before guests, the oldest first. The first one is who the others become.
std::vector<const Identity*> distinct_owners(const LoginFacts& facts) {
  std::vector<const Identity*> owners;
  for (const auto& owner : facts.owners) {
    if (!owner || !owner->enabled) continue;
    const bool known =
        std::any_of(owners.begin(), owners.end(), [&](const Identity* other) { return other->id == owner->id; });
    if (!known) owners.push_back(&*owner);
  }
  std::stable_sort(owners.begin(), owners.end(), [](const Identity* a, const Identity* b) {
    if (a->is_guest() != b->is_guest()) return b->is_guest();
    return a->created_at < b->created_at;
  });
  return owners;
}

std::vector<Login> unowned(const LoginFacts& facts, const std::vector<Login>& logins) {
  std::vector<Login> result;
  for (std::size_t i = 0; i < logins.size(); ++i) {
    if (!facts.owners[i] && logins[i].provider != kOwnProvider) result.push_back(logins[i]);
  }
  return result;
}

// What comes together must be one user at each provider, but for the developer's own, where an account may have several
// names. A login is of one identity only, so that two parts with logins of one provider are two users there.
Result<void> check_one_user_each(const LoginDecision& decision, const std::vector<const Identity*>& identities,
                                 const std::string& developer_provider) {
  std::vector<const std::vector<Login>*> parts{&decision.linked};
  for (const Identity* identity : identities) parts.push_back(&identity->logins);
  std::set<std::string> taken;
  for (const auto* part : parts) {
    std::set<std::string> providers;
    for (const Login& login : *part) providers.insert(login.provider);
    providers.erase(developer_provider);
    for (const std::string& provider : providers) {
      if (taken.insert(provider).second) continue;
      return refused(ErrorCode::kResourceConflict,
                     "Logins of " + provider + " belong to different users; one identity can be only one of them");
    }
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
  const bool stays = owners.empty() || (owned && !presented->is_guest());
  const Identity* account = stays ? presented : owners.front();
  decision.made = account == nullptr;
  decision.identity = account == nullptr ? call.fresh : account->id;
  decision.linked = unowned(facts, call.logins);
  if (presented != nullptr && !owned) owners.push_back(presented);
  for (const Identity* other : owners) {
    if (other->id != decision.identity) decision.merged.push_back(other->id);
  }
  auto checked = check_one_user_each(decision, owners, call.developer_provider);
  if (!checked) return std::move(checked).error();
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
  LoginDecision decision{.identity = account,
                         .made = !facts.presented && owners.empty(),
                         .merged = {},
                         .linked = unowned(facts, call.logins)};
  const auto parts = facts.presented ? std::vector<const Identity*>{&*facts.presented} : owners;
  auto checked = check_one_user_each(decision, parts, call.developer_provider);
  if (!checked) return std::move(checked).error();
  return decision;
}

Result<LoginDecision> decide_merge(const LoginFacts& facts, const std::string& developer_provider) {
  const auto& source = facts.owners.at(0);
  const auto& destination = facts.owners.at(1);
  if (!source || !destination) {
    return refused(ErrorCode::kResourceNotFound, "A user to merge is not registered in this identity pool");
  }
  LoginDecision decision{.identity = destination->id, .made = false, .merged = {}, .linked = {}};
  if (source->id == destination->id) return decision;
  auto checked = check_one_user_each(decision, {&*source, &*destination}, developer_provider);
  if (!checked) return std::move(checked).error();
  decision.merged.push_back(source->id);
  return decision;
}

}  // namespace syncline::service
