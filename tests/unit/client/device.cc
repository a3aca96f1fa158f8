#include "device.h"

#include <filesystem>
#include <utility>

namespace syncline::testing {

namespace fs = std::filesystem;

void Backend::start() {
  service::ServiceOptions wanted{.data_dir = dir_.file("data"), .clock = clock.get(), .quotas = {}, .log = {}};
  if (adjust_) adjust_(wanted);
  auto opened = service::Service::open(std::move(wanted));
  ASSERT_TRUE(opened) << opened.error().message;
  service_ = std::move(*opened);
}

Credentials Backend::credentials() const {
  return Credentials{.access_key_id = service_->access_key_id(), .secret_access_key = service_->secret_access_key()};
}

ServiceAccess Backend::access() {
  return ServiceAccess{
      .administer = [this](const service::AdminRequest& request) { return service_->administer(request); },
      .carry = [this](const HttpRequest& request) { return handle(request); },
      .host = "sync.test",
      .developer = credentials(),
      .now = [this] { return clock->wall(); }};
}

void Backend::back_up() {
  service_.reset();
  fs::copy(dir_.file("data"), dir_.file("copy"), fs::copy_options::recursive);
  start();
}

void Backend::restore() {
  service_.reset();
  fs::remove_all(dir_.file("data"));
  fs::copy(dir_.file("copy"), dir_.file("data"), fs::copy_options::recursive);
  start();
}

Device::Device(Backend& backend, std::string name)
    : network([&backend](const HttpRequest& request) { return backend.handle(request); }) {
  options = ClientOptions{.data_directory = dir_.file("data"),
                          .endpoint = "http://sync.test",
                          .region = "us-east-1",
                          .identity_pool_id = backend.pool(),
                          .identity_id = std::string(kIdentity),
                          .device_id = std::move(name),
                          .credentials = static_credentials(backend.credentials()),
                          .dispatcher = nullptr,
                          .conflict_handler = nullptr,
                          .durability = Durability::kProcess,
                          .threading = Threading::kTick,
                          .retry = {},
                          .ca_file = {}};
}

void Device::open() {
  auto fake = std::make_unique<FakeTransport>([this](const HttpRequest& request) { return network(request); });
  auto chance = std::make_unique<FakeRandom>();
  transport = fake.get();
  random = chance.get();
  auto opened = open_with(options, Ports{.clock = clock, .random = std::move(chance), .transport = std::move(fake)});
  ASSERT_TRUE(opened) << opened.error().message;
  client.emplace(std::move(*opened));
}

Dataset Device::dataset(std::string_view name) {
  if (!client) open();
  auto opened = client->dataset(name);
  EXPECT_TRUE(opened) << opened.error().message;
  return *opened;
}

void Device::put(std::string_view key, std::string_view value) {
  auto written = dataset().put(key, value);
  ASSERT_TRUE(written) << written.error().message;
}

std::optional<std::string> Device::get(std::string_view key) {
  auto value = dataset().get(key);
  EXPECT_TRUE(value) << value.error().message;
  return value.value_or(std::nullopt);
}

Values Device::values() {
  Values all;
  auto records = dataset().records();
  EXPECT_TRUE(records) << records.error().message;
  for (const auto& record : *records) all.emplace(record.key, record.value);
  return all;
}

void Device::run_until(const std::function<bool()>& done) {
  for (int i = 0; i < 20'000; ++i) {
    if (done()) return;
    const auto now = clock->monotonic();
    const auto again = client ? client->tick(now) : std::nullopt;
    const auto pumped = queue ? queue->poll() : 0;
    if (done()) return;
    if (const auto wait = again.value_or(now) - now; wait.count() > 0) {
      clock->advance(std::chrono::ceil<std::chrono::milliseconds>(wait));
    } else if (!again && pumped == 0) {
      FAIL() << "nothing is left to wait for";
    }
  }
  FAIL() << "it goes on and on";
}

void Device::settle() {
  for (int i = 0; i < 1'000; ++i) {
    const auto again = client->tick(clock->monotonic());
    const auto pumped = queue ? queue->poll() : 0;
    if (!again && pumped == 0) return;
  }
}

void Device::pass(std::chrono::milliseconds time) {
  const auto end = clock->monotonic() + time;
  for (int i = 0; i < 20'000; ++i) {
    const auto now = clock->monotonic();
    const auto again = client->tick(now);
    const auto pumped = queue ? queue->poll() : 0;
    if (pumped > 0 || (again && *again <= now)) continue;
    if (now >= end) return;
    clock->advance(std::chrono::ceil<std::chrono::milliseconds>((again ? std::min(*again, end) : end) - now));
  }
  FAIL() << "it goes on and on";
}

Result<SyncReport> Device::sync(std::string_view name) {
  SyncAnswers answers;
  dataset(name).synchronize(answers.callback());
  run_until([&] { return answers.count() > 0; });
  if (answers.count() != 1) return Error{.message = "completions: " + std::to_string(answers.count())};
  return answers.at(0);
}

SyncReport Device::sync_well(std::string_view name) {
  auto report = sync(name);
  EXPECT_TRUE(report) << report.error().message;
  return report.value_or(SyncReport{});
}

std::string outcome_of(const Result<SyncReport>& answer) {
  if (!answer) return std::string(to_string(answer.error().code));
  return answer->outcome == SyncOutcome::kSuccess ? "ok" : "conflicts";
}

bool is_push(const HttpRequest& request) {
  return request.method == "POST";
}

bool is_list(const HttpRequest& request) {
  return request.method == "GET" && request.path.ends_with("/records");
}

HttpResponse refusal(int status, std::string_view type, std::string_view message) {
  return HttpResponse{.status = status,
                      .headers = {{"x-amzn-ErrorType", std::string(type)}},
                      .body = R"({"message":")" + std::string(message) + R"("})"};
}

HttpResponse json_answer(std::string body) {
  return HttpResponse{.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

void collide(Device& here, Device& there, const std::string& key, const std::string& base, const std::string& ours,
             const std::string& theirs) {
  here.put(key, base);
  here.sync_well();
  there.sync_well();
  here.put(key, ours);
  there.put(key, theirs);
  there.sync_well();
}

}  // namespace syncline::testing
