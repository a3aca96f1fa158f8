// Server-sent events (HTML standard, section 9.2) out of bytes as they come, cut anywhere. Pure, in bounded memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/result.h"

namespace syncline::wire {

// Of a line, and of an event's data; of an id. Push payloads are far shorter.
inline constexpr std::size_t kLongestEvent = std::size_t{8} << 10U;
inline constexpr std::size_t kLongestEventId = 128;

// [one thread]
class EventStreamReader {
 public:
  using OnEvent = std::function<void(const std::string& data)>;

  // Calls `on_event` for each event that is complete with these bytes, in order; what follows the last empty line waits
  // for more. Comments and unknown fields are skipped. Errors: kBadAnswer for a line, an event or an id beyond the
  // limits above, after which it reads nothing more.
  Result<void> read(std::string_view bytes, const OnEvent& on_event);

  // Of the last complete event, or block without data; visible ASCII only. Empty: none had one.
  [[nodiscard]] const std::string& last_id() const { return last_id_; }
  // What the service asks to wait before coming again; nullopt: it did not.
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  Result<void> take_line(const OnEvent& on_event);
  Result<void> take_field(std::string_view name, std::string_view value);
  void take_retry(std::string_view value);
  void end_block(const OnEvent& on_event);

  std::string line_;
  bool after_return_ = false;  // a line feed that comes now belongs to the carriage return before it
  bool begun_ = false;         // the first line has been read: no byte order mark any more
  std::string data_;
  bool has_data_ = false;
  std::string id_;  // of the block that is being read; empty: as before
  std::string last_id_;
  std::optional<std::chrono::milliseconds> retry_;
  bool failed_ = false;
};

}  // namespace syncline::wire
