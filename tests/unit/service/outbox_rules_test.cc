// The words of what leaves: protocol.md, sections 5 and 6.
#include "service/outbox_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service_fixture.h"

namespace syncline::service {
namespace {

wire::Target some_target() {
  return {.pool = IdentityPoolId::parse("us-east-1:aaaaaaaa-2222-3333-4444-555555555555").value(),
          .identity = IdentityId::parse(kIdentity).value(),
          .dataset = DatasetName::parse("save").value()};
}

OutgoingMessage some_message() {
  const Timestamp time{std::chrono::milliseconds(1'700'000'000'123)};
  const RemoteRecord put_one{.key = "a\"b",
                             .version = {.value = "x",
                                         .count = SyncCount{7},
                                         .modified_by = "device",
                                         .modified_at = time,
                                         .device_modified_at = time - std::chrono::milliseconds(23)}};
  RemoteRecord removed = put_one;
  removed.key = "gone";
  removed.version.value.reset();
  return {.count = SyncCount{7}, .modified_at = time, .records = stream_records({put_one, removed})};
}

TEST(StreamRecord, HasSection6sFields) {
  EXPECT_EQ(stream_record(some_target(), some_message()),
            R"({"identityPoolId":"us-east-1:aaaaaaaa-2222-3333-4444-555555555555",)"
            R"("identityId":"us-east-1:11111111-2222-3333-4444-555555555555","dataSetName":"save",)"
            R"("operation":"replace","kinesisSyncRecords":[{"key":"a\"b","value":"x","syncCount":7,)"
            R"("lastModifiedDate":1700000000123,"deviceLastModifiedDate":1700000000100,"op":"replace"},)"
            R"({"key":"gone","syncCount":7,"lastModifiedDate":1700000000123,)"
            R"("deviceLastModifiedDate":1700000000100,"op":"remove"}],)"
            R"("lastModifiedDate":1700000000123,"payloadType":"Inline","syncCount":7})");
}

TEST(StreamRecord, NamesAUrlInsteadOfItsRecords) {
  EXPECT_EQ(stream_record(some_target(), some_message(), "https://store/x?y=z&a"),
            R"({"identityPoolId":"us-east-1:aaaaaaaa-2222-3333-4444-555555555555",)"
            R"("identityId":"us-east-1:11111111-2222-3333-4444-555555555555","dataSetName":"save",)"
            R"("operation":"replace","kinesisSyncRecordsURL":"https://store/x?y=z&a",)"
            R"("lastModifiedDate":1700000000123,"payloadType":"S3Url","syncCount":7})");
}

TEST(PushMessage, OnApplesServiceIsUnderData) {
  const std::string data = R"(\"data\":{\"source\":\"cognito-sync\",)"
                           R"(\"identityPoolId\":\"us-east-1:aaaaaaaa-2222-3333-4444-555555555555\",)"
                           R"(\"identityId\":\"us-east-1:11111111-2222-3333-4444-555555555555\",)"
                           R"(\"datasetName\":\"save\",\"syncCount\":)";
  EXPECT_EQ(push_message(some_target(), some_message(), wire::Platform::kApnsSandbox),
            R"({"APNS_SANDBOX":"{\"aps\":{\"content-available\":1},)" + data + R"(7}}"})");
  EXPECT_EQ(push_message(some_target(), some_message(), wire::Platform::kGcm), R"({"GCM":"{)" + data + R"(\"7\"}}"})");
}

}  // namespace
}  // namespace syncline::service
