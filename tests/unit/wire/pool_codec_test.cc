// Messages about pools, usage and devices, from the client to the service and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/wire/wire_fixtures.h"

namespace syncline::wire {
namespace {

using ::testing::HasSubstr;

const IdentityPoolId kPoolId = IdentityPoolId::parse(kPool).value();
const IdentityId kIdentityId = IdentityId::parse(kIdentity).value();
constexpr std::string_view kRole = "arn:aws:iam::123456789012:role/sync";

struct Sent {
  HttpRequest request;
  Operation operation;
};

TEST(PoolRoutes, EachRequestFindsItsOperation) {
  const Sent all[] = {
      {encode(ListIdentityPoolUsageRequest{}), Operation::kListIdentityPoolUsage},
      {encode(DescribeIdentityPoolUsageRequest{kPoolId}), Operation::kDescribeIdentityPoolUsage},
      {encode(BulkPublishRequest{kPoolId}), Operation::kBulkPublish},
      {encode(GetBulkPublishDetailsRequest{kPoolId}), Operation::kGetBulkPublishDetails},
      {encode(GetIdentityPoolConfigurationRequest{kPoolId}), Operation::kGetIdentityPoolConfiguration},
      {encode(SetIdentityPoolConfigurationRequest{.pool = kPoolId}), Operation::kSetIdentityPoolConfiguration},
      {encode(GetCognitoEventsRequest{kPoolId}), Operation::kGetCognitoEvents},
      {encode(SetCognitoEventsRequest{.pool = kPoolId}), Operation::kSetCognitoEvents},
      {encode(DescribeIdentityUsageRequest{kPoolId, kIdentityId}), Operation::kDescribeIdentityUsage},
      {encode(RegisterDeviceRequest{.pool = kPoolId, .identity = kIdentityId}), Operation::kRegisterDevice},
      {encode(SubscribeToDatasetRequest{target_of("d"), "a/b"}), Operation::kSubscribeToDataset},
      {encode(UnsubscribeFromDatasetRequest{target_of("d"), "a/b"}), Operation::kUnsubscribeFromDataset},
  };
  for (const Sent& sent : all) {
    const auto route = parse_route(sent.request.method, sent.request.path);
    ASSERT_TRUE(route) << sent.request.path;
    EXPECT_EQ(route->operation, sent.operation) << to_string(route->operation);
    const auto target = check_target(*route);
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->pool, route->operation == Operation::kListIdentityPoolUsage ? IdentityPoolId() : kPoolId);
    EXPECT_EQ(route->device, sent.request.path.find("subscriptions") == std::string::npos ? "" : "a/b");
  }
}

TEST(PoolMessages, AConfigurationRoundTrips) {
  SetIdentityPoolConfigurationRequest request{.pool = kPoolId};
  request.push_sync = PushSync{.application_arns = {"arn:aws:sns:eu-west-1:12:app/APNS_SANDBOX/a.b-c_D1"},
                               .role_arn = std::string(kRole)};
  request.streams =
      CognitoStreams{.stream_name = "\"s\"", .role_arn = std::string(kRole), .status = StreamingStatus::kDisabled};
  const auto received = decode_set_identity_pool_configuration_request(kPoolId, encode(request).body);
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(received->push_sync, request.push_sync);
  EXPECT_EQ(received->streams, request.streams);
  const auto answer = decode_identity_pool_configuration(
      encode_answer(IdentityPoolConfigurationAnswer{std::string(kPool), request.push_sync, request.streams}));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->pool_id, kPool);
  EXPECT_EQ(answer->streams, request.streams);
  EXPECT_EQ(answer->push_sync, request.push_sync);
}

TEST(PoolMessages, UsageRoundTrips) {
  const IdentityUsage identity{std::string(kIdentity), std::string(kPool), at_millisecond(1'700'000'000'123), 3, 45};
  EXPECT_EQ(decode_describe_identity_usage(encode_answer(DescribeIdentityUsageAnswer{identity})).value().usage,
            identity);
  const IdentityPoolUsage pool{std::string(kPool), 7, 89, {}};
  EXPECT_EQ(decode_describe_identity_pool_usage(encode_answer(DescribeIdentityPoolUsageAnswer{pool})).value().usage,
            pool);
  const auto list =
      decode_list_identity_pool_usage(encode_answer(ListIdentityPoolUsageAnswer{{pool, pool}, 2, "next"})).value();
  EXPECT_THAT(list.usages, ::testing::ElementsAre(pool, pool));
  EXPECT_EQ(list.max_results, 2);
  EXPECT_EQ(list.next_token, "next");
}

TEST(PoolMessages, BulkPublishDetailsRoundTrip) {
  const BulkPublishDetails details{std::string(kPool), at_millisecond(1'000), at_millisecond(2'500),
                                   BulkPublishStatus::kFailed, "why"};
  EXPECT_EQ(decode_bulk_publish_details(encode_answer(details)).value(), details);
}

TEST(PoolMessages, ADeviceRoundTrips) {
  RegisterDeviceRequest request{
      .pool = kPoolId, .identity = kIdentityId, .platform = Platform::kAdm, .token = "t\xC3\xB6ken"};
  const auto received = decode_register_device_request(target_of(""), encode(request).body);
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(received->platform, Platform::kAdm);
  EXPECT_EQ(received->token, request.token);
  EXPECT_EQ(received->identity, kIdentityId);
}

TEST(PoolMessages, AWrongRequestNamesThePart) {
  const auto device = [](std::string_view body) {
    return decode_register_device_request(target_of(""), body).error().message;
  };
  EXPECT_THAT(device(""), HasSubstr("no JSON"));
  EXPECT_THAT(device("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(device("{}"), HasSubstr("Platform is missing"));
  EXPECT_THAT(device(R"({"Platform":"WNS","Token":"t"})"), HasSubstr("Platform is not one of"));
  EXPECT_THAT(device(R"({"Platform":"GCM","Token":7})"), HasSubstr("Token is not a string"));
  const auto events = [](std::string_view body) {
    return decode_set_cognito_events_request(kPoolId, body).error().message;
  };
  EXPECT_THAT(events(R"({"Events":[]})"), HasSubstr("Events is not an object"));
  EXPECT_THAT(events(R"({"Events":{"SyncTrigger":"a","Other":"b"}})"), HasSubstr("at most 1"));
  const auto configuration = [](std::string_view body) {
    return decode_set_identity_pool_configuration_request(kPoolId, body).error().message;
  };
  EXPECT_THAT(configuration(R"({"PushSync":{"ApplicationArns":["x"]}})"),
              HasSubstr("PushSync.ApplicationArns[0] is not"));
  EXPECT_THAT(configuration(R"({"CognitoStreams":{"StreamingStatus":"ON"}})"),
              HasSubstr("CognitoStreams.StreamingStatus is not one of"));
}

TEST(PoolMessages, DepthAndSizeAreBoundedS6) {
  const auto deep = decode_set_cognito_events_request(kPoolId, R"({"a":)" + std::string(1'000'000, '['));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, ErrorCode::kLimitExceeded);
  std::string wide = R"({"a":[0)";
  for (int i = 0; i < 30'000; ++i) wide += ",0";
  const auto answer = decode_set_cognito_events_request(kPoolId, wide + "]}");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kLimitExceeded);
}

TEST(PoolMessages, ABadAnswerNamesTheField) {
  EXPECT_THAT(decode_register_device("{}").error().message, HasSubstr("DeviceId is missing"));
  EXPECT_THAT(decode_describe_identity_usage("{}").error().message, HasSubstr("IdentityUsage is missing"));
  EXPECT_THAT(decode_list_identity_pool_usage(R"({"IdentityPoolUsages":[{}]})").error().message,
              HasSubstr("IdentityPoolUsages[0].IdentityPoolId is missing"));
  EXPECT_THAT(decode_bulk_publish_details(R"({"BulkPublishStatus":"x"})").error().message,
              HasSubstr("BulkPublishStatus is not"));
}

}  // namespace
}  // namespace syncline::wire
