// Cognito Identity: pools, guests, their credentials, and what these may do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity_fixture.h"

namespace syncline::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Guests = IdentityTest;
using Devices = IdentityTest;
using IdentityPools = IdentityTest;

TEST_F(IdentityPools, AreMadeDescribedUpdatedListedAndDeleted) {
  const std::string pool = make_pool();
  const auto described = call_as_developer("DescribeIdentityPool", in_pool(pool));
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_THAT(*described, HasSubstr(R"("AllowUnauthenticatedIdentities":true)"));
  EXPECT_EQ(field(*described, "DeveloperProviderName"), "dev");
  const auto updated = call_as_developer(
      "UpdateIdentityPool", in_pool(pool, R"("IdentityPoolName":"new name","AllowUnauthenticatedIdentities":false,)"
                                          R"("DeveloperProviderName":"dev","IdentityPoolTags":{"a \"b\"":"c"})"));
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(call_as_developer("DescribeIdentityPool", in_pool(pool)).value(), *updated);
  EXPECT_THAT(*updated, HasSubstr(R"("IdentityPoolTags":{"a \"b\"":"c"})"));
  const auto first = call_as_developer("ListIdentityPools", R"({"MaxResults":1})").value();
  const auto second =
      call_as_developer("ListIdentityPools", R"({"MaxResults":1,"NextToken":")" + field(first, "NextToken") + "\"}");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_NE(field(first, "IdentityPoolId"), field(*second, "IdentityPoolId"));
  EXPECT_EQ(field(*second, "NextToken"), "");
  EXPECT_TRUE(call_as_developer("DeleteIdentityPool", in_pool(pool)));
  EXPECT_EQ(call_as_developer("DescribeIdentityPool", in_pool(pool)).error().service_code, "ResourceNotFoundException");
  EXPECT_EQ(call_as_developer("DeleteIdentityPool", in_pool(pool)).error().service_code, "ResourceNotFoundException");
}

TEST_F(IdentityPools, TheDeveloperProvidersNameStays) {
  const auto changed = call_as_developer(
      "UpdateIdentityPool", in_pool(make_pool(), R"("IdentityPoolName":"n","AllowUnauthenticatedIdentities":true)"));
  EXPECT_EQ(changed.error().service_code, "InvalidParameterException");
}

// S4: else the developer's user 42 and the provider's user 42 would be one.
TEST_F(IdentityPools, TheDevelopersUsersAreNobodyElses) {
  const auto created = [&](std::string_view providers) {
    const auto answer =
        call_as_developer("CreateIdentityPool", R"({"IdentityPoolName":"n","AllowUnauthenticatedIdentities":true,)" +
                                                    std::string(providers) + "}");
    return answer ? "ok" : answer.error().service_code;
  };
  EXPECT_EQ(created(R"("DeveloperProviderName":"a","SupportedLoginProviders":{"b":"app"})"), "ok");
  for (const auto* providers :
       {R"("DeveloperProviderName":"a","SupportedLoginProviders":{"a":"app"})",
        R"("DeveloperProviderName":"a","CognitoIdentityProviders":[{"ProviderName":"a","ClientId":"app"}])",
        R"("DeveloperProviderName":"a","OpenIdConnectProviderARNs":["arn:aws:iam::1:oidc-provider/a"])",
        R"("DeveloperProviderName":"cognito-identity.amazonaws.com")"}) {
    EXPECT_EQ(created(providers), "InvalidParameterException") << providers;
  }
}

TEST_F(IdentityPools, WhatIsForTheDeveloperTakesTheDevelopersSignatureS4) {
  const std::string pool = make_pool();
  const Session someone = guest(pool);
  for (const auto* operation :
       {"CreateIdentityPool", "DescribeIdentityPool", "UpdateIdentityPool", "ListIdentityPools", "DeleteIdentityPool",
        "GetOpenIdTokenForDeveloperIdentity", "LookupDeveloperIdentity", "MergeDeveloperIdentities",
        "UnlinkDeveloperIdentity", "DescribeIdentity", "ListIdentities", "DeleteIdentities"}) {
    EXPECT_EQ(call(operation, in_pool(pool)).error().service_code, "NotAuthorizedException") << operation;
    HttpRequest request = identity_request(operation, in_pool(pool));
    auth::sign(request, kHost, {.region = "us-east-1", .service = "cognito-identity"}, someone.credentials,
               clock.wall());
    EXPECT_EQ(wire::decode_error(send(request)).service_code, "NotAuthorizedException") << operation;
  }
}

TEST_F(IdentityPools, ErrorsAreWordedAsJson11HasThem) {
  const auto response = send(identity_request("GetId", R"({"IdentityPoolId":"no pool"})"));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"("__type":"InvalidParameterException")"));
  EXPECT_EQ(*find_header(response.headers, "Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(call("NoSuchThing", "{}").error().service_code, "UnknownOperationException");
  for (const auto* body : {"", "[]", "{}", "{\"IdentityPoolId\":7}", "\xFF"}) {
    EXPECT_EQ(call("GetId", body).error().service_code, "InvalidParameterException") << body;
  }
}

TEST_F(Guests, AGuestReadsAndWritesItsOwnData) {
  const std::string pool = make_pool();
  const Session session = guest(pool);
  EXPECT_EQ(write(pool, session, "save", "k", "v"), "ok");
  const auto page = list(pool, session, "save");
  ASSERT_TRUE(page);
  EXPECT_EQ(text_of(page->records), "k=v@1");
  EXPECT_EQ(page->last_modified_by, session.identity);
}

TEST_F(Guests, AreRefusedWhereThePoolTakesNone) {
  const std::string closed = make_pool(false);
  EXPECT_EQ(call("GetId", in_pool(closed)).error().service_code, "NotAuthorizedException");
  // The pool of the first start takes none until the operator says so.
  EXPECT_EQ(call("GetId", in_pool(service->identity_pool_id())).error().service_code, "NotAuthorizedException");
  EXPECT_EQ(call("GetId", in_pool("us-east-1:00")).error().service_code, "ResourceNotFoundException");
}

TEST_F(Guests, AGuestReachesNobodyElseS4) {
  const std::string pool = make_pool();
  const std::string other_pool = make_pool();
  const Session mine = guest(pool);
  const Session other = guest(pool);
  ASSERT_EQ(write(pool, other, "save", "k", "theirs"), "ok");
  const Session forged{.identity = other.identity, .credentials = mine.credentials};
  EXPECT_EQ(list(pool, forged, "save").error().service_code, "NotAuthorizedException");
  EXPECT_EQ(list(pool, forged, "none").error().message, list(pool, forged, "save").error().message);
  EXPECT_EQ(list(other_pool, mine, "save").error().service_code, "NotAuthorizedException");
  const auto usage =
      as(mine.credentials, wire::encode(wire::DescribeIdentityPoolUsageRequest{IdentityPoolId::parse(pool).value()}));
  EXPECT_EQ(wire::decode_error(usage).service_code, "NotAuthorizedException");
}

TEST_F(Guests, CredentialsExpireAndCantBeTamperedWithS4) {
  const std::string pool = make_pool();
  Session session = guest(pool);
  for (const std::size_t at : {std::size_t{0}, session.credentials.session_token.size() / 2}) {
    Session tampered = session;
    char& letter = tampered.credentials.session_token[at];
    letter = letter == 'A' ? 'B' : 'A';
    EXPECT_EQ(list(pool, tampered, "save").error().service_code, "NotAuthorizedException");
  }
  Session without = session;
  without.credentials.session_token.clear();
  EXPECT_EQ(list(pool, without, "save").error().service_code, "NotAuthorizedException");
  clock.advance(std::chrono::minutes(59));
  EXPECT_TRUE(list(pool, session, "save"));
  clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(list(pool, session, "save").error().message, HasSubstr("expired"));
  EXPECT_TRUE(list(pool, log_in(session.identity).value(), "save"));
}

TEST_F(Guests, ADeletedIdentityOrPoolEndsItsCredentialsAndItsData) {
  const std::string pool = make_pool();
  const Session first = guest(pool);
  const Session second = guest(pool);
  ASSERT_EQ(write(pool, first, "save", "k", "v"), "ok");
  const auto deleted = call_as_developer("DeleteIdentities", R"({"IdentityIdsToDelete":[")" + first.identity + "\"]}");
  EXPECT_EQ(deleted.value(), R"({"UnprocessedIdentityIds":[]})");
  EXPECT_EQ(list(pool, first, "save").error().service_code, "NotAuthorizedException");
  EXPECT_EQ(log_in(first.identity).error().service_code, "ResourceNotFoundException");
  const auto usage =
      caller().send(wire::encode(wire::DescribeIdentityPoolUsageRequest{IdentityPoolId::parse(pool).value()}));
  EXPECT_THAT(usage.body, HasSubstr("\"DataStorage\":0"));
  EXPECT_TRUE(list(pool, second, "save"));
  ASSERT_TRUE(call_as_developer("DeleteIdentityPool", in_pool(pool)));
  EXPECT_EQ(list(pool, second, "save").error().service_code, "NotAuthorizedException");
}

// Whoever knows the id of an identity that a developer made up must not get at its data.
TEST_F(Guests, AnIdentityThatOnlyADeveloperUsedHasNoCredentials) {
  ASSERT_TRUE(caller().update("save", {put("k", "v")}));
  EXPECT_EQ(log_in(std::string(kIdentity)).error().service_code, "ResourceNotFoundException");
}

TEST_F(Guests, AreListedByPages) {
  const std::string pool = make_pool();
  for (int i = 0; i < 3; ++i) get_id(pool);
  std::string token;
  int pages = 0;
  std::size_t identities = 0;
  do {
    const std::string more = R"("MaxResults":2)" + (token.empty() ? std::string() : R"(,"NextToken":")" + token + "\"");
    const auto page = call_as_developer("ListIdentities", in_pool(pool, more));
    ASSERT_TRUE(page) << page.error().message;
    for (auto at = page->find("\"IdentityId\""); at != std::string::npos; at = page->find("\"IdentityId\"", at + 1)) {
      ++identities;
    }
    token = field(*page, "NextToken");
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(identities, 3U);
}

TEST_F(Devices, RegisterSubscribeAndUnsubscribe) {
  const std::string pool = make_pool();
  const Session session = guest(pool);
  const auto id = target(pool, session.identity, "save");
  const wire::RegisterDeviceRequest device{
      .pool = id.pool, .identity = id.identity, .platform = wire::Platform::kApns, .token = "push token"};
  const auto registered = [&](const wire::RegisterDeviceRequest& request) {
    return as(session.credentials, wire::encode(request));
  };
  EXPECT_EQ(wire::decode_error(registered(device)).service_code, "InvalidConfigurationException");
  const wire::SetIdentityPoolConfigurationRequest configuration{
      .pool = id.pool,
      .push_sync = wire::PushSync{.application_arns = {"arn:aws:sns:us-east-1:123456789012:app/APNS/game"}}};
  ASSERT_EQ(caller().send(wire::encode(configuration)).status, 200);
  const std::string first = wire::decode_register_device(registered(device).body).value().device_id;
  EXPECT_EQ(wire::decode_register_device(registered(device).body).value().device_id, first);
  wire::RegisterDeviceRequest other = device;
  other.token = "another";
  EXPECT_NE(wire::decode_register_device(registered(other).body).value().device_id, first);
  other.platform = wire::Platform::kGcm;
  EXPECT_EQ(wire::decode_error(registered(other)).service_code, "InvalidConfigurationException");

  const auto subscribe = [&](const std::string& name) {
    const auto answer = as(session.credentials, wire::encode(wire::SubscribeToDatasetRequest{id, name}));
    return answer.status == 200 ? "ok" : wire::decode_error(answer).service_code;
  };
  EXPECT_EQ(subscribe(first), "ResourceNotFoundException");  // no such dataset yet
  ASSERT_EQ(write(pool, session, "save", "k", "v"), "ok");
  EXPECT_EQ(subscribe(first), "ok");
  EXPECT_EQ(subscribe(first), "ok");
  EXPECT_EQ(subscribe("unknown"), "ResourceNotFoundException");
  const auto unsubscribed = as(session.credentials, wire::encode(wire::UnsubscribeFromDatasetRequest{id, first}));
  EXPECT_EQ(unsubscribed.status, 200);
  EXPECT_EQ(unsubscribed.body, "{}");
}

// S10: a change is pushed to each device that subscribed, so that an identity can't have any number of them.
TEST_F(Devices, TheLastHundredOfAnIdentityAreKept) {
  const std::string pool = make_pool();
  const Session session = guest(pool);
  ASSERT_EQ(write(pool, session, "save", "k", "v"), "ok");
  const auto id = target(pool, session.identity, "save");
  close();
  const auto store = open_sqlite_store({.data_dir = dir.path(), .region = "us-east-1"}).value();
  Timestamp now = clock.wall();
  const auto registered = [&](int number) {
    now += std::chrono::seconds(1);
    const std::string text = std::to_string(number);
    return store->register_device(id.pool, id.identity, {.id = "d" + text, .platform = "ADM", .token = text}, now)
        .value();
  };
  const auto subscribe = [&](const std::string& device) { return store->subscribe(id, device).value(); };
  for (int i = 0; i < 100; ++i) ASSERT_EQ(subscribe(registered(i)), SubscriptionOutcome::kDone);
  EXPECT_EQ(registered(0), "d0");  // still there, and now the last that registered
  EXPECT_EQ(store->subscribers(id).value().size(), 100U);
  registered(100);
  EXPECT_EQ(subscribe("d0"), SubscriptionOutcome::kDone);
  EXPECT_EQ(subscribe("d1"), SubscriptionOutcome::kNoDevice);
  EXPECT_EQ(store->subscribers(id).value().size(), 99U);
}

TEST_F(Devices, AnotherIdentitysDeviceIsNotFoundS4) {
  const std::string pool = make_pool();
  const Session mine = guest(pool);
  const Session other = guest(pool);
  const auto id = target(pool, other.identity, "save");
  ASSERT_EQ(caller()
                .send(wire::encode(wire::SetIdentityPoolConfigurationRequest{
                    .pool = id.pool,
                    .push_sync = wire::PushSync{.application_arns = {"arn:aws:sns:us-east-1:1:app/ADM/game"}}}))
                .status,
            200);
  const auto registered =
      as(other.credentials,
         wire::encode(wire::RegisterDeviceRequest{
             .pool = id.pool, .identity = id.identity, .platform = wire::Platform::kAdm, .token = "t"}));
  const std::string device = wire::decode_register_device(registered.body).value().device_id;
  ASSERT_EQ(write(pool, mine, "save", "k", "v"), "ok");
  const auto subscribed =
      as(mine.credentials, wire::encode(wire::SubscribeToDatasetRequest{target(pool, mine.identity, "save"), device}));
  EXPECT_EQ(wire::decode_error(subscribed).service_code, "ResourceNotFoundException");
}

}  // namespace
}  // namespace syncline::service
