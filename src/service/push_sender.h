// Pushes by way of SNS: a device is given an endpoint of the pool's platform application before its first push, and the
// push is published to that (protocol.md, section 5).
#pragma once

#include <memory>
#include <string>

#include "service/aws_channel.h"
#include "service/delivery_sender.h"
#include "service/service_store.h"

namespace syncline::service {

class PushSender final : public Sender {
 public:
  // `store` must outlive it.
  PushSender(ServiceStore& store, std::unique_ptr<AwsChannel> sns) : store_(store), sns_(std::move(sns)) {}

  [[nodiscard]] OutboxKind kind() const override { return OutboxKind::kPush; }
  void send(const WaitingMessage& message, Done done) override;
  void step() override { sns_->step(); }
  void wait(std::chrono::milliseconds longest) override { sns_->wait(longest); }
  void wake() override { sns_->wake(); }

 private:
  struct Push {
    std::string device;
    wire::Platform platform = wire::Platform::kApns;
    std::string application;
    std::string text;
  };
  void create_endpoint(Push push, const std::string& token, Done done);
  void publish(const Push& push, const std::string& endpoint, Done done);

  ServiceStore& store_;
  std::unique_ptr<AwsChannel> sns_;  // last: what it cuts off comes back to the rest
};

}  // namespace syncline::service
