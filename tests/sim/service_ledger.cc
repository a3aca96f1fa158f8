#include "sim/service_ledger.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/http_bytes.h"
#include "sim/plan.h"
#include "wire/messages.h"

namespace syncline::sim {

namespace {

using Json = nlohmann::json;

std::optional<std::string> text_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return found->get<std::string>();
}

std::string query_of(const HttpRequest& request, std::string_view name) {
  for (const auto& [each, value] : request.query) {
    if (each == name) return value;
  }
  return "";
}

}  // namespace

void ServiceLedger::observe(int device, const HttpRequest& request, const std::optional<HttpResponse>& answer,
                            bool faulty) {
  const auto route = wire::parse_route(request.method, request.path);
  if (!route) return;
  if (answer && !faulty) {
    verdict_.require(answer->status < 500, "S6", "the service answered " + std::to_string(answer->status));
  }
  const std::string dataset = label_of(route->identity, route->dataset);
  Open call{.dataset = dataset, .by = std::string(1, static_cast<char>('A' + device))};
  call.deletes = route->operation == wire::Operation::kDeleteDataset;
  if (route->operation == wire::Operation::kUpdateRecords) {
    const Json body = Json::parse(plain_body(request));
    for (const Json& patch : body.at("RecordPatches")) {
      call.patches.push_back(
          Patch{.key = patch.at("Key"), .value = text_in(patch, "Value"), .expected = patch.at("SyncCount")});
    }
  }
  const bool writes = call.deletes || !call.patches.empty();
  if (!answer || answer->status >= 500) {
    if (writes) open_.push_back(std::move(call));
    return;
  }
  if (route->operation == wire::Operation::kListRecords) observe_list(device, dataset, request, *answer);
  if (call.deletes) observe_delete(dataset, *answer);
  if (!call.patches.empty()) {
    observe_update(call, *answer);
    auto& told = highest_told_[{device, call.dataset}];
    if (answer->status == 200) told = std::max(told, held_[call.dataset].count);
  }
}

// --- lists --------------------------------------------------------------------------------------------------------

void ServiceLedger::observe_list(int device, const std::string& dataset, const HttpRequest& request,
                                 const HttpResponse& answer) {
  const auto text = query_of(request, "lastSyncCount");
  const std::int64_t from = text.empty() ? 0 : std::stoll(text);
  const auto& held = held_[dataset];
  const bool first_page = query_of(request, "nextToken").empty();
  const bool unknown = answer.status == 400 && answer.body.find("No such SyncCount") != std::string::npos;
  if (unknown) verdict_.require(held.exists && from > held.count, "S3", "a known SyncCount was refused");
  if (!unknown && answer.status != 200) return;
  if (first_page) note_list(device, dataset, from, unknown);
  auto& told = highest_told_[{device, dataset}];
  told = std::max(told, held.count);
  if (answer.status == 200 && first_page) check_list(dataset, from, answer.body);
}

// All there is above the count, and nothing else, if it is one page.
void ServiceLedger::check_list(const std::string& dataset, std::int64_t from, const std::string& body) {
  const auto& held = held_[dataset];
  const Json json = Json::parse(body);
  const std::string where = "ListRecords of " + dataset + " from " + std::to_string(from) + ": ";
  verdict_.require(json.at("DatasetExists") == held.exists, "S1", where + "DatasetExists is wrong");
  verdict_.require(
      json.at("DatasetSyncCount") == (held.exists ? held.count : 0), "S1",
      where + "DatasetSyncCount is " + json.at("DatasetSyncCount").dump() + ", not " + std::to_string(held.count));
  if (text_in(json, "NextToken")) return;
  std::map<std::string, HeldVersion> listed;
  for (const Json& record : json.at("Records")) {
    listed[record.at("Key")] = HeldVersion{
        .value = text_in(record, "Value"), .count = record.at("SyncCount"), .by = record.at("LastModifiedBy")};
  }
  auto expected = held.records;
  std::erase_if(expected, [&](const auto& each) { return each.second.count <= from; });
  verdict_.require(listed == expected, "S3", where + "its records are not those that were committed");
}

// --- writes -------------------------------------------------------------------------------------------------------

void ServiceLedger::observe_update(const Open& call, const HttpResponse& answer) {
  if (answer.status == 409) return check_refusal(call);
  const bool over = quota_ != 0 && present_after(call) > quota_;
  if (answer.status == 400 && answer.body.find("LimitExceeded") != std::string::npos) {
    verdict_.require(over, "S5", "UpdateRecords was refused, but it is within the quota");
  }
  if (answer.status != 200) return;
  const auto& held = held_[call.dataset];
  const Json records = Json::parse(answer.body).at("Records");
  verdict_.require(records.size() == call.patches.size(), "S2",
                   "UpdateRecords answered with other records than were sent");
  for (const Json& record : records) {
    verdict_.require(
        record.at("SyncCount") == held.count + 1, "S1",
        "UpdateRecords gave out " + record.at("SyncCount").dump() + " after " + std::to_string(held.count));
  }
  verdict_.require(!over, "S5", "UpdateRecords left more than " + std::to_string(quota_) + " records");
  commit(call);
}

// Records with a value: tombstones do not count.
std::int64_t ServiceLedger::present_after(const Open& call) const {
  const auto held = held_.find(call.dataset);
  const auto records = after(held == held_.end() ? HeldDataset() : held->second, call).records;
  return std::count_if(records.begin(), records.end(), [](const auto& each) { return each.second.value.has_value(); });
}

// One stale patch rejects all; none of them stale, nothing deleted, and no list of a lost history: no reason to.
void ServiceLedger::check_refusal(const Open& call) {
  auto& held = held_[call.dataset];
  if (held.deleted_once || ever_restored_) return;
  const bool stale = std::any_of(call.patches.begin(), call.patches.end(), [&](const Patch& patch) {
    const auto current = held.records.find(patch.key);
    return patch.expected != (current == held.records.end() ? 0 : current->second.count);
  });
  verdict_.require(stale, "S2", "UpdateRecords was refused, but none of its counts is stale");
}

void ServiceLedger::commit(const Open& call) {
  open_.clear();  // what was not answered before this one has either shown by now, or is overwritten in the journal
  auto& held = held_[call.dataset];
  held.exists = true;
  ++held.count;
  HeldChange change{.dataset = call.dataset, .count = held.count, .by = call.by};
  for (const Patch& patch : call.patches) {
    change.records[patch.key] = patch.value;
    const auto before = held.records.find(patch.key);
    const std::int64_t current = before == held.records.end() ? 0 : before->second.count;
    verdict_.require(patch.expected == current, "S2",
                     "a patch of " + patch.key + " for " + std::to_string(patch.expected) + " was taken at " +
                         std::to_string(current));
    Commit commit{.dataset = call.dataset, .key = patch.key, .value = patch.value, .count = held.count, .by = call.by};
    if (before != held.records.end()) {
      commit.over = OverwrittenVersion{.value = before->second.value, .count = current, .by = before->second.by};
    }
    writes_.committed(commit);
    held.records[patch.key] = HeldVersion{.value = patch.value, .count = held.count, .by = call.by};
  }
  if (on_change_) on_change_(change);
}

void ServiceLedger::observe_delete(const std::string& dataset, const HttpResponse& answer) {
  const auto& held = held_[dataset];
  if (answer.status == 404) verdict_.require(!held.exists, "S1", dataset + " exists, but could not be deleted");
  if (answer.status != 200) return;
  verdict_.require(held.exists, "S1", dataset + " was deleted, but did not exist");
  delete_dataset(dataset);
}

void ServiceLedger::delete_dataset(const std::string& dataset) {
  open_.clear();
  auto& held = held_[dataset];
  for (const auto& [key, version] : held.records) writes_.vanished(dataset, key);
  held.records.clear();
  held.exists = false;
  held.deleted_once = true;
  if (on_change_) on_change_({.dataset = dataset, .count = held.count, .by = {}, .removal = true});
}

// --- what a reader sees -------------------------------------------------------------------------------------------

// All that was answered, and perhaps one call that was not: whole, if at all.
void ServiceLedger::reconcile(const std::string& dataset, const HeldDataset& read) {
  const auto same = [&](const HeldDataset& held) {
    return read.exists == held.exists && read.records == held.records && (!read.exists || read.count == held.count);
  };
  const HeldDataset held = held_[dataset];
  if (same(held)) return;
  for (const Open& call : std::vector(open_)) {
    if (call.dataset != dataset || !same(after(held, call))) continue;
    if (call.deletes) return delete_dataset(dataset);
    return commit(call);
  }
  verdict_.fail("S7", dataset + " does not hold what the service has answered: count " + std::to_string(read.count) +
                          " with " + std::to_string(read.records.size()) + " records, not " +
                          std::to_string(held.count) + " with " + std::to_string(held.records.size()));
}

HeldDataset ServiceLedger::after(HeldDataset held, const Open& call) {
  if (call.deletes) {
    held.exists = false;
    held.records.clear();
    return held;
  }
  held.exists = true;
  ++held.count;
  for (const Patch& patch : call.patches) {
    held.records[patch.key] = HeldVersion{.value = patch.value, .count = held.count, .by = call.by};
  }
  return held;
}

// --- backups ------------------------------------------------------------------------------------------------------

void ServiceLedger::restored(const Held& held) {
  ever_restored_ = true;
  way_back_.clear();
  open_.clear();
  for (const auto& [place, told] : highest_told_) {
    const auto back = held.find(place.second);
    const std::int64_t count = back == held.end() ? 0 : back->second.count;
    if (told <= count) continue;
    const auto known = forgotten_.try_emplace(place, count);
    known.first->second = std::min(known.first->second, count);
  }
  for (auto& [place, told] : highest_told_) {
    const auto back = held.find(place.second);
    told = std::min(told, back == held.end() ? 0 : back->second.count);
  }
  held_ = held;
}

// Whoever is refused, or asks for all there is, is on the way back. Whoever gets an answer from a count that was given
// out twice is not: counts alone can't tell (tests/scenario/open).
void ServiceLedger::note_list(int device, const std::string& dataset, std::int64_t from, bool refused) {
  if (refused || from == 0) way_back_.insert({device, dataset});
}

// A device that died over the answer, or for which it came too late, has not applied it.
void ServiceLedger::sync_ended(int device, const std::string& dataset) {
  if (way_back_.erase({device, dataset}) > 0) forgotten_.erase({device, dataset});
}

bool ServiceLedger::misled(int device, const std::string& dataset) const {
  return forgotten_.contains({device, dataset});
}

}  // namespace syncline::sim
