// Datasets and their records: ListDatasets, DescribeDataset, DeleteDataset, ListRecords, UpdateRecords.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "auth/digest.h"
#include "service/operations.h"
#include "service/pool_documents.h"
#include "service/refusal.h"
#include "service/rules.h"

namespace syncline::service {

namespace {

constexpr std::size_t kMostDatasetsPerPage = 1024;

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

// An identity that was merged or deleted after the gate let it in has no datasets any more. Its device would take that
// for their deletion, and offer to delete what it holds (D14).
Result<void> check_still_enabled(const Context& context, const Principal& caller, const wire::Target& target) {
  if (caller.developer) return {};
  auto standing = context.store.standing(target.pool, target.identity);
  if (!standing) return std::move(standing).error();
  if (standing->identity_enabled) return {};
  return refused(ErrorCode::kNotAuthorized, "The security token included in the request is invalid.");
}

Error missing(const Context& context, const Call& call) {
  if (auto standing = check_still_enabled(context, call.caller, call.target); !standing) {
    return std::move(standing).error();
  }
  return refused(ErrorCode::kResourceNotFound, "Dataset " + call.target.dataset.text() + " does not exist");
}

// --- ListRecords ----------------------------------------------------------------------------------------------------

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

// A list may go on with the session of an earlier one; else it begins a new one.
Result<SessionToken> session_of(const Context& context, const wire::ListRecordsRequest& request, Timestamp now) {
  SessionToken session{.session = auth::random_bytes(16),
                       .expires_at = now + context.options.session_lifetime,
                       .listed = {},
                       .gone = {}};
  if (request.session_token.empty()) return session;
  auto opened = context.tokens.open_session(request.target, request.session_token, now);
  if (!opened) return opened;
  session.session = std::move(opened->session);
  return session;
}

// Where a list goes on, as its token says, or begins, as the rules say.
Result<RecordsPageToken> page_of(const Context& context, const wire::ListRecordsRequest& request,
                                 const DatasetState& state, Timestamp now) {
  if (request.next_token.empty()) {
    auto decision = decide_list(state, request.last_sync_count);
    if (!decision) return std::move(decision).error();
    return RecordsPageToken{.expires_at = now + context.options.page_lifetime,
                            .snapshot = decision->count,
                            .requested = request.last_sync_count,
                            .last_count = request.last_sync_count,
                            .last_id = kBehindAll,
                            .deleted_after_requested = decision->deleted_after_requested,
                            .modified_by = decision->exists ? state.modified_by : std::string()};
  }
  auto page = context.tokens.open_records_page(request.target, request.next_token, now);
  // The token knows where the list began; a client that repeats it must not contradict it.
  if (page && request.last_sync_count.value != 0 && request.last_sync_count != page->requested) {
    return refused(ErrorCode::kInvalidParameter, "NextToken belongs to a list with another LastSyncCount");
  }
  return page;
}

ListedPage listed_page(RecordPage found, const RecordsPageToken& page) {
  ListedPage answer;
  answer.dataset_count = page.snapshot;
  answer.dataset_exists = page.snapshot.value != 0;
  answer.deleted_after_requested = page.deleted_after_requested;
  answer.last_modified_by = page.modified_by;
  answer.merged_datasets = std::move(found.twins);
  answer.records.reserve(found.records.size());
  for (StoredRecord& stored : found.records) answer.records.push_back(std::move(stored.record));
  return answer;
}

// --- UpdateRecords --------------------------------------------------------------------------------------------------

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

// The function that has a word on what an identity writes; empty: none.
Result<std::string> trigger_of(const Context& context, const IdentityPoolId& pool, const UpdateCall& call) {
  if (context.trigger == nullptr || !call.by_identity || call.patches.empty()) return std::string();
  auto events = load_events(context.store, pool);
  if (!events) return std::move(events).error();
  for (const auto& [name, function] : events->value.events) {
    if (name == "SyncTrigger") return function;
  }
  return std::string();
}

Result<UpdateDecision> store_update(const Context& context, const wire::Target& target, UpdateCall call) {
  auto function = trigger_of(context, target.pool, call);
  if (!function) return std::move(function).error();
  const UpdateRule rule = [&options = context.options](const DatasetState& state,
                                                       const std::vector<CurrentRecord>& current, std::int64_t datasets,
                                                       UpdateCall waited) {
    waited.now = options.clock->wall();  // here calls are in order, so that dates are in the order of counts
    return decide_update(state, current, datasets, std::move(waited), options.quotas);
  };
  if (function->empty()) return context.store.update_records(target, std::move(call), rule);
  return update_through_trigger(context.store, *context.trigger, *function, context.store.installation().region, target,
                                call, rule);
}

}  // namespace

Result<std::string> list_datasets(const Context& context, Call call) {
  auto request = wire::decode_list_datasets_request(std::move(call.target), call.http);
  if (!request) return std::move(request).error();
  DatasetsPageToken page{.expires_at = call.now + context.options.page_lifetime, .last_name = {}};
  if (!request->next_token.empty()) {
    auto opened = context.tokens.open_datasets_page(request->target, request->next_token, call.now);
    if (!opened) return std::move(opened).error();
    page = std::move(*opened);
  }
  auto limit = page_size(request->max_results, kMostDatasetsPerPage);
  if (!limit) return std::move(limit).error();
  auto found = context.store.datasets(request->target, page.last_name, *limit + 1);
  if (!found) return std::move(found).error();
  if (found->empty()) {
    auto standing = check_still_enabled(context, call.caller, request->target);
    if (!standing) return std::move(standing).error();
  }

  wire::ListDatasetsAnswer answer;
  const bool more = found->size() > *limit;
  if (more) found->pop_back();
  for (NamedDataset& dataset : *found) {
    answer.datasets.push_back(described(request->target, std::move(dataset.name), std::move(dataset.state)));
  }
  if (more) {
    page.last_name = answer.datasets.back().name;
    answer.next_token = context.tokens.seal(request->target, page);
  }
  return wire::encode_answer(answer);
}

Result<std::string> describe_dataset(const Context& context, Call call) {
  auto state = context.store.dataset(call.target);
  if (!state) return std::move(state).error();
  if (!state->exists) return missing(context, call);
  return wire::encode_answer(
      wire::DatasetAnswer{described(call.target, call.target.dataset.text(), std::move(*state))});
}

Result<std::string> delete_dataset(const Context& context, Call call) {
  auto deleted = context.store.delete_dataset(call.target, call.now);
  if (!deleted) return std::move(deleted).error();
  if (!deleted->exists) return missing(context, call);
  return wire::encode_answer(
      wire::DatasetAnswer{described(call.target, call.target.dataset.text(), std::move(*deleted))});
}

Result<std::string> list_records(const Context& context, Call call) {
  auto request = wire::decode_list_records_request(std::move(call.target), call.http);
  if (!request) return std::move(request).error();
  auto session = session_of(context, *request, call.now);
  if (!session) return std::move(session).error();
  auto limit = page_size(request->max_results, most_records_per_page(context.options.quotas));
  if (!limit) return std::move(limit).error();

  RecordsPageToken page;
  bool exists = false;
  auto found = context.store.list_records(request->target, [&](const DatasetState& state) -> Result<RecordRange> {
    exists = state.exists;
    auto asked = page_of(context, *request, state, call.now);
    if (!asked) return std::move(asked).error();
    page = std::move(*asked);
    if (page.snapshot.value == 0) session->gone = state.count;
    return range_of(page, *limit);
  });
  if (!found) return std::move(found).error();
  if (!exists) {
    auto standing = check_still_enabled(context, call.caller, request->target);
    if (!standing) return std::move(standing).error();
  }

  std::string next_token;
  if (found->more) {
    page.last_count = found->records.back().record.version.count;
    page.last_id = found->records.back().id;
    next_token = context.tokens.seal(request->target, page);
  }
  session->listed = page.snapshot;
  const bool begun = request->session_token.empty() && request->next_token.empty();
  if (begun) context.store.count_session(request->target.pool);
  ListedPage answer = listed_page(std::move(*found), page);
  answer.next_token = std::move(next_token);
  answer.session_token = context.tokens.seal(request->target, *session);
  return wire::encode_answer(answer);
}

Result<std::string> update_records(const Context& context, Call call) {
  auto request = wire::decode_update_records_request(std::move(call.target), call.http);
  if (!request) return std::move(request).error();
  auto session = context.tokens.open_session(request->target, request->session_token, call.now);
  if (!session) return std::move(session).error();
  const wire::Target target = request->target;
  auto update = update_call(std::move(*request), *session);
  if (!update) return std::move(update).error();
  update->by_identity = !call.caller.developer;
  auto decision = store_update(context, target, std::move(*update));
  if (!decision) return std::move(decision).error();
  return wire::encode_answer(wire::UpdateRecordsAnswer{std::move(decision->written)});
}

}  // namespace syncline::service
