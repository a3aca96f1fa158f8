// The service's tokens: what is sealed opens as the same, for its target only; a tampered one, and what somebody makes
// up, never opens. Input: where and how to tamper, numbers and texts for the fields; all of it also as a token.
#include "service/tokens.h"

#include "fuzz/fuzz.h"

namespace syncline::fuzz {
namespace {

using service::DatasetsPageToken;
using service::RecordsPageToken;
using service::SessionToken;

constexpr Timestamp kNow{std::chrono::seconds{1'800'000'000}};
constexpr Timestamp kLater = kNow + std::chrono::seconds{1};

wire::Target target_of(const char* identity, const char* dataset) {
  wire::Target target;
  target.pool = IdentityPoolId::parse("us-east-1:aaaa").value();
  target.identity = IdentityId::parse(identity).value();
  target.dataset = DatasetName::parse(dataset).value();
  return target;
}

bool opens(const service::Tokens& tokens, const wire::Target& target, std::string_view text) {
  return tokens.open_session(target, text, kNow).has_value() ||
         tokens.open_records_page(target, text, kNow).has_value() ||
         tokens.open_datasets_page(target, text, kNow).has_value();
}

// Another text than the one that was sealed.
std::string tampered(std::string text, std::uint32_t at, std::uint8_t with) {
  if (text.empty()) return "A";
  auto& letter = text[at % text.size()];
  letter = static_cast<char>(letter ^ (with == 0 ? 1 : with));
  return text;
}

void check_sealed(const service::Tokens& tokens, const wire::Target& target, const std::string& text, Bytes& bytes) {
  const auto at = bytes.number();
  const auto with = bytes.byte();
  require(opens(tokens, target, text), "a sealed token does not open");
  require(!opens(tokens, target, tampered(text, at, with)), "S3: a tampered token opens");
  require(!opens(tokens, target, text.substr(0, at % text.size())), "S3: a token that was cut opens");
  require(!opens(tokens, target, text + 'A'), "S3: a token with more behind it opens");
  require(!opens(tokens, target_of("us-east-1:cccc", "game"), text), "S3: a token opens for another identity");
  require(!opens(tokens, target_of("us-east-1:bbbb", "gamf"), text), "S3: a token opens for another dataset");
  require(!opens(service::Tokens(std::string(32, 'x')), target, text), "S3: a token opens with another key");
}

}  // namespace
}  // namespace syncline::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace syncline;
  using namespace syncline::fuzz;
  static const service::Tokens tokens(std::string(32, 'k'));
  static const auto target = target_of("us-east-1:bbbb", "game");
  if (size > 2'048) return 0;
  require(!opens(tokens, target, {reinterpret_cast<const char*>(data), size}), "S3: a made up token opens");

  Bytes bytes(data, size);
  Bytes how(data, size);
  const SyncCount count{static_cast<std::int64_t>(bytes.number())};
  const std::string text(bytes.rest());
  const auto session = tokens.seal(target, SessionToken{.session = text, .expires_at = kLater, .listed = count});
  check_sealed(tokens, target, session, how);
  const auto opened = tokens.open_session(target, session, kNow).value();
  require(opened.session == text && opened.listed == count && opened.expires_at == kLater, "a session changed");
  require(!tokens.open_session(target, session, kLater), "S3: an expired token opens");

  const RecordsPageToken page{.expires_at = kLater, .snapshot = count, .last_id = -count.value, .modified_by = text};
  const auto sealed = tokens.seal(target, page);
  check_sealed(tokens, target, sealed, how);
  const auto again = tokens.open_records_page(target, sealed, kNow).value();
  require(again.snapshot == count && again.last_id == -count.value && again.modified_by == text, "a page changed");
  require(!tokens.open_session(target, sealed, kNow), "S3: a page passes for a session");

  const auto datasets = tokens.seal(target, DatasetsPageToken{.expires_at = kLater, .last_name = text});
  check_sealed(tokens, target, datasets, how);
  require(tokens.open_datasets_page(target, datasets, kNow).value().last_name == text, "a list of datasets changed");
  return 0;
}
