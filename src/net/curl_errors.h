// What libcurl's results mean here. [any thread]
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "syncline/error.h"

namespace syncline::net {

// What is known of a transfer that failed.
struct CurlFailure {
  CURLcode code = CURLE_OK;
  std::string_view text;  // libcurl's own words; may be empty
  long os_error = 0;      // errno of a connect that failed; 0: none
  bool sent = false;      // a connection came about
};

// Names the host and what happened: "127.0.0.1:8080: could not connect: Connection refused".
Error to_error(std::string_view host, const CurlFailure& failure);

// The same form for what this room finds out by itself.
Error transport_error(ErrorCode code, std::string_view host, std::string_view what);

}  // namespace syncline::net
