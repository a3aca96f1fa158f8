#include "service/sync_trigger_rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/text.h"
#include "syncline/limits.h"
#include "wire/json_tree.h"
#include "wire/json_writer.h"

namespace syncline::service {

namespace {

using wire::JsonNode;
using wire::JsonWriter;

constexpr std::int64_t kVersion = 2;
constexpr std::string_view kEventType = "SyncTrigger";

Error wrong(std::string message) {
  return Error{.code = ErrorCode::kInvalidLambdaFunctionOutput,
               .message = "The sync trigger's output " + std::move(message)};
}

// What is known of a key before the function is asked.
struct Known {
  const RemoteRecord* stored = nullptr;
  const Patch* patch = nullptr;

  [[nodiscard]] const std::optional<std::string>& value() const {
    static const std::optional<std::string> kNone;
    return stored != nullptr ? stored->version.value : kNone;
  }
};
using KnownRecords = std::map<std::string_view, Known>;

KnownRecords known_records(const std::vector<RemoteRecord>& stored, const std::vector<Patch>& patches) {
  KnownRecords known;
  for (const RemoteRecord& record : stored) known[record.key].stored = &record;
  for (const Patch& patch : patches) known[patch.key].patch = &patch;
  return known;
}

void write_value(JsonWriter& json, std::string_view name, const std::optional<std::string>& value) {
  if (value) {
    json.text(name, *value);
  } else {
    json.raw(name, "null");
  }
}

const JsonNode* member(const JsonNode& object, std::string_view name) {
  const auto found = std::find_if(object.entries.rbegin(), object.entries.rend(),
                                  [name](const wire::JsonEntry& entry) { return entry.name == name; });
  return found == object.entries.rend() ? nullptr : &found->node;
}

const std::string* text_of(const JsonNode* node) {
  if (node == nullptr || node->kind != JsonNode::Kind::kScalar) return nullptr;
  return std::get_if<std::string>(&node->scalar);
}

Result<void> check_field(const JsonNode& event, std::string_view name, std::string_view expected) {
  const std::string* text = text_of(member(event, name));
  if (text == nullptr || *text != expected) return wrong("changes " + std::string(name));
  return {};
}

Result<void> check_event(const JsonNode& event, std::string_view region, const wire::Target& target) {
  const JsonNode* version = member(event, "version");
  const bool same = version != nullptr && version->kind == JsonNode::Kind::kScalar &&
                    (version->scalar == decltype(version->scalar)(kVersion) ||
                     version->scalar == decltype(version->scalar)(static_cast<std::uint64_t>(kVersion)));
  if (!same) return wrong("changes version");
  return check_field(event, "eventType", kEventType)
      .and_then([&] { return check_field(event, "region", region); })
      .and_then([&] { return check_field(event, "identityPoolId", target.pool.text()); })
      .and_then([&] { return check_field(event, "identityId", target.identity.text()); })
      .and_then([&] { return check_field(event, "datasetName", target.dataset.text()); });
}

Result<void> check_key(const std::string& key) {
  const auto length = utf8_length(key);
  if (!length || *length < 1 || *length > kMaxKeyCharacters) {
    return wrong("has a key that is not 1 to 1024 characters long");
  }
  return {};
}

// What the function wants the record to be; absent: removed.
Result<std::optional<std::string>> wanted(const std::string& key, const JsonNode& entry, const Known& known) {
  using Wanted = std::optional<std::string>;
  if (entry.kind == JsonNode::Kind::kNull) return Wanted();
  if (entry.kind != JsonNode::Kind::kObject) return wrong("has a record that is no object: " + key);
  const JsonNode* old_value = member(entry, "oldValue");
  const std::string* old_text = text_of(old_value);
  if ((known.stored != nullptr || known.patch != nullptr) && old_value != nullptr) {
    const Wanted said = old_text != nullptr ? Wanted(*old_text) : Wanted();
    if (said != known.value()) return wrong("changes oldValue of " + key);
  }
  const std::string* operation = text_of(member(entry, "op"));
  if (operation == nullptr || (*operation != "replace" && *operation != "remove")) {
    return wrong("has an op that is neither replace nor remove: " + key);
  }
  const JsonNode* value = member(entry, "newValue");
  if (*operation == "remove" || (value != nullptr && value->kind == JsonNode::Kind::kNull)) return Wanted();
  const std::string* text = text_of(value);
  if (text == nullptr) return wrong("has a newValue that is no text: " + key);
  if (utf8_length(*text).value_or(kMaxValueCharacters + 1) > kMaxValueCharacters) {
    return wrong("has a newValue that is too long: " + key);
  }
  return Wanted(*text);
}

// A record that nobody meant to change is not written; nor is a removal of what is not there.
bool is_change(const Known& known, const std::optional<std::string>& value) {
  return known.patch != nullptr || value != known.value();
}

Patch patch_of(const std::string& key, const Known& known, std::optional<std::string> value) {
  Patch patch{.key = key,
              .value = std::move(value),
              .expected = known.stored != nullptr ? known.stored->version.count : SyncCount{},
              .device_modified_at = {}};
  // The device's date is that of the device's value.
  if (known.patch != nullptr && known.patch->value == patch.value) {
    patch.device_modified_at = known.patch->device_modified_at;
  }
  return patch;
}

}  // namespace

std::string trigger_event(std::string_view region, const wire::Target& target, const std::vector<RemoteRecord>& stored,
                          const std::vector<Patch>& patches) {
  JsonWriter json;
  json.open_object();
  json.number("version", kVersion);
  json.text("eventType", kEventType);
  json.text("region", region);
  json.text("identityPoolId", target.pool.text());
  json.text("identityId", target.identity.text());
  json.text("datasetName", target.dataset.text());
  json.open_object("datasetRecords");
  for (const auto& [key, known] : known_records(stored, patches)) {
    const auto& new_value = known.patch != nullptr ? known.patch->value : known.value();
    if (known.patch == nullptr && !new_value) continue;  // a tombstone
    json.open_pair(key);
    write_value(json, "oldValue", known.value());
    write_value(json, "newValue", new_value);
    json.text("op", new_value ? "replace" : "remove");
    json.close_object();
  }
  json.close_object();
  json.close_object();
  return json.take();
}

Result<std::vector<Patch>> patches_of(std::string_view output, std::string_view region, const wire::Target& target,
                                      const std::vector<RemoteRecord>& stored, const std::vector<Patch>& patches) {
  JsonNode event;
  if (const auto problem = wire::read_tree(output, event)) return wrong("can't be read: " + problem->text);
  if (auto checked = check_event(event, region, target); !checked) return std::move(checked).error();
  const JsonNode* records = member(event, "datasetRecords");
  if (records == nullptr || records->kind != JsonNode::Kind::kObject) return wrong("lacks datasetRecords");
  const KnownRecords known = known_records(stored, patches);
  std::vector<Patch> written;
  std::set<std::string_view> seen;
  for (const auto& [key, entry] : records->entries) {
    if (auto checked = check_key(key); !checked) return std::move(checked).error();
    if (!seen.insert(key).second) return wrong("has a key twice: " + key);
    const auto found = known.find(key);
    const Known before = found == known.end() ? Known{} : found->second;
    auto value = wanted(key, entry, before);
    if (!value) return std::move(value).error();
    if (is_change(before, *value)) written.push_back(patch_of(key, before, std::move(*value)));
  }
  return written;
}

}  // namespace syncline::service
