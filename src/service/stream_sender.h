// Stream records: to Kinesis, those above 50 KB by way of an S3-compatible store (protocol.md, section 6).
#pragma once

#include <memory>
#include <string>

#include "service/aws_channel.h"
#include "service/delivery_sender.h"
#include "service/log.h"
#include "service/service_store.h"

namespace syncline::service {

class StreamSender final : public Sender {
 public:
  struct Parts {
    std::unique_ptr<AwsChannel> kinesis;
    std::unique_ptr<AwsChannel> objects;  // null: what is above 50 KB goes inline, as far as Kinesis takes it
    std::string bucket;
  };
  // `store` must outlive it.
  StreamSender(ServiceStore& store, Parts parts, Log log);

  [[nodiscard]] OutboxKind kind() const override { return OutboxKind::kStream; }
  void send(const WaitingMessage& message, Done done) override;
  void step() override;
  void wait(std::chrono::milliseconds longest) override;
  void wake() override;

 private:
  void put_object(const WaitingMessage& message, const std::string& stream, Done done);
  void put_record(const wire::Target& target, const std::string& stream, std::string record, Done done);
  // A stream that is gone or refuses is not asked again until somebody enables it.
  void disable(const IdentityPoolId& pool, const std::string& stream, const std::string& why);

  ServiceStore& store_;
  const Log log_;
  Parts parts_;  // last: what they cut off comes back to the rest
};

}  // namespace syncline::service
