#include "cli/settings.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

namespace syncline::cli {

namespace {

constexpr std::array kSettings{
    SettingName{"data", "The data directory: where this device keeps its records", false},
    SettingName{"config", "A TOML file of settings (default: syncline.toml in the data directory, if it exists)",
                false},
    SettingName{"endpoint", "The service, such as http://127.0.0.1:8080"},
    SettingName{"region", "The service's region (default: the one that the pool's id names)"},
    SettingName{"pool", "The identity pool, REGION:GUID"},
    SettingName{"identity", "Whose data it is, REGION:GUID (default: the last one used in this data directory)"},
    SettingName{"access_key", "The access key id that signs"},
    SettingName{"secret_key",
                "Its secret; other users of the machine can read a command line, so prefer the environment"},
    SettingName{"session_token", "The token of temporary keys"},
    SettingName{"device", "The name under which this device writes"},
    SettingName{"ca_file", "PEM certificates to trust instead of the system's"},
    SettingName{"durability", "What a write survives: full (a power cut, default) or process (a killed process)"},
};

Error invalid(std::string message) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = std::move(message)};
}

std::string in_words(std::string_view name) {
  return flag_of(name) + ", " + environment_of(name) + " or " + std::string(name) + " in the config file";
}

bool may_be_in_file(std::string_view name) {
  return std::any_of(kSettings.begin(), kSettings.end(),
                     [name](const SettingName& setting) { return setting.in_file && setting.name == name; });
}

// Says where, but not what: an unquoted secret must not end up in a message.
Error syntax_error(const std::string& path, const toml::parse_error& failure) {
  const auto& at = failure.source().begin;
  return invalid("config file '" + path + "' is not TOML: line " + std::to_string(at.line) + ", column " +
                 std::to_string(at.column));
}

Result<NamedValues> parse_config(const std::string& path, const std::string& text) {
  NamedValues values;
  try {
    const toml::table table = toml::parse(text);
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (!may_be_in_file(name)) return invalid("config file '" + path + "': there is no setting '" + name + "'");
      const auto* value = node.as_string();
      if (value == nullptr) return invalid("config file '" + path + "': " + name + " is not a string");
      values[name] = value->get();
    }
  } catch (const toml::parse_error& failure) {
    return syntax_error(path, failure);
  }
  return values;
}

// Paths in the file count from the file's own folder, wherever the command is run.
Result<NamedValues> read_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::getline(file, text, '\0');  // to the end: TOML has no NUL
  if (!file.is_open() || !file.eof()) return invalid("config file '" + path + "' can't be read");
  auto values = parse_config(path, text);
  if (!values) return values;
  const auto ca_file = values->find("ca_file");
  if (ca_file != values->end() && !ca_file->second.empty()) {
    ca_file->second = (std::filesystem::path(path).parent_path() / ca_file->second).string();
  }
  return values;
}

// The file that was named, or the one in the data directory; none is fine.
Result<NamedValues> find_config(const std::optional<std::string>& named, const std::string& data) {
  if (named) return read_config(*named);
  const auto beside = (std::filesystem::path(data) / "syncline.toml").string();
  std::error_code ignored;
  if (!std::filesystem::exists(beside, ignored)) return NamedValues{};
  return read_config(beside);
}

NamedValues read_environment(const Environment& environment) {
  NamedValues values;
  for (const auto& setting : kSettings) {
    if (auto value = environment(environment_of(setting.name))) values[std::string(setting.name)] = std::move(*value);
  }
  return values;
}

std::optional<std::string> find(const NamedValues& values, std::string_view name) {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

// The places where a setting may stand, the strongest first.
class Sources {
 public:
  void add(NamedValues values) { values_.push_back(std::move(values)); }

  [[nodiscard]] std::string get(std::string_view name) const { return find_up_to(values_.size(), name).value_or(""); }

  // A session token goes with one access key: one from a weaker source than the key belongs to another.
  [[nodiscard]] Credentials credentials() const {
    const auto has_key = [](const NamedValues& values) { return values.contains("access_key"); };
    const auto source = std::find_if(values_.begin(), values_.end(), has_key);
    const auto reach = static_cast<std::size_t>(source - values_.begin()) + 1;
    return {.access_key_id = get("access_key"),
            .secret_access_key = get("secret_key"),
            .session_token = find_up_to(std::min(reach, values_.size()), "session_token").value_or(""),
            .expires_at = {}};
  }

 private:
  [[nodiscard]] std::optional<std::string> find_up_to(std::size_t count, std::string_view name) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (auto value = find(values_[i], name)) return value;
    }
    return std::nullopt;
  }

  std::vector<NamedValues> values_;
};

Credentials credentials_of(const Sources& sources, const Environment& environment) {
  auto own = sources.credentials();
  if (!own.access_key_id.empty() || !own.secret_access_key.empty()) return own;
  return {.access_key_id = environment("AWS_ACCESS_KEY_ID").value_or(""),
          .secret_access_key = environment("AWS_SECRET_ACCESS_KEY").value_or(""),
          .session_token = environment("AWS_SESSION_TOKEN").value_or(""),
          .expires_at = {}};
}

std::string region_of(const Sources& sources, const Environment& environment) {
  if (auto own = sources.get("region"); !own.empty()) return own;
  if (auto aws = environment("AWS_REGION")) return *aws;
  const auto pool = sources.get("pool");
  const auto colon = pool.find(':');
  return colon == std::string::npos ? "" : pool.substr(0, colon);
}

Result<Durability> parse_durability(const std::string& text) {
  if (text.empty() || text == "full") return Durability::kFull;
  if (text == "process") return Durability::kProcess;
  return invalid("durability '" + text + "' is neither full nor process");
}

}  // namespace

std::span<const SettingName> setting_names() {
  return kSettings;
}

std::string flag_of(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string environment_of(std::string_view name) {
  std::string variable = "SYNCLINE_" + std::string(name);
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return variable;
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): before any thread starts
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

Result<Settings> load_settings(const NamedValues& flags, const Environment& environment) {
  Sources sources;
  sources.add(flags);
  sources.add(read_environment(environment));

  Settings settings;
  settings.data = sources.get("data");
  if (settings.data.empty()) return invalid("no data directory: give --data DIR or set SYNCLINE_DATA");
  const auto config = sources.get("config");
  auto file = find_config(config.empty() ? std::nullopt : std::optional(config), settings.data);
  if (!file) return std::move(file).error();
  sources.add(std::move(*file));

  const auto durability = parse_durability(sources.get("durability"));
  if (!durability) return durability.error();
  settings.durability = *durability;
  settings.endpoint = sources.get("endpoint");
  settings.region = region_of(sources, environment);
  settings.pool = sources.get("pool");
  settings.identity = sources.get("identity");
  settings.credentials = credentials_of(sources, environment);
  settings.device = sources.get("device");
  settings.ca_file = sources.get("ca_file");
  return settings;
}

Result<void> check_for_sync(const Settings& settings) {
  const std::array needed{std::pair{std::string_view("endpoint"), &settings.endpoint},
                          std::pair{std::string_view("pool"), &settings.pool},
                          std::pair{std::string_view("region"), &settings.region},
                          std::pair{std::string_view("access_key"), &settings.credentials.access_key_id},
                          std::pair{std::string_view("secret_key"), &settings.credentials.secret_access_key}};
  for (const auto& [name, value] : needed) {
    if (value->empty()) return invalid("syncing needs " + in_words(name));
  }
  return {};
}

}  // namespace syncline::cli
