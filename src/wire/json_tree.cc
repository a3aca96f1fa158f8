#include "wire/json_tree.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace syncline::wire {

namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 16;
constexpr std::size_t kMostValues = 20'000;

// nlohmann's SAX interface. The nodes on `open_` stay where they are: what is open grows only at its end.
class TreeSax {
 public:
  explicit TreeSax(JsonNode& root) : root_(root) {}
  [[nodiscard]] std::optional<Problem> take_problem() { return std::move(problem_); }

  bool null() { return add(JsonNode::Kind::kNull) != nullptr; }
  bool boolean(bool value) { return scalar(value); }
  bool number_integer(std::int64_t value) { return scalar(value); }
  bool number_unsigned(std::uint64_t value) { return scalar(value); }
  bool number_float(double value, const std::string& /*text*/) { return scalar(value); }
  bool string(const std::string& value) { return scalar(value); }
  bool binary(const json::binary_t& /*value*/) { return true; }
  bool key(const std::string& name) {
    name_ = name;
    return true;
  }
  bool start_object(std::size_t /*size*/) { return open(JsonNode::Kind::kObject); }
  bool end_object() { return close(); }
  bool start_array(std::size_t /*size*/) { return open(JsonNode::Kind::kList); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string& /*token*/, const json::exception& /*error*/) {
    return fail(Problem::Kind::kNoJson, "no JSON in UTF-8, or cut off, at byte " + std::to_string(position));
  }

 private:
  template <typename T>
  bool scalar(const T& value) {
    JsonNode* node = add(JsonNode::Kind::kScalar);
    if (node != nullptr) node->scalar = value;
    return node != nullptr;
  }

  bool open(JsonNode::Kind kind) {
    if (open_.empty() && kind == JsonNode::Kind::kObject) {
      root_.kind = kind;
      root_.entries.clear();
      open_.push_back(&root_);
      return true;
    }
    if (open_.size() == kDeepest) return fail(Problem::Kind::kTooMany, "the message has more than 16 levels");
    JsonNode* node = add(kind);
    if (node != nullptr) open_.push_back(node);
    return node != nullptr;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  JsonNode* add(JsonNode::Kind kind) {
    if (open_.empty()) {
      fail(Problem::Kind::kNoJson, "no JSON object");
      return nullptr;
    }
    if (++values_ > kMostValues) {
      fail(Problem::Kind::kTooMany, "the message has more than 20000 values");
      return nullptr;
    }
    auto& entries = open_.back()->entries;
    auto& entry = entries.emplace_back();
    if (open_.back()->kind == JsonNode::Kind::kObject) entry.name = std::move(name_);
    entry.node.kind = kind;
    return &entry.node;
  }

  bool fail(Problem::Kind kind, std::string text) {
    problem_ = Problem{kind, std::move(text)};
    return false;
  }

  JsonNode& root_;
  std::vector<JsonNode*> open_;
  std::string name_;
  std::size_t values_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace

std::optional<Problem> read_tree(std::string_view json_text, JsonNode& into) {
  TreeSax sax(into);
  if (json::sax_parse(json_text.begin(), json_text.end(), &sax)) return std::nullopt;
  return sax.take_problem();
}

Scalar TreeReader::scalar_of(const JsonNode& node) {
  return std::visit(
      [](const auto& value) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, std::string>) {
          return Scalar(&value);
        } else {
          return Scalar(value);
        }
      },
      node.scalar);
}

// A name that is there twice counts with its last value, as in json_reader.h.
const JsonNode* TreeReader::find(std::string_view name) const {
  const auto found = std::find_if(object_.entries.rbegin(), object_.entries.rend(),
                                  [name](const JsonEntry& entry) { return entry.name == name; });
  if (found == object_.entries.rend() || found->node.kind == JsonNode::Kind::kNull) return nullptr;
  return &found->node;
}

void TreeReader::require(std::string_view name) {
  if (!has(name)) fail(Problem::Kind::kWrongField, path_ + std::string(name) + " is missing");
}

bool TreeReader::read_text(const JsonNode& node, std::string& into, const TextRule& rule) {
  std::string text;
  if (!read(node, text) || (rule.holds != nullptr && !rule.holds(text))) return false;
  into = std::move(text);
  return true;
}

void TreeReader::text(std::string_view name, std::string& into, const TextRule& rule) {
  const JsonNode* node = find(name);
  if (node != nullptr && !read_text(*node, into, rule)) wrong(name, rule.expected);
}

void TreeReader::number(std::string_view name, std::int64_t& into, std::int64_t least, std::int64_t most) {
  const JsonNode* node = find(name);
  if (node == nullptr) return;
  std::int64_t number = 0;
  if (read(*node, number) && number >= least && number <= most) {
    into = number;
  } else {
    wrong(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
}

void TreeReader::time(std::string_view name, std::optional<Timestamp>& into) {
  if (!has(name)) return;
  Timestamp time{};
  value(name, time, kTime);
  into = time;
}

const JsonNode* TreeReader::find_list(std::string_view name) {
  const JsonNode* list = find(name);
  if (list == nullptr || list->kind == JsonNode::Kind::kList) return list;
  wrong(name, "an array");
  return nullptr;
}

void TreeReader::texts(std::string_view name, std::vector<std::string>& into, const TextRule& rule, std::size_t most) {
  const JsonNode* list = find_list(name);
  if (list == nullptr) return;
  if (list->entries.size() > most) {
    return wrong(name, "an array of at most " + std::to_string(most) + " entries");
  }
  into.clear();
  for (const JsonEntry& entry : list->entries) {
    if (!read_text(entry.node, into.emplace_back(), rule)) {
      return wrong(std::string(name) + "[" + std::to_string(into.size() - 1) + "]", rule.expected);
    }
  }
}

void TreeReader::text_or_texts(std::string_view name, std::vector<std::string>& into) {
  const JsonNode* node = find(name);
  if (node == nullptr) return;
  if (node->kind != JsonNode::Kind::kScalar) return texts(name, into);
  into.assign(1, {});
  text(name, into.front());
}

void TreeReader::map(std::string_view name, TextMap& into, const TextRule& keys, const TextRule& values,
                     std::size_t most) {
  const JsonNode* node = find(name);
  if (node == nullptr) return;
  if (node->kind != JsonNode::Kind::kObject) return wrong(name, "an object");
  if (node->entries.size() > most) {
    return wrong(name, "an object of at most " + std::to_string(most) + " entries");
  }
  into.clear();
  for (const JsonEntry& entry : node->entries) {
    if (keys.holds != nullptr && !keys.holds(entry.name)) {
      return wrong(std::string(name) + "'s key", keys.expected);
    }
    const bool twice =
        std::any_of(into.begin(), into.end(), [&](const auto& other) { return other.first == entry.name; });
    if (twice) return wrong(name, "an object that names each key once");
    auto& [key, value] = into.emplace_back(entry.name, std::string());
    if (!read_text(entry.node, value, values)) return wrong(std::string(name) + "'s value", values.expected);
  }
}

std::optional<TreeReader> TreeReader::object(std::string_view name) {
  const JsonNode* node = find(name);
  if (node == nullptr) return std::nullopt;
  if (node->kind != JsonNode::Kind::kObject) {
    wrong(name, "an object");
    return std::nullopt;
  }
  return TreeReader(*node, path_ + std::string(name) + ".", problem_);
}

std::optional<TreeReader> TreeReader::entry(std::string_view name, const JsonNode& list, std::size_t index) {
  const JsonNode& node = list.entries[index].node;
  const std::string path = std::string(name) + "[" + std::to_string(index) + "]";
  if (node.kind == JsonNode::Kind::kObject) return TreeReader(node, path_ + path + ".", problem_);
  wrong(path, "an object");
  return std::nullopt;
}

void TreeReader::wrong(std::string_view name, std::string_view expected) {
  fail(Problem::Kind::kWrongField, path_ + std::string(name) + " is not " + std::string(expected));
}

void TreeReader::fail(Problem::Kind kind, std::string text) {
  if (!problem_) problem_ = Problem{kind, std::move(text)};
}

}  // namespace syncline::wire
