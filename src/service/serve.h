// `syncline serve`.
#pragma once

#include <optional>
#include <string>

namespace syncline::service {

// What the command line said; it wins over the config file.
struct ServeOptions {
  std::optional<std::string> listen;  // HOST:PORT; default 127.0.0.1:7373; port 0 takes a free one
  std::optional<std::string> data;    // directory; default ./syncline-data
  std::optional<std::string> config;  // TOML file; see README.md
  bool print_config = false;          // instead of running: a TOML file with all settings on standard output
};

// Runs the service until SIGTERM or SIGINT, which it waits for on the calling thread; call it once, from main(), before
// any other thread is started. When it can answer it prints one line of JSON on standard output:
//   {"event":"ready","endpoint":...,"region":...,"identity_pool_id":...,"access_key_id":...,"secret_access_key":...}
// Everything else goes to standard error: once it runs, a JSON object a line (json_log.h). Returns the exit code: 0
// after a signal, 1 if it could not start.
int run_serve(const ServeOptions& options);

}  // namespace syncline::service
