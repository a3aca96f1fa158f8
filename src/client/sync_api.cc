#include "syncline/sync_api.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "auth/signature.h"
#include "core/clock.h"
#include "core/http.h"
#include "net/curl_transport.h"
#include "wire/messages.h"

namespace syncline {

namespace {

constexpr std::chrono::seconds kLongestPresigned{604'800};
constexpr std::chrono::seconds kLongestWait{60};  // the transport ends each call by itself

Error invalid_option(const std::string& what) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = "SyncApiOptions::" + what};
}

// A provider answers when it likes, from any thread; one that drops its callback has answered as well.
class Question {
 public:
  void answer(Result<Credentials> credentials) {
    const std::lock_guard lock(mutex_);
    if (!answer_) answer_ = std::move(credentials);
    answered_.notify_all();
  }
  Result<Credentials> wait() {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return answer_.has_value(); });
    return *answer_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<Result<Credentials>> answer_;
};

// Held by the callback and all its copies.
struct Asked {
  explicit Asked(std::shared_ptr<Question> asked) : question(std::move(asked)) {}
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  ~Asked() {
    question->answer(Error{.code = ErrorCode::kInternal,
                           .message = "the credentials provider dropped its callback without calling it"});
  }
  std::shared_ptr<Question> question;
};

Result<Credentials> ask(CredentialsProvider& provider) {
  const auto question = std::make_shared<Question>();
  try {
    provider.get_credentials([asked = std::make_shared<Asked>(question)](Result<Credentials> credentials) {
      asked->question->answer(std::move(credentials));
    });
  } catch (...) {
    return Error{.code = ErrorCode::kInternal, .message = "the credentials provider threw an exception"};
  }
  return question->wait();
}

std::optional<Timestamp> date_of(const HttpResponse& response) {
  const auto* date = find_header(response.headers, "Date");
  return date != nullptr ? parse_http_date(*date) : std::nullopt;
}

}  // namespace

class SyncApi::Impl {
 public:
  Impl(SyncApiOptions options, std::string host, std::unique_ptr<HttpTransport> transport)
      : options_(std::move(options)), host_(std::move(host)), transport_(std::move(transport)) {}

  template <typename Request, typename Answer>
  Result<Answer> call(const Request& request, Result<Answer> (*decode)(std::string_view)) {
    auto response = exchange(wire::encode(request));
    if (!response) return std::move(response).error();
    return decode(response->body);
  }

 private:
  // An answer of 2xx.
  Result<HttpResponse> exchange(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    auto credentials = ask(*options_.credentials);
    if (!credentials) return std::move(credentials).error();
    for (bool corrected = false;; corrected = true) {
      const Timestamp signed_at = clock_.wall() + clock_offset_;
      auto response = send(sign(request, *credentials, signed_at));
      if (!response || (response->status >= 200 && response->status < 300)) return response;
      auto error = wire::decode_error(*response);
      if (corrected || !refused_for_the_clock(error, *response, signed_at)) return error;
    }
  }

  [[nodiscard]] HttpRequest sign(HttpRequest request, const Credentials& credentials, Timestamp now) const {
    const auth::Scope scope{.region = options_.region, .service = "cognito-sync"};
    if (options_.signing == Signing::kHeader) {
      auth::sign(request, host_, scope, credentials, now);
    } else {
      auth::presign(request, host_, scope, credentials, now, options_.presigned_for);
    }
    return request;
  }

  Result<HttpResponse> send(HttpRequest request) {
    std::optional<Result<HttpResponse>> response;
    transport_->start(std::move(request), [&response](Result<HttpResponse> answer) { response = std::move(answer); });
    while (true) {
      transport_->step();
      if (response) return std::move(*response);
      transport_->wait(kLongestWait);
    }
  }

  // Some refusals do not say why; a signature that was this far off has no other chance.
  bool refused_for_the_clock(const Error& error, const HttpResponse& response, Timestamp signed_at) {
    if (error.code != ErrorCode::kClockSkew && error.code != ErrorCode::kNotAuthorized) return false;
    const auto service_time = date_of(response);
    if (!service_time) return false;
    const auto off = *service_time - signed_at;
    if (error.code != ErrorCode::kClockSkew && off <= auth::kAllowedSkew && off >= -auth::kAllowedSkew) return false;
    clock_offset_ += off;
    return true;
  }

  const SyncApiOptions options_;
  const std::string host_;
  std::mutex mutex_;
  SystemClock clock_;
  std::chrono::milliseconds clock_offset_{0};
  std::unique_ptr<HttpTransport> transport_;
};

Result<SyncApi> SyncApi::open(SyncApiOptions options) {
  if (options.region.empty()) return invalid_option("region is empty");
  if (!options.credentials) return invalid_option("credentials are not set");
  if (options.presigned_for < std::chrono::seconds{1} || options.presigned_for > kLongestPresigned) {
    return invalid_option("presigned_for is not between 1 and 604800 seconds");
  }
  auto host = net::endpoint_host(options.endpoint);
  if (!host) return std::move(host).error();
  auto transport = net::make_curl_transport({.endpoint = options.endpoint,
                                             .connect_timeout = options.connect_timeout,
                                             .request_timeout = options.request_timeout,
                                             .ca_file = options.ca_file});
  if (!transport) return std::move(transport).error();
  return SyncApi(std::make_unique<Impl>(std::move(options), std::move(*host), std::move(*transport)));
}

SyncApi::SyncApi(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SyncApi::SyncApi(SyncApi&&) noexcept = default;
SyncApi& SyncApi::operator=(SyncApi&&) noexcept = default;
SyncApi::~SyncApi() = default;

Result<api::ListDatasetsAnswer> SyncApi::list_datasets(const api::ListDatasetsRequest& request) {
  return impl_->call(request, wire::decode_list_datasets);
}

Result<api::DatasetAnswer> SyncApi::describe_dataset(const api::DescribeDatasetRequest& request) {
  return impl_->call(request, wire::decode_dataset);
}

Result<api::DatasetAnswer> SyncApi::delete_dataset(const api::DeleteDatasetRequest& request) {
  return impl_->call(request, wire::decode_dataset);
}

Result<ListedPage> SyncApi::list_records(const api::ListRecordsRequest& request) {
  return impl_->call(request, wire::decode_list_records);
}

Result<api::UpdateRecordsAnswer> SyncApi::update_records(const api::UpdateRecordsRequest& request) {
  return impl_->call(request, wire::decode_update_records);
}

Result<api::DescribeIdentityUsageAnswer> SyncApi::describe_identity_usage(
    const api::DescribeIdentityUsageRequest& request) {
  return impl_->call(request, wire::decode_describe_identity_usage);
}

Result<api::RegisterDeviceAnswer> SyncApi::register_device(const api::RegisterDeviceRequest& request) {
  return impl_->call(request, wire::decode_register_device);
}

Result<api::NoAnswer> SyncApi::subscribe_to_dataset(const api::SubscribeToDatasetRequest& request) {
  return impl_->call(request, wire::decode_nothing);
}

Result<api::NoAnswer> SyncApi::unsubscribe_from_dataset(const api::UnsubscribeFromDatasetRequest& request) {
  return impl_->call(request, wire::decode_nothing);
}

Result<api::DescribeIdentityPoolUsageAnswer> SyncApi::describe_identity_pool_usage(
    const api::DescribeIdentityPoolUsageRequest& request) {
  return impl_->call(request, wire::decode_describe_identity_pool_usage);
}

Result<api::ListIdentityPoolUsageAnswer> SyncApi::list_identity_pool_usage(
    const api::ListIdentityPoolUsageRequest& request) {
  return impl_->call(request, wire::decode_list_identity_pool_usage);
}

Result<api::IdentityPoolConfigurationAnswer> SyncApi::get_identity_pool_configuration(
    const api::GetIdentityPoolConfigurationRequest& request) {
  return impl_->call(request, wire::decode_identity_pool_configuration);
}

Result<api::IdentityPoolConfigurationAnswer> SyncApi::set_identity_pool_configuration(
    const api::SetIdentityPoolConfigurationRequest& request) {
  return impl_->call(request, wire::decode_identity_pool_configuration);
}

Result<api::GetCognitoEventsAnswer> SyncApi::get_cognito_events(const api::GetCognitoEventsRequest& request) {
  return impl_->call(request, wire::decode_get_cognito_events);
}

Result<api::NoAnswer> SyncApi::set_cognito_events(const api::SetCognitoEventsRequest& request) {
  return impl_->call(request, wire::decode_nothing);
}

Result<api::BulkPublishAnswer> SyncApi::bulk_publish(const api::BulkPublishRequest& request) {
  return impl_->call(request, wire::decode_bulk_publish);
}

Result<api::BulkPublishDetails> SyncApi::get_bulk_publish_details(const api::GetBulkPublishDetailsRequest& request) {
  return impl_->call(request, wire::decode_bulk_publish_details);
}

}  // namespace syncline
