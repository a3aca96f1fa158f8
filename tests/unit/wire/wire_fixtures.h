// Names and messages that the tests of wire share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire/messages.h"

namespace syncline::wire {

inline constexpr std::string_view kPool = "us-east-1:11111111-2222-3333-4444-555555555555";
inline constexpr std::string_view kIdentity = "us-east-1:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

inline Target target_of(std::string_view dataset) {
  Target target;
  target.pool = IdentityPoolId::parse(kPool).value();
  target.identity = IdentityId::parse(kIdentity).value();
  if (!dataset.empty()) target.dataset = DatasetName::parse(dataset).value();
  return target;
}

inline Timestamp at_millisecond(std::int64_t milliseconds) {
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

inline RemoteRecord record_of(std::string key, std::optional<std::string> value, std::int64_t count) {
  RemoteRecord record;
  record.key = std::move(key);
  record.version = Version{std::move(value), SyncCount{count}, "phone", at_millisecond(1'700'000'000'123),
                           at_millisecond(1'699'999'999'001)};
  return record;
}

inline HttpRequest with_body(std::string body) {
  HttpRequest request;
  request.method = "POST";
  request.body = std::move(body);
  return request;
}

inline HttpRequest with_query(std::vector<std::pair<std::string, std::string>> query) {
  HttpRequest request;
  request.query = std::move(query);
  return request;
}

}  // namespace syncline::wire
