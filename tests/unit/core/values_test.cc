#include "syncline/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sync.h"
#include "syncline/limits.h"

namespace syncline {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kGuid = "11111111-2222-3333-4444-555555555555";

std::string repeated(std::string_view letter, std::size_t count) {
  std::string text;
  text.reserve(letter.size() * count);
  for (std::size_t i = 0; i < count; ++i) text += letter;
  return text;
}

void expect_invalid(const Result<void>& result, const std::string& named) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(result.error().message, HasSubstr(named));
}

TEST(SyncCount, IsOrderedAndHasANext) {
  EXPECT_LT(SyncCount{1}, SyncCount{2});
  EXPECT_EQ(SyncCount{}.next(), SyncCount{1});
}

TEST(IdentityIds, AreARegionAndAGuid) {
  for (const auto& good : {"us-east-1:" + std::string(kGuid), std::string("a:0"), std::string("a_B-9:-"),
                           "r:" + std::string(kMaxIdentityCharacters - 2, 'f')}) {
    EXPECT_TRUE(IdentityId::parse(good)) << good;
    EXPECT_TRUE(IdentityPoolId::parse(good)) << good;
    EXPECT_EQ(IdentityId::parse(good)->text(), good);
  }
  for (const auto& bad :
       {std::string(), std::string(":"), std::string("a:"), std::string(":0"), std::string("a"), std::string("a:G"),
        std::string("a:ABC"), std::string("a:g"), std::string("a^:0"), std::string("a@:0"), std::string("a{:0"),
        std::string("a:0\x7F"), std::string("a b:0"), std::string("a:0:0"), std::string("a:0\n"),
        std::string("a:0\0", 4), std::string("\xC3\xA9:0"), "r:" + std::string(kMaxIdentityCharacters - 1, 'f')}) {
    EXPECT_FALSE(IdentityId::parse(bad)) << bad;
    EXPECT_FALSE(IdentityPoolId::parse(bad)) << bad;
  }
  EXPECT_THAT(IdentityId::parse("x").error().message, HasSubstr("identity id 'x'"));
  EXPECT_THAT(IdentityPoolId::parse("x").error().message, HasSubstr("identity pool id 'x'"));
}

TEST(DatasetNames, AreShortAndPlain) {
  for (const auto& good :
       {std::string("a"), std::string("azAZ09_.:-"), std::string(kMaxDatasetNameCharacters - 1, 'x'),
        std::string(kMaxDatasetNameCharacters, 'x'), std::string(".."), "save.us-east-1:" + std::string(kGuid)}) {
    EXPECT_TRUE(DatasetName::parse(good)) << good;
  }
  for (const auto& bad : {std::string(), std::string(kMaxDatasetNameCharacters + 1, 'x'), std::string("a b"),
                          std::string("a/b"), std::string("a\0", 2), std::string("\xC3\xA9"), std::string("a\n")}) {
    EXPECT_FALSE(DatasetName::parse(bad)) << bad;
  }
}

TEST(CheckedText, IsEmptyUntilParsedAndCompares) {
  EXPECT_TRUE(DatasetName().empty());
  EXPECT_EQ(DatasetName::parse("a").value(), DatasetName::parse("a").value());
  EXPECT_LT(DatasetName::parse("a").value(), DatasetName::parse("b").value());
}

// D17: limits are in characters, exact at n-1, n and n+1, whatever a character's bytes.
TEST(Keys, HaveOneTo1024Characters) {
  for (const char* letter : {"k", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    EXPECT_TRUE(check_key(letter));
    EXPECT_TRUE(check_key(repeated(letter, kMaxKeyCharacters - 1)));
    EXPECT_TRUE(check_key(repeated(letter, kMaxKeyCharacters)));
    expect_invalid(check_key(repeated(letter, kMaxKeyCharacters + 1)), "1025 characters");
  }
  expect_invalid(check_key(""), "0 characters");
  EXPECT_TRUE(check_key(std::string_view("\0", 1)));
  EXPECT_TRUE(check_key(" \"/\n"));
  expect_invalid(check_key("a\xFF"), "not UTF-8");
}

TEST(Values, HaveAtMost1048575Characters) {
  EXPECT_TRUE(check_value(""));
  EXPECT_TRUE(check_value(std::string_view("\0", 1)));
  for (const char* letter : {"v", "\xF0\x9F\x98\x80"}) {
    EXPECT_TRUE(check_value(repeated(letter, kMaxValueCharacters - 1)));
    EXPECT_TRUE(check_value(repeated(letter, kMaxValueCharacters)));
    expect_invalid(check_value(repeated(letter, kMaxValueCharacters + 1)), "1048576 characters");
  }
  expect_invalid(check_value("secret\xED\xA0\x80"), "not UTF-8");
  EXPECT_THAT(check_value("secret\xFF").error().message, Not(HasSubstr("secret")));
}

TEST(Messages, ShowAtMostTheStartOfABadName) {
  EXPECT_LT(check_key(std::string(100'000, 'k')).error().message.size(), 200U);
  EXPECT_LT(DatasetName::parse(std::string(100'000, 'k')).error().message.size(), 200U);
  EXPECT_THAT(DatasetName::parse("a\x1B[31m").error().message, HasSubstr("(6 bytes)"));
}

TEST(Versions, AbsentRemovedAndEmptyDiffer) {
  Version empty{.value = "", .count = SyncCount{1}};
  Version tombstone{.value = std::nullopt, .count = SyncCount{1}};
  EXPECT_NE(empty, tombstone);
  EXPECT_EQ((RemoteRecord{"k", empty}), (RemoteRecord{"k", empty}));
  EXPECT_NE((RemoteRecord{"k", empty}), (RemoteRecord{"k", tombstone}));
  EXPECT_NE((RemoteRecord{"k", empty}), (RemoteRecord{"l", empty}));
}

}  // namespace
}  // namespace syncline
