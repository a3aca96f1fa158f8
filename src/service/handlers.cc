#include "service/handlers.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "auth/digest.h"
#include "auth/signature.h"
#include "service/answer.h"

namespace syncline::service {

namespace {

constexpr std::string_view kSigningName = "cognito-sync";
constexpr std::size_t kMostDatasetsPerPage = 1024;
// History outlives the page tokens that may ask for it, by more than a request can take.
constexpr std::chrono::minutes kHistoryMargin{2};

Error refused(ErrorCode code, std::string message) {
  return Error{.code = code, .message = std::move(message)};
}

Error no_such_dataset(const wire::Target& target) {
  return refused(ErrorCode::kResourceNotFound, "Dataset " + target.dataset.text() + " does not exist");
}

// Published iOS clients never ask for a second page: one holds as many records as a dataset may.
std::size_t most_records_per_page(const Quotas& quotas) {
  return std::max(kMaxRecordsPerDataset,
                  static_cast<std::size_t>(std::max<std::int64_t>(quotas.records_per_dataset, 1)));
}

wire::Dataset described(const wire::Target& target, std::string name, DatasetState state) {
  return wire::Dataset{.identity_id = target.identity.text(),
                       .name = std::move(name),
                       .created_at = state.created_at,
                       .modified_at = state.modified_at,
                       .modified_by = std::move(state.modified_by),
                       .bytes = state.bytes,
                       .records = state.records};
}

// Behind every record of a count that has been asked for.
constexpr std::int64_t kBehindAll = std::numeric_limits<std::int64_t>::max();

// What of the snapshot this page asks for. A count of 0 means that there is no dataset.
RecordRange range_of(const RecordsPageToken& page, std::size_t limit) {
  const bool nothing_new = page.last_count == page.snapshot && page.last_id == kBehindAll;
  return RecordRange{.empty = page.snapshot.value == 0 || nothing_new,
                     .snapshot = page.snapshot,
                     .after_count = page.last_count,
                     .after_id = page.last_id,
                     .limit = limit};
}

Result<UpdateCall> update_call(wire::UpdateRecordsRequest request, const SessionToken& session) {
  UpdateCall call{
      .patches = {}, .writer = std::move(request.device_id), .listed = session.listed, .gone = session.gone};
  if (call.writer.empty()) call.writer = request.target.identity.text();
  call.patches.reserve(request.patches.size());
  for (wire::RecordPatch& patch : request.patches) {
    const bool replaces = patch.operation == wire::PatchOperation::kReplace;
    if (replaces && !patch.value) {
      return refused(ErrorCode::kInvalidParameter, "RecordPatches lacks the Value to replace key " + patch.key);
    }
    if (!replaces) patch.value.reset();
    call.patches.push_back(Patch{.key = std::move(patch.key),
                                 .value = std::move(patch.value),
                                 .expected = patch.sync_count,
                                 .device_modified_at = patch.device_modified_at});
  }
  return call;
}

// Troubles of the service's own, which no client is told about.
bool is_internal(ErrorCode code) {
  switch (code) {
    case ErrorCode::kStorage:
    case ErrorCode::kStorageFull:
    case ErrorCode::kStorageBusy:
    case ErrorCode::kCorrupt:
    case ErrorCode::kSchemaTooNew:
    case ErrorCode::kInternal:
      return true;
    default:
      return false;
  }
}

}  // namespace

Service::Service(ServiceOptions options, std::unique_ptr<ServiceStore> store)
    : options_(std::move(options)), store_(std::move(store)), tokens_(store_->installation().token_key) {
  if (options_.clock == nullptr) options_.clock = &system_clock_;
}

Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::open(ServiceOptions options) {
  SystemClock system_clock;
  Clock& clock = options.clock != nullptr ? *options.clock : system_clock;
  auto store = open_sqlite_store(StoreOptions{.data_dir = options.data_dir,
                                              .region = options.region,
                                              .history = options.page_lifetime + kHistoryMargin,
                                              .readers = options.readers,
                                              .now = clock.wall()});
  if (!store) return std::move(store).error();
  return std::unique_ptr<Service>(new Service(std::move(options), std::move(*store)));
}

HttpResponse Service::handle(const HttpRequest& request, std::string_view remote_address) {
  std::string_view operation = "unknown";
  HttpResponse response;
  try {
    response = respond(request, operation);
  } catch (const std::exception& thrown) {
    log(LogLevel::kError, std::string(operation) + " failed: " + thrown.what());
    response = typed_error(500, "InternalErrorException", "The service failed to answer");
  }
  complete(response, now());
  if (options_.log) {
    const std::string* error = find_header(response.headers, "x-amzn-ErrorType");
    log(LogLevel::kDebug, std::string(remote_address) + " " + std::string(operation) + " " +
                              std::to_string(response.status) + " " + (error != nullptr ? *error + " " : "") +
                              *find_header(response.headers, "x-amzn-RequestId"));
  }
  return response;
}

HttpResponse Service::respond(const HttpRequest& request, std::string_view& operation) {
  const auto route = wire::parse_route(request.method, request.path);
  if (!route) return typed_error(404, "UnknownOperationException", "No operation has this method and path");
  operation = wire::to_string(route->operation);
  if (auto signed_right = authenticate(request); !signed_right) return error_answer(signed_right.error());
  auto body = perform(*route, request);
  if (!body) return error_answer(body.error());
  return HttpResponse{.status = 200, .headers = {}, .body = std::move(*body)};
}

// Whoever passes holds the developer key: there are no others yet.
Result<void> Service::authenticate(const HttpRequest& request) const {
  const Installation& installation = store_->installation();
  const auto lookup = [&](std::string_view key, std::string_view session_token) -> std::optional<std::string> {
    if (key != installation.access_key_id || !session_token.empty()) return std::nullopt;
    return installation.secret_access_key;
  };
  const auth::Scope scope{.region = installation.region, .service = std::string(kSigningName)};
  auto verified = auth::verify(request, scope, now(), lookup);
  if (!verified) return std::move(verified).error();
  return {};
}

// The developer key acts for any identity of its own pool. Whether another pool exists is not told (S4).
Result<void> Service::authorize(const wire::Target& target) const {
  if (target.pool.text() == identity_pool_id()) return {};
  return refused(ErrorCode::kNotAuthorized, "Access to this identity pool is forbidden");
}

Result<std::string> Service::perform(const wire::Route& route, const HttpRequest& request) {
  auto target = wire::check_target(route);
  if (!target) return std::move(target).error();
  if (auto allowed = authorize(*target); !allowed) return std::move(allowed).error();
  switch (route.operation) {
    case wire::Operation::kListDatasets: {
      auto decoded = wire::decode_list_datasets_request(std::move(*target), request);
      return decoded ? list_datasets(*decoded) : std::move(decoded).error();
    }
    case wire::Operation::kDescribeDataset:
      return describe_dataset(*target);
    case wire::Operation::kDeleteDataset:
      return delete_dataset(*target);
    case wire::Operation::kListRecords: {
      auto decoded = wire::decode_list_records_request(std::move(*target), request);
      return decoded ? list_records(*decoded) : std::move(decoded).error();
    }
    case wire::Operation::kUpdateRecords: {
      auto decoded = wire::decode_update_records_request(std::move(*target), request);
      return decoded ? update_records(std::move(*decoded)) : std::move(decoded).error();
    }
  }
  return refused(ErrorCode::kInternal, "an operation without a handler");
}

Result<std::string> Service::list_datasets(const wire::ListDatasetsRequest& request) {
  DatasetsPageToken page{.expires_at = now() + options_.page_lifetime, .last_name = {}};
  if (!request.next_token.empty()) {
    auto opened = tokens_.open_datasets_page(request.target, request.next_token, now());
    if (!opened) return std::move(opened).error();
    page = std::move(*opened);
  }
  auto limit = page_size(request.max_results, kMostDatasetsPerPage);
  if (!limit) return std::move(limit).error();
  auto found = store_->datasets(request.target, page.last_name, *limit + 1);
  if (!found) return std::move(found).error();

  wire::ListDatasetsAnswer answer;
  const bool more = found->size() > *limit;
  if (more) found->pop_back();
  for (NamedDataset& dataset : *found) {
    answer.datasets.push_back(described(request.target, std::move(dataset.name), std::move(dataset.state)));
  }
  if (more) {
    page.last_name = answer.datasets.back().name;
    answer.next_token = tokens_.seal(request.target, page);
  }
  return wire::encode_answer(answer);
}

Result<std::string> Service::describe_dataset(const wire::Target& target) {
  auto state = store_->dataset(target);
  if (!state) return std::move(state).error();
  if (!state->exists) return no_such_dataset(target);
  return wire::encode_answer(wire::DatasetAnswer{described(target, target.dataset.text(), std::move(*state))});
}

Result<std::string> Service::delete_dataset(const wire::Target& target) {
  auto deleted = store_->delete_dataset(target, now());
  if (!deleted) return std::move(deleted).error();
  if (!deleted->exists) return no_such_dataset(target);
  return wire::encode_answer(wire::DatasetAnswer{described(target, target.dataset.text(), std::move(*deleted))});
}

// A list may go on with the session of an earlier one; else it begins a new one.
Result<SessionToken> Service::session_of(const wire::ListRecordsRequest& request, Timestamp now) const {
  SessionToken session{.session = auth::random_bytes(16), .expires_at = now + options_.session_lifetime, .listed = {}};
  if (request.session_token.empty()) return session;
  auto opened = tokens_.open_session(request.target, request.session_token, now);
  if (!opened) return opened;
  session.session = std::move(opened->session);
  return session;
}

// Where a list goes on, as its token says, or begins, as the rules say.
Result<RecordsPageToken> Service::page_of(const wire::ListRecordsRequest& request, const DatasetState& state,
                                          Timestamp now) const {
  if (request.next_token.empty()) {
    auto decision = decide_list(state, request.last_sync_count);
    if (!decision) return std::move(decision).error();
    return RecordsPageToken{.expires_at = now + options_.page_lifetime,
                            .snapshot = decision->count,
                            .requested = request.last_sync_count,
                            .last_count = request.last_sync_count,
                            .last_id = kBehindAll,
                            .deleted_after_requested = decision->deleted_after_requested,
                            .modified_by = decision->exists ? state.modified_by : std::string()};
  }
  auto page = tokens_.open_records_page(request.target, request.next_token, now);
  // The token knows where the list began; a client that repeats it must not contradict it.
  if (page && request.last_sync_count.value != 0 && request.last_sync_count != page->requested) {
    return refused(ErrorCode::kInvalidParameter, "NextToken belongs to a list with another LastSyncCount");
  }
  return page;
}

Result<std::string> Service::list_records(const wire::ListRecordsRequest& request) {
  const Timestamp started = now();
  auto session = session_of(request, started);
  if (!session) return std::move(session).error();
  auto limit = page_size(request.max_results, most_records_per_page(options_.quotas));
  if (!limit) return std::move(limit).error();

  RecordsPageToken page;
  auto found = store_->list_records(request.target, [&](const DatasetState& state) -> Result<RecordRange> {
    auto begun = page_of(request, state, started);
    if (!begun) return std::move(begun).error();
    page = std::move(*begun);
    if (page.snapshot.value == 0) session->gone = state.count;
    return range_of(page, *limit);
  });
  if (!found) return std::move(found).error();

  session->listed = page.snapshot;
  ListedPage answer{.records = {},
                    .dataset_count = page.snapshot,
                    .dataset_exists = page.snapshot.value != 0,
                    .deleted_after_requested = page.deleted_after_requested,
                    .last_modified_by = page.modified_by,
                    .next_token = {},
                    .session_token = tokens_.seal(request.target, *session),
                    .merged_datasets = {}};
  if (found->more) {
    page.last_count = found->records.back().record.version.count;
    page.last_id = found->records.back().id;
    answer.next_token = tokens_.seal(request.target, page);
  }
  answer.records.reserve(found->records.size());
  for (StoredRecord& stored : found->records) answer.records.push_back(std::move(stored.record));
  return wire::encode_answer(answer);
}

Result<std::string> Service::update_records(wire::UpdateRecordsRequest request) {
  auto session = tokens_.open_session(request.target, request.session_token, now());
  if (!session) return std::move(session).error();
  const wire::Target target = request.target;
  auto call = update_call(std::move(request), *session);
  if (!call) return std::move(call).error();
  auto decision =
      store_->update_records(target, std::move(*call),
                             [this](const DatasetState& state, const std::vector<CurrentRecord>& current,
                                    std::int64_t datasets, UpdateCall waited) {
                               waited.now = now();  // here calls are in order, so that dates are in the order of counts
                               return decide_update(state, current, datasets, std::move(waited), options_.quotas);
                             });
  if (!decision) return std::move(decision).error();
  return wire::encode_answer(wire::UpdateRecordsAnswer{std::move(decision->written)});
}

HttpResponse Service::error_answer(const Error& error) const {
  if (!is_internal(error.code)) return wire::encode_error(error);
  log(LogLevel::kError, std::string(to_string(error.code)) + ": " + error.message);
  return wire::encode_error(refused(ErrorCode::kServiceFailure, "The service could not use its store"));
}

void Service::log(LogLevel level, const std::string& text) const {
  if (options_.log) options_.log(level, text);
}

}  // namespace syncline::service
