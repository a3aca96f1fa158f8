// `syncline serve`'s config file (TOML). toml++ stays inside. The settings are a table in config_settings.cc.
#pragma once

#include <string>

#include "service/log.h"
#include "service/server.h"
#include "syncline/result.h"

namespace syncline::service {

struct ServeConfig {
  // A device's sync is two or three calls; one that restores twenty full datasets needs some four hundred tokens.
  // Behind one address there may be a school. Proxies are on this machine.
  ServerOptions server{.data_dir = "./syncline-data",
                       .listen = "127.0.0.1:7373",
                       .rates = {.identity = {.per_second = 50, .burst = 1'000},
                                 .address = {.per_second = 500, .burst = 10'000},
                                 .unsigned_calls = {.per_second = 10, .burst = 1'000},
                                 .proxies = {"127.0.0.1", "::1"}},
                       .admin_socket = true};
  LogLevel log_level = LogLevel::kInfo;
  bool log_requests = true;
};

// What the file does not name keeps its default. Errors: kInvalidArgument, as "FILE:LINE: what is wrong", naming the
// key.
Result<ServeConfig> load_config(const std::string& file);

// A file that reads back as `config` but for its secrets, which it does not show: every setting with a comment, which
// names its default where this is another.
std::string print_config(ServeConfig config);

}  // namespace syncline::service
