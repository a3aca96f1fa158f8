#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "syncline/limits.h"
#include "unit/wire/wire_fixtures.h"

namespace syncline::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// --- routes ---------------------------------------------------------------------------------------------------------

TEST(ParseRoute, FindsWhatTheClientAsksFor) {
  const auto expect_route = [](const HttpRequest& request, Operation operation, std::string_view dataset) {
    const auto route = parse_route(request.method, request.path);
    ASSERT_TRUE(route) << request.path;
    EXPECT_EQ(route->operation, operation);
    EXPECT_EQ(route->pool, kPool);
    EXPECT_EQ(route->identity, kIdentity);
    EXPECT_EQ(route->dataset, dataset);
    const auto target = check_target(*route);
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(*target, target_of(dataset));
  };
  ListDatasetsRequest list_datasets;
  list_datasets.target = target_of("");
  expect_route(encode(list_datasets), Operation::kListDatasets, "");
  for (const char* name : {"d", "records", "datasets", ".", "..", "a:b.c-d_e"}) {
    ListRecordsRequest list;
    list.target = target_of(name);
    UpdateRecordsRequest update;
    update.target = target_of(name);
    expect_route(encode(list), Operation::kListRecords, name);
    expect_route(encode(update), Operation::kUpdateRecords, name);
    expect_route(encode(DescribeDatasetRequest{target_of(name)}), Operation::kDescribeDataset, name);
    expect_route(encode(DeleteDatasetRequest{target_of(name)}), Operation::kDeleteDataset, name);
  }
}

TEST(ParseRoute, RefusesTheRest) {
  for (const char* path :
       {"", "/", "identitypools/p/identities/i/datasets", "/identitypool", "/identitypools/p/identities",
        "/identitypools/p/identity/i/datasets", "/identitypools/p/identities/i/datasets/",
        "/identitypools//identities/i/datasets", "/identitypools/p/identities/i/datasets/d/",
        "/identitypools/p/identities/i/datasets/d/record", "/identitypools/p/identities/i/datasets/d/records/x",
        "/identitypools/p/identities/i/datasets/%4", "/identitypools/p/identities/i/datasets/%zz",
        "//identitypools/p/identities/i/datasets", "/IDENTITYPOOLS/p/identities/i/datasets"}) {
    EXPECT_FALSE(parse_route("GET", path)) << path;
  }
  EXPECT_FALSE(parse_route("POST", "/identitypools/p/identities/i/datasets"));
  EXPECT_FALSE(parse_route("PUT", "/identitypools/p/identities/i/datasets/d"));
  EXPECT_FALSE(parse_route("get", "/identitypools/p/identities/i/datasets/d"));
  EXPECT_FALSE(parse_route("POST", "/identitypools/p/identities/i/datasets/d/records"));
  EXPECT_FALSE(parse_route("GET", std::string(1'000'000, '/')));
}

TEST(ParseRoute, UndoesThePercentEncodingOnce) {
  EXPECT_EQ(parse_route("GET", "/identitypools/a%253Ab/identities/i%2Fj/datasets/a+b%20c")->pool, "a%3Ab");
  EXPECT_EQ(parse_route("GET", "/identitypools/a%253Ab/identities/i%2Fj/datasets/a+b%20c")->identity, "i/j");
  EXPECT_EQ(parse_route("GET", "/identitypools/a%253Ab/identities/i%2Fj/datasets/a+b%20c")->dataset, "a+b c");
}

TEST(CheckTarget, NamesTheFieldAndItsConstraint) {
  const auto message = [](std::string pool, std::string identity, std::string dataset) {
    const auto target =
        check_target(Route{Operation::kListRecords, std::move(pool), std::move(identity), std::move(dataset)});
    EXPECT_FALSE(target);
    EXPECT_EQ(target.error().code, ErrorCode::kInvalidParameter);
    return target.error().message;
  };
  const std::string pool(kPool);
  const std::string identity(kIdentity);
  EXPECT_EQ(message(pool, identity, "a b"),
            "1 validation error detected: Value 'a b' at 'datasetName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z0-9_.:-]+");
  EXPECT_THAT(message(pool, identity, std::string(129, 'a')),
              HasSubstr("Value at 'datasetName' failed to satisfy constraint: Member must have length less than or "
                        "equal to 128"));
  EXPECT_THAT(message(pool, identity, "a\nb'\xFF"), HasSubstr("Value at 'datasetName'"));
  EXPECT_THAT(message("pool", identity, "d"), HasSubstr("Value 'pool' at 'identityPoolId'"));
  EXPECT_THAT(message(pool, "us-east-1:XYZ", "d"), HasSubstr("'identityId'"));
  EXPECT_THAT(message(pool, "r:" + std::string(60, 'a'), "d"), HasSubstr("less than or equal to 55"));
  EXPECT_THAT(message(pool, "", "d"), HasSubstr("'identityId' failed to satisfy constraint: Member must have length"));
}

// --- requests -------------------------------------------------------------------------------------------------------

TEST(DecodeListRecordsRequest, ReadsTheQuery) {
  const auto request = decode_list_records_request(target_of("d"), with_query({{"lastSyncCount", "9223372036854775807"},
                                                                               {"nextToken", "n=+"},
                                                                               {"maxResults", "1024"},
                                                                               {"syncSessionToken", "s"},
                                                                               {"other", "x"}}));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->target, target_of("d"));
  EXPECT_EQ(request->last_sync_count.value, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(request->next_token, "n=+");
  EXPECT_EQ(request->max_results, 1024);
  EXPECT_EQ(request->session_token, "s");

  const auto plain = decode_list_records_request(target_of("d"), with_query({}));
  EXPECT_EQ(plain->last_sync_count.value, 0);
  EXPECT_EQ(plain->max_results, std::nullopt);
}

TEST(DecodeListRecordsRequest, NamesTheParameterThatIsWrong) {
  for (const char* bad : {"", "x", "-1", "1.0", "+1", " 1", "9223372036854775808", "1e3", "0x1"}) {
    const auto request = decode_list_records_request(target_of("d"), with_query({{"lastSyncCount", bad}}));
    ASSERT_FALSE(request) << bad;
    EXPECT_EQ(request.error().code, ErrorCode::kInvalidParameter);
    EXPECT_THAT(request.error().message, HasSubstr("'lastSyncCount'"));
  }
  for (const char* bad : {"", "x", "-1", "0", "1025", "99999999999999999999"}) {
    const auto query = with_query({{"maxResults", bad}});
    EXPECT_THAT(decode_list_records_request(target_of("d"), query).error().message, HasSubstr("'maxResults'"));
    EXPECT_THAT(decode_list_datasets_request(target_of(""), query).error().message, HasSubstr("'maxResults'"));
  }
  EXPECT_EQ(decode_list_datasets_request(target_of(""), with_query({{"maxResults", "1"}}))->max_results, 1);
}

TEST(DecodeUpdateRecordsRequest, ReadsWhatTheClientWrites) {
  UpdateRecordsRequest sent;
  sent.target = target_of("d");
  sent.device_id = "dev";
  sent.session_token = "tok";
  sent.client_context = "ctx";
  sent.patches = {
      {PatchOperation::kReplace, "k\xF0\x9F\x98\x80", std::string("a\0\"\\\xF0\x9F\x98\x80\x1F/\x7F", 12), SyncCount{3},
       at_millisecond(1'700'000'000'123)},
      {PatchOperation::kReplace, "empty", "", SyncCount{0}, std::nullopt},
      {PatchOperation::kRemove, "gone", std::nullopt, SyncCount{7}, at_millisecond(-1)},
  };
  const auto received = decode_update_records_request(target_of("d"), encode(sent));
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(received->device_id, "dev");
  EXPECT_EQ(received->session_token, "tok");
  EXPECT_EQ(received->client_context, "ctx");
  ASSERT_THAT(received->patches, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(received->patches[i].operation, sent.patches[i].operation);
    EXPECT_EQ(received->patches[i].key, sent.patches[i].key);
    EXPECT_EQ(received->patches[i].value, sent.patches[i].value);
    EXPECT_EQ(received->patches[i].sync_count, sent.patches[i].sync_count);
    EXPECT_EQ(received->patches[i].device_modified_at, sent.patches[i].device_modified_at);
  }
}

TEST(DecodeUpdateRecordsRequest, WithoutPatchesItWritesNothing) {
  for (const char* body : {R"({"SyncSessionToken":"t"})", R"({"SyncSessionToken":"t","RecordPatches":[]})",
                           R"({"SyncSessionToken":"t","RecordPatches":null,"DeviceId":null,"New":[{}]})"}) {
    const auto request = decode_update_records_request(target_of("d"), with_body(body));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_THAT(request->patches, IsEmpty());
    EXPECT_THAT(request->device_id, IsEmpty());
  }
}

std::string body_with(const std::string& patches) {
  return R"({"SyncSessionToken":"t","RecordPatches":[)" + patches + "]}";
}

TEST(DecodeUpdateRecordsRequest, ARemovalIgnoresAValue) {
  const auto body = body_with(R"({"Op":"remove","Key":"k","SyncCount":1,"Value":"v"})");
  const auto request = decode_update_records_request(target_of("d"), with_body(body));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->patches[0].value, std::nullopt);
}

struct Refused {
  std::string body;
  const char* named;
};

class RefusedUpdate : public testing::TestWithParam<Refused> {};

INSTANTIATE_TEST_SUITE_P(
    Bodies, RefusedUpdate,
    testing::Values(
        Refused{"", "the body is empty"}, Refused{"not json", "no JSON"}, Refused{"[]", "no JSON object"},
        Refused{R"({})", "SyncSessionToken is missing"},
        Refused{R"({"SyncSessionToken":null})", "SyncSessionToken is missing"},
        Refused{R"({"SyncSessionToken":1})", "SyncSessionToken is not a string"},
        Refused{R"({"SyncSessionToken":"t"} garbage)", "at byte"},
        Refused{R"({"SyncSessionToken":"t","DeviceId":""})", "DeviceId is not a string of 1 to 256"},
        Refused{R"({"SyncSessionToken":"t","DeviceId":")" + std::string(257, 'x') + "\"}", "DeviceId"},
        Refused{R"({"SyncSessionToken":"t","DeviceId":7})", "DeviceId"},
        Refused{R"({"SyncSessionToken":"t","RecordPatches":{}})", "RecordPatches is not an array"},
        Refused{body_with("1"), "RecordPatches[0] is not an object"},
        Refused{body_with(R"({"Key":"k","SyncCount":0,"Value":""})"), "RecordPatches[0].Op is missing"},
        Refused{body_with(R"({"Op":"REPLACE","Key":"k","SyncCount":0,"Value":""})"), "[replace, remove]"},
        Refused{body_with(R"({"Op":1,"Key":"k","SyncCount":0,"Value":""})"), "RecordPatches[0].Op is not"},
        Refused{body_with(R"({"Op":"remove","SyncCount":0})"), "RecordPatches[0].Key is missing"},
        Refused{body_with(R"({"Op":"remove","Key":"","SyncCount":0})"), "RecordPatches[0].Key is not a string of 1"},
        Refused{body_with(R"({"Op":"remove","Key":"k"})"), "RecordPatches[0].SyncCount is missing"},
        Refused{body_with(R"({"Op":"remove","Key":"k","SyncCount":"0"})"), "RecordPatches[0].SyncCount is not"},
        Refused{body_with(R"({"Op":"remove","Key":"k","SyncCount":-1})"), "RecordPatches[0].SyncCount is not"},
        Refused{body_with(R"({"Op":"replace","Key":"k","SyncCount":0})"), "RecordPatches[0].Value is missing"},
        Refused{body_with(R"({"Op":"replace","Key":"k","SyncCount":0,"Value":null})"), "Value is missing"},
        Refused{body_with(R"({"Op":"replace","Key":"k","SyncCount":0,"Value":1})"), "RecordPatches[0].Value is not"},
        Refused{body_with(R"({"Op":"remove","Key":"k","SyncCount":0,"DeviceLastModifiedDate":"x"})"),
                "RecordPatches[0].DeviceLastModifiedDate is not a time"},
        Refused{body_with(R"({"Op":"remove","Key":"k","SyncCount":0,"DeviceLastModifiedDate":1e300})"),
                "DeviceLastModifiedDate is not a time"},
        Refused{body_with(R"({"Op":"remove","Key":"twice","SyncCount":0},{"Op":"remove","Key":"twice","SyncCount":0})"),
                "more than one patch for key twice"}));

TEST_P(RefusedUpdate, NamesWhatIsWrong) {
  const auto request = decode_update_records_request(target_of("d"), with_body(GetParam().body));
  ASSERT_FALSE(request) << GetParam().body;
  EXPECT_EQ(request.error().code, ErrorCode::kInvalidParameter);
  EXPECT_THAT(request.error().message, HasSubstr(GetParam().named));
}

// S5: exact at n-1, n and n+1.
TEST(DecodeUpdateRecordsRequest, LimitsAreExactAndCountCharacters) {
  const auto accepts = [](const std::string& key, const std::string& value) {
    UpdateRecordsRequest sent;
    sent.patches = {{PatchOperation::kReplace, key, value, SyncCount{0}, std::nullopt}};
    const auto request = decode_update_records_request(target_of("d"), encode(sent));
    if (!request) {
      EXPECT_THAT(request.error().message, Not(HasSubstr("xxx")));
    }
    return request.has_value();
  };
  std::string key;
  for (std::size_t i = 0; i < kMaxKeyCharacters; ++i) key += "\xC3\xA9";
  EXPECT_TRUE(accepts(key, ""));
  EXPECT_FALSE(accepts(key + "x", ""));
  EXPECT_TRUE(accepts("k", std::string(kMaxValueCharacters - 1, 'x')));
  EXPECT_TRUE(accepts("k", std::string(kMaxValueCharacters - 1, 'x') + "\xF0\x9F\x98\x80"));
  EXPECT_FALSE(accepts("k", std::string(kMaxValueCharacters + 1, 'x')));
}

TEST(DecodeUpdateRecordsRequest, AtMost1024Patches) {
  UpdateRecordsRequest sent;
  for (int i = 0; i < 1024; ++i) {
    sent.patches.push_back({PatchOperation::kRemove, "k" + std::to_string(i), std::nullopt, SyncCount{1}, {}});
  }
  EXPECT_TRUE(decode_update_records_request(target_of("d"), encode(sent)));
  sent.patches.push_back({PatchOperation::kRemove, "k", std::nullopt, SyncCount{1}, {}});
  const auto request = decode_update_records_request(target_of("d"), encode(sent));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, ErrorCode::kLimitExceeded);
  EXPECT_THAT(request.error().message, HasSubstr("RecordPatches has more than 1024 entries"));
}

// --- answers --------------------------------------------------------------------------------------------------------

TEST(EncodeAnswer, TheClientReadsWhatTheServiceWrites) {
  ListedPage page;
  page.records = {record_of("a", "1", 1), record_of("b\xF0\x9F\x98\x80\"", std::string("\0\\\n\x1B", 4), 2),
                  record_of("c", "", 3), record_of("d", std::nullopt, 4)};
  page.dataset_count = SyncCount{4};
  page.dataset_exists = true;
  page.deleted_after_requested = true;
  page.last_modified_by = "phone";
  page.next_token = "n";
  page.session_token = "s";
  page.merged_datasets = {"x.1", "x.2"};
  const auto read = decode_list_records(encode_answer(page));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->records, page.records);
  EXPECT_EQ(read->dataset_count, page.dataset_count);
  EXPECT_EQ(read->dataset_exists, page.dataset_exists);
  EXPECT_EQ(read->deleted_after_requested, page.deleted_after_requested);
  EXPECT_EQ(read->last_modified_by, page.last_modified_by);
  EXPECT_EQ(read->next_token, page.next_token);
  EXPECT_EQ(read->session_token, page.session_token);
  EXPECT_EQ(read->merged_datasets, page.merged_datasets);

  EXPECT_EQ(decode_update_records(encode_answer(UpdateRecordsAnswer{page.records}))->records, page.records);
}

TEST(EncodeAnswer, DatasetsRoundTrip) {
  const Dataset dataset{std::string(kIdentity),
                        "d",
                        at_millisecond(1'700'000'000'001),
                        at_millisecond(1'700'000'000'100),
                        "phone",
                        1'048'576,
                        1024};
  EXPECT_EQ(decode_dataset(encode_answer(DatasetAnswer{dataset}))->dataset, dataset);
  const auto list = decode_list_datasets(encode_answer(ListDatasetsAnswer{{dataset, dataset}, "t"}));
  EXPECT_THAT(list->datasets, ElementsAre(dataset, dataset));
  EXPECT_EQ(list->next_token, "t");
  EXPECT_EQ(encode_answer(ListDatasetsAnswer{}), R"({"Datasets":[],"Count":0})");
}

TEST(EncodeAnswer, ATombstoneHasNoValueAndTimesHaveThreeDecimals) {
  const auto body = encode_answer(UpdateRecordsAnswer{{record_of("k", std::nullopt, 1)}});
  EXPECT_EQ(body, R"({"Records":[{"Key":"k","SyncCount":1,"LastModifiedDate":1700000000.123,"LastModifiedBy":"phone",)"
                  R"("DeviceLastModifiedDate":1699999999.001}]})");
}

// D17: every code point at the borders of UTF-8's lengths, and every byte that JSON escapes.
TEST(EncodeAnswer, AnyUtf8SurvivesByteForByte) {
  std::string value;
  for (int c = 0; c < 0x80; ++c) value += static_cast<char>(c);
  value += "\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
  ASSERT_TRUE(utf8_length(value));
  const auto answer = decode_update_records(encode_answer(UpdateRecordsAnswer{{record_of(value, value, 1)}}));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->records[0].key, value);
  EXPECT_EQ(answer->records[0].version.value, value);
}

TEST(EncodeAnswer, EveryMillisecondRoundTrips) {
  for (const std::int64_t start : {-62'135'596'800'000LL, -1'500LL, 0LL, 1'700'000'000'000LL, 253'402'300'798'000LL}) {
    UpdateRecordsAnswer answer;
    for (std::int64_t i = 0; i < 2'000; i += 7) {
      auto record = record_of("k", "", 1);
      record.version.modified_at = at_millisecond(start + i);
      record.version.device_modified_at = at_millisecond(start + 1'999 - i);
      answer.records.push_back(record);
    }
    const auto read = decode_update_records(encode_answer(answer));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->records, answer.records);
  }
}

}  // namespace
}  // namespace syncline::wire
