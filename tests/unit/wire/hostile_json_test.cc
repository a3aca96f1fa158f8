// Bytes that are no message: cut off, deep, repeated, no UTF-8. Both sides read through the same reader (S6, D13).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/wire/wire_fixtures.h"

namespace syncline::wire {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kWhole =
    R"({"DatasetSyncCount":1,"X":{"a":[1,2,{"b":null}]},"Records":[{"Key":"k","SyncCount":1,"Value":"secret"}]})";

TEST(HostileJson, EveryPrefixIsCutOff) {
  ASSERT_TRUE(decode_list_records(kWhole));
  for (std::size_t length = 0; length < kWhole.size(); ++length) {
    const auto page = decode_list_records(kWhole.substr(0, length));
    ASSERT_FALSE(page) << length;
    ASSERT_EQ(page.error().code, ErrorCode::kBadAnswer);
    ASSERT_THAT(page.error().message, Not(HasSubstr("secr"))) << "a record's value in a message";
  }
}

TEST(HostileJson, EveryChangedByteIsAnAnswerOrAnError) {
  for (std::size_t i = 0; i < kWhole.size(); ++i) {
    for (const char byte : {'\0', '"', '{', ']', ',', '\xFF', '9', '\\'}) {
      std::string body(kWhole);
      body[i] = byte;
      const auto page = decode_list_records(body);
      if (!page) {
        EXPECT_EQ(page.error().code, ErrorCode::kBadAnswer);
      }
    }
  }
}

TEST(HostileJson, NothingButOneObject) {
  for (const char* body : {"", " ", "null", "true", "5", "\"x\"", "[]", "[{}]", "{}{}", "{} x", "<html>", "{'a':1}",
                           "NaN", "{\"DatasetSyncCount\":NaN}", "{\"DatasetSyncCount\":1e999}", "// c\n{}"}) {
    EXPECT_FALSE(decode_list_records(body)) << body;
    EXPECT_EQ(decode_update_records_request(target_of("d"), with_body(body)).error().code, ErrorCode::kInvalidParameter)
        << body;
  }
}

std::string nested(std::string_view open, std::string_view close, std::size_t depth) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(HostileJson, DepthDoesNotOverflowTheStack) {
  static constexpr std::size_t kDepth = 1'000'000;
  for (const auto& deep : {nested("[", "]", kDepth), nested(R"({"a":)", "}", kDepth / 4)}) {
    const bool array = deep.front() == '[';
    const std::string inside = array ? deep : deep.substr(0, kDepth / 4 * 5) + "1" + deep.substr(kDepth / 4 * 5);
    const auto page = decode_list_records(R"({"Unknown":)" + inside + R"(,"DatasetSyncCount":4})");
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->dataset_count.value, 4);
    EXPECT_FALSE(decode_list_records(inside));
    EXPECT_FALSE(decode_update_records_request(target_of("d"), with_body(R"({"SyncSessionToken":)" + inside)));
  }
}

TEST(HostileJson, BytesThatAreNoUtf8) {
  for (const char* bad : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3", R"(\ud800)", R"(\udc00x)"}) {
    const auto body =
        R"({"DatasetSyncCount":1,"Records":[{"Key":"k","SyncCount":1,"Value":")" + std::string(bad) + R"("}]})";
    EXPECT_FALSE(decode_list_records(body)) << testing::PrintToString(std::string(bad));
    const auto update = R"({"SyncSessionToken":")" + std::string(bad) + "\"}";
    EXPECT_EQ(decode_update_records_request(target_of("d"), with_body(update)).error().code,
              ErrorCode::kInvalidParameter);
  }
  const std::string utf16("{\0}\0", 4);
  EXPECT_FALSE(decode_list_records(utf16));
}

TEST(HostileJson, TheLastOfARepeatedFieldCounts) {
  const auto page = decode_list_records(
      R"({"DatasetSyncCount":1,"Records":[{"Key":"a","SyncCount":1},{"Key":"b","SyncCount":1}],"DatasetSyncCount":2,
          "Records":[{"Key":"c","Key":"d","SyncCount":1}],"MergedDatasetNames":["x"],"MergedDatasetNames":["y"]})");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->dataset_count.value, 2);
  ASSERT_EQ(page->records.size(), 1U);
  EXPECT_EQ(page->records[0].key, "d");
  EXPECT_EQ(page->merged_datasets, std::vector<std::string>{"y"});
}

TEST(HostileJson, ANamedFieldOfOneObjectMeansNothingInAnother) {
  const auto page = decode_list_records(
      R"({"DatasetSyncCount":1,"Key":5,"Value":{},"Records":[{"Key":"k","SyncCount":1,"Records":[1],"NextToken":2}]})");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->records.size(), 1U);
}

}  // namespace
}  // namespace syncline::wire
