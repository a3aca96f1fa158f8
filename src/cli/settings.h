// What a command works on. Each setting is taken from the first of: its flag, SYNCLINE_NAME in the environment, the
// config file (TOML). AWS_REGION, and AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN as a whole,
// only fill in where none of these says anything. [one thread]
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "syncline/client.h"
#include "syncline/credentials.h"
#include "syncline/result.h"

namespace syncline::cli {

struct Settings {
  std::string data;  // the data directory; never empty
  std::string endpoint;
  std::string region;
  std::string pool;
  std::string identity;
  Credentials credentials;
  std::string device;
  std::string ca_file;
  Durability durability = Durability::kFull;
};

// One setting's name, "access_key": --access-key as a flag, SYNCLINE_ACCESS_KEY in the environment, access_key in the
// file.
struct SettingName {
  std::string_view name;
  std::string_view help;
  bool in_file = true;  // data and config are what the file is found by
};
std::span<const SettingName> setting_names();
std::string flag_of(std::string_view name);         // "--access-key"
std::string environment_of(std::string_view name);  // "SYNCLINE_ACCESS_KEY"

using NamedValues = std::map<std::string, std::string, std::less<>>;

// A variable that is set and not empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

// `flags` holds what was given on the command line, by setting name; an empty flag overrides with nothing. All errors
// are kInvalidArgument: the caller's to mend. None shows a key.
Result<Settings> load_settings(const NamedValues& flags, const Environment& environment);

// Whether there is all that talking to the service needs; the error names what is missing and how to give it.
Result<void> check_for_sync(const Settings& settings);

}  // namespace syncline::cli
