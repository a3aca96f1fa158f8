// Reads a small JSON message into a tree, and the tree into values: for everything that is deeper than json_reader.h's
// messages, or has maps, and is never large. For wire, and for the service's JSON Web Tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "wire/json_reader.h"

namespace syncline::wire {

struct JsonEntry;

struct JsonNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kObject };
  Kind kind = Kind::kNull;
  std::variant<bool, std::int64_t, std::uint64_t, double, std::string> scalar = false;
  std::vector<JsonEntry> entries;  // of a list or an object
};
struct JsonEntry {
  std::string name = {};  // empty in a list
  JsonNode node = {};
};

// The object that `json` must be; at most 16 levels and 20,000 values, whatever the bytes.
std::optional<Problem> read_tree(std::string_view json, JsonNode& into);

// What a text must be: the words complete "RoleArn is not ...".
struct TextRule {
  std::string_view expected = kText;
  bool (*holds)(std::string_view text) = nullptr;
};
inline constexpr TextRule kAnyText{};

using TextMap = std::vector<std::pair<std::string, std::string>>;
inline constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();

// The fields of one object of a tree, which must outlive it. The first problem is kept for all readers of a tree; a
// field that is absent, null or wrong leaves its value as it is.
class TreeReader {
 public:
  TreeReader(const JsonNode& object, std::string path, std::optional<Problem>& problem)
      : object_(object), path_(std::move(path)), problem_(problem) {}

  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  void require(std::string_view name);

  void text(std::string_view name, std::string& into, const TextRule& rule = kAnyText);
  template <typename T>
  void value(std::string_view name, T& into, std::string_view expected) {
    const JsonNode* node = find(name);
    if (node == nullptr) return;
    if (!read(*node, into)) wrong(name, expected);
  }
  void number(std::string_view name, std::int64_t& into, std::int64_t least, std::int64_t most);
  void count(std::string_view name, std::int64_t& into) { value(name, into, kCount); }
  void flag(std::string_view name, bool& into) { value(name, into, kFlag); }
  void time(std::string_view name, std::optional<Timestamp>& into);
  void texts(std::string_view name, std::vector<std::string>& into, const TextRule& rule = kAnyText,
             std::size_t most = kAnyNumber);
  // One text is a list of one.
  void text_or_texts(std::string_view name, std::vector<std::string>& into);
  void map(std::string_view name, TextMap& into, const TextRule& keys = kAnyText, const TextRule& values = kAnyText,
           std::size_t most = kAnyNumber);
  // nullopt: absent, or no object.
  std::optional<TreeReader> object(std::string_view name);
  // Calls `read` with a reader for each object of a list.
  template <typename Read>
  void objects(std::string_view name, Read read_one) {
    const JsonNode* list = find_list(name);
    for (std::size_t i = 0; list != nullptr && i < list->entries.size(); ++i) {
      if (auto reader = entry(name, *list, i)) read_one(*reader);
    }
  }

 private:
  [[nodiscard]] const JsonNode* find(std::string_view name) const;  // nullptr: absent or null
  const JsonNode* find_list(std::string_view name);
  std::optional<TreeReader> entry(std::string_view name, const JsonNode& list, std::size_t index);
  template <typename T>
  static bool read(const JsonNode& node, T& into) {
    if (node.kind != JsonNode::Kind::kScalar) return false;
    return scalar_of(node).read(into);
  }
  static Scalar scalar_of(const JsonNode& node);
  bool read_text(const JsonNode& node, std::string& into, const TextRule& rule);
  void wrong(std::string_view name, std::string_view expected);
  void fail(Problem::Kind kind, std::string text);

  const JsonNode& object_;
  std::string path_;  // "PushSync." or nothing
  std::optional<Problem>& problem_;
};

}  // namespace syncline::wire
