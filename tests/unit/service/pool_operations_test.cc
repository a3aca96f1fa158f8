// Usage, configuration, events and bulk publishes: what a developer asks of a pool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/pool_documents.h"
#include "service/pool_rules.h"
#include "service_fixture.h"

namespace syncline::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::string_view kRole = "arn:aws:iam::123456789012:role/sync";
constexpr std::string_view kOther = "us-east-1:99999999-2222-3333-4444-555555555555";

class Pools : public ServiceTest {
 protected:
  template <typename Request, typename Decode>
  auto ask(const Request& request, Decode decode) -> decltype(decode(std::string_view())) {
    const auto response = caller().send(wire::encode(request));
    if (response.status != 200) return wire::decode_error(response);
    return decode(response.body);
  }
  IdentityPoolId pool() { return IdentityPoolId::parse(service->identity_pool_id()).value(); }

  wire::IdentityUsage identity_usage(std::string_view identity = kIdentity) {
    return ask(wire::DescribeIdentityUsageRequest{pool(), IdentityId::parse(identity).value()},
               wire::decode_describe_identity_usage)
        .value()
        .usage;
  }
  wire::IdentityPoolUsage pool_usage() {
    return ask(wire::DescribeIdentityPoolUsageRequest{pool()}, wire::decode_describe_identity_pool_usage).value().usage;
  }
  Result<wire::IdentityPoolConfigurationAnswer> configure(wire::SetIdentityPoolConfigurationRequest request) {
    request.pool = pool();
    return ask(request, wire::decode_identity_pool_configuration);
  }
  wire::IdentityPoolConfigurationAnswer configuration() {
    return ask(wire::GetIdentityPoolConfigurationRequest{pool()}, wire::decode_identity_pool_configuration).value();
  }
  static wire::CognitoStreams stream(wire::StreamingStatus status) {
    return {.stream_name = "changes", .role_arn = std::string(kRole), .status = status};
  }
  Result<wire::BulkPublishAnswer> publish() { return ask(wire::BulkPublishRequest{pool()}, wire::decode_bulk_publish); }
  wire::BulkPublishDetails details() {
    return ask(wire::GetBulkPublishDetailsRequest{pool()}, wire::decode_bulk_publish_details).value();
  }
};

TEST_F(Pools, AnIdentitysUsageIsExact) {
  EXPECT_EQ(identity_usage(), (wire::IdentityUsage{.identity_id = std::string(kIdentity), .pool_id = pool().text()}));
  ASSERT_TRUE(caller().update("one", {put("a", "12345"), put("b", "")}));
  ASSERT_TRUE(caller().update("two", {put("k", "v")}));
  ASSERT_TRUE(caller(kOther).update("one", {put("k", "v")}));
  clock.advance(std::chrono::seconds(5));
  ASSERT_TRUE(caller().update("one", {put("a", "1", 1), removal("b", 1)}));
  auto usage = identity_usage();
  EXPECT_EQ(usage.datasets, 2);
  EXPECT_EQ(usage.bytes, 4);
  EXPECT_EQ(usage.modified_at, clock.wall());
  clock.advance(std::chrono::seconds(5));
  ASSERT_TRUE(caller().remove_dataset("two"));
  usage = identity_usage();
  EXPECT_EQ(usage.datasets, 1);
  EXPECT_EQ(usage.bytes, 2);
  EXPECT_EQ(usage.modified_at, clock.wall());
}

TEST_F(Pools, APoolsUsageIsExactAndOutlivesARestart) {
  EXPECT_EQ(pool_usage(), (wire::IdentityPoolUsage{.pool_id = pool().text()}));
  ASSERT_TRUE(caller().update("one", {put("a", "12345")}));    // lists for its session: 1
  ASSERT_TRUE(caller(kOther).update("one", {put("k", "v")}));  // 2
  wire::ListRecordsRequest again;
  again.target = caller().target("one");
  again.session_token = caller().session("one");  // 3
  ASSERT_TRUE(caller().list(again));              // goes on with it: none
  const wire::IdentityPoolUsage expected{
      .pool_id = pool().text(), .sync_sessions = 3, .bytes = 8, .modified_at = clock.wall()};
  EXPECT_EQ(pool_usage(), expected);
  close();
  open();
  EXPECT_EQ(pool_usage(), expected);
  ASSERT_TRUE(caller(kOther).remove_dataset("one"));
  EXPECT_EQ(pool_usage().bytes, 6);
  const auto all = ask(wire::ListIdentityPoolUsageRequest{.next_token = {}, .max_results = 1},
                       wire::decode_list_identity_pool_usage);
  ASSERT_TRUE(all);
  EXPECT_THAT(all->usages, ElementsAre(pool_usage()));
  EXPECT_EQ(all->max_results, 1);
  EXPECT_EQ(all->next_token, "");
}

TEST_F(Pools, AMadeUpTokenOfAListOfPoolsIs400) {
  const auto answer = ask(wire::ListIdentityPoolUsageRequest{.next_token = "nonsense", .max_results = {}},
                          wire::decode_list_identity_pool_usage);
  EXPECT_EQ(answer.error().code, ErrorCode::kInvalidParameter);
}

TEST_F(Pools, AConfigurationIsKeptPartByPart) {
  EXPECT_FALSE(configuration().push_sync);
  const wire::PushSync push{.application_arns = {"arn:aws:sns:us-east-1:123456789012:app/APNS/game"},
                            .role_arn = std::string(kRole)};
  const auto set = configure({.push_sync = push, .streams = {}});
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->push_sync, push);
  ASSERT_TRUE(configure({.push_sync = {}, .streams = stream(wire::StreamingStatus::kEnabled)}));
  close();
  open();
  EXPECT_EQ(configuration().push_sync, push);
  EXPECT_EQ(configuration().streams, stream(wire::StreamingStatus::kEnabled));
  ASSERT_TRUE(configure({.push_sync = wire::PushSync{}, .streams = {}}));
  EXPECT_EQ(configuration().push_sync, wire::PushSync{});
}

TEST_F(Pools, AConfigurationThatBreaksAConstraintIs400AndChangesNothing) {
  const auto with_arn = [](std::string arn) {
    return wire::SetIdentityPoolConfigurationRequest{
        .push_sync = wire::PushSync{.application_arns = {std::move(arn)}, .role_arn = {}}};
  };
  const auto with_stream = [](wire::CognitoStreams streams) {
    return wire::SetIdentityPoolConfigurationRequest{.streams = std::move(streams)};
  };
  for (const auto& wrong :
       {with_arn("arn:aws:sns:us-east-1:1:app/apns/game"), with_arn("arn:aws:sns:us-east-1:1:app/APNS/"),
        with_arn("arn:aws:sns:us-east-1:1:app/APNS/a b"), with_stream({.stream_name = std::string(129, 's')}),
        with_stream({.role_arn = "arn:aws:iam::12:user/x"}), with_stream({.role_arn = "arn:aws:iam::x:role/sync"}),
        with_stream({.status = wire::StreamingStatus::kEnabled}),
        with_stream({.stream_name = "s", .status = wire::StreamingStatus::kEnabled})}) {
    const auto answer = configure(wrong);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().service_code, "InvalidParameterException") << answer.error().message;
  }
  EXPECT_FALSE(configuration().push_sync);
  EXPECT_FALSE(configuration().streams);
}

// Two calls that both read the configuration before either wrote it: the second one is told.
TEST_F(Pools, WhoWritesWhatChangedSinceItWasReadIsTold) {
  close();
  auto store = open_sqlite_store({.data_dir = dir.path(), .region = "us-east-1"}).value();
  const auto id = IdentityPoolId::parse(store->installation().pool).value();
  auto first = load_configuration(*store, id).value();
  auto second = first;
  EXPECT_TRUE(save(*store, id, first));
  const auto late = save(*store, id, second);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConcurrentModification);
}

TEST_F(Pools, EventsAreSetAndRemoved) {
  const auto set = [&](std::string arn) {
    return ask(wire::SetCognitoEventsRequest{pool(), {{"SyncTrigger", std::move(arn)}}}, wire::decode_nothing);
  };
  const auto events = [&] {
    return ask(wire::GetCognitoEventsRequest{pool()}, wire::decode_get_cognito_events).value().events;
  };
  EXPECT_TRUE(events().empty());
  ASSERT_TRUE(set("arn:aws:lambda:us-east-1:1:function:f"));
  EXPECT_THAT(events(), ElementsAre(Pair("SyncTrigger", "arn:aws:lambda:us-east-1:1:function:f")));
  ASSERT_TRUE(set(""));
  EXPECT_TRUE(events().empty());
  const auto unknown = ask(wire::SetCognitoEventsRequest{pool(), {{"Other", "x"}}}, wire::decode_nothing);
  EXPECT_EQ(unknown.error().service_code, "InvalidParameterException");
}

TEST_F(Pools, ABulkPublishRunsOnceAtATimeAndOnceADay) {
  EXPECT_EQ(details(), (wire::BulkPublishDetails{.pool_id = pool().text()}));
  EXPECT_EQ(publish().error().service_code, "InvalidConfigurationException");
  ASSERT_TRUE(configure({.push_sync = {}, .streams = stream(wire::StreamingStatus::kDisabled)}));
  EXPECT_EQ(publish().error().service_code, "InvalidConfigurationException");
  ASSERT_TRUE(configure({.push_sync = {}, .streams = stream(wire::StreamingStatus::kEnabled)}));
  ASSERT_TRUE(publish());
  EXPECT_EQ(details().status, wire::BulkPublishStatus::kInProgress);
  EXPECT_EQ(details().started_at, clock.wall());
  EXPECT_EQ(publish().error().service_code, "DuplicateRequestException");
}

TEST(BulkPublishRules, AFailedOneMayBeRepeatedAtOnceASuccessfulOneAfterADay) {
  const wire::IdentityPoolConfigurationAnswer enabled{
      .streams = wire::CognitoStreams{
          .stream_name = "s", .role_arn = std::string(kRole), .status = wire::StreamingStatus::kEnabled}};
  const Timestamp now{std::chrono::seconds(1'700'000'000)};
  wire::BulkPublishDetails last{.completed_at = now, .status = wire::BulkPublishStatus::kFailed, .failure = "x"};
  const auto repeated = decide_bulk_publish(last, enabled, now);
  ASSERT_TRUE(repeated);
  EXPECT_EQ(repeated->failure, "");
  last.status = wire::BulkPublishStatus::kSucceeded;
  const auto day = std::chrono::hours(24);
  const auto early = decide_bulk_publish(last, enabled, now + day - std::chrono::milliseconds(1));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::kAlreadyStreamed);
  EXPECT_TRUE(decide_bulk_publish(last, enabled, now + day));
}

TEST_F(Pools, ABulkPublishEndsAsWhoeverCarriesItOutSays) {
  ASSERT_TRUE(configure({.push_sync = {}, .streams = stream(wire::StreamingStatus::kEnabled)}));
  ASSERT_TRUE(publish());
  const auto id = pool();
  close();
  {
    auto store = open_sqlite_store({.data_dir = dir.path(), .region = "us-east-1"}).value();
    const Error gone{.code = ErrorCode::kNetwork, .message = "the stream is gone"};
    EXPECT_TRUE(finish_bulk_publish(*store, id, gone, clock.wall()));
    EXPECT_FALSE(finish_bulk_publish(*store, id, {}, clock.wall()));
  }
  open();
  EXPECT_EQ(details().status, wire::BulkPublishStatus::kFailed);
  EXPECT_EQ(details().failure, "the stream is gone");
  EXPECT_EQ(details().completed_at, clock.wall());
}

TEST_F(Pools, WhatOnlyAnIdentityMayDoTheDeveloperMayNotS4) {
  wire::RegisterDeviceRequest device{.pool = pool(), .identity = IdentityId::parse(kIdentity).value(), .token = "t"};
  EXPECT_EQ(ask(device, wire::decode_register_device).error().service_code, "NotAuthorizedException");
  const wire::SubscribeToDatasetRequest subscribe{caller().target("save"), "device"};
  EXPECT_EQ(ask(subscribe, wire::decode_nothing).error().service_code, "NotAuthorizedException");
  const wire::UnsubscribeFromDatasetRequest unsubscribe{caller().target("save"), "device"};
  EXPECT_EQ(ask(unsubscribe, wire::decode_nothing).error().service_code, "NotAuthorizedException");
}

}  // namespace
}  // namespace syncline::service
