#include "service/handlers.h"

#include <exception>
#include <utility>

#include "service/answer.h"
#include "service/identity_operations.h"
#include "service/operations.h"
#include "service/operator_pages.h"
#include "service/refusal.h"
#include "service/request_coding.h"

namespace syncline::service {

namespace {

constexpr std::string_view kSigningName = "cognito-sync";
constexpr std::string_view kIdentitySigningName = "cognito-identity";
// History outlives the page tokens that may ask for it, by more than a request can take.
constexpr std::chrono::minutes kHistoryMargin{2};

// Troubles of the service's own, which no client is told about.
bool is_internal(ErrorCode code) {
  switch (code) {
    case ErrorCode::kStorage:
    case ErrorCode::kStorageFull:
    case ErrorCode::kStorageBusy:
    case ErrorCode::kCorrupt:
    case ErrorCode::kSchemaTooNew:
    case ErrorCode::kInternal:
      return true;
    default:
      return false;
  }
}

}  // namespace

Service::Service(ServiceOptions options, std::unique_ptr<ServiceStore> store)
    : options_(std::move(options)),
      store_(std::move(store)),
      tokens_(store_->installation().token_key),
      credentials_(store_->installation().token_key),
      gate_(*store_, credentials_),
      rates_(options_.rates, options_.clock != nullptr ? *options_.clock : system_clock_, SystemRandom().next()),
      streams_(*store_, gate_),
      own_tokens_(store_->installation().token_key),
      providers_(options_.openid, options_.key_source, options_.log) {
  if (options_.clock == nullptr) options_.clock = &system_clock_;
  metrics_.add([this](MetricsText& text) { request_metrics_.collect(text); });
  metrics_.add([this](MetricsText& text) { collect_storage(text); });
  metrics_.add([this](MetricsText& text) { delivery_metrics_.collect(text, *store_, now()); });
}

Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::open(ServiceOptions options) {
  SystemClock system_clock;
  Clock& clock = options.clock != nullptr ? *options.clock : system_clock;
  auto store = open_sqlite_store(StoreOptions{.data_dir = options.data_dir,
                                              .region = options.region,
                                              .history = options.page_lifetime + kHistoryMargin,
                                              .readers = options.readers,
                                              .outbox = options.delivery.queued(),
                                              .now = clock.wall()});
  if (!store) return std::move(store).error();
  std::unique_ptr<Service> service(new Service(std::move(options), std::move(*store)));
  DeliveryOptions& delivery = service->options_.delivery;
  if (delivery.region.empty()) delivery.region = service->region();
  if (delivery.lambda.empty()) return service;
  auto trigger = SyncTrigger::open(delivery, *service->options_.clock);
  if (!trigger) return std::move(trigger).error();
  service->trigger_ = std::move(*trigger);
  return service;
}

HttpResponse Service::handle(const HttpRequest& request, std::string_view remote_address) {
  const MonotonicTime began = options_.clock->monotonic();
  Passage passage;
  HttpResponse response;
  try {
    passage.caller = rates_.caller_of(remote_address, request.headers);
    response = respond(request, remote_address, passage);
    if (!passage.identity.empty()) rates_.charge_bytes(passage.identity, request.body.size() + response.body.size());
  } catch (const std::exception& thrown) {
    passage.cause = thrown.what();
    response = typed_error(500, "InternalErrorException", "The service failed to answer");
  }
  complete(response, now());
  note(request, response, passage, remote_address, began);
  return response;
}

void Service::note(const HttpRequest& request, const HttpResponse& response, const Passage& passage,
                   std::string_view remote_address, MonotonicTime began) {
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(options_.clock->monotonic() - began);
  request_metrics_.count(passage.operation, response.status, took);
  if (options_.request_log) {
    const std::string* error = find_header(response.headers, "x-amzn-ErrorType");
    options_.request_log(RequestEntry{.request_id = *find_header(response.headers, "x-amzn-RequestId"),
                                      .operation = passage.operation,
                                      .status = response.status,
                                      .error = error != nullptr ? std::string_view(*error) : std::string_view(),
                                      .cause = passage.cause,
                                      .remote_address = remote_address,
                                      .bytes_in = request.body.size(),
                                      .bytes_out = response.body.size(),
                                      .took = took});
  } else if (!passage.cause.empty() && options_.log) {
    options_.log(LogLevel::kError, std::string(passage.operation) + " failed: " + passage.cause);
  }
}

// To open a stream is a call like any other, for the rates as well; what goes down it afterwards is not.
std::optional<StreamAnswer> Service::open_stream(const HttpRequest& request, std::string_view remote_address) {
  if (!ChangeStreams::is_for(request)) return std::nullopt;
  const MonotonicTime began = options_.clock->monotonic();
  Passage passage{.operation = "changes", .caller = {}, .identity = {}, .cause = {}};
  StreamAnswer answer;
  try {
    passage.caller = rates_.caller_of(remote_address, request.headers);
    auto stream = begin_stream(request, passage);
    if (stream) {
      answer.response = HttpResponse{
          .status = 200, .headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}}, .body = {}};
      answer.stream = std::move(*stream);
    } else {
      answer.response = wire::encode_error(told(std::move(stream).error(), passage));
    }
  } catch (const std::exception& thrown) {
    passage.cause = thrown.what();
    answer.response = typed_error(500, "InternalErrorException", "The service failed to answer");
  }
  complete(answer.response, now());
  note(request, answer.response, passage, remote_address, began);
  return answer;
}

Result<std::unique_ptr<HttpStream>> Service::begin_stream(const HttpRequest& request, Passage& passage) {
  if (auto admitted = rates_.admit_address(passage.caller); !admitted) return std::move(admitted).error();
  auto caller = admit(request, kSigningName, passage);
  if (!caller) return std::move(caller).error();
  return streams_.open(request, std::move(*caller), *options_.clock);
}

HttpResponse Service::respond(const HttpRequest& request, std::string_view remote_address, Passage& passage) {
  const std::string* target = find_header(request.headers, "X-Amz-Target");
  if (target != nullptr && request.method == "POST" && request.path == "/") {
    return respond_to_identity(*target, request, passage);
  }
  if (!is_operator_page(request)) return respond_to_sync(request, passage);
  if (auto admitted = rates_.admit_address(passage.caller); !admitted) return wire::encode_error(admitted.error());
  passage.operation = std::string_view(request.path).substr(1);
  if (request.path == "/metrics" && !(options_.metrics_here && is_from_here(remote_address, request.headers))) {
    return typed_error(403, "AccessDeniedException", "The metrics are for callers on this machine");
  }
  return answer_operator(request);
}

HttpResponse Service::answer_operator(const HttpRequest& request) {
  return service::answer_operator(request, *store_, metrics_);
}

void Service::collect_storage(MetricsText& text) {
  const auto figures = store_->figures();
  if (!figures) return;
  const auto gauge = [&text](std::string_view name, std::string_view help, MetricsText::Labels labels,
                             std::int64_t value) { text.gauge(name, help, labels, static_cast<double>(value)); };
  gauge("syncline_identity_pools", "Identity pools.", {}, figures->pools);
  gauge("syncline_data_bytes", "Keys and values of all present records.", {}, figures->data_bytes);
  gauge("syncline_store_file_bytes", "What the store takes on the disk.", {{"file", "database"}}, figures->file_bytes);
  gauge("syncline_store_file_bytes", "What the store takes on the disk.", {{"file", "log"}}, figures->log_bytes);
}

HttpResponse Service::respond_to_sync(const HttpRequest& request, Passage& passage) {
  const auto route = wire::parse_route(request.method, request.path);
  if (route) passage.operation = wire::to_string(route->operation);
  // Before anything that costs: to verify a signature is a hundred times as much work as to refuse.
  if (auto admitted = rates_.admit_address(passage.caller); !admitted) return wire::encode_error(admitted.error());
  if (!route) return typed_error(404, "UnknownOperationException", "No operation has this method and path");
  auto caller = admit(request, kSigningName, passage);
  if (!caller) return wire::encode_error(told(std::move(caller).error(), passage));
  auto body = perform(*route, *caller, request);
  if (!body) return wire::encode_error(told(std::move(body).error(), passage));
  return HttpResponse{.status = 200, .headers = {}, .body = std::move(*body)};
}

HttpResponse Service::respond_to_identity(std::string_view target, const HttpRequest& request, Passage& passage) {
  const auto asked = wire::parse_identity_target(target);
  if (asked) passage.operation = wire::to_string(*asked);
  if (auto admitted = rates_.admit_address(passage.caller); !admitted) {
    return wire::encode_identity_error(admitted.error());
  }
  if (!asked) {
    return wire::encode_identity_error(Error{.code = ErrorCode::kInvalidParameter,
                                             .message = "X-Amz-Target names no operation",
                                             .service_code = "UnknownOperationException"});
  }
  auto body = perform_identity(*asked, request, passage);
  if (!body) return wire::encode_identity_error(told(std::move(body).error(), passage));
  return HttpResponse{
      .status = 200, .headers = {{"Content-Type", "application/x-amz-json-1.1"}}, .body = std::move(*body)};
}

// Who signed, and whether they may call just now.
Result<Principal> Service::admit(const HttpRequest& request, std::string_view signing_name, Passage& passage) {
  auto caller = gate_.admit(request, signing_name, now());
  if (!caller) return caller;
  if (caller->developer) {
    rates_.forgive_address(passage.caller);
  } else {
    if (auto admitted = rates_.admit_identity(caller->identity.text()); !admitted) return std::move(admitted).error();
    passage.identity = caller->identity.text();
  }
  return caller;
}

Result<std::string> Service::perform_identity(wire::IdentityOperation operation, const HttpRequest& request,
                                              Passage& passage) {
  const IdentityRow& row = row_of(operation);
  if (row.signed_by_developer) {
    auto caller = admit(request, kIdentitySigningName, passage);
    if (!caller) return std::move(caller).error();
    if (auto allowed = gate_.allow(*caller, Access::kDeveloper, {}); !allowed) return std::move(allowed).error();
  } else if (auto admitted = rates_.admit_unsigned(passage.caller); !admitted) {
    return std::move(admitted).error();
  }
  auto unpacked = unpack(request, options_.most_unpacked);
  if (!unpacked) return std::move(unpacked).error();
  return carry_out(operation, *unpacked ? (*unpacked)->body : request.body);
}

Result<std::string> Service::carry_out(wire::IdentityOperation operation, std::string_view body) {
  return row_of(operation).handler(IdentityContext{.options = options_,
                                                   .store = *store_,
                                                   .tokens = tokens_,
                                                   .credentials = credentials_,
                                                   .own_tokens = own_tokens_,
                                                   .providers = providers_},
                                   IdentityCall{.operation = operation, .body = body, .now = now()});
}

Result<std::string> Service::perform(const wire::Route& route, const Principal& caller, const HttpRequest& request) {
  auto target = wire::check_target(route);
  if (!target) return std::move(target).error();
  const OperationRow& row = row_of(route.operation);
  if (auto allowed = gate_.allow(caller, row.access, *target); !allowed) return std::move(allowed).error();
  auto unpacked = unpack(request, options_.most_unpacked);
  if (!unpacked) return std::move(unpacked).error();
  const IdentityId identity = target->identity;
  auto body = row.handler(Context{.options = options_, .store = *store_, .tokens = tokens_, .trigger = trigger_.get()},
                          Call{.http = *unpacked ? **unpacked : request,
                               .target = std::move(*target),
                               .device_id = route.device,
                               .caller = caller,
                               .now = now()});
  if (body && route.operation == wire::Operation::kUpdateRecords) streams_.notify(identity);
  return body;
}

Error Service::told(Error error, Passage& passage) {
  if (!is_internal(error.code)) return error;
  passage.cause = std::string(to_string(error.code)) + ": " + error.message;
  return refused(ErrorCode::kServiceFailure, "The service could not use its store");
}

}  // namespace syncline::service
