#include "sim/templates.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "auth/canonical.h"
#include "auth/signature.h"
#include "sim/events.h"
#include "sim/login_provider.h"
#include "sim/plan.h"
#include "sim/receivers.h"
#include "support/sim_disk.h"
#include "syncline/syncline.h"
#include "wire/messages.h"

namespace syncline::sim {

namespace fs = std::filesystem;

namespace {

template <typename T>
T checked(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

std::unique_ptr<service::Service> open_service(const std::string& root, Clock& clock) {
  return checked(service::Service::open(
      service::ServiceOptions{.data_dir = root + "/service", .region = kRegion, .clock = &clock, .readers = 1}));
}

wire::PushSync pushes() {
  return {.application_arns = {kPushApplication}, .role_arn = "arn:aws:iam::1:role/push"};
}

void configure(service::Service& service, Clock& clock,
               const wire::SetIdentityPoolConfigurationRequest& configuration) {
  auto request = wire::encode(configuration);
  auth::sign(request, kHost, {.region = kRegion, .service = "cognito-sync"},
             Credentials{.access_key_id = service.access_key_id(), .secret_access_key = service.secret_access_key()},
             clock.wall());
  const auto answer = service.handle(request, "template");
  if (answer.status != 200) throw std::runtime_error("the pool can't be configured: " + answer.body);
}

// Guests may come, users of the provider and the developer's own; pushes go to phones.
std::string make_pool(service::Service& service, Clock& clock) {
  const auto made = checked(service.administer(
      {.words = {"identity", "CreateIdentityPool"},
       .body = R"({"IdentityPoolName":"game","AllowUnauthenticatedIdentities":true,"DeveloperProviderName":")" +
               std::string(kDeveloperProvider) + R"(","SupportedLoginProviders":{")" + std::string(kProvider) +
               R"(":")" + std::string(kAudience) + R"("}})"}));
  const std::string pool = nlohmann::json::parse(made).at("IdentityPoolId");
  configure(service, clock, {.pool = IdentityPoolId::parse(pool).value(), .push_sync = pushes()});
  return pool;
}

void make_stream(service::Service& service, Clock& clock) {
  configure(service, clock,
            {.pool = IdentityPoolId::parse(service.identity_pool_id()).value(),
             .push_sync = pushes(),
             .streams = wire::CognitoStreams{.stream_name = kStreamName,
                                             .role_arn = "arn:aws:iam::1:role/stream",
                                             .status = wire::StreamingStatus::kEnabled}});
}

enum class With : std::uint8_t { kNothing, kPool, kStream };

Installation install(const std::string& root, With what) {
  Installation installation;
  const Events events;
  SimClock clock(events);
  testing::SimDisk disk(1);
  {
    const auto service = open_service(root, clock);
    if (what == With::kPool) installation.pool = make_pool(*service, clock);
    if (what == With::kStream) make_stream(*service, clock);
  }
  installation.files["service.db"] = disk.read_file(root + "/service/service.db");
  return installation;
}

std::string make_store(const std::string& root) {
  testing::SimDisk disk(1);
  {
    ClientOptions options{.data_directory = root + "/A"};
    options.identity_id = kIdentities[0];
    options.threading = Threading::kTick;
    auto client = checked(Client::open(std::move(options)));
    static_cast<void>(checked(client.dataset(kDatasetNames[0])));
  }
  return disk.read_file(root + "/A/syncline.db");
}

}  // namespace

Templates make_templates(const std::string& root) {
  fs::create_directories(root + "/service");
  for (const char name : {'A', 'B', 'C', 'D', 'E'}) fs::create_directories(root + "/" + name);
  return Templates{.plain = install(root, With::kNothing),
                   .accounts = install(root, With::kPool),
                   .deliveries = install(root, With::kStream),
                   .store = make_store(root)};
}

}  // namespace syncline::sim
