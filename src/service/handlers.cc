#include "service/handlers.h"

#include <exception>
#include <utility>

#include "service/answer.h"
#include "service/identity_operations.h"
#include "service/operations.h"
#include "service/refusal.h"

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
      streams_(*store_, gate_),
      own_tokens_(store_->installation().token_key),
      providers_(options_.openid, options_.key_source, options_.log) {
  if (options_.clock == nullptr) options_.clock = &system_clock_;
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
  std::string_view operation = "unknown";
  HttpResponse response;
  try {
    response = respond(request, operation);
  } catch (const std::exception& thrown) {
    log(LogLevel::kError, std::string(operation) + " failed: " + thrown.what());
    response = typed_error(500, "InternalErrorException", "The service failed to answer");
  }
  complete(response, now());
  if (options_.log) {
    const std::string* error = find_header(response.headers, "x-amzn-ErrorType");
    log(LogLevel::kDebug, std::string(remote_address) + " " + std::string(operation) + " " +
                              std::to_string(response.status) + " " + (error != nullptr ? *error + " " : "") +
                              *find_header(response.headers, "x-amzn-RequestId"));
  }
  return response;
}

std::optional<StreamAnswer> Service::open_stream(const HttpRequest& request, std::string_view remote_address) {
  if (!ChangeStreams::is_for(request)) return std::nullopt;
  StreamAnswer answer;
  try {
    auto stream = streams_.open(request, *options_.clock);
    if (stream) {
      answer.response = HttpResponse{
          .status = 200, .headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}}, .body = {}};
      answer.stream = std::move(*stream);
    } else {
      answer.response = wire::encode_error(told(std::move(stream).error()));
    }
  } catch (const std::exception& thrown) {
    log(LogLevel::kError, std::string("opening a stream failed: ") + thrown.what());
    answer.response = typed_error(500, "InternalErrorException", "The service failed to answer");
  }
  complete(answer.response, now());
  log(LogLevel::kDebug, std::string(remote_address) + " stream " + std::to_string(answer.response.status));
  return answer;
}

HttpResponse Service::respond(const HttpRequest& request, std::string_view& operation) {
  const std::string* target = find_header(request.headers, "X-Amz-Target");
  if (target != nullptr && request.method == "POST" && request.path == "/") {
    return respond_to_identity(*target, request, operation);
  }
  const auto route = wire::parse_route(request.method, request.path);
  if (!route) return typed_error(404, "UnknownOperationException", "No operation has this method and path");
  operation = wire::to_string(route->operation);
  auto caller = gate_.admit(request, kSigningName, now());
  if (!caller) return wire::encode_error(told(std::move(caller).error()));
  auto body = perform(*route, *caller, request);
  if (!body) return wire::encode_error(told(std::move(body).error()));
  return HttpResponse{.status = 200, .headers = {}, .body = std::move(*body)};
}

HttpResponse Service::respond_to_identity(std::string_view target, const HttpRequest& request,
                                          std::string_view& operation) {
  const auto asked = wire::parse_identity_target(target);
  if (!asked) {
    return wire::encode_identity_error(Error{.code = ErrorCode::kInvalidParameter,
                                             .message = "X-Amz-Target names no operation",
                                             .service_code = "UnknownOperationException"});
  }
  operation = wire::to_string(*asked);
  auto body = perform_identity(*asked, request);
  if (!body) return wire::encode_identity_error(told(std::move(body).error()));
  return HttpResponse{
      .status = 200, .headers = {{"Content-Type", "application/x-amz-json-1.1"}}, .body = std::move(*body)};
}

Result<std::string> Service::perform_identity(wire::IdentityOperation operation, const HttpRequest& request) {
  const IdentityRow& row = row_of(operation);
  if (row.signed_by_developer) {
    auto caller = gate_.admit(request, kIdentitySigningName, now());
    if (!caller) return std::move(caller).error();
    if (auto allowed = gate_.allow(*caller, Access::kDeveloper, {}); !allowed) return std::move(allowed).error();
  }
  return row.handler(IdentityContext{.options = options_,
                                     .store = *store_,
                                     .tokens = tokens_,
                                     .credentials = credentials_,
                                     .own_tokens = own_tokens_,
                                     .providers = providers_},
                     IdentityCall{.operation = operation, .body = request.body, .now = now()});
}

Result<std::string> Service::perform(const wire::Route& route, const Principal& caller, const HttpRequest& request) {
  auto target = wire::check_target(route);
  if (!target) return std::move(target).error();
  const OperationRow& row = row_of(route.operation);
  if (auto allowed = gate_.allow(caller, row.access, *target); !allowed) return std::move(allowed).error();
  const IdentityId identity = target->identity;
  auto body = row.handler(
      Context{.options = options_, .store = *store_, .tokens = tokens_, .trigger = trigger_.get()},
      Call{.http = request, .target = std::move(*target), .device_id = route.device, .caller = caller, .now = now()});
  if (body && route.operation == wire::Operation::kUpdateRecords) streams_.notify(identity);
  return body;
}

Error Service::told(Error error) const {
  if (!is_internal(error.code)) return error;
  log(LogLevel::kError, std::string(to_string(error.code)) + ": " + error.message);
  return refused(ErrorCode::kServiceFailure, "The service could not use its store");
}

void Service::log(LogLevel level, const std::string& text) const {
  if (options_.log) options_.log(level, text);
}

}  // namespace syncline::service
