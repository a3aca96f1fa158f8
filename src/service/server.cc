#include "service/server.h"

#include <string_view>
#include <utility>

namespace syncline::service {

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options) {
  auto service = Service::open(ServiceOptions{.data_dir = options.data_dir,
                                              .region = options.region,
                                              .clock = options.clock,
                                              .quotas = options.quotas,
                                              .session_lifetime = options.session_lifetime,
                                              .page_lifetime = options.page_lifetime,
                                              .credentials_lifetime = options.credentials_lifetime,
                                              .openid = options.openid,
                                              .readers = options.limits.io_threads,
                                              .delivery = options.delivery,
                                              .log = options.log});
  if (!service) return std::move(service).error();
  auto delivery = (*service)->start_delivery();
  if (!delivery) return std::move(delivery).error();
  Service* const answering = service->get();
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
  return std::unique_ptr<Server>(new Server(std::move(*service), std::move(*delivery), std::move(*front)));
}

}  // namespace syncline::service
