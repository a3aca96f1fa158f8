#include "scenario/service_side.h"

#include <array>
#include <utility>

#include "auth/canonical.h"
#include "core/text.h"
#include "scenario/faults.h"
#include "service/backup.h"
#include "wire/messages.h"

namespace syncline::scenario {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kLongestList = 1000;  // pages

}  // namespace

std::string identity_id(const std::string& name) {
  static constexpr std::array kNames{"one", "two", "three"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return "us-east-1:00000000-0000-4000-8000-00000000000" + std::to_string(i + 1);
  }
  throw BadScenario("unknown identity \"" + name + "\"");
}

ServiceSide::ServiceSide(fs::path home) : home_(std::move(home)), data_(home_ / "data") {
  open();
}

void ServiceSide::open() {
  service_.reset();
  auto service = service::Service::open(
      service::ServiceOptions{.data_dir = data_.string(), .region = kRegion, .clock = &clock_, .readers = 1});
  if (!service) throw Mismatch("the service does not start: " + service.error().message);
  service_ = std::move(*service);
}

// --- its life -----------------------------------------------------------------------------------------------------

void ServiceSide::restart() {
  open();
}

void ServiceSide::kill() {
  const fs::path image = home_ / ("life" + std::to_string(++lives_));
  fs::copy(data_, image, fs::copy_options::recursive);
  data_ = image;
  open();
}

void ServiceSide::save(const std::string& name) {
  service_.reset();
  fs::remove_all(home_ / ("saved-" + name));
  fs::copy(data_, home_ / ("saved-" + name), fs::copy_options::recursive);
  open();
}

void ServiceSide::restore(const std::string& name) {
  const fs::path saved = home_ / ("saved-" + name);
  if (!fs::exists(saved)) throw BadScenario("nothing was saved as \"" + name + "\"");
  service_.reset();
  fs::remove_all(data_);
  fs::copy(saved, data_, fs::copy_options::recursive);
  open();
}

void ServiceSide::admin_restore(const std::string& name) {
  service_.reset();
  const fs::path saved = home_ / ("saved-" + name) / "service.db";
  auto restored = service::restore_backup(data_.string(), saved.string(), clock_.wall());
  if (!restored) throw BadScenario(restored.error().message);
  open();
}

// --- requests -----------------------------------------------------------------------------------------------------

Credentials ServiceSide::credentials() const {
  return Credentials{.access_key_id = service_->access_key_id(), .secret_access_key = service_->secret_access_key()};
}

void ServiceSide::sign(HttpRequest& request, Timestamp date) const {
  auth::sign(request, kHost, {.region = kRegion, .service = "cognito-sync"}, credentials(), date);
}

HttpResponse ServiceSide::handle(const HttpRequest& request) {
  return service_->handle(rewritten(request), "scenario");
}

HttpResponse ServiceSide::call(HttpRequest request) {
  sign(request, clock_.wall());
  return service_->handle(request, "scenario");
}

HttpRequest ServiceSide::rewritten(HttpRequest request) {
  const std::string operation = operation_of(request);
  const bool page = page_size_ && operation == "ListRecords";
  const bool trigger = trigger_ && operation == "UpdateRecords";
  if (!page && !trigger) return request;
  if (page) request.query.emplace_back("maxResults", std::to_string(*page_size_));
  if (trigger) apply_trigger(request);
  const std::string* date = find_header(request.headers, "X-Amz-Date");
  const auto signed_at = date != nullptr ? auth::parse_date(*date) : std::nullopt;
  std::erase_if(request.headers, [](const Header& header) {
    return equal_ignoring_case(header.name, "Host") || equal_ignoring_case(header.name, "Authorization") ||
           equal_ignoring_case(header.name, "X-Amz-Date") || equal_ignoring_case(header.name, "X-Amz-Content-Sha256");
  });
  sign(request, signed_at.value_or(clock_.wall()));
  return request;
}

void ServiceSide::apply_trigger(HttpRequest& request) {
  const auto route = wire::parse_route(request.method, request.path);
  const ServiceDataset now = read(route->identity, route->dataset);
  Json body = Json::parse(request.body);
  Json patches = Json::array();
  auto to_add = trigger_->set;
  for (Json patch : body.at("RecordPatches")) {
    const std::string key = patch.at("Key").get<std::string>();
    if (trigger_->drop.contains(key)) continue;
    if (const auto other = to_add.find(key); other != to_add.end()) {
      patch["Op"] = "replace";
      patch["Value"] = other->second;
      to_add.erase(other);
    }
    patches.push_back(std::move(patch));
  }
  for (const auto& [key, value] : to_add) {
    const auto known = now.records.find(key);
    const std::int64_t count = known == now.records.end() ? 0 : known->second.count;
    patches.push_back(Json{{"Op", "replace"}, {"Key", key}, {"Value", value}, {"SyncCount", count}});
  }
  body["RecordPatches"] = std::move(patches);
  request.body = body.dump();
}

// --- an independent view ------------------------------------------------------------------------------------------

std::string ServiceSide::records_path(const std::string& identity, const std::string& dataset) const {
  return "/identitypools/" + percent_encode(pool()) + "/identities/" + percent_encode(identity) + "/datasets/" +
         percent_encode(dataset);
}

ServiceDataset ServiceSide::read(const std::string& identity, const std::string& dataset) {
  ServiceDataset result;
  std::string next_token;
  for (std::int64_t page = 0; page < kLongestList; ++page) {
    HttpRequest request{.path = records_path(identity, dataset) + "/records", .query = {{"lastSyncCount", "0"}}};
    if (!next_token.empty()) request.query.emplace_back("nextToken", next_token);
    const HttpResponse response = call(std::move(request));
    if (response.status != 200) throw Mismatch("the service refused a list of the runner's own: " + response.body);
    const Json body = Json::parse(response.body);
    result.exists = body.at("DatasetExists").get<bool>();
    result.count = body.at("DatasetSyncCount").get<std::int64_t>();
    for (const Json& record : body.at("Records")) {
      const bool present = record.contains("Value") && !record.at("Value").is_null();
      result.records[record.at("Key").get<std::string>()] =
          ServiceRecord{.value = present ? std::optional(record.at("Value").get<std::string>()) : std::nullopt,
                        .count = record.at("SyncCount").get<std::int64_t>()};
    }
    if (!body.contains("NextToken") || body.at("NextToken").is_null()) return result;
    next_token = body.at("NextToken").get<std::string>();
  }
  throw Mismatch("the service's list has no end");
}

void ServiceSide::delete_dataset(const std::string& identity, const std::string& dataset) {
  const HttpResponse response = call(HttpRequest{.method = "DELETE", .path = records_path(identity, dataset)});
  if (response.status != 200) throw Mismatch("the service refused to delete: " + response.body);
}

}  // namespace syncline::scenario
