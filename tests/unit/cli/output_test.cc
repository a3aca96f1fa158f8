#include "cli/output.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace syncline::cli {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr Timestamp kNoon{milliseconds{1'769'860'800'123}};  // 2026-01-31T12:00:00.123Z

class OutputTest : public testing::Test {
 protected:
  Output human(bool terminal = false) { return {out_, err_, Format::kHuman, terminal}; }
  Output machine() { return {out_, err_, Format::kJson, false}; }

  // All that was printed, which must be one line of JSON.
  [[nodiscard]] static json one_line(const std::ostringstream& stream) {
    const auto text = stream.str();
    EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
    return json::parse(text);
  }

  std::ostringstream out_;
  std::ostringstream err_;
};

Conflict some_conflict() {
  Conflict conflict;
  conflict.key = "score";
  conflict.base = Version{"10", SyncCount{1}, "phone", kNoon, kNoon};
  conflict.local = std::nullopt;
  conflict.local_revision = Revision{4};
  conflict.local_written_at = kNoon;
  conflict.remote = Version{"15", SyncCount{2}, "laptop", kNoon, kNoon};
  return conflict;
}

TEST(Printable, EscapesWhatMovesACursor) {
  EXPECT_EQ(printable("plain text, \xC3\xA4\xF0\x9F\x98\x80"), "plain text, \xC3\xA4\xF0\x9F\x98\x80");
  EXPECT_EQ(printable("a\nb\tc\\d"), "a\\nb\\tc\\\\d");
  EXPECT_EQ(printable("\x1B[2J\x7F"), "\\x1b[2J\\x7f");
  EXPECT_EQ(printable(std::string("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b") << "CSI, one character of its own";
  EXPECT_EQ(printable("\xC2\xA0"), "\xC2\xA0");
}

TEST(IsoTime, HasMillisecondsAndIsUtc) {
  EXPECT_EQ(iso_time(kNoon), "2026-01-31T12:00:00.123Z");
  EXPECT_EQ(iso_time(Timestamp{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso_time(Timestamp{milliseconds{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST_F(OutputTest, AValueIsItsOwnBytesWhenPiped) {
  human().value("game", "k", std::string_view("\x1B\n\0z", 4));
  EXPECT_EQ(out_.str(), std::string("\x1B\n\0z", 4));
  out_.str("");
  human().value("game", "k", "");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(OutputTest, ATerminalGetsALineEnd) {
  human(true).value("game", "k", "12");
  human(true).value("game", "k", "13\n");
  human(true).value("game", "k", "");
  EXPECT_EQ(out_.str(), "12\n13\n\n");
}

TEST_F(OutputTest, AValueAsJson) {
  machine().value("game", "k\n", std::string_view("\0\"\x1F", 3));
  const auto printed = one_line(out_);
  EXPECT_EQ(printed, (json{{"dataset", "game"}, {"key", "k\n"}, {"value", std::string("\0\"\x1F", 3)}}));
}

TEST_F(OutputTest, WhatIsDoneIsSilentForPeople) {
  human().done("game", "k", "put");
  EXPECT_EQ(out_.str(), "");
  machine().done("game", "k", "put");
  EXPECT_EQ(one_line(out_), (json{{"dataset", "game"}, {"key", "k"}, {"done", "put"}}));
}

std::vector<Record> some_records() {
  std::vector<Record> records(3);
  records[0].key = "a\nb";
  records[0].value = "1";
  records[0].state = RecordState::kPending;
  records[0].device_modified_at = kNoon;
  records[1].key = "level";
  records[1].value = "12";
  records[1].sync_count = SyncCount{3};
  records[1].modified_by = "phone";
  records[1].modified_at = kNoon;
  records[2].key = "x";
  records[2].state = RecordState::kConflicted;
  records[2].sync_count = SyncCount{1234567};
  return records;
}

TEST_F(OutputTest, RecordsShowStateCountDateAndKey) {
  const auto records = some_records();
  human().records("game", records);
  EXPECT_EQ(out_.str(),
            "pending     0       2026-01-31T12:00:00.123Z  a\\nb\n"
            "clean       3       2026-01-31T12:00:00.123Z  level\n"
            "conflicted  1234567  -                         x\n");
  out_.str("");
  machine().records("game", records);
  const auto printed = one_line(out_);
  EXPECT_EQ(printed["dataset"], "game");
  ASSERT_EQ(printed["records"].size(), 3U);
  EXPECT_EQ(printed["records"][0], (json{{"key", "a\nb"},
                                         {"value", "1"},
                                         {"state", "pending"},
                                         {"sync_count", 0},
                                         {"modified_by", ""},
                                         {"modified_at", nullptr},
                                         {"device_modified_at", "2026-01-31T12:00:00.123Z"}}));
  EXPECT_EQ(printed["records"][1]["modified_by"], "phone");
  EXPECT_EQ(printed["records"][1]["modified_at"], "2026-01-31T12:00:00.123Z");
  EXPECT_EQ(printed["records"][2]["state"], "conflicted");
}

TEST_F(OutputTest, NothingIsAnEmptyListNotNull) {
  machine().records("game", {});
  EXPECT_EQ(one_line(out_)["records"], json::array());
  out_.str("");
  machine().conflicts({});
  EXPECT_EQ(one_line(out_)["conflicts"], json::array());
  out_.str("");
  machine().datasets({});
  EXPECT_EQ(one_line(out_)["datasets"], json::array());
  out_.str("");
  machine().synced({});
  EXPECT_EQ(one_line(out_)["datasets"], json::array());
}

TEST_F(OutputTest, AConflictShowsItsThreeSides) {
  human().conflicts({{"game", some_conflict()}});
  EXPECT_EQ(out_.str(),
            "game  score\n"
            "  base    \"10\"  count 1, by phone, 2026-01-31T12:00:00.123Z\n"
            "  local   (removed)  2026-01-31T12:00:00.123Z\n"
            "  remote  \"15\"  count 2, by laptop, 2026-01-31T12:00:00.123Z\n");
  out_.str("");
  auto unknown_before = some_conflict();
  unknown_before.base.reset();
  machine().conflicts({{"game", some_conflict()}, {"game", unknown_before}});
  const auto printed = one_line(out_)["conflicts"];
  EXPECT_EQ(printed[0]["dataset"], "game");
  EXPECT_EQ(printed[0]["key"], "score");
  EXPECT_EQ(printed[0]["base"]["value"], "10");
  EXPECT_EQ(printed[0]["local"]["value"], nullptr);
  EXPECT_EQ(printed[0]["local"]["revision"], 4);
  EXPECT_EQ(printed[0]["remote"]["sync_count"], 2);
  EXPECT_EQ(printed[1]["base"], nullptr);
}

TEST_F(OutputTest, ALongValueIsCutBetweenCharacters) {
  auto conflict = some_conflict();
  conflict.local = std::string(59, 'x') + "\xC3\xA4" + std::string(100, 'y');
  human().conflicts({{"game", conflict}});
  EXPECT_NE(out_.str().find("\"" + std::string(59, 'x') + "\"... (161 bytes)"), std::string::npos) << out_.str();
}

TEST_F(OutputTest, ASyncsEnd) {
  const SyncReport clean{SyncOutcome::kSuccess, 1, 2, 3, 0, 4, SyncCount{5}};
  const SyncReport waiting{SyncOutcome::kConflictsPending, 0, 0, 0, 6, 0, {}};
  const Error refused{
      .code = ErrorCode::kNotAuthorized, .message = "no", .http_status = 403, .service_code = "NotAuthorizedException"};
  const std::vector<SyncOf> syncs{{"a", clean}, {"b", waiting}, {"c", refused}};
  human().synced(syncs);
  EXPECT_EQ(out_.str(),
            "a: synchronized: pulled 1, pushed 2, resolved 3, sync count 5\n"
            "b: 6 in conflict, the rest synchronized: pulled 0, pushed 0, resolved 0, sync count 0\n");
  out_.str("");
  machine().synced(syncs);
  const auto printed = one_line(out_)["datasets"];
  EXPECT_EQ(printed[0], (json{{"dataset", "a"},
                              {"outcome", "success"},
                              {"pulled", 1},
                              {"pushed", 2},
                              {"resolved", 3},
                              {"conflicts", 0},
                              {"requests", 4},
                              {"sync_count", 5}}));
  EXPECT_EQ(printed[1]["outcome"], "conflicts_pending");
  EXPECT_EQ(printed[1]["conflicts"], 6);
  EXPECT_EQ(printed[2]["outcome"], "failed");
  EXPECT_EQ(printed[2]["error"], (json{{"code", "not_authorized"},
                                       {"message", "no"},
                                       {"retry", "credentials"},
                                       {"http_status", 403},
                                       {"service_code", "NotAuthorizedException"}}));
}

TEST_F(OutputTest, SyncingNothingIsExplainedToPeople) {
  human().synced({});
  EXPECT_EQ(out_.str(), "no dataset is known here: name one to fetch it\n");
}

TEST_F(OutputTest, StatusShowsNoKey) {
  Settings settings;
  settings.data = "/data";
  settings.endpoint = "http://127.0.0.1:1";
  settings.credentials = {"ACCESS", "SECRET", "TOKEN", {}};
  const DatasetInfo info{.records = 1, .bytes = 2, .pending = 3, .conflicts = 4, .sync_count = SyncCount{5}};
  human().status(settings, "us-east-1:00", {{"game", info}}, std::nullopt);
  EXPECT_EQ(out_.str(),
            "data      /data\n"
            "identity  us-east-1:00\n"
            "endpoint  http://127.0.0.1:1\n"
            "region    (none)\n"
            "pool      (none)\n"
            "game: 1 records, 2 bytes, 3 pending, 4 in conflict, sync count 5\n");
  const auto for_people = out_.str();
  out_.str("");
  machine().status(settings, "us-east-1:00", {{"game", info}}, std::nullopt);
  const auto printed = one_line(out_);
  EXPECT_EQ(printed["data"], "/data");
  EXPECT_EQ(printed["identity"], "us-east-1:00");
  EXPECT_EQ(
      printed["datasets"][0],
      (json{{"dataset", "game"}, {"records", 1}, {"bytes", 2}, {"pending", 3}, {"conflicts", 4}, {"sync_count", 5}}));
  for (const auto& text : {for_people, printed.dump()}) {
    EXPECT_EQ(text.find("SECRET"), std::string::npos);
    EXPECT_EQ(text.find("TOKEN"), std::string::npos);
  }
}

TEST_F(OutputTest, D19StatusTellsOfARecovery) {
  const RecoveryReport recovery{.set_aside = "/data/syncline.db.damaged-1", .reason = "is damaged", .saved = 3};
  human().status(Settings(), "", {}, recovery);
  EXPECT_NE(out_.str().find("recovered 3 pending changes from a damaged store; some may be missing. It is kept as "
                            "/data/syncline.db.damaged-1 (is damaged)\n"),
            std::string::npos)
      << out_.str();
  out_.str("");
  machine().status(Settings(), "", {}, recovery);
  EXPECT_EQ(one_line(out_)["recovery"], (json{{"set_aside", "/data/syncline.db.damaged-1"},
                                              {"reason", "is damaged"},
                                              {"saved", 3},
                                              {"complete", false},
                                              {"now", false}}));
}

TEST_F(OutputTest, AnErrorIsOneLine) {
  human().error({.code = ErrorCode::kNotFound, .message = "there is no key 'a\nb'"});
  EXPECT_EQ(err_.str(), "syncline: not_found: there is no key 'a\\nb'\n");
  err_.str("");
  human().error("usage", "what?");
  EXPECT_EQ(err_.str(), "syncline: usage: what?\n");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(OutputTest, AnErrorAsJson) {
  machine().error({.code = ErrorCode::kNotFound, .message = "a\nb \xFF"});
  EXPECT_EQ(one_line(err_)["error"],
            (json{{"code", "not_found"}, {"message", "a\nb \xEF\xBF\xBD"}, {"retry", "permanent"}}));
  err_.str("");
  machine().error("usage", "what?");
  EXPECT_EQ(one_line(err_)["error"], (json{{"code", "usage"}, {"message", "what?"}}));
}

}  // namespace
}  // namespace syncline::cli
