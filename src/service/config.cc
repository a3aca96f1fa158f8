#include "service/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace syncline::service {

namespace {

// What a value must be, or nullopt if it was and has been taken.
using Complaint = std::optional<std::string>;

struct Setting {
  std::string_view key;  // with its table: "limits.connections"
  Complaint (*take)(ServeConfig& config, const toml::node& value);
};

Complaint take_text(std::string& to, const toml::node& value) {
  const auto text = value.value_exact<std::string>();
  if (!text || text->empty()) return "a string that is not empty";
  to = *text;
  return std::nullopt;
}

template <typename Number>
Complaint take_number(Number& to, const toml::node& value, std::int64_t least, std::int64_t most) {
  const auto number = value.value_exact<std::int64_t>();
  if (!number || *number < least || *number > most) {
    return "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  }
  to = static_cast<Number>(*number);
  return std::nullopt;
}

Complaint take_seconds(std::chrono::milliseconds& to, const toml::node& value) {
  static constexpr std::int64_t kDay = 86'400;
  std::int64_t seconds = 0;
  auto complaint = take_number(seconds, value, 1, kDay);
  if (!complaint) to = std::chrono::seconds(seconds);
  return complaint;
}

Complaint take_level(LogLevel& to, const toml::node& value) {
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels = {{{"debug", LogLevel::kDebug},
                                                                                    {"info", LogLevel::kInfo},
                                                                                    {"warning", LogLevel::kWarning},
                                                                                    {"error", LogLevel::kError}}};
  const auto text = value.value_exact<std::string>();
  const auto found =
      std::find_if(kLevels.begin(), kLevels.end(), [&](const auto& level) { return text && level.first == *text; });
  if (found == kLevels.end()) return R"("debug", "info", "warning" or "error")";
  to = found->second;
  return std::nullopt;
}

constexpr std::int64_t kMostBytes = std::int64_t{1} << 30U;
constexpr std::int64_t kMostEntries = 1'000'000;

constexpr Setting kSettings[] = {
    {"listen", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.listen, v); }},
    {"data", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.data_dir, v); }},
    {"region", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.region, v); }},
    {"log_level", [](ServeConfig& c, const toml::node& v) { return take_level(c.log_level, v); }},
    {"tls.certificate", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.tls.certificate, v); }},
    {"tls.key", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.tls.key, v); }},
    {"quotas.datasets_per_identity",
     [](ServeConfig& c, const toml::node& v) {
       return take_number(c.server.quotas.datasets_per_identity, v, 1, kMostEntries);
     }},
    {"quotas.records_per_dataset",
     [](ServeConfig& c, const toml::node& v) {
       return take_number(c.server.quotas.records_per_dataset, v, 1, kMostEntries);
     }},
    {"quotas.bytes_per_dataset",
     [](ServeConfig& c, const toml::node& v) {
       return take_number(c.server.quotas.bytes_per_dataset, v, 1, kMostBytes);
     }},
    {"tokens.session_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.session_lifetime, v); }},
    {"tokens.page_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.page_lifetime, v); }},
    {"tokens.credentials_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.credentials_lifetime, v); }},
    {"delivery.sns", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.delivery.sns, v); }},
    {"delivery.kinesis", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.delivery.kinesis, v); }},
    {"delivery.s3", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.delivery.s3, v); }},
    {"delivery.bucket", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.delivery.bucket, v); }},
    {"delivery.lambda", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.delivery.lambda, v); }},
    {"delivery.region", [](ServeConfig& c, const toml::node& v) { return take_text(c.server.delivery.region, v); }},
    {"delivery.access_key_id",
     [](ServeConfig& c, const toml::node& v) { return take_text(c.server.delivery.credentials.access_key_id, v); }},
    {"delivery.secret_access_key",
     [](ServeConfig& c, const toml::node& v) { return take_text(c.server.delivery.credentials.secret_access_key, v); }},
    {"delivery.session_token",
     [](ServeConfig& c, const toml::node& v) { return take_text(c.server.delivery.credentials.session_token, v); }},
    {"delivery.attempts",
     [](ServeConfig& c, const toml::node& v) {
       return take_number(c.server.delivery.limits.attempts, v, 1, kMostEntries);
     }},
    {"delivery.age_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.delivery.limits.age, v); }},
    {"delivery.longest_delay_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.delivery.limits.longest_delay, v); }},
    {"delivery.request_timeout_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.delivery.request_timeout, v); }},
    {"delivery.triggers_at_once",
     [](ServeConfig& c, const toml::node& v) { return take_number(c.server.delivery.triggers_at_once, v, 1, 256); }},
    {"limits.io_threads",
     [](ServeConfig& c, const toml::node& v) { return take_number(c.server.limits.io_threads, v, 1, 256); }},
    {"limits.worker_threads",
     [](ServeConfig& c, const toml::node& v) { return take_number(c.server.limits.worker_threads, v, 1, 256); }},
    {"limits.connections",
     [](ServeConfig& c, const toml::node& v) { return take_number(c.server.limits.connections, v, 1, kMostEntries); }},
    {"limits.header_bytes",
     [](ServeConfig& c,
        const toml::node& v) { return take_number(c.server.limits.header_bytes, v, 1024, kMostBytes); }},
    {"limits.body_bytes",
     [](ServeConfig& c, const toml::node& v) { return take_number(c.server.limits.body_bytes, v, 1024, kMostBytes); }},
    {"limits.all_bodies_bytes",
     [](ServeConfig& c,
        const toml::node& v) { return take_number(c.server.limits.all_bodies_bytes, v, 1024, 64 * kMostBytes); }},
    {"limits.header_timeout_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.limits.header_timeout, v); }},
    {"limits.body_timeout_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.limits.body_timeout, v); }},
    {"limits.heartbeat_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.limits.heartbeat, v); }},
    {"limits.stop_timeout_seconds",
     [](ServeConfig& c, const toml::node& v) { return take_seconds(c.server.limits.stop_timeout, v); }},
};

Error wrong(const std::string& file, const toml::source_region& where, std::string_view what) {
  return Error{.code = ErrorCode::kInvalidArgument,
               .message = file + ":" + std::to_string(where.begin.line) + ": " + std::string(what)};
}

bool is_table_name(std::string_view key) {
  return std::any_of(std::begin(kSettings), std::end(kSettings), [key](const Setting& setting) {
    return setting.key.starts_with(key) && setting.key.substr(key.size()).starts_with('.');
  });
}

Complaint take_texts(std::vector<std::string>& to, const toml::node& value) {
  static constexpr std::string_view kTexts = "an array of strings that are not empty";
  const toml::array* texts = value.as_array();
  if (texts == nullptr) return std::string(kTexts);
  for (const toml::node& text : *texts) {
    if (take_text(to.emplace_back(), text)) return std::string(kTexts);
  }
  return std::nullopt;
}

// [openid."NAME"]
Result<void> take_provider(ServeConfig& config, const std::string& file, const std::string& name,
                           const toml::node& value) {
  const std::string table = "openid." + name;
  if (!value.is_table()) return wrong(file, value.source(), "'" + table + "' must be a table");
  OpenIdProvider& provider = config.server.openid.emplace_back();
  provider.name = name;
  for (const auto& [key, setting] : *value.as_table()) {
    Complaint complaint;
    if (key == "issuer") {
      complaint = take_text(provider.issuer, setting);
    } else if (key == "jwks") {
      complaint = take_text(provider.jwks, setting);
    } else if (key == "audiences") {
      complaint = take_texts(provider.audiences, setting);
    } else {
      return wrong(file, key.source(), "unknown key '" + table + "." + std::string(key.str()) + "'");
    }
    if (complaint) {
      return wrong(file, setting.source(), "'" + table + "." + std::string(key.str()) + "' must be " + *complaint);
    }
  }
  if (provider.jwks.empty()) return wrong(file, value.source(), "'" + table + ".jwks' is missing");
  return {};
}

Result<void> take_providers(ServeConfig& config, const std::string& file, const toml::node& value) {
  if (!value.is_table()) return wrong(file, value.source(), "'openid' must be a table");
  for (const auto& [name, provider] : *value.as_table()) {
    if (auto taken = take_provider(config, file, std::string(name.str()), provider); !taken) return taken;
  }
  return {};
}

Result<void> take_table(ServeConfig& config, const std::string& file, const std::string& prefix,
                        const toml::table& table) {
  for (const auto& [name, value] : table) {
    const std::string key = prefix + std::string(name.str());
    const auto* found = std::find_if(std::begin(kSettings), std::end(kSettings),
                                     [&](const Setting& setting) { return setting.key == key; });
    if (found != std::end(kSettings)) {
      if (auto complaint = found->take(config, value)) {
        return wrong(file, value.source(), "'" + key + "' must be " + *complaint);
      }
    } else if (key == "openid") {
      if (auto taken = take_providers(config, file, value); !taken) return taken;
    } else if (prefix.empty() && is_table_name(key)) {
      if (!value.is_table()) return wrong(file, value.source(), "'" + key + "' must be a table");
      if (auto taken = take_table(config, file, key + ".", *value.as_table()); !taken) return taken;
    } else {
      return wrong(file, name.source(), "unknown key '" + key + "'");
    }
  }
  return {};
}

}  // namespace

Result<ServeConfig> load_config(const std::string& file) {
  ServeConfig config;
  try {
    const toml::table table = toml::parse_file(file);
    if (auto taken = take_table(config, file, "", table); !taken) return std::move(taken).error();
  } catch (const toml::parse_error& error) {
    return wrong(file, error.source(), error.description());
  } catch (const std::exception& error) {
    return Error{.code = ErrorCode::kInvalidArgument, .message = file + ": " + error.what()};
  }
  return config;
}

}  // namespace syncline::service
