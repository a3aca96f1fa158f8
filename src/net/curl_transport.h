// HttpTransport over libcurl's multi interface: keep-alive, HTTP/2 where TLS offers it, gzip asked for and undone.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "core/http.h"
#include "syncline/result.h"

namespace syncline::net {

struct TransportOptions {
  std::string endpoint = {};  // "https://host[:port]" or "http://host[:port]", nothing behind it
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds request_timeout{60'000};
  std::string ca_file = {};                           // PEM; empty: the system's
  std::size_t longest_body = std::size_t{32} << 20U;  // of an answer, decoded; more is kBadAnswer
};

// The authority of an endpoint, as the Host header has it: "127.0.0.1:8080", without the scheme's default port.
// Errors: kInvalidArgument, naming the endpoint and what is wrong with it (scheme, host, port, path, user info).
Result<std::string> endpoint_host(const std::string& endpoint);

// Errors: kInvalidArgument as above; kTls if the CA file can't be read.
Result<std::unique_ptr<HttpTransport>> make_curl_transport(TransportOptions options);

}  // namespace syncline::net
