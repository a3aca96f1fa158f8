#include "sim/deliveries.h"

#include <array>
#include <utility>

#include "service/push_sender.h"
#include "service/stream_sender.h"
#include "sim/http_bytes.h"
#include "sim/service_host.h"

namespace syncline::sim {

namespace {

constexpr std::array<const char*, kReceivers> kSigningNames{"kinesis", "s3", "sns"};

std::string endpoint_of(Receiver receiver) {
  return std::string("http://") + kSigningNames[static_cast<std::size_t>(receiver)] + ".simulated";
}

Delivery named(const service::WaitingMessage& message) {
  return {.lane = lane_of(message.target, message.device),
          .count = message.message.count.value,
          .removal = message.message.removal};
}

}  // namespace

// --- what is outside ----------------------------------------------------------------------------------------------

Outside::Outside(Context& context)
    : ledger(context.verdict),
      receivers(context, ledger),
      network(
          context.events, context.trace, context.plan.seed,
          [this](int receiver, const std::string& bytes, bool /*first*/) -> std::optional<std::string> {
            const auto request = read_request(bytes);
            if (!request) return std::nullopt;
            const std::string* authorization = find_header(request->headers, "Authorization");
            const bool current =
                authorization != nullptr && authorization->find("Credential=" + key() + "/") != std::string::npos;
            return answer_bytes(*request, receivers.answer(static_cast<Receiver>(receiver), *request, current));
          },
          "service to receiver ") {}

void Outside::fail(const Step& step) {
  if (step.kind == kForgetEndpoints) return receivers.forget_endpoints();
  if (step.kind == kCutOffReceiver) return network.cut_off(step.key, step.number);
  Step fault = step;
  fault.device = step.key;
  fault.key = 0;
  network.arm(fault);
}

service::DeliveryOptions delivery_options(const Outside& outside) {
  service::DeliveryOptions options;
  options.sns = endpoint_of(Receiver::kSns);
  options.kinesis = endpoint_of(Receiver::kKinesis);
  options.s3 = endpoint_of(Receiver::kS3);
  options.bucket = "records";
  options.region = kRegion;
  options.credentials = {.access_key_id = outside.key(), .secret_access_key = "simulated"};
  options.limits.attempts = 5;
  options.limits.longest_delay = std::chrono::seconds(20);
  options.limits.at_once = 2;
  return options;
}

// --- one process's ------------------------------------------------------------------------------------------------

// A sender that tells the ledger what it is given, and what it says came of that.
class Deliveries::Watched final : public service::Sender {
 public:
  Watched(std::unique_ptr<service::Sender> sender, Deliveries& owner) : sender_(std::move(sender)), owner_(owner) {}

  [[nodiscard]] service::OutboxKind kind() const override { return sender_->kind(); }
  void send(const service::WaitingMessage& message, Done done) override {
    owner_.outside_.ledger.begins(named(message));
    sender_->send(message, [this, name = named(message), done = std::move(done)](service::Outcome outcome) {
      if (outcome.kind == service::Outcome::Kind::kDelivered) {
        owner_.outside_.ledger.said_to_be_delivered(name);
        owner_.delivered_.push_back(name);
      }
      done(std::move(outcome));
    });
  }
  void step() override { sender_->step(); }
  void wait(std::chrono::milliseconds /*longest*/) override {}
  void wake() override {}

 private:
  std::unique_ptr<service::Sender> sender_;
  Deliveries& owner_;
};

Deliveries::Deliveries(Outside& outside, service::ServiceStore& store, Clock& clock, std::uint64_t seed,
                       std::function<bool()> alive, std::function<void()> arrived)
    : outside_(outside), store_(store), alive_(std::move(alive)), arrived_(std::move(arrived)), random_(seed) {
  const auto options = delivery_options(outside);
  auto pushes = std::make_unique<service::PushSender>(store, channel(Receiver::kSns, clock, options));
  service::StreamSender::Parts parts{.kinesis = channel(Receiver::kKinesis, clock, options),
                                     .objects = channel(Receiver::kS3, clock, options),
                                     .bucket = options.bucket};
  auto streams = std::make_unique<service::StreamSender>(store, std::move(parts), service::Log());
  const auto deliverer = [&](std::unique_ptr<service::Sender> sender) {
    return std::make_unique<service::Deliverer>(store, clock, random_, options.limits,
                                                std::make_unique<Watched>(std::move(sender), *this), metrics_,
                                                service::Log());
  };
  deliverers_.push_back(deliverer(std::move(pushes)));
  deliverers_.push_back(deliverer(std::move(streams)));
}

Deliveries::~Deliveries() {
  for (const auto& mailbox : mailboxes_) mailbox->on_arrival = nullptr;
}

std::unique_ptr<service::AwsChannel> Deliveries::channel(Receiver receiver, Clock& clock,
                                                         const service::DeliveryOptions& options) {
  const std::string name = kSigningNames[static_cast<std::size_t>(receiver)];
  auto mailbox = mailboxes_.emplace_back(std::make_shared<Mailbox>());
  mailbox->device = static_cast<int>(receiver);
  mailbox->on_arrival = arrived_;
  return std::make_unique<service::AwsChannel>(
      service::ChannelOptions{.endpoint = endpoint_of(receiver),
                              .service = name,
                              .region = options.region,
                              .credentials = options.credentials},
      clock, name + ".simulated", std::make_unique<SimTransport>(std::move(mailbox), outside_.network, alive_));
}

void Deliveries::step() {
  for (const auto& deliverer : deliverers_) {
    if (alive_()) deliverer->step();
  }
}

bool Deliveries::at_rest(bool marked) {
  for (const Delivery& delivery : std::exchange(delivered_, {})) {
    if (marked) outside_.ledger.marked(delivery);
  }
  const auto dead = store_.dead_letters(0, kManyDeadLetters);
  if (!dead) return false;
  for (const auto& letter : *dead) outside_.ledger.died(lane_of(letter.target, letter.device), letter.count.value);
  const auto figures = store_.outbox_figures();
  return figures && figures->pushes + figures->streams == 0;
}

}  // namespace syncline::sim
