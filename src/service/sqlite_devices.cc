#include "service/sqlite_devices.h"

#include <utility>

#include "service/sqlite_rows.h"

namespace syncline::service {

namespace {

// Each change of a dataset is pushed to each of them; an app that is installed anew leaves one behind.
constexpr std::int64_t kMostDevicesOfIdentity = 100;

// 0: none.
Result<std::int64_t> find_identity(Connection& connection, const IdentityPoolId& pool, const IdentityId& identity) {
  std::int64_t id = 0;
  auto read = read_rows(
      connection, "SELECT i.id FROM pools p JOIN identities i ON i.pool_id = p.id WHERE p.name = ?1 AND i.name = ?2",
      [&](const Query& row) { id = row.integer(0); }, pool.text(), identity.text());
  if (!read) return std::move(read).error();
  return id;
}

struct Subscription {
  std::int64_t dataset_id = 0;  // 0: no such present dataset
  std::int64_t device_id = 0;   // 0: no such device of this identity
};

Result<Subscription> find_subscription(Connection& connection, const wire::Target& target, std::string_view device) {
  Subscription found;
  auto read = read_rows(
      connection,
      "SELECT d.id, v.id FROM pools p JOIN identities i ON i.pool_id = p.id"
      " LEFT JOIN datasets d ON d.identity_id = i.id AND d.name = ?3 AND d.present = 1"
      " LEFT JOIN devices v ON v.identity_id = i.id AND v.name = ?4"
      " WHERE p.name = ?1 AND i.name = ?2",
      [&](const Query& row) { found = {.dataset_id = row.integer(0), .device_id = row.integer(1)}; },
      target.pool.text(), target.identity.text(), target.dataset.text(), device);
  if (!read) return std::move(read).error();
  return found;
}

// Those that registered last stay.
Result<void> forget_devices(Connection& connection, std::int64_t identity) {
  static constexpr std::string_view kForgotten =
      "(SELECT id FROM devices WHERE identity_id = ?1 ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?2)";
  return run_once(connection, "DELETE FROM subscriptions WHERE device_id IN " + std::string(kForgotten), identity,
                  kMostDevicesOfIdentity)
      .and_then([&] {
        return run_once(connection, "DELETE FROM devices WHERE id IN " + std::string(kForgotten), identity,
                        kMostDevicesOfIdentity);
      });
}

}  // namespace

Result<std::string> write_device(Connection& connection, const IdentityPoolId& pool, const IdentityId& identity,
                                 const Device& device, Timestamp now) {
  auto identity_id = find_identity(connection, pool, identity);
  if (!identity_id) return std::move(identity_id).error();
  if (*identity_id == 0) {
    return Error{.code = ErrorCode::kResourceNotFound, .message = "The identity does not exist"};
  }
  const std::int64_t time = milliseconds(now);
  auto added = run_once(connection,
                        "INSERT INTO devices (identity_id, name, platform, token, created_at)"
                        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (identity_id, platform, token)"
                        " DO UPDATE SET created_at = ?5",
                        *identity_id, device.id, device.platform, device.token, time)
                   .and_then([&] { return forget_devices(connection, *identity_id); });
  if (!added) return std::move(added).error();
  std::string id;
  auto read = read_rows(
      connection, "SELECT name FROM devices WHERE identity_id = ?1 AND platform = ?2 AND token = ?3",
      [&](const Query& row) { id = row.text(0); }, *identity_id, device.platform, device.token);
  if (!read) return std::move(read).error();
  return id;
}

Result<SubscriptionOutcome> write_subscription(Connection& connection, const wire::Target& target,
                                               std::string_view device, bool subscribed) {
  auto found = find_subscription(connection, target, device);
  if (!found) return std::move(found).error();
  if (found->dataset_id == 0) return SubscriptionOutcome::kNoDataset;
  if (found->device_id == 0) return SubscriptionOutcome::kNoDevice;
  const std::string_view sql =
      subscribed ? "INSERT INTO subscriptions (dataset_id, device_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
                 : "DELETE FROM subscriptions WHERE dataset_id = ?1 AND device_id = ?2";
  auto written = run_once(connection, sql, found->dataset_id, found->device_id);
  if (!written) return std::move(written).error();
  return SubscriptionOutcome::kDone;
}

Result<std::vector<Device>> read_subscribers(Connection& connection, const wire::Target& target) {
  std::vector<Device> devices;
  auto read = read_rows(
      connection,
      "SELECT v.name, v.platform, v.token FROM pools p JOIN identities i ON i.pool_id = p.id"
      " JOIN datasets d ON d.identity_id = i.id JOIN subscriptions s ON s.dataset_id = d.id"
      " JOIN devices v ON v.id = s.device_id"
      " WHERE p.name = ?1 AND i.name = ?2 AND d.name = ?3 ORDER BY v.name",
      [&](const Query& row) {
        devices.push_back(
            {.id = std::string(row.text(0)), .platform = std::string(row.text(1)), .token = std::string(row.text(2))});
      },
      target.pool.text(), target.identity.text(), target.dataset.text());
  if (!read) return std::move(read).error();
  return devices;
}

}  // namespace syncline::service
