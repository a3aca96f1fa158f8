// What a device asks Cognito Identity for, and what it makes of the answers.
#include <gtest/gtest.h>

#include "wire/identity_messages.h"
#include "wire/messages.h"

namespace syncline::wire {
namespace {

constexpr const char* kGuest = "us-east-1:11111111-2222-3333-4444-555555555555";

TEST(IdentityClientCodec, RequestsAreWhatTheServiceReads) {
  const GetIdRequest asked{.pool = IdentityPoolId::parse(kGuest).value(), .logins = {{"login.example.com", "t\"1"}}};
  const auto http = encode(asked);
  EXPECT_EQ(http.method, "POST");
  EXPECT_EQ(http.path, "/");
  EXPECT_EQ(*find_header(http.headers, "Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(parse_identity_target(*find_header(http.headers, "X-Amz-Target")), IdentityOperation::kGetId);
  const auto read = decode_get_id_request(http.body);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->pool, asked.pool);
  EXPECT_EQ(read->logins, asked.logins);

  const auto more = encode_get_credentials({.identity = IdentityId::parse(kGuest).value()});
  EXPECT_EQ(parse_identity_target(*find_header(more.headers, "X-Amz-Target")),
            IdentityOperation::kGetCredentialsForIdentity);
  const auto credentials = decode_identity_request(IdentityOperation::kGetCredentialsForIdentity, more.body);
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->identity.text(), kGuest);
  EXPECT_TRUE(credentials->logins.empty());
}

TEST(IdentityClientCodec, AnswersAreWhatTheServiceWrites) {
  EXPECT_EQ(decode_get_id(encode_identity_id(kGuest)).value().text(), kGuest);
  const Credentials given{.access_key_id = "ASIA1",
                          .secret_access_key = "secret",
                          .session_token = "token",
                          .expires_at = Timestamp(std::chrono::milliseconds(1'700'000'000'500))};
  const auto read = decode_get_credentials(encode_credentials(kGuest, given));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->identity.text(), kGuest);
  EXPECT_EQ(read->credentials.access_key_id, given.access_key_id);
  EXPECT_EQ(read->credentials.secret_access_key, given.secret_access_key);
  EXPECT_EQ(read->credentials.session_token, given.session_token);
  EXPECT_EQ(read->credentials.expires_at, given.expires_at);
}

TEST(IdentityClientCodec, BadInputIsABadAnswerThatNamesTheField) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", ""},
      {"[]", ""},
      {"{}", "IdentityId"},
      {R"({"IdentityId":7})", "IdentityId"},
      {R"({"IdentityId":"nobody"})", "IdentityId"},
  };
  for (const auto& [body, names] : bad) {
    for (const Error& error : {decode_get_id(body).error(), decode_get_credentials(body).error()}) {
      EXPECT_EQ(error.code, ErrorCode::kBadAnswer) << body;
      EXPECT_NE(error.message.find(names), std::string::npos) << error.message;
    }
  }
  const std::string identity = std::string(R"({"IdentityId":")") + kGuest + "\"";
  for (const auto& [rest, names] : std::vector<std::pair<std::string, std::string>>{
           {"}", "Credentials"},
           {R"(,"Credentials":{}})", "AccessKeyId"},
           {R"(,"Credentials":{"AccessKeyId":"a","SecretKey":"s"}})", "SessionToken"},
           {R"(,"Credentials":{"AccessKeyId":"a","SecretKey":"s","SessionToken":"t","Expiration":"soon"}})",
            "Expiration"},
           {R"(,"Credentials":{"AccessKeyId":"","SecretKey":"s","SessionToken":"t"}})", "Credentials"}}) {
    const auto read = decode_get_credentials(identity + rest);
    ASSERT_FALSE(read) << rest;
    EXPECT_EQ(read.error().code, ErrorCode::kBadAnswer);
    EXPECT_NE(read.error().message.find(names), std::string::npos) << read.error().message;
  }
}

}  // namespace
}  // namespace syncline::wire
