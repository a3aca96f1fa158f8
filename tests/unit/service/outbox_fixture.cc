#include "outbox_fixture.h"

#include <utility>

namespace syncline::service {

void OutboxTest::open(OutboxOptions outbox) {
  auto opened = open_sqlite_store({.data_dir = dir.path(), .region = "us-east-1", .outbox = outbox});
  ASSERT_TRUE(opened) << opened.error().message;
  store = std::move(*opened);
}

wire::Target OutboxTest::target(std::string_view dataset, std::string_view identity) const {
  return {
      .pool = pool(), .identity = IdentityId::parse(identity).value(), .dataset = DatasetName::parse(dataset).value()};
}

void OutboxTest::write(std::string_view dataset, std::string value, std::string writer, std::string_view identity) {
  UpdateCall call{.patches = {{.key = "k", .value = std::move(value), .expected = {}, .device_modified_at = {}}},
                  .writer = writer.empty() ? std::string(identity) : std::move(writer)};
  const auto decide = [this](const DatasetState& state, const std::vector<CurrentRecord>& current,
                             std::int64_t datasets, UpdateCall made) {
    made.patches[0].expected = current[0].count;
    made.now = clock.wall();
    return decide_update(state, current, datasets, std::move(made),
                         Quotas{.datasets_per_identity = 100, .bytes_per_dataset = 4 << 20});
  };
  const auto written = store->update_records(target(dataset, identity), std::move(call), decide);
  ASSERT_TRUE(written) << written.error().message;
}

void OutboxTest::subscribe(std::string_view dataset, const std::string& device, const std::string& platform) {
  const wire::Target where = target(dataset);
  const auto registered = store->register_device(
      where.pool, where.identity, {.id = device, .platform = platform, .token = "token-" + device}, clock.wall());
  ASSERT_TRUE(registered) << registered.error().message;
  const auto subscribed = store->subscribe(where, device);
  ASSERT_TRUE(subscribed && *subscribed == SubscriptionOutcome::kDone);
}

void OutboxTest::configure(wire::StreamingStatus status) {
  auto configuration = load_configuration(*store, pool()).value();
  configuration.value.streams = wire::CognitoStreams{
      .stream_name = "changes", .role_arn = "arn:aws:iam::123456789012:role/sync", .status = status};
  configuration.value.push_sync =
      wire::PushSync{.application_arns = {"arn:aws:sns:us-east-1:123456789012:app/APNS/game",
                                          "arn:aws:sns:us-east-1:123456789012:app/GCM/game"}};
  ASSERT_TRUE(save(*store, pool(), configuration));
}

wire::StreamingStatus OutboxTest::streaming() const {
  return load_configuration(*store, pool())->value.streams->status.value();
}

std::vector<WaitingMessage> OutboxTest::messages(OutboxKind kind) {
  return store->due_messages(kind, clock.wall(), 100, {}).value();
}

std::vector<std::string> OutboxTest::due(OutboxKind kind) {
  std::vector<std::string> texts;
  for (const WaitingMessage& waiting : messages(kind)) {
    texts.push_back((waiting.device.empty() ? "" : waiting.device + " ") + waiting.target.dataset.text() + " " +
                    std::to_string(waiting.message.count.value));
  }
  return texts;
}

}  // namespace syncline::service
