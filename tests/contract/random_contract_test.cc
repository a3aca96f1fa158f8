// What everybody may expect of a Random, real or fake.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "core/clock.h"
#include "support/fake_random.h"

namespace syncline {
namespace {

struct RandomUnderTest {
  std::string name;
  std::function<std::unique_ptr<Random>()> make;
};

class RandomContract : public ::testing::TestWithParam<RandomUnderTest> {
 protected:
  const std::unique_ptr<Random> random_ = GetParam().make();
};

TEST_P(RandomContract, NumbersDoNotRepeat) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(random_->next());
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST_P(RandomContract, EachBitIsSetHalfTheTime) {
  static constexpr int kDraws = 10'000;
  static constexpr int kSlack = 500;  // ten standard deviations
  std::array<int, 64> set_bits{};
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t number = random_->next();
    for (std::size_t bit = 0; bit < set_bits.size(); ++bit) set_bits[bit] += static_cast<int>((number >> bit) & 1U);
  }
  for (const int count : set_bits) EXPECT_NEAR(count, kDraws / 2, kSlack);
}

INSTANTIATE_TEST_SUITE_P(Randoms, RandomContract,
                         ::testing::Values(RandomUnderTest{"System", [] { return std::make_unique<SystemRandom>(); }},
                                           RandomUnderTest{"Fake",
                                                           [] { return std::make_unique<testing::FakeRandom>(); }}),
                         [](const auto& each) { return each.param.name; });

TEST(SystemRandom, TwoAreDifferent) {
  EXPECT_NE(SystemRandom().next(), SystemRandom().next());
}

TEST(FakeRandom, FollowsFromItsSeed) {
  testing::FakeRandom one(7);
  testing::FakeRandom same(7);
  testing::FakeRandom other(8);
  const std::uint64_t number = one.next();
  EXPECT_EQ(number, same.next());
  EXPECT_NE(number, other.next());
}

TEST(FakeRandom, PreparedNumbersComeFirst) {
  testing::FakeRandom random;
  testing::FakeRandom plain;
  random.prepare({3, 1});
  EXPECT_EQ(random.next(), 3U);
  EXPECT_EQ(random.next(), 1U);
  EXPECT_EQ(random.next(), plain.next());
}

}  // namespace
}  // namespace syncline
