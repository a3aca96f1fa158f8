// The typed low-level client: all 17 operations against a real service on a real socket.
#include "syncline/sync_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "auth/signature.h"
#include "core/clock.h"
#include "net/curl_transport.h"
#include "service/server.h"
#include "support/exchange.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "wire/messages.h"

namespace syncline::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::string_view kRole = "arn:aws:iam::123456789012:role/sync";

// The text of a field somewhere in a body.
std::string field(const std::string& body, const std::string& name) {
  const std::string start = "\"" + name + "\":\"";
  const auto from = body.find(start) + start.size();
  return body.substr(from, body.find('"', from) - from);
}

class SyncApiTest : public ::testing::TestWithParam<Signing> {
 protected:
  SyncApiTest() {
    auto started = service::Server::start({.data_dir = dir.file("service"), .clock = nullptr});
    EXPECT_TRUE(started) << started.error().message;
    server = std::move(*started);
    transport = net::make_curl_transport({.endpoint = server->endpoint()}).value();
    const auto made =
        identity_call("CreateIdentityPool", R"({"IdentityPoolName":"p","AllowUnauthenticatedIdentities":true})", true);
    pool = IdentityPoolId::parse(field(made, "IdentityPoolId")).value();
    const auto id = identity_call("GetId", R"({"IdentityPoolId":")" + pool.text() + "\"}", false);
    identity = IdentityId::parse(field(id, "IdentityId")).value();
  }

  std::string identity_call(const std::string& operation, const std::string& body, bool is_signed) {
    HttpRequest request{.method = "POST", .path = "/"};
    request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                       {"X-Amz-Target", "AWSCognitoIdentityService." + operation}};
    request.body = body;
    if (is_signed) {
      const auth::Scope scope{.region = server->region(), .service = "cognito-identity"};
      auth::sign(request, net::endpoint_host(server->endpoint()).value(), scope, developer(), SystemClock().wall());
    }
    const auto response = exchange(*transport, std::move(request));
    EXPECT_TRUE(response);
    EXPECT_EQ(response->status, 200) << response->body;
    return response->body;
  }

  [[nodiscard]] Credentials developer() const {
    return {.access_key_id = server->access_key_id(), .secret_access_key = server->secret_access_key()};
  }
  Credentials guest() {
    const auto body = identity_call("GetCredentialsForIdentity", R"({"IdentityId":")" + identity.text() + "\"}", false);
    return {.access_key_id = field(body, "AccessKeyId"),
            .secret_access_key = field(body, "SecretKey"),
            .session_token = field(body, "SessionToken")};
  }

  SyncApi open(Credentials credentials, Signing signing) {
    return SyncApi::open({.endpoint = server->endpoint(),
                          .region = server->region(),
                          .credentials = static_credentials(std::move(credentials)),
                          .signing = signing})
        .value();
  }
  [[nodiscard]] api::Target target(std::string_view dataset) const {
    api::Target result{.pool = pool, .identity = identity};
    if (!dataset.empty()) result.dataset = DatasetName::parse(dataset).value();
    return result;
  }
  static api::UpdateRecordsRequest one_record(api::Target target, std::string token) {
    return {.target = std::move(target),
            .device_id = "tool",
            .patches = {{.key = "k", .value = "v", .sync_count = {}, .device_modified_at = Timestamp{}}},
            .session_token = std::move(token)};
  }

  TempDir dir;
  std::unique_ptr<service::Server> server;
  std::unique_ptr<HttpTransport> transport;
  IdentityPoolId pool;
  IdentityId identity;
};

TEST_P(SyncApiTest, WhatAnIdentityMayDo) {
  SyncApi api = open(guest(), GetParam());
  const auto page = api.list_records({.target = target("save")});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_FALSE(page->dataset_exists);
  const auto written = api.update_records(one_record(target("save"), page->session_token));
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_EQ(written->records.size(), 1U);
  EXPECT_EQ(written->records[0].version.modified_by, "tool");
  EXPECT_EQ(written->records[0].version.device_modified_at, Timestamp{});
  EXPECT_EQ(api.describe_dataset({target("save")}).value().dataset.bytes, 2);
  EXPECT_EQ(api.list_datasets({.target = target(""), .max_results = 5}).value().datasets[0].name, "save");
  const auto usage = api.describe_identity_usage({pool, identity});
  ASSERT_TRUE(usage) << usage.error().message;
  EXPECT_EQ(usage->usage.datasets, 1);
  EXPECT_EQ(usage->usage.bytes, 2);

  ASSERT_TRUE(open(developer(), GetParam())
                  .set_identity_pool_configuration(
                      {.pool = pool,
                       .push_sync = api::PushSync{.application_arns = {"arn:aws:sns:us-east-1:1:app/GCM/game"}}}));
  const auto device =
      api.register_device({.pool = pool, .identity = identity, .platform = api::Platform::kGcm, .token = "t"});
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_TRUE(api.subscribe_to_dataset({target("save"), device->device_id}));
  EXPECT_TRUE(api.unsubscribe_from_dataset({target("save"), device->device_id}));
  EXPECT_EQ(api.subscribe_to_dataset({target("save"), "unknown"}).error().code, ErrorCode::kResourceNotFound);
  EXPECT_EQ(api.delete_dataset({target("save")}).value().dataset.records, 1);
  EXPECT_EQ(api.bulk_publish({pool}).error().code, ErrorCode::kNotAuthorized);
}

TEST_P(SyncApiTest, WhatADeveloperMayDo) {
  SyncApi api = open(developer(), GetParam());
  const auto usage = api.describe_identity_pool_usage({pool});
  ASSERT_TRUE(usage) << usage.error().message;
  EXPECT_EQ(usage->usage.pool_id, pool.text());
  const auto first = api.list_identity_pool_usage({.max_results = 1});
  ASSERT_TRUE(first) << first.error().message;
  const auto second = api.list_identity_pool_usage({.next_token = first->next_token, .max_results = 1});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->usages.size(), 1U);
  EXPECT_EQ(second->next_token, "");

  const api::CognitoStreams streams{
      .stream_name = "s", .role_arn = std::string(kRole), .status = api::StreamingStatus::kEnabled};
  ASSERT_TRUE(api.set_identity_pool_configuration({.pool = pool, .streams = streams}));
  EXPECT_EQ(api.get_identity_pool_configuration({pool}).value().streams, streams);
  ASSERT_TRUE(api.set_cognito_events({pool, {{"SyncTrigger", "arn:f"}}}));
  EXPECT_THAT(api.get_cognito_events({pool}).value().events, ElementsAre(Pair("SyncTrigger", "arn:f")));
  EXPECT_EQ(api.get_bulk_publish_details({pool}).value().status, api::BulkPublishStatus::kNotStarted);
  EXPECT_EQ(api.bulk_publish({pool}).value().pool_id, pool.text());
  EXPECT_EQ(api.get_bulk_publish_details({pool}).value().status, api::BulkPublishStatus::kInProgress);
  EXPECT_EQ(api.bulk_publish({pool}).error().code, ErrorCode::kDuplicateRequest);
  EXPECT_EQ(api.register_device({.pool = pool, .identity = identity, .token = "t"}).error().code,
            ErrorCode::kNotAuthorized);
}

INSTANTIATE_TEST_SUITE_P(SyncApi, SyncApiTest, ::testing::Values(Signing::kHeader, Signing::kQuery),
                         [](const auto& test) { return test.param == Signing::kHeader ? "Header" : "Query"; });

// --- what is around the calls ---------------------------------------------------------------------------------------

TEST(SyncApi, NamesTheOptionThatIsWrong) {
  const auto refused = [](SyncApiOptions options) { return SyncApi::open(std::move(options)).error().message; };
  const auto credentials = static_credentials({.access_key_id = "a", .secret_access_key = "b"});
  EXPECT_THAT(refused({.endpoint = "http://127.0.0.1:1", .credentials = credentials}), HasSubstr("region"));
  EXPECT_THAT(refused({.endpoint = "http://127.0.0.1:1", .region = "r"}), HasSubstr("credentials"));
  EXPECT_THAT(refused({.endpoint = "nonsense", .region = "r", .credentials = credentials}), HasSubstr("nonsense"));
  EXPECT_THAT(refused({.endpoint = "http://127.0.0.1:1",
                       .region = "r",
                       .credentials = credentials,
                       .presigned_for = std::chrono::seconds{0}}),
              HasSubstr("presigned_for"));
}

class Forgetful final : public CredentialsProvider {
 public:
  void get_credentials(CredentialsCallback done) override {
    std::thread([dropped = std::move(done)] {}).join();
  }
};

TEST(SyncApi, AProviderThatForgetsToAnswerIsAnError) {
  auto api = SyncApi::open(
      {.endpoint = "http://127.0.0.1:1", .region = "us-east-1", .credentials = std::make_shared<Forgetful>()});
  ASSERT_TRUE(api);
  EXPECT_EQ(api->list_identity_pool_usage({}).error().code, ErrorCode::kInternal);
}

// The service lives in another time: one more request, signed with its clock, and the next call needs none (D16).
TEST(SyncApi, AWrongClockIsCorrectedFromTheServicesDate) {
  TempDir dir;
  FakeClock clock;
  auto server = service::Server::start({.data_dir = dir.file("service"), .clock = &clock}).value();
  for (const Signing signing : {Signing::kHeader, Signing::kQuery}) {
    auto api = SyncApi::open({.endpoint = server->endpoint(),
                              .region = server->region(),
                              .credentials = static_credentials({.access_key_id = server->access_key_id(),
                                                                 .secret_access_key = server->secret_access_key()}),
                              .signing = signing});
    ASSERT_TRUE(api);
    EXPECT_TRUE(api->list_identity_pool_usage({}));
    EXPECT_TRUE(api->list_identity_pool_usage({}));
  }
}

}  // namespace
}  // namespace syncline::testing
