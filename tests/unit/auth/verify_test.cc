#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/canonical.h"
#include "auth/signature.h"
#include "core/text.h"

namespace syncline::auth {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Scope kScope{"us-east-1", "cognito-sync"};
constexpr std::string_view kSecret = "the-secret";

Timestamp noon() {
  return parse_date("20261122T120000Z").value();
}

Credentials long_lived() {
  return Credentials{"AKID", std::string(kSecret), "", std::nullopt};
}
Credentials temporary() {
  return Credentials{"ASIA", std::string(kSecret), "good/token+=", std::nullopt};
}

std::optional<std::string> lookup(std::string_view key, std::string_view token) {
  if (key == "AKID" && token.empty()) return std::string(kSecret);
  if (key == "ASIA" && token == "good/token+=") return std::string(kSecret);
  if (key == "EMPTY") return std::string();
  return std::nullopt;
}

HttpRequest signed_request(const Credentials& credentials = long_lived(), Timestamp when = noon(),
                           const Scope& scope = kScope) {
  HttpRequest request;
  request.method = "POST";
  request.path = "/identitypools/a%3Ab";
  request.query = {{"lastSyncCount", "1"}};
  request.body = "{}";
  sign(request, "127.0.0.1:80", scope, credentials, when);
  return request;
}

HttpRequest presigned_request(const Credentials& credentials = long_lived(), Timestamp when = noon(),
                              std::chrono::seconds lifetime = 60s) {
  HttpRequest request;
  request.path = "/x";
  presign(request, "127.0.0.1:80", kScope, credentials, when, lifetime);
  return request;
}

std::string& header(HttpRequest& request, std::string_view name) {
  for (auto& candidate : request.headers) {
    if (equal_ignoring_case(candidate.name, name)) return candidate.value;
  }
  request.headers.push_back({std::string(name), ""});
  return request.headers.back().value;
}

std::string& parameter(HttpRequest& request, std::string_view name) {
  for (auto& [candidate, value] : request.query) {
    if (candidate == name) return value;
  }
  return request.query.emplace_back(name, "").second;
}

void remove_header(HttpRequest& request, std::string_view name) {
  std::erase_if(request.headers, [name](const Header& h) { return equal_ignoring_case(h.name, name); });
}

void remove_parameter(HttpRequest& request, std::string_view name) {
  std::erase_if(request.query, [name](const auto& pair) { return pair.first == name; });
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  text.replace(at, what.size(), with);
}

std::string refusal(const HttpRequest& request, Timestamp now = noon()) {
  const auto result = verify(request, kScope, now, lookup);
  EXPECT_FALSE(result);
  if (result) return "accepted";
  EXPECT_EQ(result.error().code, ErrorCode::kNotAuthorized);
  EXPECT_THAT(result.error().message, Not(HasSubstr(std::string(kSecret))));
  return result.error().message;
}

constexpr const char* kMismatch = "The request signature we calculated does not match the signature you provided.";

// --- what is accepted -----------------------------------------------------------------------------------------------

TEST(Verify, AcceptsBothFormsAndTellsWho) {
  for (const auto& request : {signed_request(), presigned_request()}) {
    const auto result = verify(request, kScope, noon(), lookup);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->access_key_id, "AKID");
    EXPECT_EQ(result->session_token, "");
  }
  for (const auto& request : {signed_request(temporary()), presigned_request(temporary())}) {
    const auto result = verify(request, kScope, noon(), lookup);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->session_token, "good/token+=");
  }
}

TEST(Verify, HeaderNamesMayComeInAnyCaseAndOrder) {  // HTTP/2 has them in lower case
  auto request = signed_request(temporary());
  for (auto& h : request.headers) h.name = ascii_lower(h.name);
  std::reverse(request.headers.begin(), request.headers.end());
  std::reverse(request.query.begin(), request.query.end());
  EXPECT_TRUE(verify(request, kScope, noon(), lookup));
}

TEST(Verify, HeadersThatSomebodyAddedOnTheWayAreNotSigned) {
  auto request = signed_request();
  request.headers.push_back({"Accept-Encoding", "gzip"});
  request.headers.push_back({"Accept-Encoding", "br"});
  EXPECT_TRUE(verify(request, kScope, noon(), lookup));
}

TEST(Verify, TheAuthorizationHeaderMayBeSpacedInAnyWay) {
  auto request = signed_request();
  auto& authorization = header(request, "Authorization");
  std::string tight;
  for (const char c : authorization.substr(kAlgorithm.size() + 1)) {
    if (c != ' ') tight += c;
  }
  authorization = " " + std::string(kAlgorithm) + "   " + tight + " ";
  EXPECT_TRUE(verify(request, kScope, noon(), lookup));
}

TEST(Verify, ATokenInAHeaderOfAPresignedRequestCountsIfItIsSigned) {
  HttpRequest request;
  request.headers = {{"x-amz-security-TOKEN", "good/token+="}};
  presign(request, "h", kScope, Credentials{"ASIA", std::string(kSecret), "", std::nullopt}, noon(), 60s);
  EXPECT_THAT(refusal(request), StartsWith(kMismatch));  // presign() takes its own token only

  request.query = {{"X-Amz-Algorithm", std::string(kAlgorithm)},
                   {"X-Amz-Credential", "ASIA/20261122/us-east-1/cognito-sync/aws4_request"},
                   {"X-Amz-Date", "20261122T120000Z"},
                   {"X-Amz-SignedHeaders", "host;x-amz-security-token"}};
  request.headers = {{"Host", "h"}, {"X-Amz-Security-Token", "good/token+="}};
  const std::vector<std::string> names{"host", "x-amz-security-token"};
  const auto empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  parameter(request, "X-Amz-Signature") =
      signature_of(canonical_request(request, names, empty), "20261122T120000Z", kScope, kSecret);
  EXPECT_TRUE(verify(request, kScope, noon(), lookup));
  parameter(request, "X-Amz-Security-Token") = "good/token+=";
  EXPECT_THAT(refusal(request), HasSubstr("in the query and in a header"));
}

// --- no oracle ------------------------------------------------------------------------------------------------------

TEST(Verify, AnUnknownKeyAndAWrongSignatureAreToldAlike) {  // S4
  const auto unknown = refusal(signed_request(Credentials{"NOBODY", std::string(kSecret), "", std::nullopt}));
  const auto wrong = refusal(signed_request(Credentials{"AKID", "guess", "", std::nullopt}));
  const auto forged = refusal(signed_request(Credentials{"ASIA", std::string(kSecret), "forged", std::nullopt}));
  EXPECT_THAT(unknown, StartsWith(kMismatch));
  EXPECT_EQ(unknown, wrong);
  EXPECT_EQ(unknown, forged);
}

TEST(Verify, AKeyWithoutASecretOpensNothing) {
  EXPECT_THAT(refusal(signed_request(Credentials{"EMPTY", "", "", std::nullopt})), StartsWith(kMismatch));
  EXPECT_THAT(refusal(signed_request(Credentials{"NOBODY", "unknown", "", std::nullopt})), StartsWith(kMismatch));
}

TEST(Verify, TheLookupIsAskedOnceWithKeyAndToken) {
  int asked = 0;
  const auto result = verify(signed_request(temporary()), kScope, noon(),
                             [&asked](std::string_view key, std::string_view token) -> std::optional<std::string> {
                               ++asked;
                               EXPECT_EQ(key, "ASIA");
                               EXPECT_EQ(token, "good/token+=");
                               return std::nullopt;
                             });
  EXPECT_FALSE(result);
  EXPECT_EQ(asked, 1);
}

// --- the date -------------------------------------------------------------------------------------------------------

TEST(Verify, TheDateMayBeFiveMinutesOff) {
  const auto request = signed_request();
  for (const auto off : {-300'000ms, -1ms, 300'000ms}) {
    EXPECT_TRUE(verify(request, kScope, noon() + off, lookup)) << off.count();
  }
  EXPECT_EQ(refusal(request, noon() + 301s),
            "Signature expired: 20261122T120000Z is now earlier than 20261122T120001Z (20261122T120501Z - 5 min.)");
  EXPECT_EQ(refusal(request, noon() - 301s),
            "Signature not yet current: 20261122T120000Z is still later than 20261122T115959Z "
            "(20261122T115459Z + 5 min.)");
  EXPECT_THAT(refusal(request, noon() + 300'001ms), StartsWith("Signature expired"));
}

TEST(Verify, APresignedRequestLivesAsLongAsItSays) {
  EXPECT_TRUE(verify(presigned_request(long_lived(), noon(), 1h), kScope, noon() + 1h, lookup));
  EXPECT_EQ(refusal(presigned_request(long_lived(), noon(), 1h), noon() + 1h + 1s),
            "Signature expired: 20261122T120000Z is now earlier than 20261122T120001Z (20261122T130001Z - 3600 sec.)");
  EXPECT_THAT(refusal(presigned_request(long_lived(), noon(), 1h), noon() - 301s), StartsWith("Signature not yet"));
  EXPECT_TRUE(verify(presigned_request(long_lived(), noon(), 604'800s), kScope, noon() + 24h * 7, lookup));
  for (const auto seconds : {0s, -1s, 604'801s}) {
    EXPECT_THAT(refusal(presigned_request(long_lived(), noon(), seconds)), HasSubstr("X-Amz-Expires"));
  }
  for (const char* text : {"", "1.5", "x", "99999999999999999999", " 5"}) {
    auto request = presigned_request();
    parameter(request, "X-Amz-Expires") = text;
    EXPECT_THAT(refusal(request), HasSubstr("X-Amz-Expires")) << text;
  }
  auto request = presigned_request();
  remove_parameter(request, "X-Amz-Expires");
  EXPECT_THAT(refusal(request), StartsWith(kMismatch));
  EXPECT_THAT(refusal(request, noon() + 301s), StartsWith("Signature expired"));
}

TEST(Verify, RefusesWhatIsNoDate) {
  for (const char* date : {"", "yesterday", "20261122", "20269999T999999Z"}) {
    auto request = signed_request();
    header(request, "X-Amz-Date") = date;
    EXPECT_THAT(refusal(request), HasSubstr("X-Amz-Date")) << date;
  }
  auto request = signed_request();
  remove_header(request, "X-Amz-Date");
  EXPECT_THAT(refusal(request), HasSubstr("X-Amz-Date"));
}

// --- what is missing, twice or malformed ----------------------------------------------------------------------------

TEST(Verify, WithoutASignature) {
  HttpRequest request;
  EXPECT_EQ(refusal(request), "Missing Authentication Token");
  request.query = {{"x-amz-signature", "1"}, {"X-Amz-Date", "20261122T120000Z"}};
  EXPECT_EQ(refusal(request), "Missing Authentication Token");
}

TEST(Verify, BothFormsAtOnce) {
  auto request = signed_request();
  parameter(request, "X-Amz-Signature") = "1";
  EXPECT_THAT(refusal(request), HasSubstr("signed twice"));
}

TEST(Verify, NoPartMayBeThereTwice) {
  for (const char* name : {"Authorization", "X-Amz-Date", "Host", "X-Amz-Content-Sha256", "X-Amz-Security-Token"}) {
    auto request = signed_request(temporary());
    request.headers.push_back({ascii_lower(name), header(request, name)});
    EXPECT_THAT(refusal(request), HasSubstr("more than once")) << name;
  }
  for (const auto name : {kQueryAlgorithm, kQueryCredential, kQueryDate, kQueryExpires, kQuerySecurityToken,
                          kQuerySignature, kQuerySignedHeaders}) {
    auto request = presigned_request(temporary());
    const auto value = parameter(request, name);
    request.query.emplace_back(name, value);
    EXPECT_THAT(refusal(request), HasSubstr("more than once")) << name;
  }
}

TEST(Verify, NamesTheMissingPart) {
  for (const auto& [authorization, named] : std::vector<std::pair<std::string, std::string>>{
           {"", "must start with"},
           {"Bearer x", "must start with AWS4-HMAC-SHA256"},
           {"AWS4-HMAC-SHA256", "must start with"},
           {"AWS4-HMAC-SHA256Credential=a", "must start with"},
           {"AWS4-HMAC-SHA256 ", "must start with"},
           {"AWS4-HMAC-SHA256 SignedHeaders=host, Signature=1", "'Credential'"},
           {"AWS4-HMAC-SHA256 Credential=a/b/c/d/e, Signature=1", "'SignedHeaders'"},
           {"AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host", "'Signature'"},
           {"AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=1", "'Credential'"},
           {"AWS4-HMAC-SHA256 Credential=a, Credential=b", "more than once"},
           {"AWS4-HMAC-SHA256 Credential=a, Other=b", "something else"},
           {"AWS4-HMAC-SHA256 Credential", "something else"},
           {"AWS4-HMAC-SHA256 ,,,", "something else"},
           {"AWS4-HMAC-SHA256 credential=a", "something else"},
           {"AWS4-HMAC-SHA256 Credential=" + std::string(100'000, 'a'), "too long"}}) {
    auto request = signed_request();
    header(request, "Authorization") = authorization;
    EXPECT_THAT(refusal(request), HasSubstr(named)) << authorization.substr(0, 100);
  }
  for (const auto name : {kQueryAlgorithm, kQueryCredential, kQueryDate, kQuerySignature, kQuerySignedHeaders}) {
    auto request = presigned_request();
    remove_parameter(request, name);
    EXPECT_THAT(refusal(request), HasSubstr("must include '" + std::string(name) + "'"));
    parameter(request, name) = "";
    EXPECT_THAT(refusal(request), HasSubstr("must include '" + std::string(name) + "'"));
  }
  auto request = presigned_request();
  parameter(request, kQueryAlgorithm) = "AWS4-HMAC-SHA1";
  EXPECT_THAT(refusal(request), HasSubstr("X-Amz-Algorithm must be"));
}

TEST(Verify, TheScopeMustMatch) {
  EXPECT_THAT(refusal(signed_request(long_lived(), noon(), Scope{"eu-west-1", "cognito-sync"})),
              HasSubstr("region: 'us-east-1'"));
  EXPECT_THAT(refusal(signed_request(long_lived(), noon(), Scope{"us-east-1", "s3"})),
              HasSubstr("service: 'cognito-sync'"));
  const std::string good = "AKID/20261122/us-east-1/cognito-sync/aws4_request";
  for (const auto& [credential, named] : std::vector<std::pair<std::string, std::string>>{
           {"AKID/20261122/us-east-1/cognito-sync/aws3_request", "terminator"},
           {"AKID/20261121/us-east-1/cognito-sync/aws4_request", "Date in Credential scope"},
           {"AKID/2026/us-east-1/cognito-sync/aws4_request", "Date in Credential scope"},
           {"AKID//us-east-1/cognito-sync/aws4_request", "5 slash-delimited"},
           {"/20261122/us-east-1/cognito-sync/aws4_request", "5 slash-delimited"},
           {"A/B/20261122/us-east-1/cognito-sync/aws4_request", "5 slash-delimited"},
           {"AKID", "5 slash-delimited"},
           {"aws4_request/cognito-sync", "5 slash-delimited"},
           {"////", "5 slash-delimited"},
           {std::string(129, 'A') + "/20261122/us-east-1/cognito-sync/aws4_request", "5 slash-delimited"},
           {"AK\x01/20261122/us-east-1/cognito-sync/aws4_request", "5 slash-delimited"}}) {
    auto request = signed_request();
    replace(header(request, "Authorization"), good, credential);
    EXPECT_THAT(refusal(request), HasSubstr(named)) << credential;
  }
}

TEST(Verify, HostDateAndTokenMustBeSigned) {
  const auto without = [](std::string_view signed_headers) {
    auto request = signed_request(temporary());
    replace(header(request, "Authorization"), "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
            "SignedHeaders=" + std::string(signed_headers));
    return refusal(request);
  };
  EXPECT_THAT(without("x-amz-date;x-amz-security-token"), HasSubstr("'Host' must be a 'SignedHeader'"));
  EXPECT_THAT(without("host;x-amz-security-token"), HasSubstr("'X-Amz-Date' must be a 'SignedHeader'"));
  EXPECT_THAT(without("host;x-amz-date"), HasSubstr("'X-Amz-Security-Token' must be a 'SignedHeader'"));
  EXPECT_THAT(without("host;x-amz-date;x-amz-security-token"), StartsWith(kMismatch));
  for (const char* odd : {"host;Host;x-amz-date", "x-amz-date;host", "host;host;x-amz-date", ";host", "host;", "HOST",
                          ";", "host;;x-amz-date"}) {
    EXPECT_THAT(without(odd), HasSubstr("SignedHeaders must be")) << odd;
  }
  std::string many = "a0000";
  for (int i = 1; i < 500; ++i) many += ";a" + std::to_string(10'000 + i);
  EXPECT_THAT(without(many), HasSubstr("SignedHeaders must be"));
  EXPECT_THAT(without("host;x-amz-date;x-amz-security-token;x-none"), HasSubstr("is not in the request"));

  auto request = signed_request();
  remove_header(request, "Host");
  EXPECT_THAT(refusal(request), HasSubstr("is not in the request"));
}

TEST(Verify, TheOperationThatAHeaderNamesMustBeSignedS4) {
  HttpRequest request{.method = "POST", .path = "/", .headers = {{"X-Amz-Target", "Service.List"}}, .body = "{}"};
  sign(request, "127.0.0.1:80", kScope, long_lived(), noon());
  EXPECT_TRUE(verify(request, kScope, noon(), lookup));
  header(request, "X-Amz-Target") = "Service.Delete";
  EXPECT_THAT(refusal(request), StartsWith(kMismatch));

  HttpRequest overheard = signed_request();
  overheard.headers.push_back({"x-amz-target", "Service.Delete"});
  EXPECT_THAT(refusal(overheard), HasSubstr("'X-Amz-Target' must be a 'SignedHeader'"));
}

TEST(Verify, AStrangeTokenIsInvalid) {
  for (const auto& token : {std::string(), std::string("  "), std::string(20'000, 't')}) {
    auto request = signed_request(temporary());
    header(request, "X-Amz-Security-Token") = token;
    EXPECT_EQ(refusal(request), "The security token included in the request is invalid.");
  }
}

// --- the body -------------------------------------------------------------------------------------------------------

TEST(Verify, TheBodyMustHaveTheHashThatWasSigned) {
  auto request = signed_request();
  request.body += " ";
  EXPECT_THAT(refusal(request), HasSubstr("x-amz-content-sha256"));
  header(request, "X-Amz-Content-Sha256") = "";
  EXPECT_THAT(refusal(request), HasSubstr("x-amz-content-sha256"));
}

TEST(Verify, AnUnsignedPayloadMustBeEmpty) {
  const auto with_body = [](std::string body, bool in_query) {
    HttpRequest request;
    request.body = std::move(body);
    request.headers = {{"Host", "h"}, {"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}};
    const std::string credential = "AKID/20261122/us-east-1/cognito-sync/aws4_request";
    std::vector<std::string> names{"host", "x-amz-content-sha256"};
    if (in_query) {
      request.query = {{"X-Amz-Algorithm", std::string(kAlgorithm)},
                       {"X-Amz-Credential", credential},
                       {"X-Amz-Date", "20261122T120000Z"},
                       {"X-Amz-SignedHeaders", "host;x-amz-content-sha256"}};
    } else {
      request.headers.push_back({"X-Amz-Date", "20261122T120000Z"});
      names.emplace_back("x-amz-date");
    }
    const auto signature =
        signature_of(canonical_request(request, names, kUnsignedPayload), "20261122T120000Z", kScope, kSecret);
    if (in_query) {
      request.query.emplace_back("X-Amz-Signature", signature);
    } else {
      request.headers.push_back({"Authorization", std::string(kAlgorithm) + " Credential=" + credential +
                                                      ", SignedHeaders=" + join(names, ';') +
                                                      ", Signature=" + signature});
    }
    return verify(request, kScope, noon(), lookup).has_value();
  };
  for (const bool in_query : {false, true}) {
    EXPECT_TRUE(with_body("", in_query));
    EXPECT_FALSE(with_body("{}", in_query));
  }
}

TEST(Verify, EveryChangedDigitOfTheSignatureIsRefused) {
  const auto good = signed_request();
  const auto digits = find_header(good.headers, "Authorization")->size() - 64;
  for (std::size_t i = 0; i < 64; ++i) {
    auto request = good;
    auto& digit = header(request, "Authorization")[digits + i];
    digit = digit == '0' ? '1' : '0';
    EXPECT_THAT(refusal(request), StartsWith(kMismatch));
  }
  auto request = good;
  header(request, "Authorization").pop_back();
  EXPECT_THAT(refusal(request), StartsWith(kMismatch));
}

TEST(Verify, NoBytesOfAnAuthorizationHeaderCrashIt) {  // S6
  const auto good = signed_request();
  const auto length = find_header(good.headers, "Authorization")->size();
  for (std::size_t i = 0; i < length; ++i) {
    for (const char byte : {'\0', '=', ',', '/', ';', ' ', '\xFF'}) {
      auto request = good;
      auto& text = header(request, "Authorization");
      if (text[i] == byte) continue;
      text[i] = byte;
      EXPECT_FALSE(refusal(request).empty());
    }
    auto request = good;
    header(request, "Authorization").resize(i);
    EXPECT_FALSE(refusal(request).empty());
  }
}

}  // namespace
}  // namespace syncline::auth
