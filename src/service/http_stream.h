// An answer without an end, as the HTTP front sends it: a header, then pieces as they come, until the stream is over or
// the client is gone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/http.h"

namespace syncline::service {

// [one thread at a time]
class HttpStream {
 public:
  HttpStream() = default;
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;
  virtual ~HttpStream() = default;

  // From now on, until the stream is destroyed, calls `wake` when next() may have something to send. [called by any
  // thread] `wake` never blocks and does not throw.
  virtual void listen(std::function<void()> wake) = 0;
  // What is to be sent now; empty: nothing. nullopt: the stream is over. `quiet`: nothing was sent for a heartbeat's
  // time, so that something should be. It is asked again only when all of it was sent. [blocks: disk, reading]
  virtual std::optional<std::string> next(bool quiet) = 0;
};

struct StreamAnswer {
  HttpResponse response;               // without a stream this is the whole answer, else its header
  std::unique_ptr<HttpStream> stream;  // null: the response is all
};

// nullopt: it is no request for a stream. Must not throw. Called from several threads at once.
using StreamHandler =
    std::function<std::optional<StreamAnswer>(const HttpRequest& request, std::string_view remote_address)>;

}  // namespace syncline::service
