// D20: what a push message may hold.
#include "wire/push_payload.h"

#include <gtest/gtest.h>

namespace syncline::wire {
namespace {

const std::string kGamePool = "us-east-1:aaaaaaaa-2222-3333-4444-555555555555";
const std::string kSomebody = "us-east-1:11111111-2222-3333-4444-555555555555";

std::string payload(const std::string& count = "7") {
  return R"({"source":"cognito-sync","identityPoolId":")" + kGamePool + R"(","identityId":")" + kSomebody +
         R"(","datasetName":"save","syncCount":)" + count + "}";
}

// "" if it was taken.
std::string refused(std::string_view bytes) {
  const auto push = decode_push(bytes);
  if (push) return {};
  EXPECT_EQ(push.error().code, ErrorCode::kInvalidArgument);
  return push.error().message;
}

TEST(PushPayloadTest, HasFiveKeysAtTheTopOrBelowData) {
  for (const auto& bytes : {payload(), R"({"aps":{"content-available":1},"data":)" + payload() + "}", payload(R"("7")"),
                            R"({"from":"sender",)" + payload().substr(1), " " + payload("7.0") + "\n"}) {
    const auto push = decode_push(bytes);
    ASSERT_TRUE(push) << bytes << ": " << push.error().message;
    EXPECT_EQ(push->target.pool.text(), kGamePool);
    EXPECT_EQ(push->target.identity.text(), kSomebody);
    EXPECT_EQ(push->target.dataset.text(), "save");
    EXPECT_EQ(push->count.value, 7);
  }
}

TEST(PushPayloadTest, D20ATruncatedOneIsRefusedWhereverItEnds) {
  const auto whole = R"({"data":)" + payload() + "}";
  for (std::size_t end = 0; end < whole.size(); ++end) EXPECT_NE(refused(whole.substr(0, end)), "") << end;
}

TEST(PushPayloadTest, D20ForgedOnesAreRefusedAndSayWhy) {
  const auto with = [](const std::string& from, const std::string& to) {
    auto bytes = payload();
    return bytes.replace(bytes.find(from), from.size(), to);
  };
  EXPECT_EQ(refused(with("cognito-sync", "cognito-sink")), "the push message: source is not cognito-sync");
  EXPECT_EQ(refused(with(R"("source":"cognito-sync",)", "")), "the push message: source is missing");
  EXPECT_EQ(refused(with(kGamePool, "pool")), "the push message: identityPoolId is none");
  EXPECT_EQ(refused(with(kSomebody, "")), "the push message: identityId is none");
  EXPECT_EQ(refused(with(R"("save")", R"("sa/ve")")), "the push message: datasetName is none");
  EXPECT_EQ(refused(with(R"("save")", "7")), "the push message: datasetName is not a string");
  EXPECT_EQ(refused(R"({"data":{}})"), "the push message: data.source is missing");
  for (const char* count : {"-1", "1.5", "1e30", "true", "[7]", R"("")", R"("-1")", R"("7 ")", R"("0x7")",
                            R"("99999999999999999999")", "null", "99999999999999999999"}) {
    EXPECT_NE(refused(payload(count)), "") << count;
  }
}

TEST(PushPayloadTest, D20WhateverTheBytesMemoryAndTimeAreBounded) {
  EXPECT_EQ(refused(std::string(kLongestPush + 1, ' ')), "the push message: it has more than 8192 bytes");
  EXPECT_NE(refused(std::string(kLongestPush, '[')), "");
  std::string deep;
  for (int i = 0; i < 1'000; ++i) deep += R"({"data":)";
  EXPECT_NE(refused(deep), "");
  EXPECT_NE(refused(std::string_view("\0\xFF\xFE", 3)), "");
  EXPECT_NE(refused(payload() + payload()), "");
}

TEST(PushPayloadTest, TheStreamsRequestNamesOneIdentity) {
  const ChangeStreamRequest request{
      .target = decode_push(payload())->target, .device_id = "phone", .last_event_id = "42"};
  const auto http = encode(request);
  EXPECT_EQ(http.path,
            "/syncline/identitypools/us-east-1%3Aaaaaaaaa-2222-3333-4444-555555555555/identities/"
            "us-east-1%3A11111111-2222-3333-4444-555555555555/changes");
  EXPECT_EQ(*find_header(http.headers, "Last-Event-ID"), "42");
  ASSERT_EQ(http.query.size(), 1U);
  EXPECT_EQ(http.query[0].second, "phone");
  EXPECT_TRUE(encode(ChangeStreamRequest{.target = request.target}).query.empty());
}

}  // namespace
}  // namespace syncline::wire
