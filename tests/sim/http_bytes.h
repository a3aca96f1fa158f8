// HTTP/1.1 between the simulated devices and the service: requests and answers go as bytes, so that they can be cut off
// anywhere. [any thread]
#pragma once

#include <string>
#include <string_view>

#include "core/http.h"

namespace syncline::sim {

// As net/curl_call sends it.
std::string request_bytes(const HttpRequest& request);
// nullopt: cut off, or no HTTP.
std::optional<HttpRequest> read_request(std::string_view bytes);

// As service/http_server sends it: gzip where the request offers it and the body is worth it.
std::string answer_bytes(const HttpRequest& request, HttpResponse answer);
// What a transport makes of it. Errors: kNetwork (cut off in its headers), kBadAnswer (in its body, or a broken gzip).
Result<HttpResponse> read_answer(std::string_view bytes);

// A request's body as it was before it was compressed.
std::string plain_body(const HttpRequest& request);

}  // namespace syncline::sim
