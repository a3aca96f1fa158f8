#include "service/server.h"

#include <string_view>
#include <utility>

#include "service/answer.h"

namespace syncline::service {

namespace {

ServiceOptions service_options(const ServerOptions& options) {
  return ServiceOptions{.data_dir = options.data_dir,
                        .region = options.region,
                        .clock = options.clock,
                        .quotas = options.quotas,
                        .rates = options.rates,
                        .session_lifetime = options.session_lifetime,
                        .page_lifetime = options.page_lifetime,
                        .credentials_lifetime = options.credentials_lifetime,
                        .openid = options.openid,
                        .most_unpacked = options.limits.body_bytes,
                        .readers = options.limits.io_threads,
                        .delivery = options.delivery,
                        .metrics_here = options.metrics_listen.empty(),
                        .log = options.log,
                        .request_log = options.request_log};
}

// A scraper or two.
HttpLimits metrics_limits() {
  HttpLimits limits;
  limits.io_threads = 1;
  limits.worker_threads = 1;
  limits.connections = 16;
  limits.body_bytes = 1024;
  return limits;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options) {
  auto service = Service::open(service_options(options));
  if (!service) return std::move(service).error();
  auto delivery = (*service)->start_delivery();
  if (!delivery) return std::move(delivery).error();
  std::unique_ptr<Server> server(new Server());
  server->service_ = std::move(*service);
  server->delivery_ = std::move(*delivery);
  if (auto listening = server->listen(options); !listening) return std::move(listening).error();
  return server;
}

Result<void> Server::listen(const ServerOptions& options) {
  Service* const answering = service_.get();
  auto front = HttpServer::start(
      HttpServerOptions{
          .listen = options.listen,
          .limits = options.limits,
          .tls = options.tls,
          .clock = options.clock,
          .streams = [answering](const HttpRequest& request,
                                 std::string_view remote) { return answering->open_stream(request, remote); },
          .log = options.log},
      [answering](const HttpRequest& request, std::string_view remote_address) {
        return answering->handle(request, remote_address);
      });
  if (!front) return std::move(front).error();
  front_ = std::move(*front);
  service_->metrics().add([this](MetricsText& text) { collect(text); });

  if (!options.metrics_listen.empty()) {
    auto metrics = HttpServer::start(HttpServerOptions{.listen = options.metrics_listen,
                                                       .limits = metrics_limits(),
                                                       .tls = {},
                                                       .clock = options.clock,
                                                       .streams = {},
                                                       .log = options.log},
                                     [answering](const HttpRequest& request, std::string_view /*remote_address*/) {
                                       return answering->answer_operator(request);
                                     });
    if (!metrics) return std::move(metrics).error();
    metrics_ = std::move(*metrics);
  }
  if (!options.admin_socket) return {};
  auto admin = AdminSocket::listen(options.data_dir, [this](const std::string& text) {
    const auto request = decode_admin_request(text);
    return encode_admin_answer(request ? administer(*request) : Result<std::string>(request.error()));
  });
  if (!admin) return std::move(admin).error();
  admin_ = std::move(*admin);
  return {};
}

void Server::collect(MetricsText& text) const {
  const HttpFigures figures = front_->figures();
  text.gauge("syncline_open_connections", "Connections of clients.", {}, static_cast<double>(figures.connections));
  text.gauge("syncline_queued_requests", "Requests that wait for a worker.", {}, static_cast<double>(figures.queued));
  text.counter("syncline_shed_total", "Answered 503 before they were handled: too much at once.", {}, figures.shed);
  text.counter("syncline_unreadable_total", "Answered 400, 413 or 431: no HTTP, or too large.", {}, figures.unreadable);
}

Result<std::string> Server::administer(const AdminRequest& request) {
  if (request.words != std::vector<std::string>{"about"}) return service_->administer(request);
  return json_object({{"endpoint", endpoint()},
                      {"region", region()},
                      {"identity_pool_id", identity_pool_id()},
                      {"access_key_id", access_key_id()},
                      {"secret_access_key", secret_access_key()}});
}

void Server::stop() {
  front_->stop();
  if (metrics_) metrics_->stop();
  admin_.reset();
}

}  // namespace syncline::service
