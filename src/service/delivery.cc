#include "service/delivery.h"

#include <atomic>
#include <exception>
#include <functional>
#include <thread>
#include <utility>

#include "service/aws_channel.h"
#include "service/bulk_publisher.h"
#include "service/deliverer.h"
#include "service/push_sender.h"
#include "service/stream_sender.h"

namespace syncline::service {

namespace {

// How late a retry may be; a commit wakes the thread at once.
constexpr std::chrono::milliseconds kLongestWait{250};
constexpr std::chrono::seconds kLastMoment{2};

Result<std::unique_ptr<AwsChannel>> open_channel(const DeliveryOptions& options, const std::string& endpoint,
                                                 const char* service, Clock& clock) {
  auto channel = AwsChannel::open({.endpoint = endpoint,
                                   .service = service,
                                   .region = options.region,
                                   .credentials = options.credentials,
                                   .timeout = options.request_timeout},
                                  clock);
  if (channel) return channel;
  return Error{.code = channel.error().code,
               .message = "delivery." + std::string(service) + ": " + channel.error().message};
}

}  // namespace

// A deliverer and its thread.
class Delivery::Lane {
 public:
  Lane(ServiceStore& store, Clock& clock, const DeliveryOptions& options, std::unique_ptr<Sender> sender,
       bool publishes, DeliveryMetrics& metrics, Log log)
      : log_(std::move(log)),
        publisher_(store, clock, log_),
        publishes_(publishes),
        deliverer_(store, clock, random_, options.limits, std::move(sender), metrics, log_),
        thread_([this] { run(); }) {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane() {
    stopping_ = true;
    deliverer_.wake();
    thread_.join();
  }
  void wake() { deliverer_.wake(); }

 private:
  void run() {
    while (!stopping_) attempt(kLongestWait);
    deliverer_.stop_sending();
    const auto end = std::chrono::steady_clock::now() + kLastMoment;
    while (deliverer_.under_way() > 0 && std::chrono::steady_clock::now() < end) attempt(kLongestWait);
  }

  // Memory may be short for a while; the thread stays.
  void attempt(std::chrono::milliseconds longest_wait) {
    try {
      if (publishes_ && !stopping_) publisher_.step();
      deliverer_.step();
    } catch (const std::exception& thrown) {
      if (log_) log_(LogLevel::kError, std::string("deliveries wait: ") + thrown.what());
    }
    deliverer_.wait(longest_wait);
  }

  const Log log_;
  SystemRandom random_;
  BulkPublisher publisher_;
  const bool publishes_;
  std::atomic<bool> stopping_{false};
  Deliverer deliverer_;
  std::thread thread_;
};

Result<std::unique_ptr<Delivery>> Delivery::start(ServiceStore& store, Clock& clock, const DeliveryOptions& options,
                                                  DeliveryMetrics& metrics, const Log& log) {
  std::unique_ptr<Delivery> delivery(new Delivery(store));
  std::vector<std::unique_ptr<Sender>> senders;
  if (!options.sns.empty()) {
    auto sns = open_channel(options, options.sns, "sns", clock);
    if (!sns) return std::move(sns).error();
    senders.push_back(std::make_unique<PushSender>(store, std::move(*sns)));
  }
  if (!options.kinesis.empty()) {
    auto kinesis = open_channel(options, options.kinesis, "kinesis", clock);
    if (!kinesis) return std::move(kinesis).error();
    StreamSender::Parts parts{.kinesis = std::move(*kinesis), .objects = nullptr, .bucket = options.bucket};
    if (!options.s3.empty()) {
      auto objects = open_channel(options, options.s3, "s3", clock);
      if (!objects) return std::move(objects).error();
      parts.objects = std::move(*objects);
    }
    senders.push_back(std::make_unique<StreamSender>(store, std::move(parts), log));
  }
  for (auto& sender : senders) {
    const bool publishes = sender->kind() == OutboxKind::kStream;
    delivery->lanes_.push_back(
        std::make_unique<Lane>(store, clock, options, std::move(sender), publishes, metrics, log));
  }
  store.on_queued([lanes = &delivery->lanes_] {
    for (const auto& lane : *lanes) lane->wake();
  });
  return delivery;
}

Delivery::Delivery(ServiceStore& store) : store_(store) {}

Delivery::~Delivery() {
  store_.on_queued({});
}

}  // namespace syncline::service
