// HTTP messages as values, and the port through which the client sends them. Shared by wire, auth, net and the service,
// none of which knows another's library.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline {

struct Header {
  std::string name = {};
  std::string value = {};
  bool operator==(const Header&) const = default;
};

using Headers = std::vector<Header>;

// The first value under `name`, letter case ignored; nullptr: none.
const std::string* find_header(const Headers& headers, std::string_view name);

// A Date header (RFC 9110, section 5.6.7, IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT"); nullopt: anything else.
std::optional<Timestamp> parse_http_date(std::string_view text);
std::string format_http_date(Timestamp time);

struct HttpRequest {
  std::string method = "GET";
  std::string path = "/";  // percent-encoded, as sent: "/identitypools/us-east-1%3A..."
  std::vector<std::pair<std::string, std::string>> query = {};  // decoded names and values
  Headers headers = {};
  std::string body = {};
  std::string endpoint = {};  // "https://host[:port]", if it is another one than the transport's own
};

struct HttpResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};  // content encoding undone
};

// A connection pool, as a rule to one endpoint. [one thread, but for wake()]
class HttpTransport {
 public:
  using Completion = std::function<void(Result<HttpResponse>)>;
  using CallId = std::uint64_t;
  // What has come of an answer that goes on: status and headers, and the next bytes of its body.
  using OnPart = std::function<void(const HttpResponse& head, std::string_view bytes)>;

  virtual ~HttpTransport() = default;
  // Starts a request; `done` is called exactly once, from step() or cancel(), never from start(). [never blocks]
  // Errors: kNetwork, kTimeout, kTls, kBadAnswer (no HTTP, cut off, too large), kCancelled.
  virtual CallId start(HttpRequest request, Completion done) = 0;
  // As start(), for an answer that may never end. If its status is 2xx, `on_part` is called from step(): once as soon
  // as the head is here, without bytes, then with bytes as they come, their content encoding not undone; `done` has the
  // head alone. Any other answer is only for `done`. There is no time-out but that of connecting, and what has come is
  // held back from the peer rather than kept without bound. `on_part` may call all but the destructor. [never blocks]
  virtual CallId start_stream(HttpRequest request, OnPart on_part, Completion done) = 0;
  // Completes the call with kCancelled, unless it is complete. [never blocks]
  virtual void cancel(CallId call) = 0;
  // Moves bytes that can be moved and calls completions. [never blocks]
  virtual void step() = 0;
  // Waits until step() has something to do, wake() was called, or `longest` has passed. [blocks]
  virtual void wait(std::chrono::milliseconds longest) = 0;
  // From now on wait() ends as well while this file can be read, until no_longer_wait_for() it. False: this transport
  // can't, and nothing has changed.
  virtual bool also_wait_for(int /*descriptor*/) { return false; }
  virtual void no_longer_wait_for(int /*descriptor*/) {}
  // Ends a wait(), or the next one if none is running. [any thread]
  virtual void wake() = 0;
  // Whether any call is under way, but for streams whose head has come and that have nothing to hand on.
  [[nodiscard]] virtual bool busy() const = 0;
};

}  // namespace syncline
