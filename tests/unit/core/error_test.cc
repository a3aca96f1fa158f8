#include "syncline/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "syncline/sync_status.h"

namespace syncline {
namespace {

using enum ErrorCode;

const std::map<RetryClass, std::vector<ErrorCode>>& retry_table() {
  static const std::map<RetryClass, std::vector<ErrorCode>> table{
      {RetryClass::kPermanent,
       {kInvalidArgument, kNotFound, kLimitExceeded, kStorage, kStorageFull, kCorrupt, kSchemaTooNew, kClosed,
        kCancelled, kIdentityChanged, kInternal, kTls, kInvalidParameter, kDuplicateRequest, kAlreadyStreamed,
        kInvalidConfiguration, kInvalidLambdaFunctionOutput, kUnknownServiceError}},
      {RetryClass::kTransient,
       {kStorageBusy, kNetwork, kTimeout, kBadAnswer, kTooManyRequests, kServiceFailure, kConcurrentModification,
        kLambdaThrottled, kLambdaSocketTimeout}},
      {RetryClass::kResync, {kOutdated, kNoSuchSyncCount, kResourceNotFound, kResourceConflict}},
      {RetryClass::kCredentials, {kNotAuthorized, kClockSkew}},
  };
  return table;
}

std::vector<ErrorCode> all_codes() {
  std::vector<ErrorCode> codes;
  for (int i = 0; i <= static_cast<int>(kUnknownServiceError); ++i) codes.push_back(static_cast<ErrorCode>(i));
  return codes;
}

TEST(ErrorCode, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const auto code : all_codes()) {
    const auto name = to_string(code);
    EXPECT_THAT(std::string(name), testing::MatchesRegex("[a-z]+(_[a-z]+)*"));
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(ErrorCode, EachIsInOneRetryClass) {
  std::set<ErrorCode> listed;
  for (const auto& [retry, codes] : retry_table()) {
    for (const auto code : codes) {
      EXPECT_EQ(retry_class(code), retry) << to_string(code);
      EXPECT_EQ(Error{.code = code}.retry(), retry);
      EXPECT_TRUE(listed.insert(code).second) << to_string(code);
    }
  }
  EXPECT_EQ(listed.size(), all_codes().size());
}

TEST(RetryClass, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const auto& [retry, codes] : retry_table()) names.insert(to_string(retry));
  EXPECT_EQ(names, (std::set<std::string_view>{"permanent", "transient", "resync", "credentials"}));
}

// A number from somewhere else, such as a newer library's: never a crash, never worth another attempt.
TEST(ErrorCode, AnUnknownOneIsPermanent) {
  const auto unknown = static_cast<ErrorCode>(200);
  EXPECT_EQ(retry_class(unknown), RetryClass::kPermanent);
  EXPECT_EQ(to_string(unknown), "unknown");
  EXPECT_EQ(to_string(static_cast<RetryClass>(200)), "unknown");
  EXPECT_EQ(to_string(static_cast<SyncState>(200)), "unknown");
}

}  // namespace
}  // namespace syncline
