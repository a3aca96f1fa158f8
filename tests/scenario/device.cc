#include "scenario/device.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "scenario/world.h"
#include "support/fake_random.h"

namespace syncline::scenario {

namespace fs = std::filesystem;

namespace {

// No sync that a scenario asks for takes a tenth of this; D13 says that each one ends.
constexpr int kMostTicks = 5'000;
// A request that is not held is through after one; two more for what it sets off.
constexpr int kIdleTicks = 3;

}  // namespace

Json as_asked(const Conflict& conflict) {
  return Json::array({conflict.key, to_json(conflict.base ? conflict.base->value : std::nullopt),
                      to_json(conflict.local), to_json(conflict.remote.value)});
}

Resolution resolution_of(const Answer& answer, const Conflict& conflict) {
  if (answer.name == "keep_local") return conflict_policy::keep_local(conflict);
  if (answer.name == "keep_remote") return conflict_policy::keep_remote(conflict);
  if (answer.name == "newest") return conflict_policy::newest(conflict);
  if (answer.name == "later") return conflict_policy::later(conflict);
  if (answer.name == "remove") return Resolution::remove();
  if (answer.name == "use") return Resolution::use(answer.value);
  throw std::runtime_error("the app's handler throws, as the scenario wants it");
}

Device::Device(World& world, std::string name, fs::path home)
    : world_(world), name_(std::move(name)), home_(std::move(home)), data_(home_ / "data") {}

Device::~Device() {
  close();
}

// --- its life -----------------------------------------------------------------------------------------------------

void Device::open() {
  auto transport =
      std::make_unique<testing::FakeTransport>([this](const HttpRequest& request) { return carry(request); });
  transport_ = transport.get();
  ClientOptions options;
  options.data_directory = data_.string();
  options.endpoint = std::string("http://") + kHost;
  options.region = kRegion;
  options.identity_pool_id = world_.service().pool();
  options.identity_id = identity_id(options_.identity);
  options.device_id = name_;
  options.credentials = static_credentials(world_.service().credentials());
  options.durability = options_.survive_power_cut ? Durability::kFull : Durability::kProcess;
  options.threading = Threading::kTick;
  options.retry.attempts = options_.attempts;
  auto client = open_with(
      std::move(options),
      Ports{.clock = clock_, .random = std::make_unique<testing::FakeRandom>(), .transport = std::move(transport)});
  if (!client) throw Mismatch(name_ + " does not open: " + client.error().message);
  client_.emplace(std::move(*client));
  for (const auto& rule : faults_) use_rule(rule);
}

void Device::close() {
  datasets_.clear();
  if (client_) client_->shutdown(std::chrono::milliseconds{0});
  client_.reset();
  transport_ = nullptr;
}

void Device::restart() {
  if (driving_) throw BadScenario(name_ + " can't restart in the middle of its own request; kill it");
  close();
  for (const auto& [dataset, asked] : asked_) this->dataset(dataset);
}

void Device::kill() {
  for (const auto& run : runs_) run->killed = true;
  const fs::path image = home_ / ("life" + std::to_string(++lives_));
  if (fs::exists(data_)) fs::copy(data_, image, fs::copy_options::recursive);
  data_ = image;
  killed_ = true;
  if (!driving_) revive();
}

void Device::revive() {
  close();
  killed_ = false;
  for (const auto& [dataset, asked] : asked_) this->dataset(dataset);
}

Dataset& Device::dataset(const std::string& name) {
  if (!client_) open();
  if (const auto known = datasets_.find(name); known != datasets_.end()) return known->second;
  auto opened = client_->dataset(name);
  if (!opened) throw Mismatch(name_ + " does not open data set " + name + ": " + opened.error().message);
  asked_.try_emplace(name, Json::array());
  datasets_.emplace(name, std::move(*opened));
  connect(name);
  return datasets_.at(name);
}

std::vector<std::string> Device::dataset_names() const {
  std::vector<std::string> names;
  for (const auto& [name, asked] : asked_) names.push_back(name);
  return names;
}

// --- the app ------------------------------------------------------------------------------------------------------

void Device::connect(const std::string& dataset) {
  const auto answer = answers_.find(dataset);
  ConflictHandler handler;
  if (answer != answers_.end() && answer->second.name != "none") {
    handler = [this, dataset](const Conflict& conflict) { return resolve(dataset, conflict); };
  }
  datasets_.at(dataset).set_conflict_handler(std::move(handler));
}

void Device::set_answer(const std::string& dataset, Answer answer) {
  this->dataset(dataset);
  answers_[dataset] = std::move(answer);
  connect(dataset);
}

Resolution Device::resolve(const std::string& dataset, const Conflict& conflict) {
  if (killed_) return Resolution::later();
  asked_[dataset].push_back(as_asked(conflict));
  auto& answer = answers_.at(dataset);
  if (const Json first = std::exchange(answer.first, nullptr); !first.is_null()) {
    world_.keep_failure([&] { world_.run(first); });
  }
  return resolution_of(answers_.at(dataset), conflict);
}

Json Device::all_asked() const {
  Json all = Json::array();
  for (const auto& [dataset, asked] : asked_) {
    for (const Json& each : asked) all.push_back(each);
  }
  return all;
}

// --- syncs --------------------------------------------------------------------------------------------------------

void Device::begin_sync(const std::string& dataset) {
  if (driving_) throw BadScenario(name_ + " can't sync in the middle of its own request");
  auto run = std::make_shared<SyncRun>();
  runs_.push_back(run);
  this->dataset(dataset).synchronize([run](const Result<SyncReport>& report) {
    if (run->killed) return;
    ++run->completions;
    run->outcome = report;
  });
  drive();
}

std::shared_ptr<SyncRun> Device::end_sync() {
  if (runs_.empty()) throw BadScenario(name_ + " has begun no sync");
  if (!runs_.front()->killed && !runs_.front()->outcome) drive();
  auto run = runs_.front();
  runs_.pop_front();
  if (!run->killed && run->completions != 1) {
    throw Mismatch("the sync's completion was called " + std::to_string(run->completions) + " times");
  }
  return run;
}

bool Device::syncing() const {
  return std::any_of(runs_.begin(), runs_.end(), [](const auto& run) { return !run->outcome; });
}

void Device::drive() {
  int idle = 0;
  driving_ = true;
  for (int tick = 0; idle < kIdleTicks && !killed_; ++tick) {
    if (tick == kMostTicks) {
      driving_ = false;
      throw Mismatch("the sync does not end");
    }
    const std::size_t requests = transport_->requests();
    const auto now = clock_->monotonic();
    const auto next = client_->tick(now);
    if (world_.has_failure()) break;
    if (!next) break;
    if (*next > now) world_.wait(std::chrono::ceil<std::chrono::milliseconds>(*next - now));
    const bool held = transport_->held() > 0 && transport_->requests() == requests;
    idle = held || !syncing() ? idle + 1 : 0;
  }
  driving_ = false;
  if (killed_) revive();
  world_.throw_failure();
}

// --- the network --------------------------------------------------------------------------------------------------

void Device::add_fault(std::shared_ptr<FaultRule> rule) {
  faults_.push_back(rule);
  if (client_) use_rule(rule);
}

void Device::use_rule(const std::shared_ptr<FaultRule>& rule) {
  if (!rule->transport) return;
  transport_->fault_when([rule](const HttpRequest& request) { return rule->selection.meets(request); },
                         *rule->transport);
}

void Device::clear_faults() {
  faults_.clear();
  hooks_.clear();
  if (transport_ != nullptr) transport_->clear_faults();
}

std::string Device::loose_end() const {
  if (!runs_.empty()) return "\"begin_sync\" has no \"end_sync\"";
  for (const auto& rule : faults_) {
    if (!rule->selection.ever_met()) return "fault \"" + rule->name + "\" never met a request";
  }
  for (const auto& hook : hooks_) {
    if (!hook->selection.ever_met()) return "\"during\" never met a request";
  }
  return "";
}

void Device::deliver() {
  if (kept_back_.empty()) throw BadScenario("nothing of " + name_ + "'s was kept back");
  for (const auto& request : std::exchange(kept_back_, {})) world_.service().handle(request);
}

Result<HttpResponse> Device::carry(const HttpRequest& request) {
  const Error lost{.code = ErrorCode::kNetwork, .message = "lost with the device that was killed"};
  std::vector<std::shared_ptr<Hook>> met;
  for (const auto& hook : hooks_) {
    if (hook->selection.meets(request)) met.push_back(hook);
  }
  const auto run_steps = [&](Json Hook::*steps) {
    for (const auto& hook : met) {
      const Json& wanted = (*hook).*steps;
      if (!wanted.is_null()) world_.keep_failure([&] { world_.run(wanted); });
    }
  };
  if (killed_ || world_.has_failure()) return lost;
  run_steps(&Hook::before);
  if (killed_ || world_.has_failure()) return lost;
  auto answered = answer(request);
  run_steps(&Hook::after);
  if (killed_) return lost;
  return answered;
}

Result<HttpResponse> Device::answer(const HttpRequest& request) {
  std::vector<std::shared_ptr<FaultRule>> met;
  for (const auto& rule : faults_) {
    if (!rule->transport && rule->selection.meets(request)) met.push_back(rule);
  }
  for (const auto& rule : met) {
    if (rule->kind == FaultRule::Kind::kRefuse) return rule->answer;
    if (rule->kind == FaultRule::Kind::kDelay || rule->kind == FaultRule::Kind::kEcho) kept_back_.push_back(request);
    if (rule->kind == FaultRule::Kind::kDelay)
      return Error{.code = ErrorCode::kTimeout, .message = "no answer in time"};
  }
  HttpResponse response = world_.service().handle(request);
  for (const auto& rule : met) {
    if (rule->kind == FaultRule::Kind::kRefuseAfter) response = rule->answer;
    if (rule->kind == FaultRule::Kind::kEdit) world_.keep_failure([&] { edit_answer(rule->edit, response); });
  }
  return response;
}

}  // namespace syncline::scenario
