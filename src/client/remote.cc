#include "client/remote.h"

#include <exception>
#include <optional>
#include <utility>

#include "client/question.h"
#include "net/gzip.h"

namespace syncline {

namespace {

constexpr std::chrono::seconds kDateResolution{2};

}  // namespace

struct Remote::Call {
  HttpRequest request;
  HttpTransport::OnPart on_part;                   // empty: the answer is taken as a whole
  std::function<void(Answer<HttpResponse>)> done;  // empty: complete
  std::size_t requests = 0;
  std::optional<HttpTransport::CallId> transport_call;
  Timestamp signed_at{};
  bool clock_corrected = false;
  Credentials used;
  bool renewed = false;
  bool compressed = false;  // what was sent last
  bool as_it_is = false;    // the service did not take it compressed
};

Remote::Remote(RemoteOptions options, std::shared_ptr<Clock> clock, std::weak_ptr<Driver> driver)
    : options_(std::move(options)), clock_(std::move(clock)), driver_(std::move(driver)) {}

template <typename T>
Remote::CallHandle Remote::start(HttpRequest request, Result<T> (*decode)(std::string_view), Callback<T> done,
                                 HttpTransport::OnPart on_part) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->on_part = std::move(on_part);
  call->done = [decode, done = std::move(done)](Answer<HttpResponse> answer) {
    auto decoded = answer.result ? decode(answer.result->body) : Result<T>(std::move(answer.result).error());
    done(Answer<T>{.result = std::move(decoded), .requests = answer.requests});
  };
  if (const auto driver = driver_.lock()) {
    driver->post([self = shared_from_this(), call] { self->ask_credentials(call); });
  }
  return call;
}

Remote::CallHandle Remote::list_datasets(const wire::ListDatasetsRequest& request,
                                         Callback<wire::ListDatasetsAnswer> done) {
  return start(wire::encode(request), &wire::decode_list_datasets, std::move(done));
}

Remote::CallHandle Remote::describe_dataset(const wire::DescribeDatasetRequest& request,
                                            Callback<wire::DatasetAnswer> done) {
  return start(wire::encode(request), &wire::decode_dataset, std::move(done));
}

Remote::CallHandle Remote::delete_dataset(const wire::DeleteDatasetRequest& request,
                                          Callback<wire::DatasetAnswer> done) {
  return start(wire::encode(request), &wire::decode_dataset, std::move(done));
}

Remote::CallHandle Remote::list_records(const wire::ListRecordsRequest& request, Callback<ListedPage> done) {
  return start(wire::encode(request), &wire::decode_list_records, std::move(done));
}

Remote::CallHandle Remote::update_records(const wire::UpdateRecordsRequest& request,
                                          Callback<wire::UpdateRecordsAnswer> done) {
  return start(wire::encode(request), &wire::decode_update_records, std::move(done));
}

Remote::CallHandle Remote::register_device(const wire::RegisterDeviceRequest& request,
                                           Callback<wire::RegisterDeviceAnswer> done) {
  return start(wire::encode(request), &wire::decode_register_device, std::move(done));
}

Remote::CallHandle Remote::subscribe(const wire::SubscribeToDatasetRequest& request, Callback<wire::NoAnswer> done) {
  return start(wire::encode(request), &wire::decode_nothing, std::move(done));
}

Remote::CallHandle Remote::unsubscribe(const wire::UnsubscribeFromDatasetRequest& request,
                                       Callback<wire::NoAnswer> done) {
  return start(wire::encode(request), &wire::decode_nothing, std::move(done));
}

Remote::CallHandle Remote::open_stream(const wire::ChangeStreamRequest& request, HttpTransport::OnPart on_part,
                                       Callback<wire::NoAnswer> done) {
  return start(wire::encode(request), &wire::decode_nothing, std::move(done), std::move(on_part));
}

void Remote::complete(Call& call, Result<HttpResponse> result) {
  call.transport_call.reset();
  if (auto done = std::exchange(call.done, nullptr)) {
    done(Answer<HttpResponse>{.result = std::move(result), .requests = call.requests});
  }
}

void Remote::cancel(const CallHandle& call) {
  const auto driver = driver_.lock();
  if (call->transport_call && driver) driver->transport().cancel(*call->transport_call);
  complete(*call, Error{.code = ErrorCode::kCancelled, .message = "the request was cancelled"});
}

void Remote::ask_credentials(const CallHandle& call) {
  const auto driver = driver_.lock();
  if (!call->done || !driver) return;
  if (!options_.credentials) {
    return complete(*call, Error{.code = ErrorCode::kInvalidArgument,
                                 .message = "no credentials are set (ClientOptions::credentials)"});
  }
  const auto question = std::make_shared<Question<Credentials>>(
      driver, "the credentials provider", [self = shared_from_this(), call](Result<Credentials> credentials) {
        if (!credentials) return complete(*call, std::move(credentials).error());
        self->send(call, *credentials);
      });
  try {
    options_.credentials->get_credentials(
        [question](Result<Credentials> credentials) { question->answer(std::move(credentials)); });
  } catch (...) {
    question->fail("threw an exception");
  }
}

Result<HttpRequest> Remote::signed_request(Call& call, const Credentials& credentials) {
  try {
    auto request = call.request;
    call.signed_at = clock_->wall() + clock_offset();
    compress(call, request);
    auth::sign(request, options_.host, options_.scope, credentials, call.signed_at);
    return request;
  } catch (const std::exception& failed) {
    return Error{.code = ErrorCode::kInternal,
                 .message = std::string("the request could not be signed: ") + failed.what()};
  }
}

void Remote::send(const CallHandle& call, const Credentials& credentials) {
  const auto driver = driver_.lock();
  if (!call->done || !driver) return;
  auto request = signed_request(*call, credentials);
  if (!request) return complete(*call, std::move(request).error());
  ++call->requests;
  call->used = credentials;
  auto received = [self = shared_from_this(), call](Result<HttpResponse> response) {
    self->receive(call, std::move(response));
  };
  if (!call->on_part) {
    call->transport_call = driver->transport().start(std::move(*request), std::move(received));
    return;
  }
  auto came = [self = shared_from_this(), call](const HttpResponse& head, std::string_view bytes) {
    if (bytes.empty()) self->measure_clock(head);
    call->on_part(head, bytes);
  };
  call->transport_call = driver->transport().start_stream(std::move(*request), std::move(came), std::move(received));
}

void Remote::receive(const CallHandle& call, Result<HttpResponse> response) {
  call->transport_call.reset();
  if (!response) return complete(*call, std::move(response).error());
  const bool succeeded = response->status >= 200 && response->status < 300;
  // A stream's Date is from when it began; it was taken then.
  if (!succeeded || !call->on_part) measure_clock(*response);
  note_offers(*response);
  if (succeeded) return complete(*call, std::move(response));
  auto error = wire::decode_error(*response);
  if (refused_for_the_clock(*call, error, *response)) {
    call->clock_corrected = true;
    return ask_credentials(call);
  }
  if (refused_for_the_coding(*call, *response)) return ask_credentials(call);
  if (renew_credentials(*call, error)) return ask_credentials(call);
  complete(*call, std::move(error));
}

void Remote::note_offers(const HttpResponse& response) {
  const auto* session = find_header(response.headers, wire::kSessionHeader);
  sessions_end_with_dataset_ = session != nullptr && *session == wire::kSessionEndsWithDataset;
  const auto* codings = find_header(response.headers, "Accept-Encoding");
  takes_gzip_ = codings != nullptr && net::offers_gzip(*codings);
}

void Remote::compress(Call& call, HttpRequest& request) const {
  call.compressed = false;
  if (!takes_gzip_ || call.as_it_is || request.body.size() < net::kLeastToCompress) return;
  auto packed = net::gzip(request.body);
  if (!packed || packed->size() >= request.body.size()) return;
  request.body = std::move(*packed);
  request.headers.push_back({"Content-Encoding", "gzip"});
  call.compressed = true;
}

// 415, RFC 9110, section 15.5.16: something between here and the service may have spoken for it.
bool Remote::refused_for_the_coding(Call& call, const HttpResponse& response) {
  constexpr int kUnsupportedMediaType = 415;
  if (response.status != kUnsupportedMediaType || !call.compressed) return false;
  call.as_it_is = true;
  return true;
}

// Case 22: temporary credentials end, also between list and update. Whatever the reason that they were refused for, one
// new set is worth a try; whoever was deleted at the service gets none.
bool Remote::renew_credentials(Call& call, const Error& error) {
  if (error.code != ErrorCode::kNotAuthorized || call.used.session_token.empty()) return false;
  if (std::exchange(call.renewed, true)) return false;
  try {
    return options_.credentials->renew(call.used);
  } catch (...) {
    return false;
  }
}

void Remote::measure_clock(const HttpResponse& response) {
  const auto* date = find_header(response.headers, "Date");
  const auto service_time = date != nullptr ? parse_http_date(*date) : std::nullopt;
  if (!service_time) return;
  const auto offset = *service_time - clock_->wall();
  clock_offset_ = offset > -kDateResolution && offset < kDateResolution ? std::chrono::milliseconds{0} : offset;
}

bool Remote::refused_for_the_clock(const Call& call, const Error& error, const HttpResponse& response) const {
  if (call.clock_corrected) return false;
  if (error.code != ErrorCode::kClockSkew && error.code != ErrorCode::kNotAuthorized) return false;
  const auto* date = find_header(response.headers, "Date");
  const auto service_time = date != nullptr ? parse_http_date(*date) : std::nullopt;
  if (!service_time) return false;
  // Some refusals do not say why; a signature that was this far off has no other chance.
  const auto off = *service_time - call.signed_at;
  return off > auth::kAllowedSkew || off < -auth::kAllowedSkew || error.code == ErrorCode::kClockSkew;
}

}  // namespace syncline
