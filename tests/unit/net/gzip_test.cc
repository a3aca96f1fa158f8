#include "net/gzip.h"

#include <gtest/gtest.h>

#include "support/http_text.h"

namespace syncline::net {
namespace {

constexpr std::size_t kMost = 100'000;

std::string damaged(std::string_view bytes) {
  const auto plain = gunzip(bytes, kMost);
  const auto* failed = std::get_if<GunzipFailure>(&plain);
  if (failed == nullptr) return "unpacked";
  return *failed == GunzipFailure::kDamaged ? "damaged" : "too large";
}

TEST(Gzip, RoundTrips) {
  for (const std::string& text : {std::string(), std::string("a"), std::string(kMost, 'x'), std::string(3, '\0')}) {
    const auto packed = gzip(text);
    ASSERT_TRUE(packed);
    EXPECT_EQ(std::get<std::string>(gunzip(*packed, kMost)), text);
    EXPECT_EQ(std::get<std::string>(gunzip(testing::gzip(text), kMost)), text);
  }
  EXPECT_LT(gzip(std::string(kMost, 'x'))->size(), 2'000U);
}

TEST(Gzip, MoreThanIsWantedIsNotUnpackedS6) {
  EXPECT_EQ(damaged(*gzip(std::string(kMost, 'x'))), "unpacked");
  EXPECT_EQ(damaged(*gzip(std::string(kMost + 1, 'x'))), "too large");
  EXPECT_EQ(damaged(*gzip(std::string(100 * kMost, 'x'))), "too large");
}

TEST(Gzip, BadInputIsDamage) {
  const auto packed = *gzip("some bytes that are worth it");
  for (std::size_t length = 0; length < packed.size(); ++length) {
    EXPECT_EQ(damaged(packed.substr(0, length)), "damaged") << length;
  }
  EXPECT_EQ(damaged(packed + "x"), "damaged");
  EXPECT_EQ(damaged(packed + packed), "damaged");
  EXPECT_EQ(damaged("some bytes"), "damaged");
  auto flipped = packed;
  flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);  // of the checksum
  EXPECT_EQ(damaged(flipped), "damaged");
}

TEST(Gzip, IsUsedOnlyIfOffered) {
  for (const char* offer :
       {"gzip", "deflate, gzip", "GZIP", "*", "br;q=1.0, gzip;q=0.8, *;q=0.1", " gzip ;q=1", "gzip;q=0.001"}) {
    EXPECT_TRUE(offers_gzip(offer)) << offer;
  }
  for (const char* offer :
       {"", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0", "deflate", "x-gzip2", ",,;", "*, gzip;q=0"}) {
    EXPECT_FALSE(offers_gzip(offer)) << offer;
  }
}

}  // namespace
}  // namespace syncline::net
