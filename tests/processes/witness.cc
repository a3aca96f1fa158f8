#include "processes/witness.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace syncline::testing {

Witness::Witness(unsigned lost_of_100, std::uint64_t seed) : lost_of_100_(lost_of_100), random_(seed) {
  auto opened = service::Service::open({.data_dir = dir_.file("service"), .clock = nullptr, .quotas = {}, .log = {}});
  EXPECT_TRUE(opened) << opened.error().message;
  service_ = std::move(*opened);
  server_ = std::make_unique<LoopbackServer>([this](const ReceivedRequest& received) { return answer(received); });
}

WorkerOptions Witness::worker_on(std::string directory) const {
  return {.directory = std::move(directory),
          .endpoint = server_->endpoint(),
          .region = service_->region(),
          .pool = service_->identity_pool_id(),
          .identity = "us-east-1:11111111-2222-3333-4444-555555555555",
          .access_key = service_->access_key_id(),
          .secret = service_->secret_access_key()};
}

std::map<std::string, int> Witness::versions() const {
  const std::lock_guard guard(mutex_);
  return versions_;
}

void Witness::be_kind() {
  const std::lock_guard guard(mutex_);
  lost_of_100_ = 0;
}

RawAnswer Witness::answer(const ReceivedRequest& received) {
  const auto response = service_->handle(received.parsed(), "test");
  const bool pushed = received.method == "POST" && response.status == 200;
  const std::lock_guard guard(mutex_);
  if (pushed) note(received.body);
  if (pushed && random_() % 100 < lost_of_100_) return {.bytes = {}, .then = RawAnswer::Then::kReset};
  return {.bytes = to_bytes(response)};
}

void Witness::note(const std::string& body) {
  const auto request = nlohmann::json::parse(body, nullptr, false);
  if (!request.is_object() || !request.contains("RecordPatches")) return;
  for (const auto& patch : request["RecordPatches"]) {
    if (patch.contains("Value") && patch["Value"].is_string()) ++versions_[patch["Value"]];
  }
}

}  // namespace syncline::testing
