// A service on a directory of its own, with a clock that stands still, and a client that signs.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/signature.h"
#include "core/clock.h"
#include "service/handlers.h"
#include "support/temp_dir.h"
#include "wire/messages.h"

namespace syncline::service {

using testing::TempDir;

class ManualClock final : public Clock {
 public:
  Timestamp wall() override { return Timestamp(std::chrono::milliseconds(now_.load())); }
  MonotonicTime monotonic() override { return MonotonicTime(std::chrono::milliseconds(now_.load())); }
  void advance(std::chrono::milliseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{1'700'000'000'000};
};

inline constexpr std::string_view kIdentity = "us-east-1:11111111-2222-3333-4444-555555555555";
inline constexpr std::string_view kHost = "127.0.0.1:7373";

wire::RecordPatch put(std::string key, std::string value, std::int64_t count = 0);
wire::RecordPatch removal(std::string key, std::int64_t count = 0);

// Values by key, tombstones as "(removed)", each with its count: "a=1@1 b=(removed)@2".
std::string text_of(const std::vector<RemoteRecord>& records);

// Signs with a service's own developer key and speaks to it without a socket.
class Caller {
 public:
  Caller(Service& service, Clock& clock, std::string_view identity = kIdentity);

  [[nodiscard]] wire::Target target(std::string_view dataset) const;
  [[nodiscard]] Credentials credentials() const;
  [[nodiscard]] auth::Scope scope() const { return {.region = "us-east-1", .service = "cognito-sync"}; }
  HttpRequest sign(HttpRequest request) const;
  HttpResponse send(HttpRequest request) const { return service_.handle(sign(std::move(request)), "test"); }

  // Decoded answers; an answer other than 200 becomes its Error.
  Result<ListedPage> list(std::string_view dataset, std::int64_t since = 0) const;
  Result<ListedPage> list(const wire::ListRecordsRequest& request) const;
  // Lists for a session token first.
  Result<std::vector<RemoteRecord>> update(std::string_view dataset, std::vector<wire::RecordPatch> patches) const;
  Result<std::vector<RemoteRecord>> update(const wire::UpdateRecordsRequest& request) const;
  Result<wire::Dataset> describe(std::string_view dataset) const;
  Result<wire::Dataset> remove_dataset(std::string_view dataset) const;
  Result<wire::ListDatasetsAnswer> datasets(std::optional<int> most = {}, std::string token = {}) const;
  [[nodiscard]] std::string session(std::string_view dataset) const;

 private:
  Service& service_;
  Clock& clock_;
  std::string identity_;
};

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() { open(); }
  void open();  // again, after close(), too
  void close() { service.reset(); }
  [[nodiscard]] ServiceOptions options();
  [[nodiscard]] Caller caller(std::string_view identity = kIdentity) { return Caller(*service, clock, identity); }

  TempDir dir;
  ManualClock clock;
  Quotas quotas;
  std::unique_ptr<Service> service;
};

}  // namespace syncline::service
