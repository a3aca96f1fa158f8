#include "sim/account_app.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "sim/login_provider.h"

namespace syncline::sim {

namespace {

constexpr std::int64_t kSlowLogin = 1'500;

// The disk may keep what it said it could not write.
bool refused_for_certain(const Error& error) {
  return error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kLimitExceeded ||
         error.code == ErrorCode::kIdentityChanged || error.code == ErrorCode::kClosed;
}

}  // namespace

// --- what a device keeps, and what it is told ---------------------------------------------------------------------

Result<std::optional<std::string>> Secrets::get(std::string_view name) {
  if (refuses_) return Error{.code = ErrorCode::kStorage, .message = "simulated: the secret store refuses"};
  const auto found = kept_.find(name);
  return found == kept_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> Secrets::set(std::string_view name, std::string_view value) {
  if (refuses_) return Error{.code = ErrorCode::kStorage, .message = "simulated: the secret store refuses"};
  kept_.insert_or_assign(std::string(name), std::string(value));
  return {};
}

Result<void> Secrets::remove(std::string_view name) {
  if (refuses_) return Error{.code = ErrorCode::kStorage, .message = "simulated: the secret store refuses"};
  if (const auto found = kept_.find(name); found != kept_.end()) kept_.erase(found);
  return {};
}

void Reception::start(Callback changed) {
  changed_ = std::move(changed);
  changed_(now_);
}

void Reception::tell(Connectivity::State state) {
  now_.state = state;
  if (changed_) changed_(now_);
}

// --- its life -----------------------------------------------------------------------------------------------------

AccountApp::AccountApp(Context& context, Network& network, ServiceHost& service, IdentityLedger& ledger,
                       AccountDevice& device, SimClock& clock)
    : Life(context, network, clock, device.index), service_(service), ledger_(ledger), device_(device) {}

AccountApp::~AccountApp() {
  end();
}

ClientOptions AccountApp::options() {
  ClientOptions options = common_options(device_.directory);
  options.identity_pool_id = service_.pool();
  options.conflict_handler = [this](const Conflict& conflict) {
    return dead() ? Resolution::later() : decide(conflict, device_.answer);
  };
  options.deletion_handler = [this](const RemoteDeletion& deletion) {
    context_.say(name() + " is told that " + ledger_.shown(deletion.dataset) + " was deleted");
    context_.verdict.require(ledger_.can_be_gone(device_.who, deletion.dataset), "D14",
                             name() + ": nobody has deleted " + ledger_.shown(deletion.dataset));
    return device_.keeps_deleted ? DeletionAnswer::kKeep : DeletionAnswer::kForget;
  };
  options.identity = IdentityOptions{.login = login_of(device_.person, Manner::kAtOnce)};
  options.identity->secrets = device_.secrets;
  options.identity->merged_datasets = [this](const MergedDatasets& merged) {
    context_.say(name() + " is told of " + std::to_string(merged.twins.size()) + " merged " +
                 ledger_.shown(merged.dataset));
    if (device_.merged == MergedAnswer::kDelete) ledger_.deleted(merged.dataset);
    return device_.merged;
  };
  options.automatic_sync.enabled = context_.plan.devices[static_cast<std::size_t>(device_.index)].automatic;
  options.automatic_sync.period = device_.period;
  reception_ = std::make_shared<Reception>();
  options.connectivity = reception_;
  return options;
}

bool AccountApp::open() {
  if (client_) return true;
  if (!begin(options())) return false;
  note_identity();
  device_.discards = 0;
  context_.say(name() + " opens for person " + std::to_string(device_.person) + ", as I" + std::to_string(device_.who));
  return true;
}

void AccountApp::close() {
  if (!client_) return;
  context_.disk.run_as(process_);
  client_->shutdown(std::chrono::milliseconds{0});
  context_.verdict.require(dead() || calls_ == 0, "D13", name() + ": shutdown() left a call without an answer");
  context_.say(name() + " closes");
  bury();
}

void AccountApp::forget() {
  calls_ = 0;
  to_check_ = false;
  signed_in_.reset();
  held_.clear();
}

void AccountApp::rested() {
  note_identity();
  if (std::exchange(to_check_, false)) check();
}

// Of a guest, as far as the app knows, the next one may take over what there is; of an account nobody may (D15).
void AccountApp::note_identity() {
  const std::string now = client_->identity_id();
  if (device_.identity == now) return;
  const Who to = now.empty() ? ledger_.new_nobody() : ledger_.of(now);
  if (device_.identity && !now.empty()) {
    if (device_.identity->empty()) {
      ledger_.claimed(device_.who, to);
    } else if (!device_.accounts.contains(device_.who)) {
      ledger_.may_become(device_.who, to);
      device_.moved_on.insert(device_.who);
      if (device_.discards > 0) ledger_.let_go_all(device_.index, device_.who);
    }
  }
  if (now.empty()) {
    if (device_.nobody != 0) ledger_.claimed(device_.nobody, to);
    device_.nobody = to;
  }
  device_.identity = now;
  device_.who = to;
  if (!now.empty()) (ledger_.is_account(to) ? device_.accounts : device_.guests).insert(to);
  context_.say(name() + " works for " + (now.empty() ? "nobody" : "I" + std::to_string(to)));
}

template <typename T>
std::function<void(const Result<T>&)> AccountApp::once(const std::string& what,
                                                       std::function<void(const Result<T>&)> then) {
  ++calls_;
  return [this, what, then = std::move(then), of = process_,
          called = std::make_shared<int>(0)](const Result<T>& result) {
    if (context_.disk.killed(of)) return;
    context_.verdict.require(++*called == 1, "D13", name() + ": " + what + " was answered twice");
    if (*called > 1) return;
    --calls_;
    context_.say(name() + " " + what + (result ? " ends" : " fails: " + std::string(to_string(result.error().code))));
    if (then) then(result);
  };
}

// --- who it is ----------------------------------------------------------------------------------------------------

template <typename T>
void AccountApp::answer_login(Manner manner, std::function<void(Result<T>)> answer,
                              const std::function<Result<T>()>& make) {
  note_identity();  // before the answer makes an account of whom it asks for
  switch (manner) {
    case Manner::kAtOnce:
      return answer(make());
    case Manner::kLate:
      ++owed_;
      return later(kSlowLogin, [this, answer = std::move(answer), make] {
        --owed_;
        answer(make());
        tick();
      });
    case Manner::kNever:
      ++owed_;
      held_.emplace_back(std::move(answer));
      return;
    case Manner::kFails:
      return answer(Error{.code = ErrorCode::kNetwork, .message = "simulated: no token"});
    case Manner::kThrows:
      throw std::runtime_error("simulated: the app's login callback throws");
    case Manner::kGarbage:
      return answer(T());
  }
}

Login AccountApp::login_of(int person, Manner manner) {
  if (person == 0) return Login::guest();
  if (person == 1) {
    return Login::with_tokens([this, manner](std::function<void(Result<LoginTokens>)> answer) {
      answer_login<LoginTokens>(manner, std::move(answer), []() -> Result<LoginTokens> {
        return LoginTokens{{std::string(kProvider), provider_token("player")}};
      });
    });
  }
  return Login::with_backend(
      [this, person, manner](const std::string& identity, std::function<void(Result<DeveloperToken>)> answer) {
        answer_login<DeveloperToken>(manner, std::move(answer),
                                     [this, person, identity] { return ask_backend(person, identity); });
      });
}

// Links its user to the guest who asks; one who is known already stays whom he is.
Result<DeveloperToken> AccountApp::ask_backend(int person, const std::string& identity) {
  const std::string about = R"({"IdentityPoolId":")" + service_.pool() + R"(","Logins":{")" +
                            std::string(kDeveloperProvider) + R"(":"player)" + std::to_string(person) + "\"}";
  if (!identity.empty()) device_.offered.insert(ledger_.of(identity));
  auto answer = service_.as_developer("GetOpenIdTokenForDeveloperIdentity",
                                      about + (identity.empty() ? "}" : R"(,"IdentityId":")" + identity + "\"}"));
  if (!answer && !identity.empty()) answer = service_.as_developer("GetOpenIdTokenForDeveloperIdentity", about + "}");
  context_.disk.run_as(process_);
  if (!answer) return std::move(answer).error();
  const auto json = nlohmann::json::parse(*answer);
  DeveloperToken token{.identity_id = json.at("IdentityId"), .token = json.at("Token")};
  ledger_.account(ledger_.of(token.identity_id));
  return token;
}

void AccountApp::sign_in(int person, GuestData guest_data, Manner manner) {
  if (!open()) return;
  context_.disk.run_as(process_);
  signed_in_.reset();
  if (guest_data == GuestData::kDiscard) ++device_.discards;
  const std::string what = "sign_in as " + std::to_string(person) + ", policy " + std::to_string(int(guest_data));
  context_.say(name() + " begins " + what);
  client_->sign_in(login_of(person, manner), guest_data,
                   once<SignInReport>(what, [this, person, guest_data](const Result<SignInReport>& report) {
                     note_sign_in(person, guest_data, report);
                   }));
  tick();
}

void AccountApp::note_sign_in(int person, GuestData guest_data, const Result<SignInReport>& report) {
  note_identity();
  if (guest_data == GuestData::kDiscard && device_.discards > 0) --device_.discards;
  if (report) {
    device_.person = person;
    const Who who = ledger_.of(report->identity_id);
    if (!report->guest) device_.accounts.insert(who);
    context_.verdict.require(who == device_.who, "D15",
                             name() + ": sign_in() told another identity than is worked for");
    context_.verdict.require(report->guest == (person == 0), "D15", name() + ": sign_in() took a guest for an account");
    context_.say(name() + " is I" + std::to_string(who) + ": moved " + std::to_string(report->moved) + " waiting " +
                 std::to_string(report->waiting) + (report->not_kept ? " not kept" : ""));
  }
  signed_in_ = report;
  to_check_ = true;
}

void AccountApp::leave(Leave how) {
  if (!open()) return;
  context_.disk.run_as(process_);
  if (how != Leave::kKeep) ledger_.wiped(device_.index);
  if (how == Leave::kWipeThis) ledger_.let_go_all(device_.index, device_.who);
  if (how == Leave::kWipeAll) ledger_.let_go_all(device_.index, std::nullopt);
  if (how == Leave::kKeep) {
    client_->sign_out(once<void>("sign_out", nullptr));
  } else {
    client_->wipe(how == Leave::kWipeAll ? Whose::kEverybody : Whose::kThisIdentity, once<void>("wipe", nullptr));
  }
  tick();
}

// --- data ---------------------------------------------------------------------------------------------------------

std::optional<Dataset> AccountApp::dataset(const std::string& name) {
  if (!open()) return std::nullopt;
  context_.disk.run_as(process_);
  auto opened = client_->dataset(name);
  if (opened && !dead()) return std::move(*opened);
  after_call();
  return std::nullopt;
}

// Mostly the step's own; sometimes one that a merge has left.
std::string AccountApp::chosen(const Step& step) {
  std::string own = kDatasetNames[static_cast<std::size_t>(step.dataset)];
  if (step.id % 5 != 0 || !open()) return own;
  context_.disk.run_as(process_);
  const auto names = client_->dataset_names();
  if (!names || names->empty()) return own;
  return (*names)[static_cast<std::size_t>(step.id) % names->size()];
}

void AccountApp::write(const Step& step) {
  const std::string own = std::string(kUniqueMark) + std::to_string(step.id) + ".0";
  std::optional<std::string> value;
  if (step.act == Act::kPut) {
    value = own;
    if (step.kind == static_cast<int>(Value::kOwnLong)) *value += " " + std::string(1'500, 'x');
    if (step.kind == static_cast<int>(Value::kEmpty)) value = "";
    if (step.kind == static_cast<int>(Value::kSame)) value = "same";
  }
  put(chosen(step), kKeys[static_cast<std::size_t>(step.key)], value);
  tick();
}

void AccountApp::put(const std::string& dataset, const std::string& key, const std::optional<std::string>& value) {
  auto data = this->dataset(dataset);
  if (!data) return;
  const auto before = data->get(key);
  if (!before || dead()) return after_call();
  if (!value && !*before) return;  // writes nothing
  const auto result = value ? data->put(key, *value) : data->remove(key);
  const bool sure = result && !dead();
  context_.say(name() + "/" + ledger_.shown(dataset) + " " + key + (value ? "=" + value->substr(0, 8) : " removed") +
               (result ? "" : " fails: " + std::string(to_string(result.error().code))));
  if (!result && !dead() && refused_for_certain(result.error())) return;
  if (*before != value) ledger_.let_go(*before);
  if (!is_unique(value)) ledger_.wrote_another(device_.index, key);
  if (is_unique(value)) {
    ledger_.wrote(*value, {.device = device_.index, .who = device_.who, .dataset = dataset, .key = key}, *before, sure);
  }
  after_call();
}

void AccountApp::delete_dataset(const Step& step) {
  const auto dataset = chosen(step);
  auto data = this->dataset(dataset);
  if (!data) return;
  const auto records = data->records();
  if (!records || dead()) return after_call();
  ledger_.deleted(dataset);
  const auto result = data->delete_dataset();
  for (const Record& record : *records) ledger_.let_go(record.value);
  context_.say(name() + "/" + ledger_.shown(dataset) + " deleted" + (result ? "" : " fails"));
  after_call();
  tick();
}

void AccountApp::synchronize(const Step& step) {
  const auto dataset = chosen(step);
  auto data = this->dataset(dataset);
  if (!data) return;
  data->synchronize(
      once<SyncReport>("sync of " + ledger_.shown(dataset), [this](const Result<SyncReport>&) { to_check_ = true; }));
  tick();
}

void AccountApp::synchronize_all(bool by_itself) {
  if (!open()) return;
  context_.disk.run_as(process_);
  using Listed = std::vector<RemoteDataset>;
  using Reports = std::vector<DatasetSyncReport>;
  client_->list_remote_datasets(once<Listed>("list", [this, by_itself](const Result<Listed>& listed) {
    if (listed) {
      for (const auto& each : *listed) static_cast<void>(client_->dataset(each.name));
    }
    if (by_itself) return;
    client_->synchronize(once<Reports>("sync of all", [this](const Result<Reports>& reports) {
      to_check_ = true;
      if (!reports) return;
      for (const auto& each : *reports) {
        context_.say(name() + "/" + ledger_.shown(each.dataset) + " " +
                     (each.result ? "at " + std::to_string(each.result->sync_count.value)
                                  : std::string(to_string(each.result.error().code))));
      }
    }));
  }));
  tick();
}

// --- conflicts ----------------------------------------------------------------------------------------------------

std::string AccountApp::own_value(const std::string& key) {
  const std::string value = std::string(kUniqueMark) + name() + std::to_string(++device_.values);
  ledger_.wrote(value, {.device = device_.index, .who = device_.who, .dataset = "", .key = key}, std::nullopt, false);
  return value;
}

Resolution AccountApp::decide(const Conflict& conflict, Answer answer) {
  context_.say(name() + " is asked about " + conflict.key + ": " +
               (conflict.local ? conflict.local->substr(0, 8) : "removed") + " or " +
               (conflict.remote.value ? conflict.remote.value->substr(0, 8) : "removed"));
  ledger_.check_conflict(device_.index, conflict);
  if (answer != Answer::kNone && answer != Answer::kLater && answer != Answer::kThrow) {
    ledger_.decided(device_.index, conflict.remote.value);
  }
  switch (answer) {
    case Answer::kNone:
    case Answer::kLater:
      return Resolution::later();
    case Answer::kLocal:
    case Answer::kWriteSame:
      ledger_.allow_again(conflict.local);
      return Resolution::keep_local();
    case Answer::kNewest: {
      const auto newest = conflict_policy::newest(conflict);
      const bool local = newest.choice() == Resolution::Choice::kLocal;
      return local ? decide(conflict, Answer::kLocal) : decide(conflict, Answer::kRemote);
    }
    case Answer::kRemove:
      ledger_.let_go(conflict.local);
      return Resolution::remove();
    case Answer::kUse:
      ledger_.let_go(conflict.local);
      return Resolution::use(own_value(conflict.key));
    case Answer::kThrow:
      throw std::runtime_error("simulated: the app's handler throws");
    case Answer::kRemote:
    case Answer::kWriteOther:
      break;
  }
  ledger_.let_go(conflict.local);
  return Resolution::keep_remote();
}

void AccountApp::resolve(const Step& step) {
  auto data = dataset(chosen(step));
  if (!data) return;
  const auto open = data->conflicts();
  if (!open || open->empty() || dead()) return after_call();
  const auto resolution = decide(open->front(), static_cast<Answer>(step.kind));
  const auto result = data->resolve(open->front(), resolution);
  context_.say(name() + " settles " + open->front().key + (result ? "" : " fails"));
  after_call();
  tick();
}

// --- pushes, and what the system tells ------------------------------------------------------------------------------

void AccountApp::subscribe() {
  if (!open()) return;
  context_.disk.run_as(process_);
  client_->register_device(PushPlatform::kGcm, "token-of-" + name(), once<std::string>("registration", nullptr));
  client_->subscribe_all(once<void>("subscription", nullptr));
  tick();
}

std::string AccountApp::push_bytes(Hint hint, const std::string& dataset, std::int64_t newest) const {
  static constexpr const char* kSomebody = "us-east-1:00000000-0000-4000-8000-00000000000f";
  const auto count = hint == Hint::kStale ? newest / 2 : newest + (hint == Hint::kAhead ? 5 : 0);
  const bool foreign = hint == Hint::kForeign || identity().empty();
  std::string bytes = R"({"source":"cognito-sync","identityPoolId":")" +
                      (hint == Hint::kOtherPool ? std::string(kSomebody) : service_.pool()) + R"(","identityId":")" +
                      (foreign ? kSomebody : identity()) + R"(","datasetName":")" + dataset + R"(","syncCount":)" +
                      std::to_string(count) + "}";
  if (hint == Hint::kTruncated) bytes.resize(bytes.size() / 2);
  if (hint == Hint::kNone) bytes = R"({"aps":{"alert":"hello"}})";
  return bytes;
}

// D20: at most a sync of a dataset of this identity's.
void AccountApp::push(const Step& step, const std::string& dataset, std::int64_t newest) {
  if (!open()) return;
  context_.disk.run_as(process_);
  const auto hint = static_cast<Hint>(step.kind);
  const auto bytes = push_bytes(hint, dataset, newest);
  const bool waits = step.id % 2 == 0;
  if (step.id % 3 != 0) {
    if (auto data = this->dataset(dataset)) data->subscribe(once<void>("subscription", nullptr));
    tick();
    if (!open()) return;
    context_.disk.run_as(process_);
  }
  const auto answer =
      waits ? client_->handle_push(bytes,
                                   once<SyncReport>("hint", [this](const Result<SyncReport>&) { to_check_ = true; }))
            : client_->handle_push(bytes);
  const bool true_one = hint == Hint::kNewest || hint == Hint::kStale || hint == Hint::kAhead;
  context_.say(name() + " gets a push: " +
               (answer ? (answer->decision == HintDecision::kSync ? "syncs" : "known")
                       : std::string(to_string(answer.error().code))));
  context_.verdict.require(!answer || (true_one && !identity().empty() && answer->dataset == dataset), "D20",
                           name() + ": a push that is not for this identity was believed");
  after_call();
  tick();
}

void AccountApp::flush() {
  if (!open()) return;
  context_.disk.run_as(process_);
  const auto report = client_->flush(std::chrono::milliseconds{0});
  if (dead()) return after_call();
  if (report) {
    for (const auto& left : report->left) {
      const auto data = dataset(left.dataset);
      const auto pending = data ? data->pending_changes() : Result<std::vector<PendingChange>>(Error{});
      if (!pending || dead()) return after_call();
      // It counts what a guest left to this identity as well.
      context_.verdict.require(pending->size() <= left.pending, "D13",
                               name() + ": flush() says " + std::to_string(left.pending) + " are left, not " +
                                   std::to_string(pending->size()));
    }
  }
  context_.say(name() + " flushes: " + (report ? std::to_string(report->left.size()) + " left" : "fails"));
  tick();
}

void AccountApp::hear(Connectivity::State state) {
  if (!open()) return;
  context_.disk.run_as(process_);
  reception_->tell(state);
  tick();
}

void AccountApp::come_to_front(bool front) {
  if (!open()) return;
  context_.disk.run_as(process_);
  if (front) {
    client_->entered_foreground();
  } else {
    client_->entered_background();
  }
  tick();
}

// --- what the store holds -----------------------------------------------------------------------------------------

std::optional<std::vector<UnsentData>> AccountApp::unsent() {
  if (!open()) return std::nullopt;
  context_.disk.run_as(process_);
  auto unsent = client_->unsent(Whose::kEverybody);
  if (unsent) return std::move(*unsent);
  return std::nullopt;
}

void AccountApp::check() {
  if (!client_) return;
  context_.disk.run_as(process_);
  const auto names = client_->dataset_names();
  if (!names || dead()) return after_call();
  std::size_t all = 0;
  for (const auto& each : *names) {
    const auto data = dataset(each);
    if (!data) return;
    const auto pending = data->pending_changes();
    const auto records = data->records();
    if (!pending || !records || dead()) return after_call();
    ledger_.check_journal({.device = device_.index, .who = device_.who, .dataset = each, .key = ""}, *pending);
    for (const Record& record : *records) ledger_.seen(device_.who, each, record.key, record.value);
    all += pending->size();
  }
  const auto unsent = client_->unsent(Whose::kThisIdentity);
  if (!unsent || dead()) return after_call();
  for (const auto& each : *unsent) all -= each.identity_id == identity() ? each.pending : 0;
  context_.verdict.require(all == 0, "D1", name() + ": unsent() does not say what is pending");
}

std::string AccountApp::difference(const std::set<std::string>& remote) {
  if (!open()) return "it does not open";
  const auto names = client_->dataset_names();
  if (!names) return "it can't be read";
  std::set<std::string> all(names->begin(), names->end());
  all.insert(remote.begin(), remote.end());
  for (const auto& each : all) {
    if (auto found = difference(each, remote.contains(each)); !found.empty()) return ledger_.shown(each) + ": " + found;
  }
  return "";
}

std::string AccountApp::difference(const std::string& name, bool remote) {
  const auto held = remote ? service_.read(identity(), name) : HeldDataset();
  const auto data = dataset(name);
  if (!held || !data) return "it can't be read";
  const auto info = data->info();
  const auto records = data->records();
  if (!info || !records) return "it can't be read";
  if (info->pending > 0) return std::to_string(info->pending) + " writes are pending";
  auto expected = held->records;
  std::erase_if(expected, [](const auto& each) { return !each.second.value; });
  if (expected.size() != records->size()) {
    return std::to_string(records->size()) + " records, not " + std::to_string(expected.size());
  }
  for (const Record& record : *records) {
    const auto found = expected.find(record.key);
    if (found == expected.end() || found->second.value != record.value) return record.key + " is not as at the service";
  }
  return "";
}

}  // namespace syncline::sim
