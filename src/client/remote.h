// The service as the driver calls it: a message goes out signed, its answer comes back decoded. Corrects a wrong clock
// from the service's Date header, with one extra request at most (D16), and has credentials that are refused renewed
// once. [inside a driver step only]
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "auth/signature.h"
#include "client/driver.h"
#include "core/clock.h"
#include "syncline/credentials.h"
#include "wire/messages.h"

namespace syncline {

struct RemoteOptions {
  std::string host;  // the endpoint's authority
  auth::Scope scope;
  std::shared_ptr<CredentialsProvider> credentials;
};

// An answer, and how many requests it took.
template <typename T>
struct Answer {
  Result<T> result;
  std::size_t requests = 0;
};

class Remote : public std::enable_shared_from_this<Remote> {
 public:
  struct Call;
  using CallHandle = std::shared_ptr<Call>;
  template <typename T>
  using Callback = std::function<void(Answer<T>)>;

  Remote(RemoteOptions options, std::shared_ptr<Clock> clock, std::weak_ptr<Driver> driver);

  // Each calls `done` exactly once, in a step, never before it returned.
  CallHandle list_datasets(const wire::ListDatasetsRequest& request, Callback<wire::ListDatasetsAnswer> done);
  CallHandle describe_dataset(const wire::DescribeDatasetRequest& request, Callback<wire::DatasetAnswer> done);
  CallHandle delete_dataset(const wire::DeleteDatasetRequest& request, Callback<wire::DatasetAnswer> done);
  CallHandle list_records(const wire::ListRecordsRequest& request, Callback<ListedPage> done);
  CallHandle update_records(const wire::UpdateRecordsRequest& request, Callback<wire::UpdateRecordsAnswer> done);

  // Completes the call with kCancelled, unless it is complete.
  void cancel(const CallHandle& call);

  // How far the service's clock is ahead of this device's; 0 while they agree to 2 seconds, the resolution of a Date.
  // [any thread]
  [[nodiscard]] std::chrono::milliseconds clock_offset() const { return clock_offset_.load(); }
  // Takes it from an answer of the service's.
  void measure_clock(const HttpResponse& response);

 private:
  template <typename T>
  CallHandle start(HttpRequest request, Result<T> (*decode)(std::string_view), Callback<T> done);
  void ask_credentials(const CallHandle& call);
  Result<HttpRequest> signed_request(Call& call, const Credentials& credentials);
  void send(const CallHandle& call, const Credentials& credentials);
  void receive(const CallHandle& call, Result<HttpResponse> response);
  bool renew_credentials(Call& call, const Error& error);
  [[nodiscard]] bool refused_for_the_clock(const Call& call, const Error& error, const HttpResponse& response) const;
  static void complete(Call& call, Result<HttpResponse> result);

  RemoteOptions options_;
  std::shared_ptr<Clock> clock_;
  std::weak_ptr<Driver> driver_;
  std::atomic<std::chrono::milliseconds> clock_offset_{std::chrono::milliseconds{0}};
};

}  // namespace syncline
