#include "service/operator_pages.h"

#include <string>
#include <utility>

#include "service/answer.h"

namespace syncline::service {

namespace {

constexpr std::string_view kHealth = "/healthz";
constexpr std::string_view kReadiness = "/readyz";
constexpr std::string_view kMetrics = "/metrics";

HttpResponse text(int status, std::string body, std::string type = "text/plain; charset=utf-8") {
  return HttpResponse{.status = status,
                      .headers = {{"Content-Type", std::move(type)}, {"Cache-Control", "no-store"}},
                      .body = std::move(body)};
}

HttpResponse readiness(ServiceStore& store) {
  const auto pool = IdentityPoolId::parse(store.installation().pool).value_or(IdentityPoolId());
  // What is wrong is in the log; whoever asks here only takes the service out of a balancer.
  if (!store.standing(pool, {})) return text(503, "the store does not answer\n");
  return text(200, "ready\n");
}

}  // namespace

bool is_operator_page(const HttpRequest& request) {
  return (request.method == "GET" || request.method == "HEAD") &&
         (request.path == kHealth || request.path == kReadiness || request.path == kMetrics);
}

bool is_from_here(std::string_view remote_address, const Headers& headers) {
  const bool here =
      remote_address.starts_with("127.") || remote_address == "::1" || remote_address.starts_with("::ffff:127.");
  return here && find_header(headers, "X-Forwarded-For") == nullptr && find_header(headers, "Forwarded") == nullptr;
}

HttpResponse answer_operator(const HttpRequest& request, ServiceStore& store, const Metrics& metrics) {
  if (!is_operator_page(request)) return text(404, "/healthz, /readyz and /metrics are here\n");
  if (request.path == kHealth) return text(200, "ok\n");
  if (request.path == kReadiness) return readiness(store);
  return text(200, metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace syncline::service
