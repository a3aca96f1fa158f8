#include "auth/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/canonical.h"

namespace syncline::auth {
namespace {

using namespace std::chrono_literals;

const Scope kScope{"us-east-1", "cognito-sync"};
const Credentials kCredentials{"AKID", "secret", "token", std::nullopt};

Timestamp noon() {
  return parse_date("20261122T120000Z").value();
}

std::size_t count_headers(const HttpRequest& request, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(request.headers.begin(), request.headers.end(),
                                                [name](const Header& header) { return header.name == name; }));
}

TEST(Dates, RoundTripAndKeepSeconds) {
  for (const char* text : {"20261122T101500Z", "20000229T235959Z", "19700101T000000Z", "99991231T235959Z",
                           "19691231T235959Z", "00010101T000000Z"}) {
    EXPECT_EQ(format_date(parse_date(text).value()), text);
  }
  EXPECT_EQ(format_date(Timestamp(1'700'000'000'999ms)), "20231114T221320Z");
  EXPECT_EQ(format_date(Timestamp(-1ms)), "19691231T235959Z");
}

TEST(Dates, RefuseWhatIsNone) {
  for (const char* text :
       {"", "20261122", "20261122T101500", "20261122T101500z", "2026-11-22T10:15:00Z", "20261322T101500Z",
        "20260230T101500Z", "20261122T241500Z", "20261122T106000Z", "20261122T101560Z", "20261122 101500Z",
        "2026112-T101500Z", "+2261122T101500Z", "20261122T1015 0Z", "20261122T101500ZZ", "Sun, 22 Nov 2026"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(CanonicalPath, OddOnes) {
  EXPECT_EQ(canonical_path(""), "/");
  EXPECT_EQ(canonical_path("/"), "/");
  EXPECT_EQ(canonical_path("//"), "/");
  EXPECT_EQ(canonical_path("a"), "/a");
  EXPECT_EQ(canonical_path("/a%2Fb"), "/a%252Fb");
  EXPECT_EQ(canonical_path("/a/.."), "/");
  EXPECT_EQ(canonical_path("/a/../"), "/");
  EXPECT_EQ(canonical_path("/%2E%2E/a"), "/%252E%252E/a");
}

TEST(CanonicalQuery, LeavesTheSignatureOut) {
  EXPECT_EQ(canonical_query({{"X-Amz-Signature", "1"}, {"x-amz-signature", "2"}}), "x-amz-signature=2");
  EXPECT_EQ(canonical_query({}), "");
}

TEST(Sign, SigningAgainReplacesTheFirstSignature) {
  HttpRequest request;
  request.headers = {{"Accept", "x"}, {"host", "old"}, {"x-amz-date", "old"}, {"AUTHORIZATION", "old"}};
  sign(request, "h:1", kScope, kCredentials, noon());
  const auto first = request;
  sign(request, "h:1", kScope, kCredentials, noon());
  EXPECT_EQ(request.headers, first.headers);
  for (const char* name : {"Host", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Authorization"}) {
    EXPECT_EQ(count_headers(request, name), 1U) << name;
  }
  EXPECT_EQ(*find_header(request.headers, "Host"), "h:1");

  auto anonymous_token = kCredentials;
  anonymous_token.session_token.clear();
  sign(request, "h:1", kScope, anonymous_token, noon());
  EXPECT_EQ(count_headers(request, "X-Amz-Security-Token"), 0U);
}

TEST(Sign, PresigningReplacesEitherForm) {
  HttpRequest request;
  request.query = {{"maxResults", "1"}};
  sign(request, "h", kScope, kCredentials, noon());
  presign(request, "h", kScope, kCredentials, noon(), 60s);
  const auto first = request;
  EXPECT_EQ(count_headers(request, "Authorization"), 0U);
  EXPECT_EQ(request.query.size(), 8U);
  presign(request, "h", kScope, kCredentials, noon(), 60s);
  EXPECT_EQ(request.query, first.query);
  sign(request, "h", kScope, kCredentials, noon());
  EXPECT_THAT(request.query, testing::ElementsAre(testing::Pair("maxResults", "1")));
}

TEST(Sign, TheSecretIsNowhereInTheRequest) {
  HttpRequest request;
  sign(request, "h", kScope, kCredentials, noon());
  for (const auto& header : request.headers) EXPECT_THAT(header.value, testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace syncline::auth
