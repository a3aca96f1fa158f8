#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/wire/wire_fixtures.h"

namespace syncline::wire {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

HttpResponse answer(int status, std::string type, std::string body) {
  HttpResponse response;
  response.status = status;
  if (!type.empty()) response.headers.push_back({"X-Amzn-ErrorType", std::move(type)});
  response.body = std::move(body);
  return response;
}

HttpResponse says(int status, std::string type, const std::string& message) {
  return answer(status, std::move(type), R"({"message":")" + message + "\"}");
}

struct TableRow {
  ErrorCode code;
  const char* type;
  int status;
};

class ErrorTable : public testing::TestWithParam<TableRow> {};

// protocol.md, section 2.
INSTANTIATE_TEST_SUITE_P(
    Protocol, ErrorTable,
    testing::Values(TableRow{ErrorCode::kNotAuthorized, "NotAuthorizedException", 403},
                    TableRow{ErrorCode::kInvalidParameter, "InvalidParameterException", 400},
                    TableRow{ErrorCode::kResourceNotFound, "ResourceNotFoundException", 404},
                    TableRow{ErrorCode::kResourceConflict, "ResourceConflictException", 409},
                    TableRow{ErrorCode::kLimitExceeded, "LimitExceededException", 400},
                    TableRow{ErrorCode::kTooManyRequests, "TooManyRequestsException", 429},
                    TableRow{ErrorCode::kServiceFailure, "InternalErrorException", 500},
                    TableRow{ErrorCode::kDuplicateRequest, "DuplicateRequestException", 400},
                    TableRow{ErrorCode::kAlreadyStreamed, "AlreadyStreamedException", 400},
                    TableRow{ErrorCode::kConcurrentModification, "ConcurrentModificationException", 400},
                    TableRow{ErrorCode::kInvalidConfiguration, "InvalidConfigurationException", 400},
                    TableRow{ErrorCode::kInvalidLambdaFunctionOutput, "InvalidLambdaFunctionOutputException", 400},
                    TableRow{ErrorCode::kLambdaThrottled, "LambdaThrottledException", 429},
                    TableRow{ErrorCode::kLambdaSocketTimeout, "LambdaSocketTimeoutException", 400}));

TEST_P(ErrorTable, GoesOutAndComesBack) {
  const auto row = GetParam();
  const auto sent = encode_error(Error{.code = row.code, .message = "wörds \"quoted\""});
  EXPECT_EQ(sent.status, row.status);
  EXPECT_EQ(*find_header(sent.headers, "x-amzn-errortype"), row.type);
  const auto received = decode_error(sent);
  EXPECT_EQ(received.code, row.code);
  EXPECT_EQ(received.service_code, row.type);
  EXPECT_EQ(received.http_status, row.status);
  EXPECT_EQ(received.message, "wörds \"quoted\"");
  EXPECT_FALSE(received.retry_after);
  EXPECT_EQ(find_error(std::string_view(row.type))->code, row.code);
}

TEST(EncodeError, CodesThatTheProtocolHasNoNameForAreInternal) {
  const auto sent = encode_error(Error{.code = ErrorCode::kCorrupt, .message = "/var/lib/x.db is malformed"});
  EXPECT_EQ(sent.status, 500);
  EXPECT_EQ(*find_header(sent.headers, "x-amzn-ErrorType"), "InternalErrorException");
  EXPECT_THAT(sent.body, Not(HasSubstr("/var/lib")));  // S6: no internals
}

TEST(EncodeError, CodesThatAreToldByTheirText) {
  const auto skew = encode_error(Error{.code = ErrorCode::kClockSkew, .message = "Signature expired: ..."});
  EXPECT_EQ(skew.status, 403);
  EXPECT_EQ(decode_error(skew).code, ErrorCode::kClockSkew);
  const auto count = encode_error(
      Error{.code = ErrorCode::kNoSuchSyncCount, .message = "No such SyncCount: 37 exists for this Dataset"});
  EXPECT_EQ(count.status, 400);
  EXPECT_EQ(decode_error(count).code, ErrorCode::kNoSuchSyncCount);
  EXPECT_EQ(encode_error(Error{.code = ErrorCode::kInvalidArgument, .message = "key"}).status, 400);
}

TEST(EncodeError, RetryAfterIsRoundedUp) {
  Error error{.code = ErrorCode::kTooManyRequests, .message = "slow down"};
  error.retry_after = 1500ms;
  const auto sent = encode_error(error);
  EXPECT_EQ(*find_header(sent.headers, "retry-after"), "2");
  EXPECT_EQ(decode_error(sent).retry_after, 2000ms);
}

TEST(EncodeError, AnErrorMayChooseItsStatus) {
  Error error{.code = ErrorCode::kServiceFailure, .message = "overloaded", .http_status = 503};
  EXPECT_EQ(encode_error(error).status, 503);
}

// Case 25, D12.
TEST(DecodeError, AStaleCountIsAConflictWhateverCodeCarriesIt) {
  for (const auto& [status, type] : {std::pair{400, "InvalidParameterException"},
                                     {409, "ResourceConflictException"},
                                     {400, ""},
                                     {400, "SomethingNew"}}) {
    EXPECT_EQ(decode_error(says(status, type, "Current SyncCount for: k is: 5 not: 4")).code,
              ErrorCode::kResourceConflict);
  }
  EXPECT_EQ(decode_error(says(400, "InvalidParameterException", "No such SyncCount: 37 exists for this Dataset")).code,
            ErrorCode::kNoSuchSyncCount);
  EXPECT_EQ(decode_error(says(400, "InvalidParameterException", "the Current SyncCount for: k")).code,
            ErrorCode::kInvalidParameter);
}

TEST(DecodeError, AnExpiredSessionIsToldByItsText) {
  const auto error =
      decode_error(says(400, "InvalidParameterException", "SyncSessionToken not valid for these inputs"));
  EXPECT_EQ(error.code, ErrorCode::kResourceConflict);
  EXPECT_EQ(error.retry(), RetryClass::kResync);
}

TEST(DecodeError, AWrongClock) {
  EXPECT_EQ(decode_error(says(403, "InvalidSignatureException", "Signature expired: 2 is now earlier than 3")).code,
            ErrorCode::kClockSkew);
  EXPECT_EQ(decode_error(says(403, "NotAuthorizedException", "Signature not yet current: 3 is still later")).code,
            ErrorCode::kClockSkew);
  EXPECT_EQ(decode_error(says(500, "", "Signature expired")).code, ErrorCode::kServiceFailure);
}

TEST(DecodeError, TheTypeMayBeDressedUp) {
  for (const char* type :
       {"ResourceNotFoundException", "com.amazonaws.cognito#ResourceNotFoundException",
        "ResourceNotFoundException:http://internal.amazon.com/coral/#x", "a.b#ResourceNotFoundException:http://x"}) {
    const auto error = decode_error(answer(404, type, R"({"message":"m"})"));
    EXPECT_EQ(error.code, ErrorCode::kResourceNotFound) << type;
    EXPECT_EQ(error.service_code, "ResourceNotFoundException");
    EXPECT_EQ(decode_error(answer(404, "", R"({"__type":")" + std::string(type) + "\"}")).code,
              ErrorCode::kResourceNotFound);
  }
}

TEST(DecodeError, TheMessageMayBeCapitalOrStrange) {
  EXPECT_EQ(decode_error(answer(400, "X", R"({"Message":"why"})")).message, "why");
  EXPECT_EQ(decode_error(answer(400, "X", R"({"message":"why"})")).message, "why");
  EXPECT_THAT(decode_error(answer(400, "X", R"({"message":{"a":1}})")).message, HasSubstr("400 X"));
  EXPECT_THAT(decode_error(answer(400, "X", R"({"message":5,"__type":7})")).message, HasSubstr("400 X"));
  EXPECT_THAT(decode_error(answer(400, "X", R"({})")).message, HasSubstr("400 X"));
  std::string text;
  for (int i = 0; i < 3'000; ++i) text += "ü";
  EXPECT_THAT(decode_error(says(400, "X", "a" + text)).message, SizeIs(2'002));  // no half letter, then "..."
}

struct StatusRow {
  int status;
  const char* type;
  const char* body;
  ErrorCode code;
};

class ByStatus : public testing::TestWithParam<StatusRow> {};

INSTANTIATE_TEST_SUITE_P(
    Statuses, ByStatus,
    testing::Values(StatusRow{429, "", "", ErrorCode::kTooManyRequests},
                    StatusRow{500, "", "", ErrorCode::kServiceFailure},
                    StatusRow{503, "SlowDown", "{}", ErrorCode::kServiceFailure},
                    StatusRow{502, "", "<html>", ErrorCode::kServiceFailure},
                    StatusRow{401, "", "", ErrorCode::kNotAuthorized},
                    StatusRow{403, "", "<html>", ErrorCode::kNotAuthorized},
                    StatusRow{403, "NewAuthException", "{}", ErrorCode::kNotAuthorized},
                    StatusRow{404, "", "", ErrorCode::kBadAnswer},
                    StatusRow{404, "", R"({"message":"no page"})", ErrorCode::kBadAnswer},
                    StatusRow{404, "UnknownOperationException", "{}", ErrorCode::kUnknownServiceError},
                    StatusRow{400, "BrandNewException", "{}", ErrorCode::kUnknownServiceError},
                    StatusRow{400, "", R"({"message":"no type"})", ErrorCode::kUnknownServiceError},
                    StatusRow{400, "", "<html>", ErrorCode::kBadAnswer}, StatusRow{302, "", "", ErrorCode::kBadAnswer},
                    StatusRow{408, "", "", ErrorCode::kTimeout}, StatusRow{0, "", "", ErrorCode::kBadAnswer},
                    StatusRow{400, "ThrottlingException", "{}", ErrorCode::kTooManyRequests},
                    StatusRow{400, "ExpiredTokenException", "{}", ErrorCode::kNotAuthorized},
                    StatusRow{400, "UnrecognizedClientException", "{}", ErrorCode::kNotAuthorized}));

TEST_P(ByStatus, IsClassified) {
  const auto row = GetParam();
  const auto error = decode_error(answer(row.status, row.type, row.body));
  EXPECT_EQ(error.code, row.code) << row.status << " " << row.type << ": " << to_string(error.code);
  EXPECT_EQ(error.http_status, row.status);
  EXPECT_FALSE(error.message.empty());
}

TEST(DecodeError, QuotesAtMost200PrintableCharactersOfWhatIsNoJson) {
  const auto error = decode_error(answer(502, "", "<h1>Bad\r\n\t gate\x01way\xFF</h1>" + std::string(5'000, 'x')));
  EXPECT_THAT(error.message, HasSubstr("502"));
  EXPECT_THAT(error.message, HasSubstr("<h1>Bad gateway</h1>xxx"));
  EXPECT_LT(error.message.size(), 260U);
}

TEST(DecodeError, RetryAfterInSecondsOnly) {
  const auto after = [](std::string value) {
    auto response = answer(429, "TooManyRequestsException", "{}");
    response.headers.push_back({"retry-after", std::move(value)});
    return decode_error(response).retry_after;
  };
  EXPECT_EQ(after("0"), 0ms);
  EXPECT_EQ(after("120"), 120'000ms);
  EXPECT_EQ(after("9223372036854775807"), 86'400'000ms);
  for (const char* odd : {"", "-1", "1.5", "soon", "99999999999999999999", "Wed, 21 Oct 2015 07:28:00 GMT", "1 "}) {
    EXPECT_FALSE(after(odd)) << odd;
  }
}

}  // namespace
}  // namespace syncline::wire
