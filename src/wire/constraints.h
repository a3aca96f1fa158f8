// What the API model demands of a request's parts, and how a request that breaks it is told so: in the vendor's words,
// naming the part, never showing a value (S6). For the service's side. Private to wire.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/http.h"
#include "syncline/limits.h"
#include "syncline/result.h"
#include "wire/json_tree.h"

namespace syncline::wire {

inline constexpr int kLargestPage = 1024;
inline constexpr std::string_view kIdentityPattern = "regular expression pattern: [\\w-]+:[0-9a-f-]+";
inline constexpr std::string_view kDatasetPattern = "regular expression pattern: [a-zA-Z0-9_.:-]+";

Error invalid(std::string message);
// "1 validation error detected: Value '...' at 'datasetName' failed to satisfy constraint: Member must ..."
Error violation(std::string_view what, std::string_view member, std::string_view constraint);
// A name is shown if it is short and printable.
std::string shown(std::string_view name);
// Of a body: kTooMany is LimitExceededException.
Error malformed(const Problem& problem);

template <typename Name>
Result<Name> checked_name(std::string_view text, std::string_view member, std::size_t most, std::string_view pattern) {
  if (auto name = Name::parse(text)) return std::move(*name);
  if (text.empty()) return violation("Value ''", member, "have length greater than or equal to 1");
  if (text.size() > most) {
    return violation("Value", member, "have length less than or equal to " + std::to_string(most));
  }
  return violation(shown(text), member, "satisfy " + std::string(pattern));
}

const std::string* find_parameter(const HttpRequest& request, std::string_view name);
std::string text_parameter(const HttpRequest& request, std::string_view name);  // empty: absent

template <typename Number>
Result<std::optional<Number>> number_parameter(const HttpRequest& request, std::string_view name, Number least,
                                               Number most) {
  const auto* text = find_parameter(request, name);
  if (text == nullptr) return std::optional<Number>();
  Number number{};
  const auto* last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, number);
  if (error != std::errc{} || end != last || number < least || number > most) {
    return violation("Value", name, "be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return std::optional<Number>(number);
}

Result<std::optional<int>> max_results(const HttpRequest& request);

// 1 to 256 characters.
bool is_device_id(std::string_view text);
bool has_characters(std::string_view text, std::size_t least, std::size_t most);

// A body that is one object, read by `read(TreeReader&)`. What is wrong first is the error.
template <typename Read>
Result<void> read_body(std::string_view body, Read read) {
  JsonNode root;
  if (const auto problem = read_tree(body, root)) return malformed(*problem);
  std::optional<Problem> problem;
  TreeReader reader(root, {}, problem);
  read(reader);
  if (problem) return malformed(*problem);
  return {};
}

}  // namespace syncline::wire
