// `syncline serve`'s config file (TOML). toml++ stays inside.
#pragma once

#include <string>

#include "service/log.h"
#include "service/server.h"
#include "syncline/result.h"

namespace syncline::service {

struct ServeConfig {
  ServerOptions server{.data_dir = "./syncline-data", .listen = "127.0.0.1:7373"};
  LogLevel log_level = LogLevel::kInfo;
};

// What the file does not name keeps its default. Errors: kInvalidArgument, as "FILE:LINE: what is wrong", naming the
// key.
Result<ServeConfig> load_config(const std::string& file);

}  // namespace syncline::service
