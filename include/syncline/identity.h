// Who the user is: a guest, or an account at a login provider. For ClientOptions::identity and Client::sign_in(), which
// get an identity and temporary credentials from Cognito Identity (API model cognito-identity 2014-06-30, the enhanced
// flow: GetId, GetCredentialsForIdentity).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "syncline/error.h"
#include "syncline/export.h"
#include "syncline/result.h"
#include "syncline/secret_store.h"

namespace syncline {

// A provider's name as the identity pool knows it ("accounts.google.com"), and the token that it gave this user.
using LoginTokens = std::vector<std::pair<std::string, std::string>>;

// What an app's own backend got from GetOpenIdTokenForDeveloperIdentity.
struct DeveloperToken {
  std::string identity_id = {};
  std::string token = {};
};

// Both are called each time that credentials are needed, about once an hour, on the dispatcher. They answer by calling
// what they are given, exactly once, now or later, from any thread. Throwing, letting go of it without a call, or
// taking longer than IdentityOptions::login_timeout is an Error of whatever needed the credentials. `identity_id` is
// whom the client works for so far, for the backend's request; empty: nobody.
using LoginTokensCallback = std::function<void(std::function<void(Result<LoginTokens>)>)>;
using DeveloperTokenCallback =
    std::function<void(const std::string& identity_id, std::function<void(Result<DeveloperToken>)>)>;

class Login {
 public:
  static Login guest() { return Login(); }
  static Login with_tokens(LoginTokensCallback ask) {
    Login login;
    login.tokens_ = std::move(ask);
    return login;
  }
  // A developer-authenticated identity.
  static Login with_backend(DeveloperTokenCallback ask) {
    Login login;
    login.backend_ = std::move(ask);
    return login;
  }

  [[nodiscard]] const LoginTokensCallback& tokens() const { return tokens_; }
  [[nodiscard]] const DeveloperTokenCallback& backend() const { return backend_; }
  [[nodiscard]] bool is_guest() const { return !tokens_ && !backend_; }

 private:
  Login() = default;
  LoginTokensCallback tokens_ = {};
  DeveloperTokenCallback backend_ = {};
};

// What becomes of a guest's data on this device when the guest turns out to be an account that exists.
enum class GuestData : std::uint8_t {
  // Each value becomes a pending change of the account's dataset of the same name. Where the account holds another
  // value, that is a conflict like any other. A dataset that would not fit beside what is known here of the account's
  // is kept separate. Should the account have more that is not known here yet, the two may be more than a dataset can
  // hold: then pushes end with kLimitExceeded until the app removes records.
  kMerge,
  kKeepSeparate,  // as the account's dataset NAME.GUEST-IDENTITY-ID
  kDiscard,
};

// Datasets of an identity that was merged into this one, which the service keeps apart as NAME.OLD-IDENTITY-ID until
// they are deleted. With GuestData::kMerge, what this device knew of a guest's is in the dataset already; one that is
// here as a dataset of its own is not offered.
struct MergedDatasets {
  std::string dataset = {};             // NAME
  std::vector<std::string> twins = {};  // NAME.OLD-IDENTITY-ID...
};
enum class MergedAnswer : std::uint8_t {
  kDelete,  // at the service
  kKeep,    // as they are: ordinary datasets, which can be opened
};
// [dispatcher] Asked once for each twin. Throwing is no answer: it is asked again with a later sync.
using MergedDatasetsHandler = std::function<MergedAnswer(const MergedDatasets&)>;

struct IdentityOptions {
  Login login = Login::guest();  // until sign_in() says otherwise
  // Of Cognito Identity. Empty: that of ClientOptions, with "cognito-sync." replaced by "cognito-identity.".
  std::string endpoint = {};
  std::shared_ptr<SecretStore> secrets = {};        // null: credentials are not kept over a restart
  GuestData guest_data = GuestData::kMerge;         // where the change comes without sign_in()
  MergedDatasetsHandler merged_datasets = {};       // empty: twins are left alone
  std::chrono::milliseconds login_timeout{60'000};  // for a login callback's answer
};

struct SignInReport {
  std::string identity_id = {};
  bool guest = false;
  std::string was = {};                // the identity before; empty: none
  bool changed = false;                // datasets must be opened anew: it is another one, or they were wiped
  std::size_t moved = 0;               // guest's records that are pending changes of the account's now
  std::size_t waiting = 0;             // datasets whose rest follows when the account's own changes are at the service
  std::optional<Error> not_kept = {};  // the secret store refused the credentials: they last until the client is closed
};
// [dispatcher] Called exactly once.
using SignInCallback = std::function<void(const Result<SignInReport>&)>;

// What of an identity's is on this device only.
struct UnsentData {
  std::string identity_id = {};  // empty: written before there was any, or while nobody was signed in
  std::string dataset = {};
  std::size_t pending = 0;    // changes, conflicts included
  std::size_t conflicts = 0;  // of these, that wait for an answer
};

enum class Whose : std::uint8_t { kThisIdentity, kEverybody };

}  // namespace syncline
