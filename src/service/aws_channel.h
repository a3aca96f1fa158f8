// Signed requests to one service of AWS's, or to who stands in for it. [one thread, but for wake()]
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "auth/signature.h"
#include "core/clock.h"
#include "core/http.h"
#include "syncline/credentials.h"
#include "syncline/result.h"

namespace syncline::service {

struct ChannelOptions {
  std::string endpoint;  // "https://kinesis.us-east-1.amazonaws.com"
  std::string service;   // the signing name: "kinesis"
  std::string region;
  Credentials credentials;
  std::chrono::milliseconds timeout{10'000};  // of one request
};

class AwsChannel {
 public:
  using Done = HttpTransport::Completion;

  // Errors: kInvalidArgument for an endpoint that is none.
  static Result<std::unique_ptr<AwsChannel>> open(ChannelOptions options, Clock& clock);
  // Over a transport of the caller's.
  AwsChannel(ChannelOptions options, Clock& clock, std::string host, std::unique_ptr<HttpTransport> transport);

  // `done` is called from step() or the destructor. [never blocks]
  void send(HttpRequest request, Done done);
  // A URL that anybody may GET for as long as it lives, as S3 takes it: its body is not signed.
  [[nodiscard]] std::string presigned_url(const std::string& path, std::chrono::seconds lifetime) const;

  void step() { transport_->step(); }
  [[nodiscard]] bool busy() const { return transport_->busy(); }
  void wait(std::chrono::milliseconds longest) { transport_->wait(longest); }
  void wake() { transport_->wake(); }

 private:
  const ChannelOptions options_;
  const auth::Scope scope_;
  Clock& clock_;
  const std::string host_;
  std::unique_ptr<HttpTransport> transport_;
};

}  // namespace syncline::service
