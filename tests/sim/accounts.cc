#include "sim/accounts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/http_bytes.h"
#include "sim/login_provider.h"
#include "wire/messages.h"

namespace syncline::sim {

namespace {

using Json = nlohmann::json;

constexpr int kRounds = 6;
constexpr std::chrono::minutes kPeriod{10};                 // of automatic syncs, at the end
constexpr std::int64_t kPause = std::int64_t{25} * 60'000;  // longer than what was begun takes, and than two periods

std::optional<std::string> value_in(const Json& record) {
  const auto found = record.find("Value");
  return found == record.end() || found->is_null() ? std::nullopt : std::optional(found->get<std::string>());
}

}  // namespace

Accounts::Accounts(const Plan& plan, const Templates& templates, const std::string& root, Trace& trace)
    : FixedEntropy(plan.seed), Stage(plan, templates.accounts, root, trace), ledger_(context_.verdict) {
  service_.set_observer([this](int index, const HttpRequest& request, const std::optional<HttpResponse>& answer) {
    observe(index, request, answer);
  });
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    auto device = std::make_unique<Device>(Device{.state = {}, .clock = SimClock(context_.events), .app = {}});
    device->state.index = static_cast<int>(i);
    device->state.directory = root + "/" + std::string(1, static_cast<char>('A' + i));
    device->state.answer = plan.devices[i].answer;
    device->state.keeps_deleted = plan.devices[i].keeps_deleted;
    device->state.merged = i % 2 == 0 ? MergedAnswer::kKeep : MergedAnswer::kDelete;
    device->app = std::make_unique<AccountApp>(context_, network_, service_, ledger_, device->state, device->clock);
    devices_.push_back(std::move(device));
  }
}

Accounts::~Accounts() = default;

// --- steps --------------------------------------------------------------------------------------------------------

bool Accounts::work(const Step& step) {
  AccountApp& app = *device(step.device).app;
  switch (step.act) {
    case Act::kSignIn:
      app.sign_in(static_cast<int>(step.number), static_cast<GuestData>(step.kind), static_cast<Manner>(step.key));
      return true;
    case Act::kSignOut:
      app.leave(static_cast<Leave>(step.kind));
      return true;
    case Act::kRestart:
      app.close();
      app.open();
      app.tick();
      return true;
    case Act::kHandler:
      device(step.device).state.answer = static_cast<Answer>(step.kind);
      return true;
    case Act::kMergeUsers:
      merge_users(step);
      return true;
    case Act::kConnectivity:
      app.hear(static_cast<Connectivity::State>(step.kind));
      return true;
    case Act::kFront:
      app.come_to_front(step.kind == 0);
      return true;
    default:
      return step.act == Act::kWait || work_on_data(step, app);
  }
}

bool Accounts::work_on_data(const Step& step, AccountApp& app) {
  const std::string name = kDatasetNames[static_cast<std::size_t>(step.dataset)];
  switch (step.act) {
    case Act::kPut:
    case Act::kRemove:
      app.write(step);
      return true;
    case Act::kDelete:
      app.delete_dataset(step);
      return true;
    case Act::kSync:
      app.synchronize(step);
      return true;
    case Act::kSyncAll:
      app.synchronize_all();
      return true;
    case Act::kResolve:
      app.resolve(step);
      return true;
    case Act::kSubscribe:
      app.subscribe();
      return true;
    case Act::kPush:
      app.push(step, name, newest_[{app.identity(), name}]);
      return true;
    case Act::kFlush:
      app.flush();
      return true;
    default:
      return false;
  }
}

// What would be credentials here comes from the service: it is the secret store that fails.
void Accounts::sign_as(const Step& step) {
  const auto secrets = device(step.device).state.secrets;
  secrets->refuse(true);
  context_.events.after(step.number, [secrets] { secrets->refuse(false); });
}

void Accounts::power_cut(int index) {
  device(index).app->kill();
  context_.disk.power_cut(device(index).state.directory + "/");
}

bool Accounts::anybody_waits() const {
  return std::any_of(devices_.begin(), devices_.end(), [](const auto& device) { return device->app->waits(); });
}

// "": the service does not know one of this name, or does not answer.
std::string Accounts::user_identity(int person) {
  const auto found = service_.as_developer("LookupDeveloperIdentity", R"({"IdentityPoolId":")" + service_.pool() +
                                                                          R"(","DeveloperUserIdentifier":"player)" +
                                                                          std::to_string(person) + "\"}");
  return found ? Json::parse(*found).at("IdentityId").get<std::string>() : "";
}

void Accounts::merge_users(const Step& step) {
  if (context_.plan.identities < kMostPersons) return;
  const int source = step.kind == 0 ? 2 : 3;
  const int destination = 5 - source;
  const auto was = user_identity(source);
  const auto to = user_identity(destination);
  if (was.empty() || to.empty() || was == to) return;
  // Whether it happens or the service dies over it.
  ledger_.may_become(ledger_.of(was), ledger_.of(to));
  const auto merged = service_.as_developer(
      "MergeDeveloperIdentities", R"({"IdentityPoolId":")" + service_.pool() + R"(","DeveloperProviderName":")" +
                                      std::string(kDeveloperProvider) + R"(","SourceUserIdentifier":"player)" +
                                      std::to_string(source) + R"(","DestinationUserIdentifier":"player)" +
                                      std::to_string(destination) + "\"}");
  if (!merged) return;
  merged_.insert(ledger_.of(was));
  context_.say("the developer merges " + ledger_.shown(was) + " into " + ledger_.shown(to));
}

// --- what the service is asked, and says ----------------------------------------------------------------------------

void Accounts::observe(int index, const HttpRequest& request, const std::optional<HttpResponse>& answer) {
  if (find_header(request.headers, "X-Amz-Target") != nullptr) return observe_login(index, request, answer);
  const auto route = wire::parse_route(request.method, request.path);
  if (!route || !answer || answer->status != 200) return;
  const Who who = ledger_.of(route->identity);
  auto& newest = newest_[{route->identity, route->dataset}];
  if (route->operation == wire::Operation::kDeleteDataset) ledger_.vanished(who, route->dataset);
  if (route->operation == wire::Operation::kListRecords) {
    const Json json = Json::parse(answer->body);
    newest = std::max(newest, json.at("DatasetSyncCount").get<std::int64_t>());
    for (const Json& record : json.at("Records")) {
      ledger_.listed(who, route->dataset, record.at("Key"), value_in(record));
    }
  }
  if (route->operation != wire::Operation::kUpdateRecords) return;
  const Json patches = Json::parse(plain_body(request));
  for (const Json& patch : patches.at("RecordPatches")) {
    ledger_.committed(index, who, route->dataset, patch.at("Key"), value_in(patch));
  }
  const Json written = Json::parse(answer->body);
  for (const Json& record : written.at("Records")) {
    newest = std::max(newest, record.at("SyncCount").get<std::int64_t>());
  }
}

// Whoever is presented with another's login becomes that one at the service.
void Accounts::observe_login(int index, const HttpRequest& request, const std::optional<HttpResponse>& answer) {
  const Json asked = Json::parse(plain_body(request), nullptr, false);
  if (!asked.is_object() || !asked.contains("Logins") || asked.at("Logins").empty()) return;
  const std::string presented = asked.value("IdentityId", "");
  const bool at_provider = asked.at("Logins").contains(kProvider);
  std::string became = at_provider ? owner_ : "";
  const bool done = answer && answer->status == 200;
  if (done) {
    became = Json::parse(answer->body).at("IdentityId");
    ledger_.account(ledger_.of(became));
    if (at_provider) owner_ = became;
  } else if (answer && answer->status < 500) {
    return;
  }
  if (presented.empty() || became == presented) return;
  const Who from = ledger_.of(presented);
  if (!done) doubtful_.insert(from);
  if (became.empty()) return;
  const Who to = ledger_.of(became);
  const bool account = device(index).state.accounts.contains(from);
  context_.verdict.require(!account || ledger_.leads(from, to), "D15",
                           "an account's identity was presented with another's login");
  ledger_.may_become(from, to);
  merged_.insert(from);
}

// --- the end ------------------------------------------------------------------------------------------------------

void Accounts::settle() {
  end_faults();
  heal_devices();
  for (int person = 0; person <= context_.plan.identities && !context_.verdict.failed(); ++person) settle_as(person);
  if (!context_.verdict.failed()) check_end();
}

void Accounts::heal_devices() {
  for (const auto& device : devices_) {
    auto& state = device->state;
    state.secrets->refuse(false);
    // Policies that decide: whoever leaves a conflict open, or brings back what others delete, does not come to the
    // same.
    state.answer = state.index % 2 == 0 ? Answer::kLocal : Answer::kRemote;
    state.keeps_deleted = false;
    state.merged = MergedAnswer::kKeep;
    state.period = kPeriod;
    device->app->close();
    if (!device->app->open()) {
      return context_.verdict.fail("D10", "a store can't be opened when all faults are over");
    }
    device->app->hear(Connectivity::State::kOnline);
    device->app->come_to_front(true);
  }
  pass_time();
}

void Accounts::pass_time() {
  if (context_.verdict.failed()) return;
  run_until(context_.events.now() + kPause);
  if (!context_.verdict.failed() && anybody_waits()) context_.verdict.fail("D13", "something does not end");
}

// A guest whom the service took for somebody else, and whose device has not heard of it, has to leave first.
void Accounts::enter(Device& device, int person) {
  AccountApp& app = *device.app;
  for (int attempt = 0; attempt < 2 && !context_.verdict.failed(); ++attempt) {
    app.sign_in(person, GuestData::kMerge, Manner::kAtOnce);
    pass_time();
    if (app.signed_in() && *app.signed_in()) return;
    app.leave(Leave::kKeep);
    pass_time();
  }
  if (context_.verdict.failed() || (person == 0 && refused_guest(device))) return;
  context_.verdict.fail("D13", "nobody can sign in as " + std::to_string(person) + " when all faults are over: " +
                                   (app.signed_in() ? app.signed_in()->error().message : "no answer"));
}

// The service has made an account of the guest, or given it to one, and the device has not heard of it: it asks for
// this guest for ever, and what it has of it stays.
bool Accounts::refused_guest(Device& device) const {
  const auto& answer = device.app->signed_in();
  auto guests = device.state.guests;
  guests.insert(device.state.accounts.begin(), device.state.accounts.end());
  return answer && !*answer && answer->error().code == ErrorCode::kNotAuthorized &&
         std::any_of(guests.begin(), guests.end(), [&](Who guest) {
           return ledger_.is_account(guest) || merged_.contains(guest) || doubtful_.contains(guest) ||
                  device.state.offered.contains(guest);
         });
}

void Accounts::settle_as(int person) {
  for (const auto& device : devices_) enter(*device, person);
  for (int round = 0; round < kRounds && !context_.verdict.failed(); ++round) {
    if (round > 0 && all_equal(false)) break;
    for (const auto& device : devices_) {
      // What syncs by itself has to come there by itself.
      device->app->synchronize_all(context_.plan.devices[static_cast<std::size_t>(device->state.index)].automatic);
      pass_time();
    }
  }
  if (context_.verdict.failed()) return;
  static_cast<void>(all_equal(true));
  for (const auto& device : devices_) device->app->check();
}

bool Accounts::all_equal(bool complain) {
  for (const auto& device : devices_) {
    std::set<std::string> remote;
    const auto identity = device->app->identity();
    if (const auto names = service_.datasets_of(identity)) remote.insert(names->begin(), names->end());
    if (identity.empty()) continue;  // who could not be a guest any more
    const auto difference = device->app->difference(remote);
    if (difference.empty()) continue;
    if (complain) {
      context_.verdict.fail("D12", std::string(1, static_cast<char>('A' + device->state.index)) + " as " +
                                       ledger_.shown(identity) + " at the end, " + difference);
    }
    return false;
  }
  return true;
}

// Nobody can sign in as an identity that is another's now: what only a device has that did not hear of it stays there.
bool Accounts::stranded(const Device& device, Who who) const {
  return (merged_.contains(who) || doubtful_.contains(who)) && !device.state.moved_on.contains(who);
}

void Accounts::check_end() {
  for (const auto& device : devices_) {
    for (const auto* whose : {&merged_, &doubtful_}) {
      for (const Who who : *whose) {
        if (stranded(*device, who)) ledger_.let_go_all(device->state.index, who);
      }
    }
  }
  for (const auto& device : devices_) {
    const auto unsent = device->app->unsent();
    if (!unsent) return context_.verdict.fail("D10", "a store can't be read when all faults are over");
    for (const auto& each : *unsent) {
      context_.verdict.require(stranded(*device, ledger_.of(each.identity_id)), "D1",
                               std::string(1, static_cast<char>('A' + device->state.index)) + " still has unsent " +
                                   ledger_.shown(each.dataset) + " of \"" + ledger_.shown(each.identity_id) + "\"");
    }
  }
  ledger_.check_end();
}

}  // namespace syncline::sim
