#include "service/administration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "core/text.h"
#include "service/answer.h"
#include "service/handlers.h"

namespace syncline::service {

namespace {

constexpr std::string_view kDone = "ok";

Error wrong(std::string message) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = std::move(message)};
}

// The first line, and what is behind it.
std::pair<std::string_view, std::string_view> split_line(std::string_view text) {
  const auto end = std::min(text.find('\n'), text.size());
  return {text.substr(0, end), text.substr(std::min(end + 1, text.size()))};
}

std::string field(std::string_view name, std::string_view text) {
  return json_quote(name) + ":" + json_quote(text);
}

std::string field(std::string_view name, std::int64_t number) {
  return json_quote(name) + ":" + std::to_string(number);
}

std::int64_t seconds(Timestamp time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// What a command works with.
struct Desk {
  ServiceStore& store;
  const ServiceOptions& options;
};

Result<std::string> list_keys(const Desk& desk, const std::vector<std::string>& /*words*/) {
  std::string keys;
  for (const DeveloperKey& key : desk.store.developer_keys()) {
    keys += (keys.empty() ? "{" : ",{") + field("access_key_id", key.access_key_id) + "," +
            field("created_at", seconds(key.created_at)) + "}";
  }
  return "{\"keys\":[" + keys + "]}";
}

Result<std::string> rotate_keys(const Desk& desk, const std::vector<std::string>& /*words*/) {
  auto key = desk.store.add_developer_key(desk.options.clock->wall());
  if (!key) return std::move(key).error();
  return "{" + field("access_key_id", key->access_key_id) + "," + field("secret_access_key", key->secret_access_key) +
         "}";
}

Result<std::string> revoke_key(const Desk& desk, const std::vector<std::string>& words) {
  if (auto revoked = desk.store.revoke_developer_key(words[1]); !revoked) return std::move(revoked).error();
  return std::string("{}");
}

Result<std::string> show_quotas(const Desk& desk, const std::vector<std::string>& /*words*/) {
  const Quotas& quotas = desk.options.quotas;
  return "{" + field("datasets_per_identity", quotas.datasets_per_identity) + "," +
         field("records_per_dataset", quotas.records_per_dataset) + "," +
         field("bytes_per_dataset", quotas.bytes_per_dataset) + "}";
}

Result<std::string> back_up(const Desk& desk, const std::vector<std::string>& words) {
  const std::string& file = words[1];
  if (!std::filesystem::path(file).is_absolute()) return wrong(file + ": is no absolute path");
  if (auto done = desk.store.back_up(file); !done) return std::move(done).error();
  std::error_code failed;
  const auto bytes = std::filesystem::file_size(file, failed);
  return "{" + field("file", file) + "," + field("bytes", failed ? 0 : static_cast<std::int64_t>(bytes)) + "}";
}

// --- dead letters ---------------------------------------------------------------------------------------------------

constexpr std::size_t kLettersOfAPage = 256;

// A whole number from 0 on.
std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::string text_of(const DeadLetter& letter) {
  return "{" + field("id", letter.id) + "," + field("kind", name_of(letter.kind)) + "," +
         field("pool", letter.target.pool.text()) + "," + field("identity", letter.target.identity.text()) + "," +
         field("dataset", letter.target.dataset.text()) + "," + field("device", letter.device) + "," +
         field("sync_count", letter.count.value) + "," + field("bytes", letter.bytes) + "," +
         field("created_at", seconds(letter.created_at)) + "," + field("died_at", seconds(letter.died_at)) + "," +
         field("attempts", letter.attempts) + "," + field("failure", letter.failure) + "}";
}

Result<std::string> list_letters(const Desk& desk, const std::vector<std::string>& words) {
  const auto after = number_of(words[1]);
  if (!after) return wrong("dead letters have numbers, not '" + words[1] + "'");
  auto page = desk.store.dead_letters(*after, kLettersOfAPage);
  if (!page) return std::move(page).error();
  std::string letters;
  for (const DeadLetter& letter : *page) {
    if (words.size() > 2 && letter.target.pool.text() != words[2]) continue;
    letters += (letters.empty() ? "" : ",") + text_of(letter);
  }
  const std::int64_t last = page->size() < kLettersOfAPage ? 0 : page->back().id;
  return "{\"dead_letters\":[" + letters + "]," + field("last", last) + "}";
}

Result<DeadLetterChoice> choice_of(const std::string& which) {
  if (which == "all") return DeadLetterChoice{};
  // 0 is no letter's id, and for the store the same as none.
  if (const auto id = number_of(which); id && *id != 0) return DeadLetterChoice{.id = id};
  auto pool = IdentityPoolId::parse(which);
  if (!pool) return wrong("'" + which + "' is neither a dead letter's id, nor a pool's, nor all");
  return DeadLetterChoice{.pool = std::move(*pool)};
}

Result<std::string> replay_letters(const Desk& desk, const std::vector<std::string>& words) {
  const auto which = choice_of(words[1]);
  if (!which) return which.error();
  auto count = desk.store.replay_dead_letters(*which, desk.options.clock->wall());
  if (!count) return std::move(count).error();
  return "{" + field("replayed", *count) + "}";
}

Result<std::string> discard_letters(const Desk& desk, const std::vector<std::string>& words) {
  const auto which = choice_of(words[1]);
  if (!which) return which.error();
  auto count = desk.store.discard_dead_letters(*which);
  if (!count) return std::move(count).error();
  return "{" + field("discarded", *count) + "}";
}

struct Command {
  std::string_view name;
  std::size_t words;  // with its arguments
  Result<std::string> (*run)(const Desk& desk, const std::vector<std::string>& words);
};

constexpr std::array<Command, 9> kCommands{{
    {"keys-list", 1, list_keys},
    {"keys-rotate", 1, rotate_keys},
    {"keys-revoke", 2, revoke_key},
    {"quotas", 1, show_quotas},
    {"dead-letters", 2, list_letters},
    {"dead-letters", 3, list_letters},
    {"dead-letters-replay", 2, replay_letters},
    {"dead-letters-discard", 2, discard_letters},
    {"backup", 2, back_up},
}};

}  // namespace

std::string encode_admin_request(const AdminRequest& request) {
  std::string line;
  for (const std::string& word : request.words) line += (line.empty() ? "" : " ") + percent_encode(word);
  return line + "\n" + request.body;
}

Result<AdminRequest> decode_admin_request(std::string_view text) {
  AdminRequest request;
  auto [line, body] = split_line(text);
  request.body = body;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    auto word = percent_decode(line.substr(0, end));
    if (!word) return wrong("a word of the command is malformed");
    request.words.push_back(std::move(*word));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return request;
}

std::string encode_admin_answer(const Result<std::string>& answer) {
  if (answer) return std::string(kDone) + "\n" + *answer;
  return std::string(to_string(answer.error().code)) + "\n" + answer.error().message;
}

Result<std::string> decode_admin_answer(std::string_view text) {
  const auto [line, rest] = split_line(text);
  if (line == kDone) return std::string(rest);
  for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(ErrorCode::kUnknownServiceError); ++number) {
    const auto code = static_cast<ErrorCode>(number);
    if (line == to_string(code)) return Error{.code = code, .message = std::string(rest)};
  }
  return Error{.code = ErrorCode::kBadAnswer, .message = "the service's answer is malformed"};
}

Result<std::string> Service::administer(const AdminRequest& request) {
  if (request.words.empty()) return wrong("no command is named");
  const std::string& name = request.words.front();
  if (name == "identity" && request.words.size() == 2) {
    const auto operation = wire::parse_identity_target("AWSCognitoIdentityService." + request.words[1]);
    if (!operation) return wrong("Cognito Identity has no operation " + request.words[1]);
    return carry_out(*operation, request.body);
  }
  const auto* command = std::find_if(kCommands.begin(), kCommands.end(), [&](const Command& known) {
    return known.name == name && known.words == request.words.size();
  });
  if (command == kCommands.end()) {
    return wrong("there is no command '" + name + "' with " + std::to_string(request.words.size() - 1) + " arguments");
  }
  return command->run(Desk{.store = *store_, .options = options_}, request.words);
}

}  // namespace syncline::service
