// S4 as one table: every operation x who asks. Made from protocol.md's section 1, not from the service's own table.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "identity_fixture.h"

namespace syncline::service {
namespace {

enum class May { kDeveloper, kIdentity, kBoth };

struct Operation {
  const char* name;
  May may;
  std::function<HttpRequest(const wire::Target&)> make;
};

wire::UpdateRecordsRequest update_of(const wire::Target& target) {
  return {.target = target, .patches = {put("k", "v")}, .session_token = "x"};
}

const std::vector<Operation>& operations() {
  using T = wire::Target;
  static const std::vector<Operation> all = {
      {"ListIdentityPoolUsage", May::kDeveloper,
       [](const T&) { return wire::encode(wire::ListIdentityPoolUsageRequest{}); }},
      {"DescribeIdentityPoolUsage", May::kDeveloper,
       [](const T& t) { return wire::encode(wire::DescribeIdentityPoolUsageRequest{t.pool}); }},
      {"BulkPublish", May::kDeveloper, [](const T& t) { return wire::encode(wire::BulkPublishRequest{t.pool}); }},
      {"GetBulkPublishDetails", May::kDeveloper,
       [](const T& t) { return wire::encode(wire::GetBulkPublishDetailsRequest{t.pool}); }},
      {"GetIdentityPoolConfiguration", May::kDeveloper,
       [](const T& t) { return wire::encode(wire::GetIdentityPoolConfigurationRequest{t.pool}); }},
      {"SetIdentityPoolConfiguration", May::kDeveloper,
       [](const T& t) { return wire::encode(wire::SetIdentityPoolConfigurationRequest{.pool = t.pool}); }},
      {"GetCognitoEvents", May::kDeveloper,
       [](const T& t) { return wire::encode(wire::GetCognitoEventsRequest{t.pool}); }},
      {"SetCognitoEvents", May::kDeveloper,
       [](const T& t) { return wire::encode(wire::SetCognitoEventsRequest{.pool = t.pool}); }},
      {"DescribeIdentityUsage", May::kBoth,
       [](const T& t) {
         return wire::encode(wire::DescribeIdentityUsageRequest{t.pool, t.identity});
       }},
      {"ListDatasets", May::kBoth, [](const T& t) { return wire::encode(wire::ListDatasetsRequest{.target = t}); }},
      {"DescribeDataset", May::kBoth, [](const T& t) { return wire::encode(wire::DescribeDatasetRequest{t}); }},
      {"DeleteDataset", May::kBoth, [](const T& t) { return wire::encode(wire::DeleteDatasetRequest{t}); }},
      {"ListRecords", May::kBoth, [](const T& t) { return wire::encode(wire::ListRecordsRequest{.target = t}); }},
      {"UpdateRecords", May::kBoth, [](const T& t) { return wire::encode(update_of(t)); }},
      {"RegisterDevice", May::kIdentity,
       [](const T& t) {
         return wire::encode(wire::RegisterDeviceRequest{.pool = t.pool, .identity = t.identity, .token = "t"});
       }},
      {"SubscribeToDataset", May::kIdentity,
       [](const T& t) {
         return wire::encode(wire::SubscribeToDatasetRequest{t, "d"});
       }},
      {"UnsubscribeFromDataset", May::kIdentity,
       [](const T& t) {
         return wire::encode(wire::UnsubscribeFromDatasetRequest{t, "d"});
       }},
  };
  return all;
}

class Isolation : public IdentityTest {
 protected:
  Isolation() { EXPECT_EQ(write(pool, owner, "save", "k", "v"), "ok"); }

  static void expect_refused(const HttpResponse& response, const std::string& what) {
    EXPECT_EQ(response.status, 403) << what << ": " << response.body;
    EXPECT_EQ(wire::decode_error(response).service_code, "NotAuthorizedException") << what;
  }
  static void expect_allowed(bool allowed, const HttpResponse& response, const std::string& what) {
    if (!allowed) return expect_refused(response, what);
    EXPECT_NE(response.status, 403) << what << ": " << response.body;
    EXPECT_LT(response.status, 500) << what << ": " << response.body;
  }
  [[nodiscard]] HttpRequest of_owner(const Operation& operation, std::string_view dataset = "save") const {
    return operation.make(target(pool, owner.identity, dataset));
  }

  std::string pool = make_pool();
  std::string other_pool = make_pool();
  Session owner = guest(pool);
  Session other = guest(pool);
};

TEST_F(Isolation, OwnIdentityS4) {
  for (const auto& operation : operations()) {
    const auto response = as(owner.credentials, of_owner(operation));
    expect_allowed(operation.may != May::kDeveloper, response, operation.name);
  }
}

TEST_F(Isolation, DeveloperKeyS4) {
  for (const auto& operation : operations()) {
    expect_allowed(operation.may != May::kIdentity, caller().send(of_owner(operation)), operation.name);
  }
}

// And the answer does not tell whether the other one's dataset exists.
TEST_F(Isolation, AnotherIdentityS4) {
  for (const auto& operation : operations()) {
    const auto existing = as(other.credentials, of_owner(operation));
    const auto missing = as(other.credentials, of_owner(operation, "none"));
    expect_refused(existing, operation.name);
    EXPECT_EQ(existing.body, missing.body) << operation.name;
  }
}

TEST_F(Isolation, AnotherPoolS4) {
  for (const auto& operation : operations()) {
    for (const auto& elsewhere : {other_pool, std::string("us-east-1:00000000-0000-0000-0000-000000000000")}) {
      expect_refused(as(owner.credentials, operation.make(target(elsewhere, owner.identity, "save"))), operation.name);
    }
    const bool names_pool = std::string(operation.name) != "ListIdentityPoolUsage";
    const auto unknown = caller().send(operation.make(target("us-east-1:00", owner.identity, "save")));
    expect_allowed(!names_pool, unknown, operation.name);
  }
}

TEST_F(Isolation, NoSignatureS4) {
  for (const auto& operation : operations()) expect_refused(send(of_owner(operation)), operation.name);
}

TEST_F(Isolation, ExpiredS4) {
  clock.advance(std::chrono::hours(1));
  for (const auto& operation : operations()) {
    expect_refused(as(owner.credentials, of_owner(operation)), operation.name);
  }
}

TEST_F(Isolation, TamperedS4) {
  const auto flipped = [](std::string text, std::size_t at) {
    text[at] = text[at] == 'a' ? 'b' : 'a';
    return text;
  };
  for (const auto& operation : operations()) {
    for (auto part : {&Credentials::access_key_id, &Credentials::secret_access_key, &Credentials::session_token}) {
      Credentials tampered = owner.credentials;
      tampered.*part = flipped(tampered.*part, (tampered.*part).size() / 2);
      expect_refused(as(tampered, of_owner(operation)), operation.name);
    }
    HttpRequest request = of_owner(operation);
    auth::sign(request, kHost, caller().scope(), owner.credentials, clock.wall());
    HttpRequest other_query = request;
    other_query.query.emplace_back("x", "y");
    expect_refused(send(other_query), operation.name);
    request.body += ' ';
    expect_refused(send(request), operation.name);
  }
}

TEST_F(Isolation, TheTableHasAll17) {
  ASSERT_EQ(operations().size(), 17U);
  for (const auto& operation : operations()) {
    const auto request = of_owner(operation);
    EXPECT_EQ(wire::to_string(wire::parse_route(request.method, request.path).value().operation), operation.name);
  }
}

}  // namespace
}  // namespace syncline::service
