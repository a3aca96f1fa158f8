// Who the client works for: gets an identity and its credentials from Cognito Identity, keeps and renews them. One
// conversation with the service at a time; whoever needs credentials meanwhile waits for it. [inside a driver step
// only]
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/callback_gate.h"
#include "client/driver.h"
#include "client/question.h"
#include "client/remote.h"
#include "core/clock.h"
#include "store/store.h"
#include "syncline/credentials.h"
#include "syncline/identity.h"
#include "wire/identity_messages.h"

namespace syncline {

// Who it is now, as the store knows it.
struct KnownIdentity {
  IdentityId identity = {};                      // empty: nobody yet
  bool settled = false;                          // the client works for it; false: another process has found it
  std::optional<store::IdentityKind> kind = {};  // nullopt: not written down yet
  IdentityId last_guest = {};                    // one to come back to
  bool of_directory = true;                      // who opens the directory next is it; false: others have switched that
  [[nodiscard]] bool guest() const { return kind == store::IdentityKind::kGuest; }
};

struct IdentityContext {
  IdentityPoolId pool;
  std::string endpoint;  // HttpRequest::endpoint
  std::shared_ptr<Driver> driver;
  std::shared_ptr<CallbackGate> gate;
  std::shared_ptr<Clock> clock;
};

// What the keeper needs of the client.
struct IdentityHooks {
  std::weak_ptr<Remote> remote;  // for the clock
  std::function<Result<KnownIdentity>()> known;
  // Makes it the client's. Nothing has changed if it fails.
  std::function<Result<SignInReport>(const store::IdentitySwitch&)> arrive;
  // It is who it was.
  std::function<void()> renewed;
};

class IdentityKeeper : public std::enable_shared_from_this<IdentityKeeper> {
 public:
  using Use = std::function<void(Result<Credentials>)>;
  using SignedIn = std::function<void(Result<SignInReport>)>;

  IdentityKeeper(IdentityOptions options, IdentityContext context)
      : options_(std::move(options)), context_(std::move(context)), login_(options_.login) {}
  void connect(IdentityHooks hooks) { hooks_ = std::move(hooks); }

  // Calls `use` once: now with credentials that are good for a while, or later. Before the first identity is known,
  // this finds it.
  void get(Use use);
  // Whether other credentials than these can be had.
  bool renew(const Credentials& refused);
  void sign_in(Login login, GuestData guest_data, SignedIn done);
  // Ends what is under way with `why`. From now on get() fails, until sign_in().
  void sign_out(const Error& why);
  // Removes what the secret store keeps of them.
  Result<void> forget_kept(const std::vector<std::string>& identities);
  // Lets go of the app's callbacks.
  void forget_the_app();

 private:
  // One conversation.
  struct Talk {
    Login login = Login::guest();
    bool signing_in = false;
    bool overtaken = false;  // by another process, once: it began again with what that has found
    GuestData guest_data = GuestData::kMerge;
    std::vector<Use> uses;
    SignedIn signed_in;

    KnownIdentity known;
    IdentityId presented;
    wire::TextPairs logins;
    std::optional<HttpTransport::CallId> call;
    Driver::TimerId timer = 0;
  };
  using TalkPtr = std::shared_ptr<Talk>;
  // What is done with an answer, if the talk is still on.
  template <typename T>
  std::function<void(Result<T>)> next(void (IdentityKeeper::*step)(T));

  void begin(TalkPtr talk);
  void ask_login();
  template <typename T>
  std::shared_ptr<Question<T>> question(void (IdentityKeeper::*step)(T));
  void take_tokens(LoginTokens tokens);
  void take_backend(DeveloperToken token);
  void ask_service();
  void call(HttpRequest request, void (IdentityKeeper::*step)(HttpResponse));
  void take_identity(HttpResponse response);
  void take_credentials(HttpResponse response);
  [[nodiscard]] store::IdentityKind kind() const;
  [[nodiscard]] bool renews(const IdentityId& answered) const;
  [[nodiscard]] store::IdentitySwitch decide(const IdentityId& answered) const;
  void begin_again();
  void end(Result<Credentials> credentials, std::optional<SignInReport> report);
  void fail(Error error) { end(std::move(error), std::nullopt); }

  void use_from_now_on(const Credentials& credentials);
  [[nodiscard]] bool good_for_a_while() const;
  void load_kept(const IdentityId& identity);
  [[nodiscard]] std::optional<Error> keep(const IdentityId& identity, const Credentials& credentials);

  IdentityOptions options_;
  const IdentityContext context_;
  IdentityHooks hooks_;
  Login login_;
  bool signed_out_ = false;
  std::optional<Credentials> credentials_;
  std::optional<MonotonicTime> renew_at_;  // nullopt: they do not expire
  bool looked_for_kept_ = false;
  TalkPtr talk_;
  std::deque<TalkPtr> later_;
};

// For Remote.
std::shared_ptr<CredentialsProvider> credentials_of(const std::shared_ptr<IdentityKeeper>& keeper);

}  // namespace syncline
