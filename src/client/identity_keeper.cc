#include "client/identity_keeper.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "core/text.h"
#include "wire/messages.h"

namespace syncline {

namespace {

// Credentials are renewed this long before they end, or at half of their time if that is shorter.
constexpr std::chrono::milliseconds kRenewBefore = std::chrono::minutes{5};

constexpr std::string_view kOwnProvider = "cognito-identity.amazonaws.com";
// API model cognito-identity 2014-06-30: Logins.
constexpr std::size_t kMostLogins = 10;
constexpr std::size_t kMostProviderCharacters = 128;
constexpr std::size_t kMostTokenCharacters = 50'000;

Error bad_login(std::string message) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = std::move(message)};
}

Error needs_sign_in(std::string message) {
  return Error{.code = ErrorCode::kNotAuthorized, .message = std::move(message)};
}

std::string secret_name(const IdentityId& identity) {
  return "credentials/" + identity.text();
}

Result<void> check_tokens(const LoginTokens& tokens) {
  if (tokens.empty()) return bad_login("the login callback answered without a token");
  if (tokens.size() > kMostLogins) return bad_login("the login callback answered with more than 10 tokens");
  for (const auto& [provider, token] : tokens) {
    const auto name = utf8_length(provider);
    if (!name || *name < 1 || *name > kMostProviderCharacters) {
      return bad_login("the login callback named a provider that is not 1 to 128 characters of UTF-8");
    }
    const auto length = utf8_length(token);
    if (!length || *length < 1 || *length > kMostTokenCharacters) {
      return bad_login("the login callback's token for " + provider + " is not 1 to 50000 characters of UTF-8");
    }
  }
  return {};
}

// A JSON Web Token: three parts of base64url.
bool looks_like_jwt(std::string_view token) {
  const auto is_base64url = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  int parts = 0;
  while (true) {
    const auto part = token.substr(0, token.find('.'));
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_base64url)) return false;
    ++parts;
    if (part.size() == token.size()) return parts == 3;
    token.remove_prefix(part.size() + 1);
  }
}

template <typename Body>
auto guarded_secrets(Body&& body) -> std::invoke_result_t<Body> {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    return Error{.code = ErrorCode::kInternal, .message = "the secret store threw an exception"};
  }
}

class KeeperCredentials final : public CredentialsProvider {
 public:
  explicit KeeperCredentials(std::weak_ptr<IdentityKeeper> keeper) : keeper_(std::move(keeper)) {}
  void get_credentials(CredentialsCallback done) override {
    if (const auto keeper = keeper_.lock()) keeper->get(std::move(done));
  }
  bool renew(const Credentials& refused) override {
    const auto keeper = keeper_.lock();
    return keeper && keeper->renew(refused);
  }

 private:
  const std::weak_ptr<IdentityKeeper> keeper_;
};

}  // namespace

std::shared_ptr<CredentialsProvider> credentials_of(const std::shared_ptr<IdentityKeeper>& keeper) {
  return std::make_shared<KeeperCredentials>(keeper);
}

// --- what others ask for ------------------------------------------------------------------------------------------

void IdentityKeeper::get(Use use) {
  if (signed_out_) return use(needs_sign_in("nobody is signed in; call sign_in()"));
  if (talk_) {
    talk_->uses.push_back(std::move(use));
    return;
  }
  if (!std::exchange(looked_for_kept_, true)) {
    const auto known = hooks_.known();
    if (known && known->settled) load_kept(known->identity);
  }
  if (good_for_a_while()) return use(*credentials_);
  auto talk = std::make_shared<Talk>();
  talk->login = login_;
  talk->guest_data = options_.guest_data;
  talk->uses.push_back(std::move(use));
  begin(std::move(talk));
}

bool IdentityKeeper::renew(const Credentials& refused) {
  // Others may have had the same idea, and have new ones by now.
  if (credentials_ && credentials_->access_key_id == refused.access_key_id) credentials_.reset();
  return !signed_out_;
}

void IdentityKeeper::sign_in(Login login, GuestData guest_data, SignedIn done) {
  auto talk = std::make_shared<Talk>();
  talk->login = std::move(login);
  talk->signing_in = true;
  talk->guest_data = guest_data;
  talk->signed_in = std::move(done);
  if (talk_) {
    later_.push_back(std::move(talk));
  } else {
    begin(std::move(talk));
  }
}

void IdentityKeeper::sign_out(const Error& why) {
  signed_out_ = true;
  credentials_.reset();
  const auto later = std::exchange(later_, {});
  if (talk_) fail(why);
  for (const auto& talk : later) talk->signed_in(why);
}

Result<void> IdentityKeeper::forget_kept(const std::vector<std::string>& identities) {
  if (!options_.secrets) return {};
  Result<void> outcome;
  for (const auto& text : identities) {
    const auto identity = IdentityId::parse(text);
    if (!identity) continue;
    auto removed = guarded_secrets([&] { return options_.secrets->remove(secret_name(*identity)); });
    if (!removed && outcome) outcome = std::move(removed);
  }
  return outcome;
}

void IdentityKeeper::forget_the_app() {
  options_ = IdentityOptions();
  login_ = Login::guest();
  hooks_ = IdentityHooks();
  talk_.reset();
  later_.clear();
}

// --- one conversation ---------------------------------------------------------------------------------------------

template <typename T>
std::function<void(Result<T>)> IdentityKeeper::next(void (IdentityKeeper::*step)(T)) {
  return [self = shared_from_this(), talk = talk_, step](Result<T> answer) {
    if (self->talk_ != talk) return;  // it was given up
    if (!answer) return self->fail(std::move(answer).error());
    ((*self).*step)(std::move(*answer));
  };
}

void IdentityKeeper::begin(TalkPtr talk) {
  talk_ = std::move(talk);
  auto known = hooks_.known();
  if (!known) return fail(std::move(known).error());
  talk_->known = std::move(*known);
  const auto& now = talk_->known;
  if (talk_->login.is_guest()) {
    talk_->presented = now.identity.empty() || (talk_->signing_in && !now.guest()) ? now.last_guest : now.identity;
  } else if (!talk_->signing_in || now.guest()) {
    talk_->presented = now.identity;  // D15: never an account's with another user's login
  }
  ask_login();
}

template <typename T>
std::shared_ptr<Question<T>> IdentityKeeper::question(void (IdentityKeeper::*step)(T)) {
  auto asked = std::make_shared<Question<T>>(context_.driver, "the login callback", next(step));
  const auto longest = options_.login_timeout;
  talk_->timer = context_.driver->after(longest, [weak = std::weak_ptr(asked), longest] {
    const auto late = weak.lock();
    if (late) late->fail("did not answer within " + std::to_string(longest.count()) + " ms");
  });
  return asked;
}

// The app is called like everywhere: on its dispatcher, under no lock.
void IdentityKeeper::ask_login() {
  if (talk_->login.is_guest()) return ask_service();
  const auto call_app = [this](auto asked, auto call) {
    context_.gate->post(CallbackKind::kRepeating, [asked = std::move(asked), call = std::move(call)] {
      try {
        call([asked](auto answer) { asked->answer(std::move(answer)); });
      } catch (...) {
        asked->fail("threw an exception");
      }
    });
  };
  if (talk_->login.tokens()) {
    call_app(question<LoginTokens>(&IdentityKeeper::take_tokens),
             [ask = talk_->login.tokens()](auto answer) { ask(std::move(answer)); });
  } else {
    call_app(question<DeveloperToken>(&IdentityKeeper::take_backend),
             [ask = talk_->login.backend(), identity = talk_->presented.text()](auto answer) {
               ask(identity, std::move(answer));
             });
  }
}

void IdentityKeeper::take_tokens(LoginTokens tokens) {
  if (auto checked = check_tokens(tokens); !checked) return fail(std::move(checked).error());
  talk_->logins = std::move(tokens);
  ask_service();
}

void IdentityKeeper::take_backend(DeveloperToken token) {
  auto identity = IdentityId::parse(token.identity_id);
  if (!identity) return fail(bad_login("the login callback's " + identity.error().message));
  if (!looks_like_jwt(token.token) || token.token.size() > kMostTokenCharacters) {
    return fail(bad_login("the login callback's token is no JSON Web Token"));
  }
  const auto& now = talk_->known;
  if (!talk_->signing_in && !now.identity.empty() && !now.guest() && *identity != now.identity) {
    return fail(needs_sign_in("the login callback's token is of another identity; call sign_in() to switch to it"));
  }
  talk_->presented = std::move(*identity);
  talk_->logins = {{std::string(kOwnProvider), std::move(token.token)}};
  ask_service();
}

void IdentityKeeper::ask_service() {
  if (talk_->presented.empty()) {
    return call(wire::encode(wire::GetIdRequest{.pool = context_.pool, .logins = talk_->logins}),
                &IdentityKeeper::take_identity);
  }
  call(wire::encode_get_credentials({.identity = talk_->presented, .logins = talk_->logins}),
       &IdentityKeeper::take_credentials);
}

void IdentityKeeper::call(HttpRequest request, void (IdentityKeeper::*step)(HttpResponse)) {
  request.endpoint = context_.endpoint;
  talk_->call = context_.driver->transport().start(std::move(request), next(step));
}

void IdentityKeeper::take_identity(HttpResponse response) {
  talk_->call.reset();
  if (const auto remote = hooks_.remote.lock()) remote->measure_clock(response);
  if (response.status != 200) return fail(wire::decode_error(response));
  auto identity = wire::decode_get_id(response.body);
  if (!identity) return fail(std::move(identity).error());
  talk_->presented = std::move(*identity);
  ask_service();
}

void IdentityKeeper::take_credentials(HttpResponse response) {
  talk_->call.reset();
  if (const auto remote = hooks_.remote.lock()) remote->measure_clock(response);
  if (response.status != 200) {
    auto error = wire::decode_error(response);
    if (error.code == ErrorCode::kResourceNotFound) {  // case 22: to ask again does not help
      error.code = ErrorCode::kNotAuthorized;
      error.message = "the identity does not exist at the service any more; its data is kept here: " + error.message;
    }
    return fail(std::move(error));
  }
  auto answer = wire::decode_get_credentials(response.body);
  if (!answer) return fail(std::move(answer).error());
  const auto talk = talk_;
  std::optional<SignInReport> report;
  if (renews(answer->identity)) {
    hooks_.renewed();
  } else {
    auto arrived = hooks_.arrive(decide(answer->identity));
    if (talk_ != talk) return;  // the app has shut the client down when it heard of the change
    if (!arrived && arrived.error().code == ErrorCode::kOutdated && !talk->overtaken) return begin_again();
    if (!arrived) return fail(std::move(arrived).error());
    report = std::move(*arrived);
  }
  looked_for_kept_ = true;
  signed_out_ = false;
  login_ = talk->login;
  use_from_now_on(answer->credentials);
  if (talk->signing_in || talk->known.of_directory) {  // D18: not of one whom another process has signed out
    auto not_kept = keep(answer->identity, answer->credentials);
    if (report) report->not_kept = std::move(not_kept);
  }
  end(std::move(answer->credentials), std::move(report));
}

store::IdentityKind IdentityKeeper::kind() const {
  return talk_->login.is_guest() ? store::IdentityKind::kGuest : store::IdentityKind::kAccount;
}

// D18: a process that only goes on as who it was says nothing about whose the directory is.
bool IdentityKeeper::renews(const IdentityId& answered) const {
  const auto& known = talk_->known;
  return !talk_->signing_in && known.settled && answered == known.identity && known.kind == kind();
}

store::IdentitySwitch IdentityKeeper::decide(const IdentityId& answered) const {
  const auto& before = talk_->known;
  store::IdentitySwitch change{
      .from = before.identity.text(), .to = answered.text(), .kind = kind(), .asked_for = talk_->signing_in};
  // It was sent, or it is the guest who logs in: so it has become the one that was answered.
  const bool became = before.guest() || before.identity == talk_->presented;
  if (!before.identity.empty() && became && answered != before.identity && !talk_->login.is_guest()) {
    change.guest_data = talk_->guest_data;
  }
  return change;
}

void IdentityKeeper::begin_again() {
  auto talk = std::exchange(talk_, nullptr);
  context_.driver->cancel_timer(talk->timer);
  talk->timer = 0;
  talk->overtaken = true;
  begin(std::move(talk));
}

void IdentityKeeper::end(Result<Credentials> credentials, std::optional<SignInReport> report) {
  const auto talk = std::exchange(talk_, nullptr);
  if (!talk) return;
  context_.driver->cancel_timer(talk->timer);
  if (talk->call) context_.driver->transport().cancel(*talk->call);
  if (talk->signed_in) {
    talk->signed_in(report ? Result<SignInReport>(std::move(*report)) : Result<SignInReport>(credentials.error()));
  }
  // Who waited for a sign-in that failed goes on as whoever it is.
  const bool as_before = talk->signing_in && !credentials && !signed_out_;
  for (const auto& use : talk->uses) as_before ? get(use) : use(credentials);
  if (talk_ || later_.empty()) return;
  auto following = std::move(later_.front());
  later_.pop_front();
  begin(std::move(following));
}

// --- credentials --------------------------------------------------------------------------------------------------

// D16: by the service's clock, and from now on by one that only goes forward.
void IdentityKeeper::use_from_now_on(const Credentials& credentials) {
  credentials_ = credentials;
  renew_at_.reset();
  if (!credentials.expires_at) return;
  const auto remote = hooks_.remote.lock();
  const auto now = context_.clock->wall() + (remote ? remote->clock_offset() : std::chrono::milliseconds{0});
  const auto left = *credentials.expires_at - now;
  renew_at_ = context_.clock->monotonic() + std::max(left - kRenewBefore, left / 2);
}

bool IdentityKeeper::good_for_a_while() const {
  return credentials_ && (!renew_at_ || context_.clock->monotonic() < *renew_at_);
}

void IdentityKeeper::load_kept(const IdentityId& identity) {
  if (!options_.secrets) return;
  const auto kept = guarded_secrets([&] { return options_.secrets->get(secret_name(identity)); });
  if (!kept || !*kept) return;
  const auto read = wire::decode_get_credentials(**kept);
  if (read && read->identity == identity) use_from_now_on(read->credentials);
}

std::optional<Error> IdentityKeeper::keep(const IdentityId& identity, const Credentials& credentials) {
  if (!options_.secrets) return std::nullopt;
  auto kept = guarded_secrets([&] {
    return options_.secrets->set(secret_name(identity), wire::encode_credentials(identity.text(), credentials));
  });
  return kept ? std::nullopt : std::optional(std::move(kept).error());
}

}  // namespace syncline
