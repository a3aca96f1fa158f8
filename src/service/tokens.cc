#include "service/tokens.h"

#include <optional>
#include <utility>

#include "service/sealed.h"

namespace syncline::service {

namespace {

// The first byte of a payload: a kind, and with it the version of its layout.
constexpr char kSessionKind = 'S';
constexpr std::int64_t kNotGone = -1;
constexpr char kRecordsPageKind = 'r';
constexpr char kDatasetsPageKind = 'd';
constexpr char kListPageKind = 'l';

std::string seal_for(const std::string& key, const wire::Target& target, std::string payload) {
  return seal(key, {target.pool.text(), target.identity.text(), target.dataset.text()}, std::move(payload));
}

std::optional<std::string> open(const std::string& key, const wire::Target& target, char kind, std::string_view text) {
  return unseal(key, {target.pool.text(), target.identity.text(), target.dataset.text()}, kind, text);
}

Error bad_session() {
  return Error{.code = ErrorCode::kInvalidParameter, .message = "SyncSessionToken not valid for these inputs"};
}

Error bad_page() {
  return Error{.code = ErrorCode::kInvalidParameter, .message = "NextToken not valid for these inputs, or expired"};
}

}  // namespace

std::string Tokens::seal(const wire::Target& target, const SessionToken& token) const {
  std::string payload(1, kSessionKind);
  put(payload, token.session);
  put(payload, token.expires_at);
  put(payload, token.listed.value);
  put(payload, token.gone ? token.gone->value : kNotGone);
  return seal_for(key_, target, std::move(payload));
}

std::string Tokens::seal(const wire::Target& target, const RecordsPageToken& token) const {
  std::string payload(1, kRecordsPageKind);
  put(payload, token.expires_at);
  put(payload, token.snapshot.value);
  put(payload, token.requested.value);
  put(payload, token.last_count.value);
  put(payload, token.last_id);
  put(payload, std::int64_t{token.deleted_after_requested ? 1 : 0});
  put(payload, token.modified_by);
  return seal_for(key_, target, std::move(payload));
}

std::string Tokens::seal(const wire::Target& target, const DatasetsPageToken& token) const {
  std::string payload(1, kDatasetsPageKind);
  put(payload, token.expires_at);
  put(payload, token.last_name);
  return seal_for(key_, target, std::move(payload));
}

Result<SessionToken> Tokens::open_session(const wire::Target& target, std::string_view text, Timestamp now) const {
  const auto payload = open(key_, target, kSessionKind, text);
  if (!payload) return bad_session();
  Fields fields(*payload);
  SessionToken token;
  token.session = fields.text();
  token.expires_at = fields.time();
  token.listed = fields.count();
  if (const SyncCount gone = fields.count(); gone.value != kNotGone) token.gone = gone;
  if (!fields.complete() || token.expires_at <= now) return bad_session();
  return token;
}

Result<RecordsPageToken> Tokens::open_records_page(const wire::Target& target, std::string_view text,
                                                   Timestamp now) const {
  const auto payload = open(key_, target, kRecordsPageKind, text);
  if (!payload) return bad_page();
  Fields fields(*payload);
  RecordsPageToken token;
  token.expires_at = fields.time();
  token.snapshot = fields.count();
  token.requested = fields.count();
  token.last_count = fields.count();
  token.last_id = fields.number();
  token.deleted_after_requested = fields.number() != 0;
  token.modified_by = fields.text();
  if (!fields.complete() || token.expires_at <= now) return bad_page();
  return token;
}

Result<DatasetsPageToken> Tokens::open_datasets_page(const wire::Target& target, std::string_view text,
                                                     Timestamp now) const {
  const auto payload = open(key_, target, kDatasetsPageKind, text);
  if (!payload) return bad_page();
  Fields fields(*payload);
  DatasetsPageToken token;
  token.expires_at = fields.time();
  token.last_name = fields.text();
  if (!fields.complete() || token.expires_at <= now) return bad_page();
  return token;
}

std::string Tokens::seal_list(std::string_view list, std::string_view of, const ListPageToken& token) const {
  std::string payload(1, kListPageKind);
  put(payload, token.expires_at);
  put(payload, token.last);
  return service::seal(key_, {list, of}, std::move(payload));
}

Result<ListPageToken> Tokens::open_list(std::string_view list, std::string_view of, std::string_view text,
                                        Timestamp now) const {
  const auto payload = unseal(key_, {list, of}, kListPageKind, text);
  if (!payload) return bad_page();
  Fields fields(*payload);
  ListPageToken token;
  token.expires_at = fields.time();
  token.last = fields.text();
  if (!fields.complete() || token.expires_at <= now) return bad_page();
  return token;
}

}  // namespace syncline::service
