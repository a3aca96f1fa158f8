#include "service/serve.h"

#include <pthread.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "service/answer.h"
#include "service/config.h"
#include "service/server.h"

namespace syncline::service {

namespace {

int failed(const Error& error) {
  std::fprintf(stderr, "syncline serve: %s\n", error.message.c_str());
  return 1;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

Log log_to_stderr(LogLevel least) {
  auto logger = std::make_shared<spdlog::logger>("syncline", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog_level(least));
  logger->flush_on(spdlog::level::info);
  return [logger](LogLevel level, const std::string& text) { logger->log(spdlog_level(level), "{}", text); };
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

bool print_ready(const Server& server) {
  const std::array<std::pair<std::string_view, std::string>, 6> fields = {{
      {"event", "ready"},
      {"endpoint", server.endpoint()},
      {"region", server.region()},
      {"identity_pool_id", server.identity_pool_id()},
      {"access_key_id", server.access_key_id()},
      {"secret_access_key", server.secret_access_key()},
  }};
  std::string line;
  for (const auto& [name, value] : fields) {
    line += (line.empty() ? "{" : ",") + json_quote(name) + ":" + json_quote(value);
  }
  line += "}\n";
  return std::fputs(line.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
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

Result<ServeConfig> merged(const ServeOptions& options) {
  auto config = options.config ? load_config(*options.config) : Result<ServeConfig>(ServeConfig{});
  if (!config) return config;
  if (options.listen) config->server.listen = *options.listen;
  if (options.data) config->server.data_dir = *options.data;
  if (auto completed = complete_delivery(config->server.delivery); !completed) return std::move(completed).error();
  return config;
}

int serve(const ServeOptions& options) {
  auto config = merged(options);
  if (!config) return failed(config.error());
  Signals signals;
  const Log log = log_to_stderr(config->log_level);
  config->server.log = log;
  auto server = Server::start(config->server);
  if (!server) return failed(server.error());
  log(LogLevel::kInfo, "serving " + (*server)->endpoint() + " from " + config->server.data_dir);
  if (!print_ready(**server)) {
    return failed(Error{.code = ErrorCode::kStorage, .message = "standard output can't be written"});
  }
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
