// What the service tells others: its deliveries, and who sees to them.
#include <algorithm>
#include <utility>

#include "service/pool_documents.h"
#include "service/pool_rules.h"
#include "sim/service_host.h"

namespace syncline::sim {

namespace {

// As the service's own thread looks again when nothing wakes it, roughly.
constexpr std::int64_t kNextLook = 500;

// The disk does no harm to what the simulator reads for itself.
class Undisturbed {
 public:
  explicit Undisturbed(DiskFaults& faults) : faults_(faults) { faults_.hold(true); }
  ~Undisturbed() { faults_.hold(false); }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  DiskFaults& faults_;
};

wire::Target target_of(const std::string& pool, const std::string& label) {
  const auto named = read_label(label);
  return {.pool = IdentityPoolId::parse(pool).value(),
          .identity = IdentityId::parse(kIdentities[static_cast<std::size_t>(named.identity)]).value(),
          .dataset = DatasetName::parse(named.dataset).value()};
}

}  // namespace

// Nothing has happened since the commit: whom the pool tells now, it told then.
void ServiceHost::note_change(const HeldChange& change) {
  const Undisturbed reading(context_.faults);
  context_.disk.run_as(process_);
  const auto target = target_of(pool_, change.dataset);
  const auto configuration = service::load_configuration(service_->store(), target.pool);
  const auto subscribers = service_->store().subscribers(target);
  if (!configuration || !subscribers) return context_.verdict.fail("S7", "the service's store can't be read");
  std::vector<std::string> devices;
  for (const service::Device& device : *subscribers) devices.push_back(device.id);
  outside_->ledger.committed(change, service::streams_are_enabled(configuration->value), devices);
}

void ServiceHost::begin_deliveries() {
  deliver_at_.reset();
  deliveries_ = std::make_unique<Deliveries>(
      *outside_, service_->store(), clock_, context_.plan.seed ^ (static_cast<std::uint64_t>(process_) << 32U),
      [this, of = process_] { return !context_.disk.killed(of); }, [this] { deliver_after(0); });
  service_->store().on_queued([this] { deliver_after(0); });
  deliver_after(0);
}

void ServiceHost::deliver_after(std::int64_t milliseconds) {
  const auto moment = context_.events.now() + milliseconds;
  if (deliver_at_ && *deliver_at_ <= moment) return;
  deliver_at_ = moment;
  context_.events.after(milliseconds, [this, moment, of = process_] {
    if (process_ != of || deliver_at_ != moment || !deliveries_) return;
    deliver_at_.reset();
    deliver();
  });
}

void ServiceHost::deliver() {
  context_.disk.run_as(process_);
  const auto failed = context_.faults.failed();
  deliveries_->step();
  if (context_.disk.killed(process_)) context_.say("service dies over a delivery");
  if (!survived()) return;
  const Undisturbed reading(context_.faults);
  if (!deliveries_->at_rest(context_.faults.failed() == failed)) deliver_after(kNextLook);
}

// --- the developer and the operator -------------------------------------------------------------------------------

void ServiceHost::subscribe(const std::string& device, const std::string& dataset) {
  if (!service_ || !outside_) return;
  context_.disk.run_as(process_);
  const auto target = target_of(pool_, dataset);
  const auto registered = service_->store().register_device(
      target.pool, target.identity, {.id = device, .platform = "GCM", .token = push_token(device)}, clock_.wall());
  if (registered) {
    const auto subscribed = service_->store().subscribe(target, device);
    const bool done = subscribed && *subscribed == service::SubscriptionOutcome::kDone;
    context_.say(device + "/" + dataset + (done ? " subscribes" : " can't subscribe"));
  }
  survived();
}

void ServiceHost::set_stream(bool enabled) {
  if (!service_ || !outside_) return;
  context_.disk.run_as(process_);
  const auto pool = IdentityPoolId::parse(pool_).value();
  auto configuration = service::load_configuration(service_->store(), pool);
  if (configuration && configuration->value.streams) {
    configuration->value.streams->status = enabled ? wire::StreamingStatus::kEnabled : wire::StreamingStatus::kDisabled;
    const auto saved = service::save(service_->store(), pool, *configuration);
    context_.say(std::string("the stream is ") + (enabled ? "enabled" : "disabled") + (saved ? "" : ": fails"));
  }
  survived();
}

void ServiceHost::replay_dead_letters() {
  if (!service_ || !outside_) return;
  context_.disk.run_as(process_);
  const auto replayed = service_->store().replay_dead_letters({}, clock_.wall());
  if (replayed) context_.say("the operator sends " + std::to_string(*replayed) + " dead letters again");
  if (survived()) deliver_after(0);
}

void ServiceHost::fail_receiver(const Step& step) {
  if (outside_) outside_->fail(step);
}

std::vector<service::DeadLetter> ServiceHost::dead_letters() {
  context_.disk.run_as(process_);
  return service_->store().dead_letters(0, kManyDeadLetters).value_or(std::vector<service::DeadLetter>());
}

void ServiceHost::check_deliveries() {
  if (context_.verdict.failed()) return;
  context_.disk.run_as(process_);
  const auto figures = service_->store().outbox_figures();
  context_.verdict.require(figures && figures->pushes + figures->streams == 0, "S8",
                           "messages still wait when all faults are over");
  outside_->ledger.check_end(dead_letters());
}

}  // namespace syncline::sim
