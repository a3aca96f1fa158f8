// A TCP connection that sends any bytes and reads HTTP answers, for what a well-behaved client can't do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/http.h"

namespace syncline::service {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  bool send(std::string_view bytes) const;  // false: the other side has closed
  void end_sending() const;
  // The next answer, its body as sent; nullopt: closed, cut off, or nothing for 10 seconds. `head`: it has no body.
  std::optional<HttpResponse> receive(bool head = false);
  // What comes next, up to and with `mark`; nullopt as above.
  std::optional<std::string> read_until(std::string_view mark);
  // Whether the other side closes without sending more.
  bool closed();

 private:
  bool fill();

  int socket_ = -1;
  std::string buffer_;
};

}  // namespace syncline::service
