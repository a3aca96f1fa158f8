// The five operations, without a socket.
#include "service/handlers.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "net/gzip.h"
#include "service_fixture.h"

namespace syncline::service {
namespace {

class Handlers : public ServiceTest {};

TEST_F(Handlers, AMissingDatasetIsListedAsSuch) {
  const auto page = caller().list("save", 37);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_FALSE(page->dataset_exists);
  EXPECT_EQ(page->dataset_count, SyncCount{0});
  EXPECT_TRUE(page->records.empty());
  EXPECT_FALSE(page->session_token.empty());
  EXPECT_TRUE(page->next_token.empty());
  EXPECT_FALSE(page->deleted_after_requested);
}

TEST_F(Handlers, AnUpdateCreatesAndIsListed) {
  const auto written = caller().update("save", {put("level", "12"), put("name", "")});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(text_of(*written), "level=12@1 name=@1");
  const auto page = caller().list("save");
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->dataset_exists);
  EXPECT_EQ(page->dataset_count, SyncCount{1});
  EXPECT_EQ(text_of(page->records), "level=12@1 name=@1");
  EXPECT_EQ(page->last_modified_by, kIdentity);
  EXPECT_EQ(page->records[0].version.modified_by, kIdentity);
  EXPECT_EQ(page->records[0].version.modified_at, clock.wall());
}

// The client learns that the service is in trouble, not which.
TEST_F(Handlers, ABrokenStoreIsNotDescribedToTheClientS6) {
  ASSERT_TRUE(caller().update("save", {put("a", "1")}));
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open(dir.file("service.db").c_str(), &file), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(file, "DROP TABLE records", nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(file);
  sqlite3_close(file);
  const auto page = caller().list("save");
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::kServiceFailure);
  EXPECT_EQ(page.error().http_status, 500);
  EXPECT_EQ(page.error().message.find("records"), std::string::npos) << page.error().message;
  EXPECT_EQ(page.error().message.find("service.db"), std::string::npos) << page.error().message;
}

class CompressedRequests : public ServiceTest {
 protected:
  // An update of one value of `size` bytes, with this coding of the body, signed as it is sent.
  HttpRequest update(std::size_t size, const std::string& coding, const std::function<std::string(std::string)>& code) {
    wire::UpdateRecordsRequest request;
    request.target = caller().target("save");
    request.patches = {put("k", std::string(size, 'x'))};
    request.session_token = caller().session("save");
    auto encoded = wire::encode(request);
    encoded.headers.push_back({"Content-Encoding", coding});
    encoded.body = code(encoded.body);
    return encoded;
  }
  static std::string packed(std::string body) { return *net::gzip(body); }
};

TEST_F(CompressedRequests, AreOfferedAndTaken) {
  const auto answer = caller().send(update(10'000, "GZip", packed));
  EXPECT_EQ(answer.status, 200) << answer.body;
  ASSERT_NE(find_header(answer.headers, "Accept-Encoding"), nullptr);
  EXPECT_TRUE(net::offers_gzip(*find_header(answer.headers, "Accept-Encoding")));
  EXPECT_EQ(caller().list("save")->records.at(0).version.value, std::string(10'000, 'x'));
}

TEST_F(CompressedRequests, ThatAreNoneAreNamedS6) {
  EXPECT_EQ(caller().send(update(10, "br", packed)).status, 415);
  EXPECT_EQ(caller().send(update(10, "gzip, gzip", packed)).status, 415);
  const auto none = caller().send(update(10, "gzip", [](std::string body) { return body; }));
  EXPECT_EQ(none.status, 400);
  EXPECT_NE(none.body.find("gzip"), std::string::npos) << none.body;
  EXPECT_EQ(caller().send(update(10, "gzip", [](std::string body) { return packed(body) + "x"; })).status, 400);
  EXPECT_EQ(caller().send(update(10, "gzip", [](std::string body) { return packed(body).substr(0, 40); })).status, 400);
  EXPECT_EQ(caller().send(update(10, "identity", [](std::string body) { return body; })).status, 200);
}

TEST_F(CompressedRequests, ABombIsNotKeptS6) {
  const auto bomb = [](const std::string&) { return *net::gzip(std::string(std::size_t{9} << 20U, 'x')); };
  const auto answer = caller().send(update(10, "gzip", bomb));
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("8388608"), std::string::npos) << answer.body;
}

// Who may not call is told so before anything is unpacked.
TEST_F(CompressedRequests, OfStrangersAreNotUnpackedS4) {
  auto request = caller().sign(update(10, "br", packed));
  request.body += "x";
  EXPECT_EQ(service->handle(request, "test").status, 403);
}

TEST_F(Handlers, OnlyNewerRecordsAreListedTombstonesIncluded) {
  ASSERT_TRUE(caller().update("save", {put("a", "1"), put("b", "1")}));
  ASSERT_TRUE(caller().update("save", {put("b", "2", 1)}));
  ASSERT_TRUE(caller().update("save", {removal("a", 1)}));
  EXPECT_EQ(text_of(caller().list("save", 0)->records), "b=2@2 a=(removed)@3");
  EXPECT_EQ(text_of(caller().list("save", 1)->records), "b=2@2 a=(removed)@3");
  EXPECT_EQ(text_of(caller().list("save", 2)->records), "a=(removed)@3");
  EXPECT_EQ(text_of(caller().list("save", 3)->records), "");
  const auto beyond = caller().list("save", 37);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kNoSuchSyncCount);
  EXPECT_EQ(beyond.error().http_status, 400);
  EXPECT_EQ(beyond.error().service_code, "InvalidParameterException");
  EXPECT_EQ(beyond.error().message, "No such SyncCount: 37 exists for this Dataset");
}

TEST_F(Handlers, AStalePatchRejectsTheWholeCallS2) {
  ASSERT_TRUE(caller().update("save", {put("KEY", "1")}));
  ASSERT_TRUE(caller().update("save", {put("KEY", "2", 1)}));
  const auto stale = caller().update("save", {put("new", "x"), put("KEY", "3", 1)});
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().http_status, 409);
  EXPECT_EQ(stale.error().service_code, "ResourceConflictException");
  EXPECT_EQ(stale.error().message, "Current SyncCount for: KEY is: 2 not: 1");
  EXPECT_EQ(text_of(caller().list("save")->records), "KEY=2@2");
  EXPECT_EQ(caller().list("save")->dataset_count, SyncCount{2});
}

TEST_F(Handlers, AnEmptyUpdateChangesNothing) {
  const auto none = caller().update("save", {});
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_TRUE(none->empty());
  EXPECT_FALSE(caller().list("save")->dataset_exists);
}

TEST_F(Handlers, TheWriterIsTheDeviceElseTheIdentity) {
  wire::UpdateRecordsRequest request;
  request.target = caller().target("save");
  request.device_id = "phone";
  request.patches = {put("a", "1")};
  request.patches[0].device_modified_at = Timestamp(std::chrono::milliseconds(1'234'567));
  request.client_context = "ignored";
  request.session_token = caller().session("save");
  const auto written = caller().update(request);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ((*written)[0].version.modified_by, "phone");
  EXPECT_EQ((*written)[0].version.device_modified_at, Timestamp(std::chrono::milliseconds(1'234'567)));
  EXPECT_EQ(caller().list("save")->last_modified_by, "phone");
  EXPECT_EQ(caller().describe("save")->modified_by, "phone");
}

TEST_F(Handlers, ADatasetIsDescribed) {
  ASSERT_TRUE(caller().update("save", {put("ab", "123"), put("c", "4"), put("gone", "x")}));
  const Timestamp created = clock.wall();
  clock.advance(std::chrono::milliseconds(1'500));
  ASSERT_TRUE(caller().update("save", {removal("gone", 1)}));
  const auto dataset = caller().describe("save");
  ASSERT_TRUE(dataset) << dataset.error().message;
  EXPECT_EQ(dataset->identity_id, kIdentity);
  EXPECT_EQ(dataset->name, "save");
  EXPECT_EQ(dataset->records, 2);
  EXPECT_EQ(dataset->bytes, 7);
  EXPECT_EQ(dataset->created_at, created);
  EXPECT_EQ(dataset->modified_at, clock.wall());
  const auto missing = caller().describe("other");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().http_status, 404);
  EXPECT_EQ(missing.error().service_code, "ResourceNotFoundException");
}

TEST_F(Handlers, DatasetsAreListedInPages) {
  EXPECT_TRUE(caller().datasets()->datasets.empty());
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(caller().update(name, {put("k", "v")}));
  ASSERT_TRUE(caller("us-east-1:9").update("theirs", {put("k", "v")}));
  ASSERT_TRUE(caller().update("d", {put("k", "v")}));
  ASSERT_TRUE(caller().remove_dataset("d"));
  const auto first = caller().datasets(2);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_EQ(first->datasets.size(), 2U);
  EXPECT_EQ(first->datasets[0].name, "a");
  EXPECT_EQ(first->datasets[1].name, "b");
  const auto second = caller().datasets(2, first->next_token);
  ASSERT_TRUE(second);
  ASSERT_EQ(second->datasets.size(), 1U);
  EXPECT_EQ(second->datasets[0].name, "c");
  EXPECT_TRUE(second->next_token.empty());
  EXPECT_EQ(caller("us-east-1:9").datasets(2, first->next_token).error().http_status, 400);
  EXPECT_EQ(caller().datasets(2, "nonsense").error().service_code, "InvalidParameterException");
}

TEST_F(Handlers, IdentitiesAreApart) {
  ASSERT_TRUE(caller().update("save", {put("k", "mine")}));
  EXPECT_FALSE(caller("us-east-1:9").list("save")->dataset_exists);
  EXPECT_EQ(caller("us-east-1:9").describe("save").error().code, ErrorCode::kResourceNotFound);
}

// --- deletion -------------------------------------------------------------------------------------------------------

TEST_F(Handlers, ADeletedDatasetIsGoneAndLaterGoesOnCounting) {
  ASSERT_TRUE(caller().update("save", {put("a", "1"), put("b", "1")}));
  ASSERT_TRUE(caller().update("save", {put("a", "2", 1)}));
  const auto deleted = caller().remove_dataset("save");
  ASSERT_TRUE(deleted) << deleted.error().message;
  EXPECT_EQ(deleted->records, 2);
  EXPECT_EQ(caller().remove_dataset("save").error().code, ErrorCode::kResourceNotFound);
  EXPECT_EQ(caller().describe("save").error().code, ErrorCode::kResourceNotFound);
  for (const std::int64_t since : {0, 1, 2, 99}) {
    const auto page = caller().list("save", since);
    ASSERT_TRUE(page);
    EXPECT_FALSE(page->dataset_exists);
    EXPECT_EQ(page->dataset_count, SyncCount{0});
  }

  const auto again = caller().update("save", {put("c", "new")});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(text_of(*again), "c=new@3");
  EXPECT_EQ(caller().describe("save")->records, 1);
  for (const auto& [since, told] : {std::pair{0, false}, std::pair{1, true}, std::pair{2, true}, std::pair{3, false}}) {
    const auto page = caller().list("save", since);
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->dataset_exists);
    EXPECT_EQ(page->deleted_after_requested, told) << since;
    EXPECT_EQ(text_of(page->records), since < 3 ? "c=new@3" : "");
  }
}

// The device's own count + 1 would tell it that nothing else had happened (D9, D12).
TEST_F(Handlers, ASessionFromBeforeADeletionWritesNothing) {
  ASSERT_TRUE(caller().update("save", {put("a", "1")}));
  wire::UpdateRecordsRequest request;
  request.target = caller().target("save");
  request.patches = {put("b", "1")};
  request.session_token = caller().session("save");
  ASSERT_TRUE(caller().remove_dataset("save"));
  const auto late = caller().update(request);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().service_code, "ResourceConflictException");
  request.session_token = caller().session("save");
  EXPECT_TRUE(caller().update(request));
}

// --- quotas through the store (S5) ----------------------------------------------------------------------------------

TEST_F(Handlers, ADatasetHoldsExactly1024RecordsS5) {
  std::vector<wire::RecordPatch> patches;
  for (int i = 0; i < 1023; ++i) patches.push_back(put("k" + std::to_string(i), "v"));
  ASSERT_TRUE(caller().update("save", patches));
  ASSERT_TRUE(caller().update("save", {put("last", "v")}));
  const auto over = caller().update("save", {put("over", "v")});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().http_status, 400);
  EXPECT_EQ(over.error().service_code, "LimitExceededException");
  ASSERT_TRUE(caller().update("save", {removal("k0", 1)}));
  EXPECT_TRUE(caller().update("save", {put("over", "v")}));
  EXPECT_EQ(caller().describe("save")->records, 1024);
}

TEST_F(Handlers, ADatasetHoldsExactly1MiBS5) {
  const std::string big(1'048'575, 'x');
  ASSERT_TRUE(caller().update("save", {put("k", big)}));
  EXPECT_EQ(caller().describe("save")->bytes, 1'048'576);
  EXPECT_EQ(caller().update("save", {put("l", "")}).error().service_code, "LimitExceededException");
  EXPECT_TRUE(caller().update("save", {put("k", big.substr(2), 1), put("l", "x")}));
  EXPECT_EQ(caller().describe("save")->bytes, 1'048'576);
}

TEST_F(Handlers, AnIdentityHoldsExactly20DatasetsS5) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(caller().update("d" + std::to_string(i), {put("k", "v")}));
  const auto over = caller().update("over", {put("k", "v")});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().service_code, "LimitExceededException");
  EXPECT_TRUE(caller("us-east-1:9").update("over", {put("k", "v")}));
  ASSERT_TRUE(caller().remove_dataset("d3"));
  EXPECT_TRUE(caller().update("over", {put("k", "v")}));
}

TEST_F(Handlers, AnyTextRoundTripsD17) {
  const std::string key("k\0\x01\"\\/é\xF0\x9F\x8E\xAE", 12);
  const std::string value(
      "\0\r\n\t\x7F\xE2\x80\xA8"
      "end",
      11);
  ASSERT_TRUE(caller().update("save", {put(key, value), put("k", "other")}));
  const auto page = caller().list("save");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->records.size(), 2U);
  EXPECT_EQ(page->records[0].key, key);
  EXPECT_EQ(page->records[0].version.value, value);
  EXPECT_TRUE(caller().update("save", {put(key, "2", 1)}));
}

}  // namespace
}  // namespace syncline::service
