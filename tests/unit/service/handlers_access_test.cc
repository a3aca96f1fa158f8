// Who is let in, tokens, and the shape of every error.
#include <gtest/gtest.h>

#include "service/handlers.h"
#include "service_fixture.h"

namespace syncline::service {
namespace {

class Access : public ServiceTest {
 protected:
  HttpRequest list_request() {
    wire::ListRecordsRequest request;
    request.target = caller().target("save");
    return wire::encode(request);
  }

  HttpResponse handle(const HttpRequest& request) { return service->handle(request, "test"); }

  static void expect_error(const HttpResponse& response, int status, std::string_view type) {
    EXPECT_EQ(response.status, status) << response.body;
    const std::string* header = find_header(response.headers, "x-amzn-ErrorType");
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(*header, type) << response.body;
    EXPECT_TRUE(response.body.starts_with("{\"message\":\"")) << response.body;
    EXPECT_TRUE(response.body.ends_with("\"}")) << response.body;
    expect_common_headers(response);
  }

  static void expect_common_headers(const HttpResponse& response) {
    const std::string* id = find_header(response.headers, "x-amzn-RequestId");
    ASSERT_NE(id, nullptr);
    EXPECT_EQ(id->size(), 36U);
    ASSERT_NE(find_header(response.headers, "Content-Type"), nullptr);
    EXPECT_TRUE(find_header(response.headers, "Content-Type")->starts_with("application/json"));
    ASSERT_NE(find_header(response.headers, "Date"), nullptr);
    EXPECT_EQ(*find_header(response.headers, "Date"), "Tue, 14 Nov 2023 22:13:20 GMT");
  }
};

TEST_F(Access, EveryAnswerCarriesItsIdTypeAndDate) {
  const auto one = caller().send(list_request());
  const auto two = caller().send(list_request());
  EXPECT_EQ(one.status, 200);
  expect_common_headers(one);
  EXPECT_NE(*find_header(one.headers, "x-amzn-RequestId"), *find_header(two.headers, "x-amzn-RequestId"));
}

TEST_F(Access, SignedInTheQuery) {
  HttpRequest request = list_request();
  auth::presign(request, kHost, caller().scope(), caller().credentials(), clock.wall(), std::chrono::seconds(60));
  request.headers = {{"Host", std::string(kHost)}};
  const auto response = handle(request);
  EXPECT_EQ(response.status, 200) << response.body;
  clock.advance(std::chrono::seconds(3600));
  EXPECT_EQ(handle(request).status, 403);
}

TEST_F(Access, UnsignedIsRefused) {
  expect_error(handle(list_request()), 403, "NotAuthorizedException");
}

TEST_F(Access, AWrongKeyOrSecretIsRefusedAlike) {
  std::string bodies[2];
  for (int i = 0; i < 2; ++i) {
    Credentials credentials = caller().credentials();
    (i == 0 ? credentials.access_key_id : credentials.secret_access_key).back() ^= 1;
    HttpRequest request = list_request();
    auth::sign(request, kHost, caller().scope(), credentials, clock.wall());
    const auto response = handle(request);
    expect_error(response, 403, "NotAuthorizedException");
    bodies[i] = response.body;
  }
  EXPECT_EQ(bodies[0], bodies[1]);
}

TEST_F(Access, ASessionTokenThatNobodyIssuedIsRefused) {
  Credentials credentials = caller().credentials();
  credentials.session_token = "made up";
  HttpRequest request = list_request();
  auth::sign(request, kHost, caller().scope(), credentials, clock.wall());
  expect_error(handle(request), 403, "NotAuthorizedException");
}

TEST_F(Access, ATamperedRequestIsRefused) {
  wire::UpdateRecordsRequest update;
  update.target = caller().target("save");
  update.patches = {put("k", "v")};
  update.session_token = caller().session("save");
  HttpRequest request = caller().sign(wire::encode(update));
  HttpRequest other_path = request;
  other_path.path += "x";
  HttpRequest other_body = request;
  other_body.body.replace(other_body.body.find("\"v\""), 3, "\"w\"");
  HttpRequest other_query = request;
  other_query.query.emplace_back("x", "y");
  for (const HttpRequest& changed : {other_path, other_body, other_query}) {
    expect_error(handle(changed), 403, "NotAuthorizedException");
  }
  EXPECT_EQ(handle(request).status, 200);
}

TEST_F(Access, AClockThatIsOffIsToldSo) {
  ManualClock device;
  device.advance(std::chrono::minutes(-6));
  const auto late = Caller(*service, device).list("save");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kClockSkew) << late.error().message;
  EXPECT_EQ(late.error().http_status, 403);
  device.advance(std::chrono::minutes(12));
  EXPECT_EQ(Caller(*service, device).list("save").error().code, ErrorCode::kClockSkew);
  device.advance(std::chrono::minutes(-2));
  EXPECT_TRUE(Caller(*service, device).list("save"));
}

// Whether another pool exists is not told: what is not ours is forbidden (S4).
TEST_F(Access, AnotherPoolIsForbiddenForEveryOperationS4) {
  auto target = caller().target("save");
  target.pool = IdentityPoolId::parse("us-east-1:00000000-0000-0000-0000-000000000000").value();
  wire::ListRecordsRequest list;
  list.target = target;
  wire::UpdateRecordsRequest update;
  update.target = target;
  update.session_token = "x";
  wire::ListDatasetsRequest datasets;
  datasets.target = target;
  for (const HttpRequest& request :
       {wire::encode(list), wire::encode(update), wire::encode(datasets),
        wire::encode(wire::DescribeDatasetRequest{target}), wire::encode(wire::DeleteDatasetRequest{target})}) {
    expect_error(caller().send(request), 403, "NotAuthorizedException");
  }
}

TEST_F(Access, WhatIsNoOperationIs404) {
  for (const auto& [method, path] :
       {std::pair{"GET", "/"}, std::pair{"HEAD", "/identitypools"}, std::pair{"OPTIONS", "*"},
        std::pair{"PATCH", "/identitypools/a:b/identities/c:d/datasets/e"}, std::pair{"GET", ""},
        std::pair{"GET", "/identitypools/%zz/identities/c:d/datasets/e"}, std::pair{"GET", "//////////"}}) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    expect_error(handle(request), 404, "UnknownOperationException");
  }
}

TEST_F(Access, BadNamesAre400) {
  for (const char* path :
       {"/identitypools/nocolon/identities/c:d/datasets/e", "/identitypools/a:b/identities/nocolon/datasets/e",
        "/identitypools/a:b/identities/c:d/datasets/a%20b", "/identitypools/a:b/identities/c:d/datasets/%00/records"}) {
    HttpRequest request;
    request.path = path;
    expect_error(caller().send(request), 400, "InvalidParameterException");
  }
}

TEST_F(Access, BadBodiesAre400) {
  wire::UpdateRecordsRequest update;
  update.target = caller().target("save");
  HttpRequest request = wire::encode(update);
  for (const std::string& body :
       {std::string(), std::string("no json"), std::string("[]"), std::string("{\"RecordPatches\":7}"),
        std::string("\xFF\xFE\0", 3), std::string(100'000, '['), std::string("{\"SyncSessionToken\":null}")}) {
    request.body = body;
    expect_error(caller().send(request), 400, "InvalidParameterException");
  }
}

// --- tokens (S3) ----------------------------------------------------------------------------------------------------

class SessionTokens : public Access {
 protected:
  Result<std::vector<RemoteRecord>> update_with(std::string token, std::string_view dataset = "save",
                                                std::string_view identity = kIdentity) {
    wire::UpdateRecordsRequest request;
    request.target = caller(identity).target(dataset);
    request.patches = {put("k", "v")};
    request.session_token = std::move(token);
    return caller(identity).update(request);
  }

  static void expect_bad(const Result<std::vector<RemoteRecord>>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().http_status, 400);
    EXPECT_EQ(result.error().service_code, "InvalidParameterException");
    EXPECT_EQ(result.error().message, "SyncSessionToken not valid for these inputs");
  }
};

TEST_F(SessionTokens, ForeignTamperedAndExpiredOnesAreBadS3) {
  const std::string token = caller().session("save");
  expect_bad(update_with("nonsense"));
  expect_bad(update_with(token, "other"));
  expect_bad(update_with(token, "save", "us-east-1:9"));
  std::string tampered = token;
  tampered[3] = tampered[3] == 'A' ? 'B' : 'A';
  expect_bad(update_with(tampered));
  clock.advance(std::chrono::minutes(59));
  EXPECT_TRUE(update_with(token));
  clock.advance(std::chrono::minutes(1));
  expect_bad(update_with(token));
}

TEST_F(SessionTokens, AListMayGoOnWithOne) {
  wire::ListRecordsRequest request;
  request.target = caller().target("save");
  request.session_token = caller().session("save");
  const auto page = caller().list(request);
  ASSERT_TRUE(page);
  EXPECT_TRUE(update_with(page->session_token));
  request.session_token = "nonsense";
  EXPECT_EQ(caller().list(request).error().message, "SyncSessionToken not valid for these inputs");
}

TEST_F(SessionTokens, OutliveARestart) {
  const std::string token = caller().session("save");
  close();
  open();
  EXPECT_TRUE(update_with(token));
}

}  // namespace
}  // namespace syncline::service
