#include "service/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/text.h"
#include "service/config_settings.h"

namespace syncline::service {

namespace {

// What a value must be, or nullopt if it was and has been taken.
using Complaint = std::optional<std::string>;

Complaint take_text(std::string& to, const toml::node& value) {
  const auto text = value.value_exact<std::string>();
  if (!text || text->empty()) return "a string that is not empty";
  to = *text;
  return std::nullopt;
}

Complaint take_texts(std::vector<std::string>& to, const toml::node& value) {
  static constexpr std::string_view kTexts = "an array of strings that are not empty";
  const toml::array* texts = value.as_array();
  if (texts == nullptr) return std::string(kTexts);
  to.clear();
  for (const toml::node& text : *texts) {
    if (take_text(to.emplace_back(), text)) return std::string(kTexts);
  }
  return std::nullopt;
}

Complaint take_number(std::int64_t& to, const toml::node& value, std::int64_t least, std::int64_t most) {
  const auto number = value.value_exact<std::int64_t>();
  if (!number || *number < least || *number > most) {
    return "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  }
  to = *number;
  return std::nullopt;
}

// Takes what a setting is given.
struct Taker {
  const toml::node& value;

  Complaint operator()(const TextField& field) const {
    if (field.may_be_empty && value.value_exact<std::string>() == std::string()) {
      field.text.clear();
      return std::nullopt;
    }
    return take_text(field.text, value);
  }
  Complaint operator()(const SecretField& field) const {
    return (*this)(TextField{.text = field.text, .may_be_empty = true});
  }
  Complaint operator()(const TextsField& field) const { return take_texts(field.texts, value); }
  Complaint operator()(const NumberField& field) const {
    std::int64_t number = 0;
    auto complaint = take_number(number, value, field.least, field.most);
    if (complaint) return complaint;
    std::visit([number](auto* to) { *to = static_cast<std::remove_pointer_t<decltype(to)>>(number); }, field.number);
    return std::nullopt;
  }
  Complaint operator()(const SecondsField& field) const {
    static constexpr std::int64_t kDay = 86'400;
    std::int64_t seconds = 0;
    auto complaint = take_number(seconds, value, 1, kDay);
    if (!complaint) field.seconds = std::chrono::seconds(seconds);
    return complaint;
  }
  Complaint operator()(const SwitchField& field) const {
    const auto on = value.value_exact<bool>();
    if (!on) return "true or false";
    field.on = *on;
    return std::nullopt;
  }
  Complaint operator()(const LevelField& field) const {
    const auto text = value.value_exact<std::string>();
    const auto* found = std::find_if(std::begin(kLevels), std::end(kLevels),
                                     [&](LogLevel level) { return text && level_name(level) == *text; });
    if (found == std::end(kLevels)) return R"("debug", "info", "warning" or "error")";
    field.level = *found;
    return std::nullopt;
  }
};

std::string quoted(std::string_view text) {
  std::string all = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      all += "\\u00" + hex_encode(std::string_view(&c, 1));
      continue;
    }
    if (c == '"' || c == '\\') all += '\\';
    all += c;
  }
  return all + "\"";
}

std::string quoted(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + quoted(text);
  return "[" + all + "]";
}

// A setting's value as TOML.
struct Shower {
  std::string operator()(const TextField& field) const { return quoted(field.text); }
  std::string operator()(const SecretField& field) const { return field.text.empty() ? quoted("") : "(set)"; }
  std::string operator()(const TextsField& field) const { return quoted(field.texts); }
  std::string operator()(const NumberField& field) const {
    return std::visit([](const auto* number) { return std::to_string(*number); }, field.number);
  }
  std::string operator()(const SecondsField& field) const {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(field.seconds).count());
  }
  std::string operator()(const SwitchField& field) const { return field.on ? "true" : "false"; }
  std::string operator()(const LevelField& field) const { return quoted(level_name(field.level)); }
};

Error wrong(const std::string& file, const toml::source_region& where, std::string_view what) {
  return Error{.code = ErrorCode::kInvalidArgument,
               .message = file + ":" + std::to_string(where.begin.line) + ": " + std::string(what)};
}

bool is_table_name(std::string_view key) {
  return std::any_of(settings().begin(), settings().end(), [key](const Setting& setting) {
    return setting.key.starts_with(key) && setting.key.substr(key.size()).starts_with('.');
  });
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
    const auto found =
        std::find_if(settings().begin(), settings().end(), [&](const Setting& setting) { return setting.key == key; });
    if (found != settings().end()) {
      if (auto complaint = std::visit(Taker{value}, found->field(config))) {
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

std::string print_providers(const std::vector<OpenIdProvider>& providers) {
  std::string text =
      "\n# OpenID Connect providers whose tokens a pool may take as logins, a table each:\n"
      "#   [openid.\"login.example.com\"]\n"
      "#   jwks       its keys: a file, or an http(s) URL\n"
      "#   issuer     what its tokens say; by default https:// and its name\n"
      "#   audiences  for pools that name it by ARN\n";
  for (const OpenIdProvider& provider : providers) {
    text += "[openid." + quoted(provider.name) + "]\njwks = " + quoted(provider.jwks) + "\n";
    if (!provider.issuer.empty()) text += "issuer = " + quoted(provider.issuer) + "\n";
    if (!provider.audiences.empty()) text += "audiences = " + quoted(provider.audiences) + "\n";
  }
  return text;
}

}  // namespace

std::string print_config(ServeConfig config) {
  ServeConfig defaults;
  std::string text = "# syncline serve --config FILE; flags win over it\n";
  std::string_view table;
  for (const Setting& setting : settings()) {
    const auto dot = setting.key.find('.');
    if (dot != std::string_view::npos && setting.key.substr(0, dot) != table) {
      table = setting.key.substr(0, dot);
      text += "\n[" + std::string(table) + "]\n";
    }
    const Field field = setting.field(config);
    const auto* secret = std::get_if<SecretField>(&field);
    const std::string value = std::visit(Shower(), field);
    const std::string usual = std::visit(Shower(), setting.field(defaults));
    text += "# " + std::string(setting.help) + (value == usual ? "" : " (default: " + usual + ")") + "\n";
    // A secret that is set is a comment: who reads the text back must set it again.
    if (secret != nullptr && !secret->text.empty()) text += "# ";
    text += std::string(dot == std::string_view::npos ? setting.key : setting.key.substr(dot + 1));
    text += " = " + value + "\n";
  }
  return text + print_providers(config.server.openid);
}

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
