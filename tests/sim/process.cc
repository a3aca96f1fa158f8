#include "sim/process.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace syncline::sim {

namespace {

constexpr std::int64_t kSlowSigning = 1'500;

}  // namespace

// The app's credentials: right, wrong, expired, none, or late.
class Process::Signer final : public CredentialsProvider {
 public:
  explicit Signer(Process& process) : process_(process) {}

  void get_credentials(CredentialsCallback done) override {
    Credentials credentials = process_.service_.credentials();
    switch (process_.device_.signing) {
      case Signing::kRight:
        break;
      case Signing::kWrong:
        credentials.access_key_id = "SLDKNOBODYSKEYATALL2";
        break;
      case Signing::kExpired:
        credentials.session_token = "expired";
        break;
      case Signing::kFailing:
        return done(Error{.code = ErrorCode::kNetwork, .message = "simulated: no credentials"});
      case Signing::kSlow:
        return answer_late(std::move(done), std::move(credentials));
    }
    done(std::move(credentials));
  }

 private:
  // Also to a process that is gone by then: a provider can't know.
  void answer_late(CredentialsCallback done, Credentials credentials) {
    ++process_.owed_;
    process_.context_.events.after(kSlowSigning, [done = std::move(done), credentials] { done(credentials); });
    process_.later(kSlowSigning, [&process = process_] {
      --process.owed_;
      process.tick();
    });
  }

  Process& process_;
};

Process::Process(Context& context, Network& network, ServiceHost& service, DeviceState& device, SimClock& clock)
    : Life(context, network, clock, device.index), service_(service), device_(device) {}

Process::~Process() {
  end();
}

Place Process::place(const std::string& dataset, const std::string& key) const {
  return Place{.device = device_.index, .dataset = dataset, .key = key};
}

// --- its life -----------------------------------------------------------------------------------------------------

ClientOptions Process::options() {
  ClientOptions options = common_options(device_.directory);
  options.identity_pool_id = service_.pool();
  if (!as_last_) options.identity_id = kIdentities[static_cast<std::size_t>(identity_)];
  options.credentials = std::make_shared<Signer>(*this);
  return options;
}

bool Process::open() {
  if (client_) return true;
  if (!begin(options())) {
    device_.last_identity.reset();
    return false;
  }
  note_identity();
  context_.say(name() + " opens" + (identity_ == 0 ? "" : " as " + std::to_string(identity_ + 1)));
  for (const auto& [dataset, changes] : std::map(device_.torn_batches)) {
    if (read_label(dataset).identity == identity_) check_batch(dataset);
  }
  return client_.has_value();
}

void Process::note_identity() {
  const auto found = std::find(kIdentities.begin(), kIdentities.end(), client_->identity_id());
  const auto now = static_cast<int>(found - kIdentities.begin());
  const auto expected = as_last_ ? device_.last_identity : std::optional(identity_);
  context_.verdict.require(!expected || now == *expected, "D15",
                           name() + " opened as \"" + client_->identity_id() + "\", not as the last identity here");
  identity_ = std::min(now, static_cast<int>(kIdentities.size()) - 1);
  device_.last_identity = identity_;
}

void Process::switch_identity(const Step& step) {
  close();
  identity_ = static_cast<int>(step.number);
  // Where the last one is not known, there may be none.
  as_last_ = step.kind == 1 && device_.last_identity.has_value();
  open();
  as_last_ = false;
}

void Process::become(int identity) {
  if (identity_ == identity) return;
  close();
  identity_ = identity;
}

Dataset* Process::dataset(const std::string& label) {
  const auto named = read_label(label);
  if (!open() || named.identity != identity_) return nullptr;
  if (const auto known = datasets_.find(label); known != datasets_.end()) return &known->second;
  context_.disk.run_as(process_);
  auto opened = client_->dataset(named.dataset);
  if (!opened || dead()) {
    after_call();
    return nullptr;
  }
  datasets_.emplace(label, std::move(*opened));
  connect(label);
  return &datasets_.at(label);
}

void Process::close() {
  if (!client_) return;
  context_.disk.run_as(process_);
  datasets_.clear();
  client_->shutdown(std::chrono::milliseconds{0});
  if (!dead()) {
    for (const auto& run : runs_) {
      context_.verdict.require(
          run->completions == 1, "D13",
          name() + ": a completion was called " + std::to_string(run->completions) + " times by a shutdown");
    }
    context_.verdict.require(calls_ == 0, "D13", name() + ": shutdown() left a question without an answer");
  }
  context_.say(name() + " closes");
  bury();
}

void Process::forget() {
  runs_.clear();
  calls_ = 0;
  to_check_.clear();
  datasets_.clear();
}

void Process::rested() {
  std::erase_if(runs_, [](const auto& run) { return run->completions > 0; });
  for (const auto& each : std::exchange(to_check_, {})) check(each);
}

// --- syncs --------------------------------------------------------------------------------------------------------

bool Process::syncing() const {
  return calls_ > 0 || std::any_of(runs_.begin(), runs_.end(), [](const auto& run) { return run->completions == 0; });
}

void Process::synchronize(const std::string& dataset) {
  Dataset* const data = this->dataset(dataset);
  if (data == nullptr) return;
  auto run = std::make_shared<Run>(Run{.dataset = dataset, .began = context_.writes.moment()});
  runs_.push_back(run);
  std::erase_if(device_.runs, [](const auto& each) { return each.expired(); });
  device_.runs.push_back(run);
  succeeded_.erase(dataset);
  context_.held.sync_begins(device_.index, dataset);
  context_.say(name() + "/" + dataset + " syncs");
  context_.disk.run_as(process_);
  data->synchronize([this, run, of = process_](const Result<SyncReport>& report) {
    if (!context_.disk.killed(of)) complete(run, report);
  });
  tick();
}

void Process::complete(const std::shared_ptr<Run>& run, const Result<SyncReport>& report) {
  ++run->completions;
  to_check_.insert(run->dataset);
  std::string text = name() + "/" + run->dataset + " ends: ";
  if (report) {
    const bool success = report->outcome == SyncOutcome::kSuccess;
    context_.held.sync_ended(device_.index, run->dataset);
    if (success) succeeded_.insert(run->dataset);
    if (const auto deleted = device_.deleted.find(run->dataset);
        deleted != device_.deleted.end() && deleted->second < run->began) {
      device_.deleted.erase(deleted);
    }
    text += (success ? "success" : "conflicts") + std::string(" pulled ") + std::to_string(report->pulled) +
            " pushed " + std::to_string(report->pushed) + " resolved " + std::to_string(report->resolved) +
            " requests " + std::to_string(report->requests) + " at " + std::to_string(report->sync_count.value);
    // engine/session.h's bound for lists of one page, twice for a clock that had to be corrected.
    const std::size_t bound = 21U * 2U * static_cast<std::size_t>(options().retry.attempts);
    context_.verdict.require(context_.plan.page_size != 0 || report->requests <= bound, "D13",
                             name() + ": a sync sent " + std::to_string(report->requests) + " requests");
  } else {
    text += std::string(to_string(report.error().code));
  }
  context_.say(text);
  context_.verdict.require(run->completions == 1, "D13", name() + ": a completion was called twice");
}

void Process::describe(const Step& step) {
  Dataset* const data = dataset(label(step.dataset));
  if (data == nullptr) return;
  ++calls_;
  context_.disk.run_as(process_);
  const auto done = [this, of = process_, called = std::make_shared<int>(0)](const auto& /*answer*/) {
    if (context_.disk.killed(of)) return;
    context_.verdict.require(++*called == 1, "D13", name() + ": an answer was told twice");
    --calls_;
  };
  if (step.key % 2 == 0) {
    data->describe(done);
  } else {
    client_->list_remote_datasets(done);
  }
  tick();
}

}  // namespace syncline::sim
