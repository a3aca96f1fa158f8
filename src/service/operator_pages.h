// What machines that watch over the service ask for: /healthz (the process answers), /readyz (the store does as well),
// /metrics (Prometheus). [any thread]
#pragma once

#include <string_view>

#include "core/http.h"
#include "service/metrics.h"
#include "service/service_store.h"

namespace syncline::service {

bool is_operator_page(const HttpRequest& request);

// Whether the request comes from this machine, and not through a proxy on it that says whom it stands for.
bool is_from_here(std::string_view remote_address, const Headers& headers);

// Any other path is 404. [blocks: disk, reading]
HttpResponse answer_operator(const HttpRequest& request, ServiceStore& store, const Metrics& metrics);

}  // namespace syncline::service
