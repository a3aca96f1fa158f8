// The command line of `syncline admin` (CLI11).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "cli/admin_commands.h"

namespace syncline::cli {

using AdminRun = std::function<Result<Exit>(const AdminPlace& place)>;

// Adds `admin` and all below it. `chosen` is set to the command that was given, and stays so until `app` is gone.
void add_admin_command(CLI::App& app, AdminRun& chosen);

}  // namespace syncline::cli
