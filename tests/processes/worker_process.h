// A worker, from the outside.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace syncline::testing {

struct WorkerOptions {
  std::string directory;
  std::string endpoint = "-";  // "-": no service
  std::string region = "us-east-1";
  std::string pool = {};
  std::string identity = {};
  std::string access_key = "key";
  std::string secret = "secret";
  int lock_timeout_ms = 30'000;
};

// [one thread] Killed with the object.
class WorkerProcess {
 public:
  explicit WorkerProcess(const WorkerOptions& options);  // waits until it is ready
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();

  void send(const std::string& line);
  // The next line; nullopt: it has ended, or `longest` has passed.
  std::optional<std::string> read(std::chrono::milliseconds longest = std::chrono::seconds{60});
  // The answer to a command; what the worker tells by itself meanwhile is kept for next_change().
  std::string ask(const std::string& line);
  // "other +a ~b": the next thing that on_change() said.
  std::optional<std::string> next_change(std::chrono::milliseconds longest = std::chrono::seconds{60});

  void kill();   // SIGKILL; what it said before can still be read
  void pause();  // SIGSTOP
  [[nodiscard]] pid_t id() const { return process_; }
  [[nodiscard]] int output() const { return out_; }

 private:
  std::optional<std::string> take_line();

  pid_t process_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string unread_;
  std::vector<std::string> changes_;
};

}  // namespace syncline::testing
