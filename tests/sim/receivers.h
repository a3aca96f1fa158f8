// Who stands outside for Kinesis, S3 and SNS: takes what the service's senders bring, and tells the ledger. Their
// troubles are the network's between (NetFault), and endpoints that are forgotten. [one thread]
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "core/http.h"
#include "sim/context.h"
#include "sim/delivery_ledger.h"

namespace syncline::sim {

enum class Receiver : std::uint8_t { kKinesis, kS3, kSns };
inline constexpr int kReceivers = static_cast<int>(Receiver::kSns) + 1;
inline constexpr const char* kStreamName = "changes";
inline constexpr const char* kPushApplication = "arn:aws:sns:us-east-1:1:app/GCM/game";

std::string push_token(const std::string& device);

class Receivers {
 public:
  Receivers(Context& context, DeliveryLedger& ledger) : context_(context), ledger_(ledger) {}

  // `current`: false for what comes from a history that a restore has taken back; the ledger does not know it any more.
  HttpResponse answer(Receiver receiver, const HttpRequest& request, bool current);
  void forget_endpoints() { tokens_.clear(); }

 private:
  HttpResponse put_record(const HttpRequest& request, bool current);
  std::string fetch(const std::string& url);
  HttpResponse create_endpoint(const std::string& token);
  HttpResponse publish(const std::string& endpoint, const std::string& message, bool current);
  void say(const char* receiver, const Delivery& delivery, bool current);

  Context& context_;
  DeliveryLedger& ledger_;
  std::map<std::string, std::string> objects_;  // by path
  std::map<std::string, std::string> tokens_;   // by endpoint
  std::size_t endpoints_ = 0;                   // made so far
};

}  // namespace syncline::sim
