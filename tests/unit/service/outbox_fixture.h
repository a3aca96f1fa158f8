// A store whose writes queue messages, with a dataset, devices and a stream for them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/pool_documents.h"
#include "service/service_store.h"
#include "service_fixture.h"
#include "support/fake_random.h"

namespace syncline::service {

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() { open(); }
  void open(OutboxOptions outbox = {.pushes = true, .streams = true});
  void close() { store.reset(); }

  [[nodiscard]] IdentityPoolId pool() const { return IdentityPoolId::parse(store->installation().pool).value(); }
  [[nodiscard]] wire::Target target(std::string_view dataset, std::string_view identity = kIdentity) const;

  // One UpdateRecords that puts `value` under "k", whatever its count is.
  void write(std::string_view dataset, std::string value = "v", std::string writer = "",
             std::string_view identity = kIdentity);
  // Registers a device of the test's identity and subscribes it; the dataset must exist.
  void subscribe(std::string_view dataset, const std::string& device, const std::string& platform = "APNS");
  void configure(wire::StreamingStatus status);
  [[nodiscard]] wire::StreamingStatus streaming() const;

  // What is due now: "save 3", in the order of what is due first.
  [[nodiscard]] std::vector<std::string> due(OutboxKind kind);
  [[nodiscard]] std::vector<WaitingMessage> messages(OutboxKind kind);

  TempDir dir;
  ManualClock clock;
  testing::FakeRandom random;
  std::unique_ptr<ServiceStore> store;
};

}  // namespace syncline::service
