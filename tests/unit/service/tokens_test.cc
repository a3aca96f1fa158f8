#include "service/tokens.h"

#include <gtest/gtest.h>

namespace syncline::service {
namespace {

using std::chrono::milliseconds;

constexpr Timestamp kNow{milliseconds(1'000'000)};

wire::Target target(std::string_view pool, std::string_view identity, std::string_view dataset) {
  wire::Target made;
  made.pool = IdentityPoolId::parse(pool).value();
  made.identity = IdentityId::parse(identity).value();
  if (!dataset.empty()) made.dataset = DatasetName::parse(dataset).value();
  return made;
}

const wire::Target kOurs = target("r:1", "r:2", "save");

SessionToken session() {
  return {.session = std::string("\0s\xFF", 3), .expires_at = kNow + milliseconds(10), .listed = SyncCount{7}};
}

RecordsPageToken page() {
  return {.expires_at = kNow + milliseconds(10),
          .snapshot = SyncCount{9},
          .requested = SyncCount{2},
          .last_count = SyncCount{5},
          .last_id = -3,
          .deleted_after_requested = true,
          .modified_by = "the phone"};
}

// LookupDeveloperIdentity's pages end with a user's name of up to 1,024 characters.
TEST(Tokens, HoldTheLongestOfWhatAListMayEndWith) {
  const Tokens tokens("key");
  std::string longest;
  for (int i = 0; i < 1024; ++i) longest += "\xF0\x9F\x8E\xAE";
  const auto token = tokens.seal_list("list", "of", {.expires_at = kNow + milliseconds(1), .last = longest});
  const auto opened = tokens.open_list("list", "of", token, kNow);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->last, longest);
}

void expect_bad_session(const Result<SessionToken>& opened) {
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidParameter);
  EXPECT_EQ(opened.error().message, "SyncSessionToken not valid for these inputs");
}

TEST(Tokens, RoundTrip) {
  const Tokens tokens("key");
  const auto opened = tokens.open_session(kOurs, tokens.seal(kOurs, session()), kNow);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->session, session().session);
  EXPECT_EQ(opened->listed, SyncCount{7});
  const auto opened_page = tokens.open_records_page(kOurs, tokens.seal(kOurs, page()), kNow);
  ASSERT_TRUE(opened_page);
  EXPECT_EQ(opened_page->snapshot, SyncCount{9});
  EXPECT_EQ(opened_page->requested, SyncCount{2});
  EXPECT_EQ(opened_page->last_count, SyncCount{5});
  EXPECT_EQ(opened_page->last_id, -3);
  EXPECT_TRUE(opened_page->deleted_after_requested);
  EXPECT_EQ(opened_page->modified_by, "the phone");
  const auto datasets = target("r:1", "r:2", "");
  const auto opened_names = tokens.open_datasets_page(
      datasets, tokens.seal(datasets, DatasetsPageToken{.expires_at = kNow + milliseconds(1), .last_name = "n"}), kNow);
  ASSERT_TRUE(opened_names);
  EXPECT_EQ(opened_names->last_name, "n");
}

TEST(Tokens, AreBoundToPoolIdentityAndDatasetS3) {
  const Tokens tokens("key");
  const std::string text = tokens.seal(kOurs, session());
  expect_bad_session(tokens.open_session(target("r:9", "r:2", "save"), text, kNow));
  expect_bad_session(tokens.open_session(target("r:1", "r:9", "save"), text, kNow));
  expect_bad_session(tokens.open_session(target("r:1", "r:2", "other"), text, kNow));
  expect_bad_session(Tokens("another key").open_session(kOurs, text, kNow));
}

TEST(Tokens, ExpireS3) {
  const Tokens tokens("key");
  const std::string text = tokens.seal(kOurs, session());
  EXPECT_TRUE(tokens.open_session(kOurs, text, kNow + milliseconds(9)));
  expect_bad_session(tokens.open_session(kOurs, text, kNow + milliseconds(10)));
  EXPECT_FALSE(tokens.open_records_page(kOurs, tokens.seal(kOurs, page()), kNow + milliseconds(10)));
}

TEST(Tokens, OneKindIsNotAnother) {
  const Tokens tokens("key");
  expect_bad_session(tokens.open_session(kOurs, tokens.seal(kOurs, page()), kNow));
  const auto opened = tokens.open_records_page(kOurs, tokens.seal(kOurs, session()), kNow);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("NextToken"), std::string::npos);
}

TEST(Tokens, EveryChangedCharacterIsNoticedS3) {
  const Tokens tokens("key");
  const std::string text = tokens.seal(kOurs, session());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    expect_bad_session(tokens.open_session(kOurs, changed, kNow));
    expect_bad_session(tokens.open_session(kOurs, text.substr(0, i), kNow));
  }
  expect_bad_session(tokens.open_session(kOurs, text + "A", kNow));
  expect_bad_session(tokens.open_session(kOurs, text + "=", kNow));
}

TEST(Tokens, AnyBytesAreRefusedS6) {
  const Tokens tokens("key");
  for (const std::string& text : {std::string(), std::string("\0\xFF%", 3), std::string(100'000, 'A'),
                                  std::string(43, 'A'), std::string("A"), std::string(44, '_')}) {
    expect_bad_session(tokens.open_session(kOurs, text, kNow));
    EXPECT_FALSE(tokens.open_records_page(kOurs, text, kNow));
    EXPECT_FALSE(tokens.open_datasets_page(kOurs, text, kNow));
  }
}

}  // namespace
}  // namespace syncline::service
