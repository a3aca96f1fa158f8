// Who somebody becomes by logging in: which identity, what is linked to it, which others merge into it. Pure.
// [any thread]
#pragma once

#include <string>
#include <vector>

#include "service/identity_store.h"
#include "syncline/result.h"

namespace syncline::service {

struct LoginCall {
  IdentityId presented;       // empty: none
  std::vector<Login> logins;  // verified
  bool guests_allowed = false;
  IdentityId fresh;                // the id of an identity that would be made
  std::string developer_provider;  // whose users may be several for one identity; empty: the pool has none
};

// GetId, GetCredentialsForIdentity, GetOpenIdToken. Without logins: a guest. With some: their owner; a guest who is not
// it merges into it, and so do other owners; logins that nobody owns are linked.
// Errors: kNotAuthorized (guests are not allowed; the identity has other logins; it was merged), kResourceNotFound (no
// such identity), kResourceConflict (the identity would be two users of one provider).
Result<LoginDecision> decide_login(const LoginFacts& facts, const LoginCall& call);

// GetOpenIdTokenForDeveloperIdentity: the developer vouches for the identity it names. Errors: kResourceNotFound, and
// DeveloperUserAlreadyRegisteredException for a login that another identity has.
Result<LoginDecision> decide_developer_login(const LoginFacts& facts, const LoginCall& call);

// MergeDeveloperIdentities: of two users of the developer's, source and destination. Errors: kResourceNotFound,
// kResourceConflict (the identity would be two users of one other provider).
Result<LoginDecision> decide_merge(const LoginFacts& facts, const std::string& developer_provider);

}  // namespace syncline::service
