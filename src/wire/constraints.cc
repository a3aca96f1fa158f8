#include "wire/constraints.h"

#include "core/text.h"

namespace syncline::wire {

Error invalid(std::string message) {
  return Error{.code = ErrorCode::kInvalidParameter, .message = std::move(message)};
}

std::string shown(std::string_view name) {
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7F && c != '\''; };
  if (name.size() > kMaxDatasetNameCharacters || !std::all_of(name.begin(), name.end(), printable)) return "Value";
  return "Value '" + std::string(name) + "'";
}

Error violation(std::string_view what, std::string_view member, std::string_view constraint) {
  return invalid("1 validation error detected: " + std::string(what) + " at '" + std::string(member) +
                 "' failed to satisfy constraint: Member must " + std::string(constraint));
}

Error malformed(const Problem& problem) {
  if (problem.kind == Problem::Kind::kTooMany) {
    return Error{.code = ErrorCode::kLimitExceeded, .message = problem.text + " in one call"};
  }
  return invalid("the body is not what it should be: " + problem.text);
}

const std::string* find_parameter(const HttpRequest& request, std::string_view name) {
  const auto found = std::find_if(request.query.begin(), request.query.end(),
                                  [name](const auto& parameter) { return parameter.first == name; });
  return found == request.query.end() ? nullptr : &found->second;
}

std::string text_parameter(const HttpRequest& request, std::string_view name) {
  const auto* found = find_parameter(request, name);
  return found == nullptr ? std::string() : *found;
}

Result<std::optional<int>> max_results(const HttpRequest& request) {
  return number_parameter(request, "maxResults", 1, kLargestPage);
}

bool has_characters(std::string_view text, std::size_t least, std::size_t most) {
  const auto length = utf8_length(text);
  return length && *length >= least && *length <= most;
}

bool is_device_id(std::string_view text) {
  return has_characters(text, 1, kMaxDeviceIdCharacters);
}

}  // namespace syncline::wire
