// Signatures as botocore makes them: an independent implementation, and the one that the vendor's command line uses.
// botocore_vectors.json comes from make_vectors.py, which says how.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "auth/canonical.h"
#include "auth/digest.h"
#include "auth/signature.h"
#include "core/text.h"

namespace syncline::auth {
namespace {

using nlohmann::json;

using Pairs = std::vector<std::pair<std::string, std::string>>;

const json& vector_file() {
  static const json file = json::parse(std::ifstream(SYNCLINE_VECTORS));
  return file;
}

std::vector<json> vectors_of(std::string_view form) {
  std::vector<json> chosen;
  for (const auto& vector : vector_file().at("vectors")) {
    if (vector.at("form") == form) chosen.push_back(vector);
  }
  return chosen;
}

Headers headers_of(const json& pairs) {
  Headers headers;
  for (const auto& pair : pairs) headers.push_back({pair.at(0), pair.at(1)});
  return headers;
}

HttpRequest unsigned_request(const json& vector) {
  HttpRequest request;
  request.method = vector.at("method");
  request.path = vector.at("path");
  request.query = vector.at("query").get<Pairs>();
  request.headers = headers_of(vector.at("headers"));
  request.body = vector.at("body");
  return request;
}

HttpRequest signed_request(const json& vector) {
  auto request = unsigned_request(vector);
  request.query = vector.at("signed_query").get<Pairs>();
  request.headers = headers_of(vector.at("signed_headers"));
  return request;
}

Credentials credentials_of(const json& vector) {
  return Credentials{vector_file().at("key"), vector_file().at("secret"), vector.at("token"), std::nullopt};
}

Scope scope_of(const json& vector) {
  return Scope{vector.at("region"), vector.at("service")};
}

Timestamp moment() {
  return parse_date(std::string(vector_file().at("moment"))).value();
}

SecretLookup lookup_for(const json& vector) {
  return [&vector](std::string_view key, std::string_view token) -> std::optional<std::string> {
    const std::string known_key = vector_file().at("key");
    const std::string known_token = vector.at("token");
    if (key != known_key || token != known_token) return std::nullopt;
    return std::string(vector_file().at("secret"));
  };
}

Result<Verified> verified(const json& vector, const HttpRequest& request) {
  return verify(request, scope_of(vector), moment(), lookup_for(vector));
}

TEST(Botocore, TheFileHoldsEveryForm) {
  EXPECT_GE(vectors_of("sign").size(), 30U);
  EXPECT_GE(vectors_of("presign").size(), 30U);
  EXPECT_GE(vectors_of("verify").size(), 30U);
}

TEST(Botocore, CanonicalRequestsAreEqual) {
  for (const auto& vector : vector_file().at("vectors")) {
    auto request = signed_request(vector);
    std::erase_if(request.headers, [](const Header& header) { return header.name == "Authorization"; });
    EXPECT_EQ(json(canonical_request(request, header_names(request.headers), hex_encode(sha256(request.body)))),
              vector.at("canonical"))
        << vector.at("name") << " " << vector.at("form");
  }
}

TEST(Botocore, SignedHeadersAreEqual) {
  for (const auto& vector : vectors_of("sign")) {
    auto request = unsigned_request(vector);
    sign(request, std::string(vector.at("host")), scope_of(vector), credentials_of(vector), moment());
    const auto expected = headers_of(vector.at("signed_headers"));
    EXPECT_EQ(*find_header(request.headers, "Authorization"), *find_header(expected, "Authorization"))
        << vector.at("name");
    EXPECT_EQ(request.headers.size(), expected.size()) << vector.at("name");
  }
}

TEST(Botocore, PresignedQueriesAreEqual) {
  const std::chrono::seconds lifetime(vector_file().at("expires").get<int>());
  for (const auto& vector : vectors_of("presign")) {
    auto request = unsigned_request(vector);
    presign(request, std::string(vector.at("host")), scope_of(vector), credentials_of(vector), moment(), lifetime);
    EXPECT_THAT(request.query, testing::UnorderedElementsAreArray(vector.at("signed_query").get<Pairs>()))
        << vector.at("name");
  }
}

TEST(Botocore, WhatItSignedIsVerified) {
  for (const auto& vector : vector_file().at("vectors")) {
    const auto result = verified(vector, signed_request(vector));
    ASSERT_TRUE(result) << vector.at("name") << " " << vector.at("form") << ": " << result.error().message;
    EXPECT_EQ(json(result->access_key_id), vector_file().at("key"));
    EXPECT_EQ(json(result->session_token), vector.at("token"));
  }
}

// S4: tampered.
TEST(Botocore, WhatWasChangedAfterSigningIsRefused) {
  const auto expect_refused = [](const json& vector, const char* change, auto alter) {
    auto request = signed_request(vector);
    alter(request);
    EXPECT_FALSE(verified(vector, request)) << vector.at("name") << " " << vector.at("form") << " " << change;
  };
  for (const auto& vector : vector_file().at("vectors")) {
    expect_refused(vector, "method", [](HttpRequest& r) { r.method = r.method == "GET" ? "DELETE" : "GET"; });
    expect_refused(vector, "path", [](HttpRequest& r) { r.path += "/x"; });
    expect_refused(vector, "query", [](HttpRequest& r) { r.query.emplace_back("maxResults", "1"); });
    expect_refused(vector, "body", [](HttpRequest& r) { r.body += "x"; });
    expect_refused(vector, "host", [](HttpRequest& r) { r.headers.front().value += "x"; });
    expect_refused(vector, "a second value", [](HttpRequest& r) { r.headers.push_back(r.headers.front()); });
    for (std::size_t i = 0; i < vector.at("headers").size(); ++i) {
      expect_refused(vector, "a header", [i](HttpRequest& r) { r.headers[i + 1].value += "x"; });
      expect_refused(vector, "no header",
                     [i](HttpRequest& r) { r.headers.erase(r.headers.begin() + 1 + static_cast<std::ptrdiff_t>(i)); });
    }
  }
}

}  // namespace
}  // namespace syncline::auth
