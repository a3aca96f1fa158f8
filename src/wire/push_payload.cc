#include "wire/push_payload.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "wire/json_tree.h"
#include "wire/paths.h"

namespace syncline::wire {

namespace {

constexpr std::string_view kSource = "cognito-sync";

Error bad_push(std::string_view problem) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = "the push message: " + std::string(problem)};
}

// As they came, unchecked.
struct PushTexts {
  std::string source;
  std::string pool;
  std::string identity;
  std::string dataset;
  std::int64_t count = 0;
};

const JsonNode* find_last(const JsonNode& object, std::string_view name) {
  const auto found = std::find_if(object.entries.rbegin(), object.entries.rend(),
                                  [name](const JsonEntry& entry) { return entry.name == name; });
  return found == object.entries.rend() ? nullptr : &found->node;
}

// The digits of a count that came as a text; nullopt: it did not, or is none.
std::optional<std::int64_t> count_in_digits(const JsonNode* node) {
  if (node == nullptr || node->kind != JsonNode::Kind::kScalar) return std::nullopt;
  const auto* text = std::get_if<std::string>(&node->scalar);
  if (text == nullptr || text->empty() || text->front() == '-') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (failed != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

Result<PushTexts> read_texts(std::string_view bytes) {
  JsonNode root;
  auto problem = read_tree(bytes, root);
  if (problem) return bad_push(problem->text);
  const JsonNode* data = find_last(root, "data");
  const bool below = find_last(root, "source") == nullptr && data != nullptr && data->kind == JsonNode::Kind::kObject;
  const JsonNode& object = below ? *data : root;
  TreeReader reader(object, below ? "data." : "", problem);
  PushTexts texts;
  for (const char* name : {"source", "identityPoolId", "identityId", "datasetName", "syncCount"}) reader.require(name);
  reader.text("source", texts.source);
  reader.text("identityPoolId", texts.pool);
  reader.text("identityId", texts.identity);
  reader.text("datasetName", texts.dataset);
  if (const auto digits = count_in_digits(find_last(object, "syncCount"))) {
    texts.count = *digits;
  } else {
    reader.count("syncCount", texts.count);
  }
  if (problem) return bad_push(problem->text);
  return texts;
}

}  // namespace

Result<PushPayload> decode_push(std::string_view bytes) {
  if (bytes.size() > kLongestPush) return bad_push("it has more than " + std::to_string(kLongestPush) + " bytes");
  auto texts = read_texts(bytes);
  if (!texts) return std::move(texts).error();
  if (texts->source != kSource) return bad_push("source is not cognito-sync");
  auto pool = IdentityPoolId::parse(texts->pool);
  auto identity = IdentityId::parse(texts->identity);
  auto dataset = DatasetName::parse(texts->dataset);
  if (!pool) return bad_push("identityPoolId is none");
  if (!identity) return bad_push("identityId is none");
  if (!dataset) return bad_push("datasetName is none");
  return PushPayload{
      .target = {.pool = std::move(*pool), .identity = std::move(*identity), .dataset = std::move(*dataset)},
      .count = SyncCount{texts->count}};
}

HttpRequest encode(const ChangeStreamRequest& request) {
  auto http =
      make_request("GET", "/syncline" + identity_path(request.target.pool, request.target.identity) + "/changes");
  if (!request.device_id.empty()) http.query.emplace_back("deviceId", request.device_id);
  http.headers.push_back({"Accept", "text/event-stream"});
  if (!request.last_event_id.empty()) http.headers.push_back({"Last-Event-ID", request.last_event_id});
  return http;
}

}  // namespace syncline::wire
