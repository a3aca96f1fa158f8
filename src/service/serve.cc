#include "service/serve.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "service/answer.h"
#include "service/config.h"
#include "service/json_log.h"
#include "service/server.h"

namespace syncline::service {

namespace {

int failed(const Error& error) {
  std::fprintf(stderr, "syncline serve: %s\n", error.message.c_str());
  return 1;
}

// Signals for the service, kept from every thread but the one that waits for them.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // whoever read our output may have gone
  }
  int wait() {
    int number = 0;
    sigwait(&set_, &number);
    return number;
  }

 private:
  sigset_t set_{};
};

int print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
  return failed(Error{.code = ErrorCode::kStorage, .message = "standard output can't be written"});
}

std::string ready_line(const Server& server) {
  return json_object({{"event", "ready"},
                      {"endpoint", server.endpoint()},
                      {"region", server.region()},
                      {"identity_pool_id", server.identity_pool_id()},
                      {"access_key_id", server.access_key_id()},
                      {"secret_access_key", server.secret_access_key()}}) +
         "\n";
}

// Certificates are renewed while the service runs.
void reload(Server& server, const Log& log) {
  const auto reloaded = server.reload_tls();
  if (reloaded) {
    log(LogLevel::kInfo, "SIGHUP: the TLS certificate was read anew");
  } else {
    log(LogLevel::kError, "SIGHUP: the old TLS certificate stays: " + reloaded.error().message);
  }
}

// Each connection takes one, and many systems give a program 1,024 until it asks for more. Without them new clients
// wait, and deliveries and backups fail.
void allow_files(const HttpLimits& limits, const Log& log) {
  static constexpr rlim_t kOthers = 512;  // of the store, deliveries, and connections that are turned away
  const rlim_t needed = limits.connections + kOthers;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= needed) return;
  files.rlim_cur = std::min(needed, files.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur == needed) return;
  log(LogLevel::kWarning, "limits.connections needs " + std::to_string(needed) + " open files, the system allows " +
                              std::to_string(files.rlim_max));
}

Result<ServeConfig> merged(const ServeOptions& options) {
  auto config = options.config ? load_config(*options.config) : Result<ServeConfig>(ServeConfig{});
  if (!config) return config;
  if (options.listen) config->server.listen = *options.listen;
  if (options.data) config->server.data_dir = *options.data;
  return config;
}

int serve(const ServeOptions& options) {
  auto config = merged(options);
  if (!config) return failed(config.error());
  if (options.print_config) return print(print_config(std::move(*config)));
  if (auto completed = complete_delivery(config->server.delivery); !completed) return failed(completed.error());
  Signals signals;
  JsonLog logs = json_log_to_stderr(config->log_level);
  const Log log = logs.messages;
  config->server.log = log;
  if (config->log_requests) config->server.request_log = std::move(logs.requests);
  allow_files(config->server.limits, log);
  auto server = Server::start(config->server);
  if (!server) return failed(server.error());
  log(LogLevel::kInfo, "serving " + (*server)->endpoint() + " from " + config->server.data_dir);
  if (!(*server)->metrics_endpoint().empty()) log(LogLevel::kInfo, "metrics at " + (*server)->metrics_endpoint());
  if (const int unprinted = print(ready_line(**server)); unprinted != 0) return unprinted;
  int number = signals.wait();
  for (; number == SIGHUP; number = signals.wait()) reload(**server, log);
  log(LogLevel::kInfo, std::string("ending on ") + (number == SIGTERM ? "SIGTERM" : "SIGINT"));
  (*server)->stop();
  return 0;
}

}  // namespace

int run_serve(const ServeOptions& options) {
  try {
    return serve(options);
  } catch (const std::exception& thrown) {
    return failed(Error{.code = ErrorCode::kInternal, .message = thrown.what()});
  }
}

}  // namespace syncline::service
