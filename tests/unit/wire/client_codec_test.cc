#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/wire/wire_fixtures.h"

namespace syncline::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view kDatasetsPath =
    "/identitypools/us-east-1%3A11111111-2222-3333-4444-555555555555"
    "/identities/us-east-1%3Aaaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/datasets";

std::string path_to(std::string_view tail) {
  return std::string(kDatasetsPath) + std::string(tail);
}

// --- requests -------------------------------------------------------------------------------------------------------

TEST(EncodeRequest, EscapesEachPathSegment) {
  const auto describe = encode(DescribeDatasetRequest{target_of("a:b_c-d.e")});
  EXPECT_EQ(describe.method, "GET");
  EXPECT_EQ(describe.path, path_to("/a%3Ab_c-d.e"));
  EXPECT_THAT(describe.query, IsEmpty());
  EXPECT_THAT(describe.headers, IsEmpty());
  EXPECT_THAT(describe.body, IsEmpty());
  EXPECT_EQ(encode(DeleteDatasetRequest{target_of("d")}).method, "DELETE");
  EXPECT_EQ(encode(DeleteDatasetRequest{target_of("d")}).path, path_to("/d"));
}

TEST(EncodeRequest, ADatasetNamedLikeADotSegmentSurvivesPathNormalisation) {
  EXPECT_EQ(encode(DescribeDatasetRequest{target_of(".")}).path, path_to("/%2E"));
  EXPECT_EQ(encode(DescribeDatasetRequest{target_of("..")}).path, path_to("/%2E%2E"));
  EXPECT_EQ(encode(DescribeDatasetRequest{target_of("...")}).path, path_to("/..."));
}

TEST(EncodeRequest, ListDatasetsSendsOnlyWhatIsSet) {
  ListDatasetsRequest request;
  request.target = target_of("");
  EXPECT_EQ(encode(request).path, kDatasetsPath);
  EXPECT_THAT(encode(request).query, IsEmpty());
  request.next_token = "a=b&c+d";
  request.max_results = 5;
  EXPECT_THAT(encode(request).query, ElementsAre(Pair("nextToken", "a=b&c+d"), Pair("maxResults", "5")));
}

TEST(EncodeRequest, ListRecordsAlwaysSaysFromWhichCount) {
  ListRecordsRequest request;
  request.target = target_of("d");
  EXPECT_EQ(encode(request).path, path_to("/d/records"));
  EXPECT_THAT(encode(request).query, ElementsAre(Pair("lastSyncCount", "0")));
  request.last_sync_count = SyncCount{9'007'199'254'740'993};
  request.next_token = "n";
  request.max_results = 1024;
  request.session_token = "s";
  EXPECT_THAT(encode(request).query, ElementsAre(Pair("lastSyncCount", "9007199254740993"), Pair("nextToken", "n"),
                                                 Pair("maxResults", "1024"), Pair("syncSessionToken", "s")));
}

TEST(EncodeRequest, UpdateRecordsBody) {
  UpdateRecordsRequest request;
  request.target = target_of("d");
  request.device_id = "dev";
  request.session_token = "tok\"en";
  request.client_context = "ctx";
  request.patches = {
      {PatchOperation::kReplace, "k1", "v\n\x01", SyncCount{3}, at_millisecond(1'700'000'000'123)},
      {PatchOperation::kReplace, "k2", "", SyncCount{0}, std::nullopt},
      {PatchOperation::kRemove, "k3", "ignored", SyncCount{7}, at_millisecond(1'700'000'000'000)},
  };
  const auto http = encode(request);
  EXPECT_EQ(http.method, "POST");
  EXPECT_EQ(http.path, path_to("/d"));
  EXPECT_EQ(*find_header(http.headers, "content-type"), "application/json");
  EXPECT_EQ(*find_header(http.headers, "x-amz-client-context"), "ctx");
  EXPECT_EQ(http.body,
            R"({"DeviceId":"dev","RecordPatches":[)"
            R"({"Op":"replace","Key":"k1","Value":"v\n\u0001","SyncCount":3,"DeviceLastModifiedDate":1700000000.123},)"
            R"({"Op":"replace","Key":"k2","Value":"","SyncCount":0},)"
            R"({"Op":"remove","Key":"k3","SyncCount":7,"DeviceLastModifiedDate":1700000000.000}],)"
            R"("SyncSessionToken":"tok\"en"})");
}

TEST(EncodeRequest, TextThatIsNoUtf8NeverThrows) {
  UpdateRecordsRequest request;
  request.target = target_of("d");
  request.patches = {{PatchOperation::kReplace, "k", "a\xFFz\xC3", SyncCount{0}, std::nullopt}};
  EXPECT_THAT(encode(request).body, HasSubstr("a\xEF\xBF\xBDz\xEF\xBF\xBD"));
}

// --- answers --------------------------------------------------------------------------------------------------------

TEST(DecodeListRecords, ReadsEveryField) {
  const auto page = decode_list_records(R"({
    "Count": 2, "DatasetDeletedAfterRequestedSyncCount": true, "DatasetExists": true, "DatasetSyncCount": 12,
    "LastModifiedBy": "laptop", "MergedDatasetNames": ["d.us-east-1:1", "d.us-east-1:2"], "NextToken": "n",
    "Records": [
      {"DeviceLastModifiedDate": 1699999999.001, "Key": "k", "LastModifiedBy": "phone",
       "LastModifiedDate": 1700000000.123, "SyncCount": 11, "Value": "v"},
      {"Key": "gone", "SyncCount": 12, "LastModifiedBy": "phone", "LastModifiedDate": 1.700000000123e9,
       "DeviceLastModifiedDate": 1699999999.001}],
    "SyncSessionToken": "s"})");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_THAT(page->records, ElementsAre(record_of("k", "v", 11), record_of("gone", std::nullopt, 12)));
  EXPECT_EQ(page->dataset_count, SyncCount{12});
  EXPECT_TRUE(page->dataset_exists);
  EXPECT_TRUE(page->deleted_after_requested);
  EXPECT_EQ(page->last_modified_by, "laptop");
  EXPECT_EQ(page->next_token, "n");
  EXPECT_EQ(page->session_token, "s");
  EXPECT_THAT(page->merged_datasets, ElementsAre("d.us-east-1:1", "d.us-east-1:2"));
}

TEST(DecodeListRecords, AbsentAndNullAreTheSame) {
  for (const char* body : {R"({"DatasetSyncCount":0})",
                           R"({"DatasetSyncCount":0,"Records":null,"NextToken":null,"MergedDatasetNames":null,
                               "DatasetExists":null,"LastModifiedBy":null,"SyncSessionToken":null,"Count":null})"}) {
    const auto page = decode_list_records(body);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_THAT(page->records, IsEmpty());
    EXPECT_THAT(page->next_token, IsEmpty());
    EXPECT_FALSE(page->dataset_exists);
  }
}

TEST(DecodeListRecords, WithoutDatasetExistsTheCountOrTheRecordsTell) {
  EXPECT_TRUE(decode_list_records(R"({"DatasetSyncCount":1})")->dataset_exists);
  EXPECT_TRUE(decode_list_records(R"({"DatasetSyncCount":0,"Records":[{"Key":"k","SyncCount":1}]})")->dataset_exists);
  EXPECT_FALSE(decode_list_records(R"({"DatasetSyncCount":1,"DatasetExists":false})")->dataset_exists);
}

// Case 7: D17.
TEST(DecodeListRecords, AnEmptyValueIsAValueAndNoValueIsATombstone) {
  const auto page = decode_list_records(R"({"DatasetSyncCount":3,"Records":[
    {"Key":"a","SyncCount":1,"Value":""}, {"Key":"b","SyncCount":2}, {"Key":"c","SyncCount":3,"Value":null}]})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->records[0].version.value, "");
  EXPECT_EQ(page->records[1].version.value, std::nullopt);
  EXPECT_EQ(page->records[2].version.value, std::nullopt);
}

TEST(DecodeListRecords, SkipsUnknownFieldsAtAnyDepth) {
  const auto page = decode_list_records(R"({"New":{"Records":[{"Key":1}],"DatasetSyncCount":"x"},"List":[[1,{"Key":2}]],
    "Records":[{"Extra":{"Key":7,"SyncCount":"no"},"Key":"k","Tags":["Value",["x"]],"SyncCount":2,"Value":"v"}],
    "DatasetSyncCount":2})");
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->records.size(), 1U);
  EXPECT_EQ(page->records[0].key, "k");
  EXPECT_EQ(page->records[0].version.value, "v");
}

struct Refusal {
  const char* body;
  const char* named;
};

class RefusedPage : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedPage, NamesOperationAndField) {
  const auto page = decode_list_records(GetParam().body);
  ASSERT_FALSE(page) << GetParam().body;
  EXPECT_EQ(page.error().code, ErrorCode::kBadAnswer);
  EXPECT_THAT(page.error().message, HasSubstr("ListRecords"));
  EXPECT_THAT(page.error().message, HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedPage,
    testing::Values(
        Refusal{R"({})", "DatasetSyncCount is missing"}, Refusal{R"({"DatasetSyncCount":null})", "is missing"},
        Refusal{R"({"DatasetSyncCount":"5"})", "DatasetSyncCount is not a whole number"},
        Refusal{R"({"DatasetSyncCount":5.5})", "DatasetSyncCount is not a whole number"},
        Refusal{R"({"DatasetSyncCount":-1})", "DatasetSyncCount is not a whole number"},
        Refusal{R"({"DatasetSyncCount":1e300})", "DatasetSyncCount is not a whole number"},
        Refusal{R"({"DatasetSyncCount":9223372036854775808})", "DatasetSyncCount is not a whole number"},
        Refusal{R"({"DatasetSyncCount":[1]})", "DatasetSyncCount is not a whole number"},
        Refusal{R"({"DatasetSyncCount":1,"DatasetExists":1})", "DatasetExists is not true or false"},
        Refusal{R"({"DatasetSyncCount":1,"NextToken":{}})", "NextToken is not a string"},
        Refusal{R"({"DatasetSyncCount":1,"Records":{}})", "Records is not an array"},
        Refusal{R"({"DatasetSyncCount":1,"Records":"x"})", "Records is not an array"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[null]})", "Records[0] is not an object"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[[]]})", "Records[0] is not an object"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[{"Key":"a","SyncCount":1},7]})", "Records[1] is not an object"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[{"SyncCount":1}]})", "Records[0].Key is missing"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[{"Key":"","SyncCount":1}]})", "Records[0].Key is not a key"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[{"Key":"a","SyncCount":1},{"Key":"b"}]})",
                "Records[1].SyncCount is missing"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[{"Key":"a","SyncCount":1,"Value":5}]})",
                "Records[0].Value is not a string"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[{"Key":"a","SyncCount":1,"Value":["x"]}]})",
                "Records[0].Value is not a string"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[{"Key":"a","SyncCount":1,"LastModifiedDate":1e300}]})",
                "Records[0].LastModifiedDate is not a time"},
        Refusal{R"({"DatasetSyncCount":1,"Records":[{"Key":"a","SyncCount":1,"LastModifiedDate":"now"}]})",
                "Records[0].LastModifiedDate is not a time"},
        Refusal{R"({"DatasetSyncCount":1,"MergedDatasetNames":["a",{}]})", "MergedDatasetNames[1] is not a string"},
        Refusal{R"({"DatasetSyncCount":1,"MergedDatasetNames":[null]})", "MergedDatasetNames[0] is not a string"},
        Refusal{R"({"DatasetSyncCount":1,"MergedDatasetNames":"a"})", "MergedDatasetNames is not an array"}));

TEST(DecodeCounts, AcceptsEveryWholeNumberOf64Bits) {
  EXPECT_EQ(decode_list_records(R"({"DatasetSyncCount":5.0})")->dataset_count.value, 5);
  EXPECT_EQ(decode_list_records(R"({"DatasetSyncCount":5e2})")->dataset_count.value, 500);
  EXPECT_EQ(decode_list_records(R"({"DatasetSyncCount":9223372036854775807})")->dataset_count.value,
            std::numeric_limits<std::int64_t>::max());
}

TEST(DecodeTimes, MillisecondsAreExact) {
  const auto time_of = [](const std::string& number) {
    return decode_update_records(R"({"Records":[{"Key":"k","SyncCount":1,"LastModifiedDate":)" + number + "}]}");
  };
  EXPECT_EQ(time_of("1700000000.999")->records[0].version.modified_at, at_millisecond(1'700'000'000'999));
  EXPECT_EQ(time_of("1700000000")->records[0].version.modified_at, at_millisecond(1'700'000'000'000));
  EXPECT_EQ(time_of("-0.001")->records[0].version.modified_at, at_millisecond(-1));
  EXPECT_EQ(time_of("-5")->records[0].version.modified_at, at_millisecond(-5'000));
  EXPECT_EQ(time_of("253402300799.999")->records[0].version.modified_at, at_millisecond(253'402'300'799'999));
  EXPECT_FALSE(time_of("253402300800"));
  EXPECT_FALSE(time_of("-62135596801"));
  EXPECT_FALSE(time_of("18446744073709551615"));
  EXPECT_FALSE(time_of("true"));
}

TEST(DecodeUpdateRecords, AcceptsNoRecordsAndRecordsThatWereNeverSent) {  // case 13
  EXPECT_THAT(decode_update_records("{}")->records, IsEmpty());
  EXPECT_THAT(decode_update_records(R"({"Records":[]})")->records, IsEmpty());
  EXPECT_EQ(decode_update_records(R"({"Records":[{"Key":"x","SyncCount":4}]})")->records.size(), 1U);
  EXPECT_THAT(decode_update_records(R"({"Records":[{}]})").error().message, HasSubstr("UpdateRecords"));
}

TEST(DecodeDataset, ReadsEveryField) {
  const auto answer = decode_dataset(R"({"Dataset":{"IdentityId":"us-east-1:1","DatasetName":"d","CreationDate":1.5,
    "LastModifiedDate":2,"LastModifiedBy":"me","DataStorage":77,"NumRecords":3}})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->dataset, (Dataset{"us-east-1:1", "d", at_millisecond(1500), at_millisecond(2000), "me", 77, 3}));
}

TEST(DecodeDataset, NamesWhatIsMissing) {
  EXPECT_THAT(decode_dataset("{}").error().message, HasSubstr("Dataset is missing"));
  EXPECT_THAT(decode_dataset(R"({"Dataset":null})").error().message, HasSubstr("Dataset is missing"));
  EXPECT_THAT(decode_dataset(R"({"Dataset":{}})").error().message, HasSubstr("Dataset.DatasetName is missing"));
  EXPECT_THAT(decode_dataset(R"({"Dataset":[]})").error().message, HasSubstr("Dataset is not an object"));
  EXPECT_THAT(decode_dataset(R"({"Dataset":1})").error().message, HasSubstr("Dataset is not an object"));
  EXPECT_THAT(decode_dataset(R"({"Dataset":{"DatasetName":"d","NumRecords":-1}})").error().message,
              HasSubstr("Dataset.NumRecords"));
}

TEST(DecodeListDatasets, ReadsAPage) {
  const auto answer = decode_list_datasets(R"({"Count":2,"Datasets":[{"DatasetName":"a"},{"DatasetName":"b"}],
    "NextToken":"t"})");
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->datasets.size(), 2U);
  EXPECT_EQ(answer->datasets[1].name, "b");
  EXPECT_EQ(answer->next_token, "t");
  EXPECT_THAT(decode_list_datasets(R"({"Datasets":[{"DatasetName":"a"},{}]})").error().message,
              HasSubstr("Datasets[1].DatasetName is missing"));
}

}  // namespace
}  // namespace syncline::wire
