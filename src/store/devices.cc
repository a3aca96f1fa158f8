// Push registrations and subscriptions: what the app wants, and what the service was asked.
#include "store/devices.h"

#include <utility>

#include "store/impl.h"
#include "store/rows.h"

namespace syncline::store {

namespace {

constexpr std::string_view kWanted = "";  // the device of a wish

// Lines of meta, one for the data directory and one for each identity.
constexpr const char* kToken = "push_token";      // "PLATFORM TOKEN"; "": none
constexpr std::string_view kDevice = "push_of ";  // and the identity; "PLATFORM TOKEN DEVICE"; "": none

std::string load_line(Connection& connection, std::string_view name) {
  auto row = connection.use("SELECT value FROM meta WHERE name = ? AND row_sum('m', name, value) = checksum");
  return row.bind(name).step() ? row.text(0) : std::string();
}

// The first word, which is taken away.
std::string take_word(std::string& line) {
  const auto space = line.find(' ');
  if (space == std::string::npos) return {};
  auto word = line.substr(0, space);
  line.erase(0, space + 1);
  return word;
}

std::optional<PushToken> read_token(std::string line) {
  auto platform = take_word(line);
  if (platform.empty()) return std::nullopt;
  return PushToken{.platform = std::move(platform), .token = std::move(line)};
}

std::string device_line(const std::string& identity) {
  return std::string(kDevice) + identity;
}

// Neither a platform nor a token has a space; what the service calls a device may.
std::optional<PushDevice> load_device(Connection& connection, const std::string& identity) {
  auto line = load_line(connection, device_line(identity));
  auto platform = take_word(line);
  auto token = take_word(line);
  if (platform.empty() || token.empty()) return std::nullopt;
  return PushDevice{.token = {.platform = std::move(platform), .token = std::move(token)},
                    .device_id = std::move(line)};
}

void drop_push_subscription(Connection& connection, std::string_view identity, std::string_view dataset,
                            std::string_view device) {
  connection.use("DELETE FROM push_subscription WHERE identity = ? AND dataset = ? AND device = ?")
      .bind(identity)
      .bind(dataset)
      .bind(device)
      .run();
}

}  // namespace

void forget_pushes(Connection& connection, const std::optional<std::string>& identity) {
  if (!identity) {
    connection.use("DELETE FROM push_subscription").run();
    connection.use("DELETE FROM meta WHERE name LIKE 'push%'").run();
    return;
  }
  connection.use("DELETE FROM push_subscription WHERE identity = ?").bind(std::string_view(*identity)).run();
  const auto line = device_line(*identity);
  connection.use("DELETE FROM meta WHERE name = ?").bind(std::string_view(line)).run();
}

void put_push_subscription(Connection& connection, std::string_view identity, const PushSubscription& subscription) {
  connection
      .use(R"sql(
    INSERT OR REPLACE INTO push_subscription (identity, dataset, device, confirmed, checksum)
    VALUES (?1, ?2, ?3, ?4, row_sum('u', ?1, ?2, ?3, ?4)))sql")
      .bind(identity)
      .bind(std::string_view(subscription.dataset))
      .bind(std::string_view(subscription.device_id))
      .bind(static_cast<std::int64_t>(subscription.confirmed))
      .run();
}

Result<PushState> Store::push_state(const std::string& identity) {
  return reading_snapshot(*impl_, [&](Connection& connection) {
    PushState state;
    state.token = read_token(load_line(connection, kToken));
    state.device = load_device(connection, identity);
    auto row = connection.use(R"sql(
      SELECT dataset, device, confirmed FROM push_subscription
      WHERE identity = ? AND row_sum('u', identity, dataset, device, confirmed) = checksum
      ORDER BY dataset, device)sql");
    row.bind(std::string_view(identity));
    while (row.step()) {
      if (row.text(1).empty()) {
        state.wanted.push_back(row.text(0));
      } else {
        state.asked.push_back({.dataset = row.text(0), .device_id = row.text(1), .confirmed = row.number(2) != 0});
      }
    }
    return state;
  });
}

Result<void> Store::set_push_token(const std::optional<PushToken>& token) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    set_meta(transaction.connection(), kToken, token ? token->platform + " " + token->token : std::string());
    transaction.commit();
  });
}

Result<void> Store::set_push_device(const std::string& identity, const std::optional<PushDevice>& device) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    const auto line = device ? device->token.platform + " " + device->token.token + " " + device->device_id : "";
    set_meta(transaction.connection(), device_line(identity), line);
    transaction.commit();
  });
}

Result<std::string> Store::push_device_id(const std::string& identity) {
  return reading(*impl_, [&](Connection& connection) {
    auto device = load_device(connection, identity);
    return device ? std::move(device->device_id) : std::string();
  });
}

Result<void> Store::want_changes(const std::string& identity, const std::vector<std::string>& datasets, bool wanted) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    for (const auto& dataset : datasets) {
      if (wanted) {
        put_push_subscription(transaction.connection(), identity, {.dataset = dataset});
      } else {
        drop_push_subscription(transaction.connection(), identity, dataset, kWanted);
      }
    }
    transaction.commit();
  });
}

Result<std::optional<SyncCount>> Store::wanted_count(const std::string& identity, const std::string& dataset) {
  return reading(*impl_, [&](Connection& connection) -> std::optional<SyncCount> {
    auto row = connection.use(R"sql(
      SELECT coalesce((SELECT sync_count FROM dataset AS d WHERE d.identity = ?1 AND d.name = ?2
                       AND row_sum('d', id, d.identity, name, phase, sync_count, newest) = d.checksum), 0)
      FROM push_subscription AS s
      WHERE identity = ?1 AND dataset = ?2 AND device = ''
        AND row_sum('u', identity, dataset, device, confirmed) = checksum)sql");
    if (!row.bind(std::string_view(identity)).bind(std::string_view(dataset)).step()) return std::nullopt;
    return SyncCount{row.number(0)};
  });
}

Result<void> Store::set_asked(const std::string& identity, const PushSubscription& asked) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    put_push_subscription(transaction.connection(), identity, asked);
    transaction.commit();
  });
}

Result<void> Store::forget_asked(const std::string& identity, const PushSubscription& asked) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    drop_push_subscription(transaction.connection(), identity, asked.dataset, asked.device_id);
    transaction.commit();
  });
}

}  // namespace syncline::store
