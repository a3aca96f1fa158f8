#include "wire/event_stream.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace syncline::wire {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::int64_t kLongestRetry = 86'400'000;  // a day, in milliseconds

Error too_long(const char* what, std::size_t most) {
  return Error{
      .code = ErrorCode::kBadAnswer,
      .message = std::string("the stream of changes has ") + what + " of more than " + std::to_string(most) + " bytes"};
}

// It goes back in a header.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

Result<void> EventStreamReader::read(std::string_view bytes, const OnEvent& on_event) {
  while (!bytes.empty() && !failed_) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    const auto piece = bytes.substr(0, end);
    if (piece.size() > kLongestEvent - line_.size()) {
      failed_ = true;
      return too_long("a line", kLongestEvent);
    }
    line_ += piece;
    if (end == std::string_view::npos) return {};
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (auto taken = take_line(on_event); !taken) {
      failed_ = true;
      return taken;
    }
  }
  return {};
}

Result<void> EventStreamReader::take_line(const OnEvent& on_event) {
  const std::string whole = std::exchange(line_, {});
  std::string_view line = whole;
  if (!std::exchange(begun_, true) && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.empty()) {
    end_block(on_event);
    return {};
  }
  const auto colon = line.find(':');
  if (colon == 0) return {};  // a comment: a heartbeat
  if (colon == std::string_view::npos) return take_field(line, {});
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  return take_field(line.substr(0, colon), value);
}

Result<void> EventStreamReader::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (value.size() + 1 > kLongestEvent - std::min(kLongestEvent, data_.size())) {
      return too_long("an event", kLongestEvent);
    }
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (name == "id") {
    if (value.size() > kLongestEventId) return too_long("an id", kLongestEventId);
    if (is_visible(value)) id_ = value;
  } else if (name == "retry") {
    take_retry(value);
  }
  return {};
}

void EventStreamReader::take_retry(std::string_view value) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (failed != std::errc() || end != value.data() + value.size() || number < 0) return;
  retry_ = std::chrono::milliseconds(std::min(number, kLongestRetry));
}

void EventStreamReader::end_block(const OnEvent& on_event) {
  if (!id_.empty()) last_id_ = std::exchange(id_, {});
  const std::string data = std::exchange(data_, {});
  if (std::exchange(has_data_, false)) on_event(data);
}

}  // namespace syncline::wire
