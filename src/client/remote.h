// The service as the driver calls it: a message goes out signed, its answer comes back decoded. Corrects a wrong clock
// from the service's Date header, with one extra request at most (D16), and has credentials that are refused renewed
// once. Bodies of requests are compressed for a service whose answers offer to take gzip. [inside a driver step only]
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
#include "wire/push_payload.h"

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

  CallHandle register_device(const wire::RegisterDeviceRequest& request, Callback<wire::RegisterDeviceAnswer> done);
  CallHandle subscribe(const wire::SubscribeToDatasetRequest& request, Callback<wire::NoAnswer> done);
  CallHandle unsubscribe(const wire::UnsubscribeFromDatasetRequest& request, Callback<wire::NoAnswer> done);
  // `on_part`: as HttpTransport::start_stream(). Ends with `done`; a success is a stream that the service has ended.
  CallHandle open_stream(const wire::ChangeStreamRequest& request, HttpTransport::OnPart on_part,
                         Callback<wire::NoAnswer> done);

  // Completes the call with kCancelled, unless it is complete.
  void cancel(const CallHandle& call);

  // How far the service's clock is ahead of this device's; 0 while they agree to 2 seconds, the resolution of a Date.
  // [any thread]
  [[nodiscard]] std::chrono::milliseconds clock_offset() const { return clock_offset_.load(); }
  // Takes it from an answer of the service's.
  void measure_clock(const HttpResponse& response);

  // Whether the service says that a session token ends with the dataset that was listed for it (wire/messages.h).
  [[nodiscard]] bool sessions_end_with_dataset() const { return sessions_end_with_dataset_; }

 private:
  template <typename T>
  CallHandle start(HttpRequest request, Result<T> (*decode)(std::string_view), Callback<T> done,
                   HttpTransport::OnPart on_part = nullptr);
  void ask_credentials(const CallHandle& call);
  Result<HttpRequest> signed_request(Call& call, const Credentials& credentials);
  void send(const CallHandle& call, const Credentials& credentials);
  void receive(const CallHandle& call, Result<HttpResponse> response);
  void compress(Call& call, HttpRequest& request) const;
  static bool refused_for_the_coding(Call& call, const HttpResponse& response);
  void note_offers(const HttpResponse& response);
  bool renew_credentials(Call& call, const Error& error);
  [[nodiscard]] bool refused_for_the_clock(const Call& call, const Error& error, const HttpResponse& response) const;
  static void complete(Call& call, Result<HttpResponse> result);

  RemoteOptions options_;
  std::shared_ptr<Clock> clock_;
  std::weak_ptr<Driver> driver_;
  std::atomic<std::chrono::milliseconds> clock_offset_{std::chrono::milliseconds{0}};
  bool sessions_end_with_dataset_ = false;
  bool takes_gzip_ = false;
};

}  // namespace syncline
