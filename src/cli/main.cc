// The `syncline` command: reads the command line and hands over to commands.h, or to the service for `serve`.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/admin_command_line.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "service/serve.h"

namespace syncline::cli {
namespace {

constexpr const char* kFooter = R"(
Settings (--data, --endpoint and so on: see syncline --help) are taken from flags, then from SYNCLINE_NAME
in the environment (SYNCLINE_ENDPOINT), then from the config file. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN and AWS_REGION fill in what is nowhere else.

Exit status: 0 done; 1 failed, also get of a missing key; 2 wrong usage or settings; 3 synchronized, but for
conflicts that wait for `syncline resolve`.)";

constexpr const char* kServeFooter = R"(
Of the options of syncline --help it takes --data DIR (the service's own, default ./syncline-data) and --config FILE.
SIGTERM ends it. Exit status: 0 after a signal; 1 if it could not start.)";

// What was read from the command line. `run` is the chosen command.
struct CommandLine {
  NamedValues settings;
  bool json = false;
  std::string dataset;
  std::string key;
  std::string value;
  std::vector<std::string> datasets;
  std::string on_conflict = "later";
  ResolveRequest resolve;
  service::ServeOptions serve;
  AdminRun admin;
  bool needs_service = false;
  std::function<Result<Exit>(const Settings&, Output&)> run;

  [[nodiscard]] std::optional<std::string> chosen_dataset() const {
    return dataset.empty() ? std::nullopt : std::optional(dataset);
  }
};

void add_settings(CLI::App& app, CommandLine& line) {
  for (const auto& setting : setting_names()) {
    const std::string name(setting.name);
    app.add_option_function<std::string>(
           flag_of(name), [&line, name](const std::string& text) { line.settings[name] = text; },
           std::string(setting.help))
        ->type_name("TEXT");
  }
  app.add_flag("--json", line.json, "Print JSON on standard output, and errors as JSON on standard error");
}

void add_dataset(CLI::App* command, std::string& dataset, bool required) {
  command->add_option("DATASET", dataset, "The dataset's name")->required(required);
}

void add_dataset_and_key(CLI::App* command, std::string& dataset, std::string& key) {
  add_dataset(command, dataset, true);
  command->add_option("KEY", key, "The record's key")->required();
}

void add_record_commands(CLI::App& app, CommandLine& line) {
  auto* put_command = app.add_subcommand("put", "Set a key's value");
  add_dataset_and_key(put_command, line.dataset, line.key);
  put_command->add_option("VALUE", line.value, "The value; - reads it from standard input, to the last byte")
      ->required();
  put_command->callback([&line] {
    line.run = [&line](const Settings& settings, Output& output) {
      return put(settings, output, std::cin, line.dataset, line.key, line.value);
    };
  });

  auto* get_command = app.add_subcommand("get", "Print a key's value: its own bytes, on a terminal with a line end");
  add_dataset_and_key(get_command, line.dataset, line.key);
  get_command->callback([&line] {
    line.run = [&line](const Settings& settings, Output& output) {
      return get(settings, output, line.dataset, line.key);
    };
  });

  auto* remove_command = app.add_subcommand("rm", "Remove a key; removing what is absent is fine");
  add_dataset_and_key(remove_command, line.dataset, line.key);
  remove_command->callback([&line] {
    line.run = [&line](const Settings& settings, Output& output) {
      return remove(settings, output, line.dataset, line.key);
    };
  });
}

void add_overview_commands(CLI::App& app, CommandLine& line) {
  auto* list_command = app.add_subcommand(
      "ls", "List the datasets known here, or a dataset's records: state, sync count, modified, key");
  add_dataset(list_command, line.dataset, false);
  list_command->callback([&line] {
    line.run = [&line](const Settings& settings, Output& output) {
      return list(settings, output, line.chosen_dataset());
    };
  });

  auto* status_command = app.add_subcommand("status", "Show what is here: records, bytes, pending changes, conflicts");
  add_dataset(status_command, line.dataset, false);
  status_command->callback([&line] {
    line.run = [&line](const Settings& settings, Output& output) {
      return status(settings, output, line.chosen_dataset());
    };
  });
}

void add_sync_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("sync", "Pull, settle conflicts, push; exits 3 if conflicts wait");
  command->add_option("DATASET", line.datasets, "The datasets (default: all that are known here)");
  command->add_option("--on-conflict", line.on_conflict, "Keep local, remote or the newest, or ask later")
      ->check(CLI::IsMember({"local", "remote", "newest", "later"}))
      ->capture_default_str();
  command->callback([&line] {
    line.needs_service = true;
    line.run = [&line](const Settings& settings, Output& output) {
      return sync(settings, output, line.datasets, line.on_conflict);
    };
  });
}

void add_conflict_commands(CLI::App& app, CommandLine& line) {
  auto* list_command = app.add_subcommand("conflicts", "List the conflicts that wait, with base, local and remote");
  add_dataset(list_command, line.dataset, false);
  list_command->callback([&line] {
    line.run = [&line](const Settings& settings, Output& output) {
      return conflicts(settings, output, line.chosen_dataset());
    };
  });

  auto* resolve_command =
      app.add_subcommand("resolve", "Settle a conflict that waits; the next sync tells the service");
  auto& request = line.resolve;
  add_dataset_and_key(resolve_command, request.dataset, request.key);
  auto* choice = resolve_command->add_option_group("choice", "One of");
  choice->add_option("--keep", request.keep, "Keep one side: local or remote")
      ->check(CLI::IsMember({"local", "remote"}));
  choice->add_option("--value", request.value, "Set this value; - reads it from standard input");
  choice->add_flag("--remove", request.remove, "Remove the key");
  choice->require_option(1);
  resolve_command->add_option("--remote-count", request.remote_count,
                              "Only if the remote version still has this sync count, as `conflicts` showed it");
  resolve_command->callback([&line] {
    line.run = [&line](const Settings& settings, Output& output) {
      return resolve(settings, output, std::cin, line.resolve);
    };
  });
}

void add_serve_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("serve", "Run the service; prints one line of JSON when it is ready");
  command->add_option("--listen", line.serve.listen, "HOST:PORT (default 127.0.0.1:7373); port 0 takes a free one");
  command->add_flag("--print-config", line.serve.print_config,
                    "Print all settings as a config file, with those of --config, and end");
  command->footer(kServeFooter);
}

// CLI11's own message repeats the unexpected words, and one of them may be a secret behind a misspelled flag.
std::string describe(const CLI::App& app, const CLI::ParseError& error) {
  const auto unexpected = app.remaining(true);
  if (unexpected.empty()) return error.what();
  const auto& first = unexpected.front();
  if (first.starts_with("--")) return "there is no option " + first.substr(0, first.find('='));
  if (first.starts_with("-")) return "there is no option " + first.substr(0, 2);
  return app.get_subcommands().empty() ? "there is no command '" + first + "'" : "too many arguments";
}

int run_serve(CommandLine& line, Output& output) {
  for (const auto& [name, value] : line.settings) {
    if (name == "data") {
      line.serve.data = value;
    } else if (name == "config") {
      line.serve.config = value;
    } else {
      output.error("usage", "serve does not take " + flag_of(name));
      return static_cast<int>(Exit::kUsage);
    }
  }
  return service::run_serve(line.serve);
}

constexpr std::array<std::string_view, 7> kAdminSettings{"data",       "endpoint",      "region", "access_key",
                                                         "secret_key", "session_token", "ca_file"};

// What a command came to, once all that it printed is out.
Exit finished(const Result<Exit>& exit, Output& output) {
  if (!exit) {
    output.error(exit.error());
    return Exit::kFailed;
  }
  if (!std::cout.flush()) {
    output.error("output", "standard output can't be written");
    return Exit::kFailed;
  }
  return *exit;
}

// An operator's command takes nothing from the environment but the keys of a service elsewhere.
Exit run_admin(const CommandLine& line, Output& output) {
  AdminPlace place{.data = "./syncline-data",
                   .elsewhere = std::nullopt,
                   .out = std::cout,
                   .format = line.json ? Format::kJson : Format::kHuman};
  for (const auto& [name, value] : line.settings) {
    if (std::find(kAdminSettings.begin(), kAdminSettings.end(), name) != kAdminSettings.end()) continue;
    output.error("usage", "admin does not take " + flag_of(name));
    return Exit::kUsage;
  }
  if (const auto data = line.settings.find("data"); data != line.settings.end()) place.data = data->second;
  if (line.settings.contains("endpoint")) {
    NamedValues flags = line.settings;
    flags.emplace("data", place.data);
    auto settings = load_settings(flags, process_environment);
    if (!settings) {
      output.error("usage", settings.error().message);
      return Exit::kUsage;
    }
    place.elsewhere = std::move(*settings);
  }
  return finished(line.admin(place), output);
}

Exit run_command(const CommandLine& line, Output& output) {
  const auto settings = load_settings(line.settings, process_environment);
  if (!settings) {
    output.error("usage", settings.error().message);
    return Exit::kUsage;
  }
  if (line.needs_service) {
    if (const auto complete = check_for_sync(*settings); !complete) {
      output.error("usage", complete.error().message);
      return Exit::kUsage;
    }
  }
  return finished(line.run(*settings, output), output);
}

int run(int argc, char** argv) {
  CLI::App app("Keeps key/value data on the device and reconciles it with a service that speaks Cognito Sync.",
               "syncline");
  CommandLine line;
  app.set_version_flag("--version", "syncline " SYNCLINE_VERSION);
  app.footer(kFooter);
  app.fallthrough();
  app.require_subcommand(1);
  add_settings(app, line);
  add_record_commands(app, line);
  add_overview_commands(app, line);
  add_sync_command(app, line);
  add_conflict_commands(app, line);
  add_serve_command(app, line);
  add_admin_command(app, line.admin);

  std::string misuse;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    misuse = describe(app, error);
  }
  Output output(std::cout, std::cerr, line.json ? Format::kJson : Format::kHuman, isatty(STDOUT_FILENO) == 1);
  if (!misuse.empty()) {
    output.error("usage", misuse + " (see syncline --help)");
    return static_cast<int>(Exit::kUsage);
  }
  if (app.got_subcommand("serve")) return run_serve(line, output);
  if (app.got_subcommand("admin")) return static_cast<int>(run_admin(line, output));
  return static_cast<int>(run_command(line, output));
}

}  // namespace
}  // namespace syncline::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, here and in the connections
  return syncline::cli::run(argc, argv);
}
