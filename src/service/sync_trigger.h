// Events: the function of a pool's SyncTrigger is asked before an UpdateRecords is stored (protocol.md, section 7).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/clock.h"
#include "service/aws_channel.h"
#include "service/delivery_options.h"
#include "service/rules.h"
#include "service/service_store.h"
#include "syncline/result.h"
#include "wire/messages.h"

namespace syncline::service {

// Calls functions through Lambda's Invoke API. [any thread]
class SyncTrigger {
 public:
  // `clock` must outlive it. Error: kInvalidArgument for an endpoint that is none.
  static Result<std::unique_ptr<SyncTrigger>> open(const DeliveryOptions& options, Clock& clock);

  // The function's output. Errors: kLambdaThrottled (by Lambda, or because as many as allowed are under way),
  // kLambdaSocketTimeout, kInvalidLambdaFunctionOutput (it failed, or can't be called), kServiceFailure (Lambda can't
  // be reached). [blocks: network, up to the time limit]
  Result<std::string> invoke(const std::string& function, std::string event);

 private:
  SyncTrigger(DeliveryOptions options, Clock& clock) : options_(std::move(options)), clock_(clock) {}
  Result<std::unique_ptr<AwsChannel>> open_channel() const;
  Result<HttpResponse> call(AwsChannel& channel, HttpRequest request) const;
  Result<std::unique_ptr<AwsChannel>> take();
  void give_back(std::unique_ptr<AwsChannel> channel);

  const DeliveryOptions options_;
  Clock& clock_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<AwsChannel>> idle_;  // guarded by mutex_, like what follows
  int under_way_ = 0;
};

// UpdateRecords with the function's word on it: all of the dataset is shown to it, and what it returns is written, if
// nobody has written to the dataset meanwhile; else it is asked again, at most twice. `call` is as the client sent it.
// Errors: those of decide_update() and invoke(); kTooManyRequests if the dataset kept changing. [blocks]
Result<UpdateDecision> update_through_trigger(ServiceStore& store, SyncTrigger& trigger, const std::string& function,
                                              std::string_view region, const wire::Target& target,
                                              const UpdateCall& call, const UpdateRule& rule);

}  // namespace syncline::service
