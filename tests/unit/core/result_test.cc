#include "syncline/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace syncline {
namespace {

Error oops() {
  return Error{.code = ErrorCode::kNotFound, .message = "gone"};
}

TEST(Result, HoldsAValueOrAnError) {
  Result<int> good = 5;
  ASSERT_TRUE(good);
  EXPECT_TRUE(good.has_value());
  EXPECT_EQ(*good, 5);
  EXPECT_EQ(good.value_or(7), 5);
  *good = 6;
  EXPECT_EQ(good.value(), 6);

  const Result<int> bad = oops();
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(bad.value_or(7), 7);
}

TEST(Result, ConvertsAndMoves) {
  const Result<std::string> text = "abc";
  EXPECT_EQ(text->size(), 3U);
  Result<std::unique_ptr<int>> owned = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = *std::move(owned);
  EXPECT_EQ(*taken, 3);
  const Result<std::shared_ptr<const int>> widened = std::make_shared<int>(4);
  EXPECT_EQ(**widened, 4);
  const Result<std::optional<int>> absent = std::optional<int>();
  EXPECT_TRUE(absent.has_value());
}

TEST(Result, ChainsOnlyWhileAllIsWell) {
  const auto half = [](int n) -> Result<int> {
    if (n % 2 != 0) return oops();
    return n / 2;
  };
  EXPECT_EQ(*half(12).and_then(half), 3);
  EXPECT_FALSE(half(6).and_then(half));
  EXPECT_FALSE(half(5).and_then(half));
  EXPECT_EQ(*half(8).transform([](int n) { return std::to_string(n); }), "4");
  EXPECT_EQ(half(7).transform([](int n) { return std::to_string(n); }).error().message, "gone");
}

TEST(ResultOfNothing, IsSuccessUnlessItHoldsAnError) {
  const Result<void> good;
  EXPECT_TRUE(good);
  good.value();
  Result<void> bad = oops();
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "gone");
  EXPECT_EQ(std::move(bad).error().message, "gone");
  EXPECT_EQ(*Result<void>().and_then([] { return Result<int>(1); }), 1);
  EXPECT_FALSE(Result<void>(oops()).and_then([] { return Result<int>(1); }));
}

TEST(ResultDeathTest, TakingWhatIsNotThereEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Result<int> good = 1;
  Result<int> bad = oops();
  Result<void> nothing;
  EXPECT_DEATH((void)bad.value(), "");
  EXPECT_DEATH((void)*bad, "");
  EXPECT_DEATH((void)good.error(), "");
  EXPECT_DEATH((void)nothing.error(), "");
  EXPECT_DEATH(Result<void>(oops()).value(), "");
}

}  // namespace
}  // namespace syncline
