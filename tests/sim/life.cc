#include "sim/life.h"

#include <chrono>
#include <utility>

#include "sim/service_host.h"
#include "support/fake_random.h"

namespace syncline::sim {

namespace {

// No step of a driver sets off a tenth of this; D13 says that all ends.
constexpr int kMostTicks = 2'000;
// What a task posts is done by the next tick, and what that one posts by the one after.
constexpr int kIdleTicks = 3;
constexpr std::int64_t kLookAgain = 500;

}  // namespace

Life::Life(Context& context, Network& network, SimClock& clock, int device)
    : context_(context),
      network_(network),
      clock_(clock),
      device_index_(device),
      shared_clock_(std::shared_ptr<Clock>(), &clock) {}

void Life::end() {
  *alive_ = false;
  if (client_) bury();
}

ClientOptions Life::common_options(const std::string& directory) const {
  const auto& plan = context_.plan.devices[static_cast<std::size_t>(device_index_)];
  ClientOptions options;
  options.data_directory = directory;
  options.endpoint = std::string("http://") + kHost;
  options.region = kRegion;
  options.device_id = name();
  options.durability = plan.survives_power_cut ? Durability::kFull : Durability::kProcess;
  options.threading = Threading::kTick;
  options.retry.attempts = plan.attempts;
  return options;
}

std::uint64_t Life::drawn_seed() const {
  return context_.plan.seed ^ (static_cast<std::uint64_t>(process_) << 32U);
}

Result<void> Life::begin(ClientOptions options) {
  process_ = context_.new_process();
  context_.disk.run_as(process_);
  mailbox_ = std::make_shared<Mailbox>();
  mailbox_->device = device_index_;
  mailbox_->on_arrival = [this] { tick(); };
  auto transport =
      std::make_unique<SimTransport>(mailbox_, network_, [this, of = process_] { return !context_.disk.killed(of); });
  auto client = open_with(std::move(options), Ports{.clock = shared_clock_,
                                                    .random = std::make_unique<testing::FakeRandom>(drawn_seed()),
                                                    .transport = std::move(transport)});
  if (!client) {
    context_.say(name() + " does not open: " + std::string(to_string(client.error().code)));
    return std::move(client).error();
  }
  client_.emplace(std::move(*client));
  return {};
}

void Life::kill() {
  if (!client_) return;
  context_.say(name() + " is killed");
  context_.disk.kill(process_);
  bury();
}

void Life::fail(const Step& step) {
  if (open()) context_.faults.arm(process_, step);
}

void Life::bury() {
  context_.faults.disarm(process_);
  context_.disk.run_as(process_);
  mailbox_->on_arrival = nullptr;
  context_.disk.kill(process_);  // its completions are for nobody
  owed_ = 0;
  wake_at_.reset();
  forget();
  client_.reset();
  process_ = 0;
}

void Life::after_call() {
  if (!client_ || !dead()) return;
  context_.say(name() + " died");
  bury();
}

// --- time ---------------------------------------------------------------------------------------------------------

void Life::later(std::int64_t milliseconds, std::function<void()> action) {
  context_.events.after(milliseconds, [this, alive = alive_, of = process_, action = std::move(action)] {
    if (*alive && process_ == of) action();
  });
}

void Life::wake_after(std::int64_t milliseconds) {
  const auto moment = context_.events.now() + milliseconds;
  if (wake_at_ && *wake_at_ <= moment) return;
  wake_at_ = moment;
  context_.events.after(milliseconds, [this, alive = alive_, moment] {
    if (!*alive || wake_at_ != moment) return;
    wake_at_.reset();
    tick();
  });
}

void Life::tick() {
  if (!client_) return;
  context_.disk.run_as(process_);
  int idle = 0;
  for (int ticks = 0;; ++ticks) {
    const auto now = clock_.monotonic();
    const auto next = client_->tick(now);
    if (dead()) return after_call();
    if (!next) break;
    if (*next > now) {
      wake_after(std::chrono::ceil<std::chrono::milliseconds>(*next - now).count());
      break;
    }
    const bool waits = !mailbox_->calls.empty() || owed_ > 0;
    if (waits && ++idle == kIdleTicks) {
      wake_after(kLookAgain);
      break;
    }
    if (ticks == kMostTicks) return context_.verdict.fail("D13", name() + " does not come to rest");
  }
  rested();
}

}  // namespace syncline::sim
