#include "sim/service_host.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "auth/canonical.h"
#include "core/text.h"
#include "sim/http_bytes.h"
#include "sim/login_provider.h"
#include "wire/messages.h"

namespace syncline::sim {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t kStartTakes = 400;

std::string datasets_path(const std::string& pool, const std::string& identity) {
  return "/identitypools/" + percent_encode(pool) + "/identities/" + percent_encode(identity) + "/datasets";
}

bool is_store_file(const std::string& name) {
  return name == "service.db" || name == "service.db-wal";
}

}  // namespace

ServiceHost::ServiceHost(Context& context, const Installation& installation)
    : context_(context),
      clock_(context.events),
      directory_(context.root + "/service"),
      pool_(installation.pool),
      backup_(installation.files) {
  for (const auto& [name, bytes] : backup_) context_.disk.write_file(path(name), bytes);
  if (context_.plan.profile == kDeliveries) {
    outside_ = std::make_unique<Outside>(context_);
    context_.held.on_change([this](const HeldChange& change) { note_change(change); });
  }
  start();
  if (!service_) {
    context_.verdict.fail("S7", "the service does not start from its installation");
    return;
  }
  credentials_ =
      Credentials{.access_key_id = service_->access_key_id(), .secret_access_key = service_->secret_access_key()};
  if (pool_.empty()) pool_ = service_->identity_pool_id();
}

ServiceHost::~ServiceHost() {
  context_.disk.kill(process_);
  context_.disk.run_as(process_);
  deliveries_.reset();
  service_.reset();
}

// --- its life -----------------------------------------------------------------------------------------------------

void ServiceHost::start() {
  process_ = context_.new_process();
  context_.disk.run_as(process_);
  service::ServiceOptions options{.data_dir = directory_, .region = kRegion, .clock = &clock_, .readers = 1};
  if (context_.plan.records != 0 && !faults_ended_) options.quotas.records_per_dataset = context_.plan.records;
  if (context_.plan.credentials_seconds != 0) {
    options.credentials_lifetime = std::chrono::seconds(context_.plan.credentials_seconds);
    options.openid = {{.name = std::string(kProvider), .issuer = {}, .jwks = "simulated", .audiences = {}}};
    options.key_source = [](const std::string&) { return provider_keys(); };
  }
  if (outside_) options.delivery = delivery_options(*outside_);
  auto service = service::Service::open(options);
  if (!service) {
    context_.say("service does not start: " + std::string(to_string(service.error().code)));
    return;
  }
  service_ = std::move(*service);
  context_.say("service runs");
  if (outside_) begin_deliveries();
}

void ServiceHost::die() {
  context_.disk.kill(process_);
  context_.faults.disarm(process_);
  context_.disk.run_as(process_);
  deliveries_.reset();
  service_.reset();
}

bool ServiceHost::survived() {
  if (!context_.disk.killed(process_)) return true;
  die();
  start_later();
  return false;
}

void ServiceHost::start_later() {
  if (std::exchange(starting_, true)) return;
  context_.events.after(kStartTakes, [this] {
    starting_ = false;
    if (service_) return;
    start();
    if (!service_) return start_later();
    check_all();
  });
}

void ServiceHost::kill(const Step& step) {
  if (!service_) return;
  if (step.number > 0) return context_.faults.arm(process_, step);
  context_.say("service is killed");
  die();
  start_later();
}

void ServiceHost::power_cut() {
  context_.say("service loses its power");
  die();
  context_.disk.power_cut(directory_ + "/");
  start_later();
}

void ServiceHost::back_up() {
  if (!service_) return;
  backup_.clear();
  for (const auto& file : context_.disk.files(directory_ + "/")) {
    const std::string name = file.substr(directory_.size() + 1);
    if (is_store_file(name)) backup_[name] = context_.disk.read_file(file);
  }
  backup_held_ = context_.held.held();
  if (outside_) backup_lanes_ = outside_->ledger.lanes();
  context_.say("service is backed up");
}

void ServiceHost::restore() {
  context_.say("service is restored");
  die();
  for (const auto& file : context_.disk.files(directory_ + "/")) context_.disk.remove_file(file);
  for (const auto& [name, bytes] : backup_) context_.disk.write_file(path(name), bytes);
  context_.held.restored(backup_held_);
  context_.writes.restored();
  if (outside_) {
    outside_->ledger.restored(backup_lanes_);
    ++outside_->history;
  }
  start_later();
}

void ServiceHost::must_run() {
  context_.faults.disarm_all();
  if (outside_) outside_->network.heal();
  if (service_ && context_.plan.records != 0) die();
  faults_ended_ = true;
  if (service_) return;
  start();
  context_.verdict.require(service_ != nullptr, "S7", "the service does not start again");
  check_all();
}

// --- requests -----------------------------------------------------------------------------------------------------

std::optional<std::string> ServiceHost::serve(int device, const std::string& bytes, bool first) {
  if (!service_) return std::nullopt;
  const auto request = read_request(bytes);
  if (!request) return std::nullopt;
  context_.disk.run_as(process_);
  const auto failed = context_.faults.failed();
  std::optional<HttpResponse> answer = service_->handle(in_pages(*request), "simulated");
  const bool faulty = context_.faults.failed() != failed;
  const bool killed = context_.disk.killed(process_);
  if (killed) answer.reset();
  context_.say("service " + std::string(first ? "answers " : "answers again ") + request->method + " of device " +
               std::to_string(device) + ": " + (answer ? std::to_string(answer->status) : "died") +
               (faulty ? " (disk)" : ""));
  if (observer_) {
    observer_(device, *request, answer);
  } else {
    context_.held.observe(device, *request, answer, faulty);
  }
  if (!survived()) return std::nullopt;
  return answer_bytes(*request, std::move(*answer));
}

// Signed anew with the device's own date: what it signed has no page size in it.
HttpRequest ServiceHost::in_pages(HttpRequest request) const {
  const auto route = wire::parse_route(request.method, request.path);
  if (context_.plan.page_size == 0 || !route || route->operation != wire::Operation::kListRecords) return request;
  const std::string* authorization = find_header(request.headers, "Authorization");
  const std::string* date = find_header(request.headers, "X-Amz-Date");
  const auto signed_at = date != nullptr ? auth::parse_date(*date) : std::nullopt;
  const bool right = authorization != nullptr && authorization->find(credentials_.access_key_id) != std::string::npos;
  if (!signed_at || !right) return request;
  request.query.emplace_back("maxResults", std::to_string(context_.plan.page_size));
  std::erase_if(request.headers, [](const Header& header) {
    return equal_ignoring_case(header.name, "Host") || equal_ignoring_case(header.name, "Authorization") ||
           equal_ignoring_case(header.name, "X-Amz-Date") || equal_ignoring_case(header.name, "X-Amz-Content-Sha256");
  });
  sign(request, *signed_at);
  return request;
}

void ServiceHost::sign(HttpRequest& request, Timestamp date) const {
  sign(request, date, credentials_);
}

void ServiceHost::sign(HttpRequest& request, Timestamp date, const Credentials& credentials) {
  auth::sign(request, kHost, {.region = kRegion, .service = "cognito-sync"}, credentials, date);
}

std::string ServiceHost::path_of(const std::string& pool, const std::string& label) const {
  const auto [identity, dataset] = read_label(label);
  return datasets_path(pool, kIdentities[static_cast<std::size_t>(identity)]) + "/" + percent_encode(dataset);
}

std::optional<HeldDataset> ServiceHost::read(const std::string& dataset) {
  const auto named = read_label(dataset);
  return read(kIdentities[static_cast<std::size_t>(named.identity)], named.dataset);
}

// As the developer: the answer's body.
std::optional<std::string> ServiceHost::ask(HttpRequest request) {
  if (!service_) return std::nullopt;
  context_.disk.run_as(process_);
  sign(request, clock_.wall());
  auto answer = service_->handle(request, "ledger");
  if (answer.status != 200 || context_.disk.killed(process_)) return std::nullopt;
  return std::move(answer.body);
}

std::optional<HeldDataset> ServiceHost::read(const std::string& identity, const std::string& dataset) {
  const auto body = ask({.path = datasets_path(pool_, identity) + "/" + percent_encode(dataset) + "/records",
                         .query = {{"lastSyncCount", "0"}}});
  if (!body) return std::nullopt;
  const Json json = Json::parse(*body);
  HeldDataset read{.exists = json.at("DatasetExists"), .count = json.at("DatasetSyncCount")};
  for (const Json& record : json.at("Records")) {
    const bool present = record.contains("Value") && !record.at("Value").is_null();
    read.records[record.at("Key")] =
        HeldVersion{.value = present ? std::optional(record.at("Value").get<std::string>()) : std::nullopt,
                    .count = record.at("SyncCount"),
                    .by = record.at("LastModifiedBy")};
  }
  return read;
}

std::optional<std::vector<std::string>> ServiceHost::datasets_of(const std::string& identity) {
  const auto body = ask({.path = datasets_path(pool_, identity)});
  if (!body) return std::nullopt;
  const Json json = Json::parse(*body);
  std::vector<std::string> names;
  for (const Json& dataset : json.at("Datasets")) names.push_back(dataset.at("DatasetName"));
  return names;
}

Result<std::string> ServiceHost::as_developer(const std::string& operation, const std::string& body) {
  const Error down{.code = ErrorCode::kNetwork, .message = "simulated: the service is down"};
  if (!service_) return down;
  context_.disk.run_as(process_);
  auto answer = service_->administer({.words = {"identity", operation}, .body = body});
  if (survived()) return answer;
  return down;
}

void ServiceHost::check_all() {
  if (observer_) return;
  for (int i = 0; i < context_.plan.datasets * context_.plan.identities; ++i) {
    const std::string dataset = label_of(i / context_.plan.datasets, i % context_.plan.datasets);
    const auto found = read(dataset);
    if (found) {
      context_.held.reconcile(dataset, *found);
    } else {
      context_.verdict.fail("S7", "the service does not answer after its start");
    }
  }
}

// --- strangers ----------------------------------------------------------------------------------------------------

HttpRequest ServiceHost::intruder(const Step& step, const std::string& dataset) {
  HttpRequest request{.path = path_of(pool_, dataset)};
  switch (step.key % 4) {
    case 0:
      request.path += "/records";
      break;
    case 1:
      request.method = "DELETE";
      break;
    case 2:
      request.method = "POST";
      request.headers.push_back({"Content-Type", "application/json"});
      request.body = R"({"DeviceId":"X","SyncSessionToken":"x","RecordPatches":[]})";
      break;
    default:
      break;
  }
  auto credentials = credentials_;
  auto date = clock_.wall();
  const std::string right = request.path;
  switch (static_cast<Intrusion>(step.kind)) {
    case Intrusion::kUnsigned:
      return request;
    case Intrusion::kWrongSecret:
      credentials.secret_access_key += "x";
      break;
    case Intrusion::kUnknownKey:
      credentials.access_key_id = "SLDKNOBODYSKEYATALL2";
      break;
    case Intrusion::kTampered:
      request.path += "x";
      break;
    case Intrusion::kOld:
      date -= std::chrono::hours(1);
      break;
    case Intrusion::kOtherPool:
      request.path.replace(request.path.find("/identitypools/") + 15, percent_encode(pool_).size(),
                           percent_encode("us-east-1:00000000-0000-4000-8000-00000000000f"));
      break;
  }
  sign(request, date, credentials);
  if (static_cast<Intrusion>(step.kind) == Intrusion::kTampered) request.path = right;
  return request;
}

void ServiceHost::intrude(const Step& step) {
  if (!service_) return;
  context_.disk.run_as(process_);
  const auto failed = context_.faults.failed();
  const auto answer_about = [&](const std::string& dataset) {
    auto answer = service_->handle(intruder(step, dataset), "stranger");
    return std::to_string(answer.status) + " " + answer.body;
  };
  const auto about_this = answer_about(label_of(static_cast<int>(step.id) % context_.plan.identities, step.dataset));
  const auto about_none = answer_about("nobody-has-this-one");
  if (!survived() || context_.faults.failed() != failed) return;
  context_.say("a stranger gets " + about_this.substr(0, 3));
  context_.verdict.require(about_this.starts_with("4"), "S4", "a stranger got " + about_this.substr(0, 60));
  context_.verdict.require(about_this == about_none, "S4",
                           "a stranger can tell that a dataset exists: " + about_this.substr(0, 60));
}

}  // namespace syncline::sim
