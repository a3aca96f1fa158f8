#include "core/text.h"

#include <gtest/gtest.h>

namespace syncline {
namespace {

using std::string_literals::operator""s;

TEST(Utf8Length, CountsCodePoints) {
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_EQ(utf8_length("abc"), 3U);
  EXPECT_EQ(utf8_length("a\0b"s), 3U);
  EXPECT_EQ(utf8_length("\xC3\xA9"), 1U);
  EXPECT_EQ(utf8_length("\xE2\x82\xAC x"), 3U);
  EXPECT_EQ(utf8_length("\xF0\x9F\x98\x80"), 1U);
  EXPECT_EQ(utf8_length("e\xCC\x81"), 2U);  // a letter and its accent, not composed
}

// RFC 3629: the first and last code point of each length, and the ones around the surrogates.
TEST(Utf8Length, AcceptsTheBorders) {
  for (const char* text :
       {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF1\x80\x80\x80", "\xF3\xBF\xBF\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(utf8_length(text), 1U);
  }
}

TEST(Utf8Length, RefusesWhatIsNoUtf8) {
  for (const char* text : {"\x80",
                           "\xBF",
                           "\xC0\x80",
                           "\xC1\xBF",
                           "\xC2",
                           "\xC2\x7F",
                           "\xC2\xC0",
                           "\xE0\x9F\xBF",
                           "\xE0\xA0",
                           "\xED\xA0\x80",
                           "\xED\xBF\xBF",
                           "\xF0\x8F\xBF\xBF",
                           "\xF0\x90\x80",
                           "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80",
                           "\xFE",
                           "\xFF",
                           "abc\xFF",
                           "\xC3\xA9\xA9",
                           "\xE2\x82 \xAC"}) {
    EXPECT_FALSE(utf8_length(text));
  }
}

TEST(AsciiLower, LeavesEverythingElse) {
  EXPECT_EQ(ascii_lower("AZaz09@[`{\xC3\x84"), "azaz09@[`{\xC3\x84");
  EXPECT_EQ(ascii_lower('Q'), 'q');
}

TEST(EqualIgnoringCase, NeedsEqualLength) {
  EXPECT_TRUE(equal_ignoring_case("X-Amz-Date", "x-aMZ-dATE"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("ab", "abc"));
  EXPECT_FALSE(equal_ignoring_case("abc", "ab"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
}

TEST(PercentEncode, LeavesOnlyUnreserved) {
  EXPECT_EQ(percent_encode("azAZ09-_.~"), "azAZ09-_.~");
  EXPECT_EQ(percent_encode("us-east-1:a/b c+d%"), "us-east-1%3Aa%2Fb%20c%2Bd%25");
  EXPECT_EQ(percent_encode("\xC3\xBC\0"s), "%C3%BC%00");
  EXPECT_EQ(percent_encode(""), "");
}

TEST(PercentDecode, UndoesItOnce) {
  EXPECT_EQ(percent_decode("%41%6a%4A+%2B%25"), "AjJ++%");
  EXPECT_EQ(percent_decode("%253A"), "%3A");
  EXPECT_EQ(percent_decode("%00"), "\0"s);
  EXPECT_EQ(percent_decode(""), "");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(PercentDecode, RefusesHalfAnEscape) {
  for (const char* text : {"%", "%4", "a%", "%%41", "%g0", "%0g", "%-1", "% 1", "%+1"}) {
    EXPECT_FALSE(percent_decode(text)) << text;
  }
}

TEST(HexEncode, IsLowerCase) {
  EXPECT_EQ(hex_encode("\x00\x0F\xF0\xFF\xAB"s), "000ff0ffab");
}

}  // namespace
}  // namespace syncline
