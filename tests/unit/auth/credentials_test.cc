#include "syncline/credentials.h"

#include <gtest/gtest.h>

namespace syncline {
namespace {

TEST(StaticCredentials, AreTheSameForEveryRequest) {
  const auto provider = static_credentials(Credentials{"key", "secret", "token", std::nullopt});
  int answers = 0;
  for (int i = 0; i < 2; ++i) {
    provider->get_credentials([&answers](const Result<Credentials>& credentials) {
      ++answers;
      ASSERT_TRUE(credentials);
      EXPECT_EQ(credentials->access_key_id, "key");
      EXPECT_EQ(credentials->secret_access_key, "secret");
      EXPECT_EQ(credentials->session_token, "token");
    });
  }
  EXPECT_EQ(answers, 2);
}

}  // namespace
}  // namespace syncline
