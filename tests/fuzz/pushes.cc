// Push messages, and the stream of events. What is read and written again is the same; a stream says the same however
// it is cut. Input: a byte, then the message or the stream, which is cut at each multiple of the byte.
#include "core/http.h"
#include "fuzz/fuzz.h"
#include "wire/event_stream.h"
#include "wire/json_writer.h"
#include "wire/push_payload.h"

namespace syncline::fuzz {
namespace {

void check_message(std::string_view bytes) {
  const auto push = wire::decode_push(bytes);
  if (!push) {
    require(push.error().code == ErrorCode::kInvalidArgument && !push.error().message.empty(), "no reason");
    return;
  }
  require(push->count.value >= 0 && !push->target.dataset.empty(), "no hint");
  wire::JsonWriter json;
  json.open_object();
  json.text("source", "cognito-sync");
  json.text("identityPoolId", push->target.pool.text());
  json.text("identityId", push->target.identity.text());
  json.text("datasetName", push->target.dataset.text());
  json.number("syncCount", push->count.value);
  json.close_object();
  const auto again = wire::decode_push(json.take());
  require(again && again->target == push->target && again->count == push->count, "a hint does not come back");
}

// All that a stream says, as one text.
std::string told(std::string_view stream, std::size_t piece) {
  wire::EventStreamReader reader;
  std::string text;
  bool well = true;
  while (!stream.empty() && well) {
    const auto part = stream.substr(0, piece);
    stream.remove_prefix(part.size());
    well = reader
               .read(part,
                     [&](const std::string& data) {
                       require(data.size() <= wire::kLongestEvent, "a long event");
                       text += data + '\0';
                     })
               .has_value();
  }
  require(reader.last_id().size() <= wire::kLongestEventId, "a long id");
  text += well ? "well" : "failed";
  return text + reader.last_id() + std::to_string(reader.retry().value_or(std::chrono::milliseconds{-1}).count());
}

}  // namespace
}  // namespace syncline::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace syncline;
  fuzz::Bytes bytes(data, size);
  const std::size_t piece = bytes.byte() + std::size_t{1};
  fuzz::check_message(bytes.rest());
  fuzz::require(fuzz::told(bytes.rest(), piece) == fuzz::told(bytes.rest(), size + 1), "it depends on the cut");
  return 0;
}
