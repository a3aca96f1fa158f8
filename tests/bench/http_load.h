// What drives a server in the benchmarks: servers in processes of their own, whose CPU time can be told apart, and
// connections that send bytes made before.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "service/server.h"
#include "wire/messages.h"

namespace syncline::bench {

// A server in a child process, killed at the end.
class ServerProcess {
 public:
  // `run` serves, and tells its port and one line of text. `core`: the only one that it may use; -1: any.
  using Ready = std::function<void(std::uint16_t port, const std::string& text)>;
  ServerProcess(int core, const std::function<void(const Ready&)>& run);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] double cpu_seconds() const;
  [[nodiscard]] std::int64_t resident_bytes() const;

 private:
  pid_t child_ = 0;
  std::uint16_t port_ = 0;
  std::string text_;
};

// Keeps this process on one core.
void pin_to(int core);

class Connection {
 public:
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view bytes) const;
  // The body of the next answer; ends the program if it is not 200.
  std::string receive();

 private:
  int socket_;
  std::string buffer_;
};

// The real service on `data_dir`, with its developer's key as the text: "KEY SECRET POOL".
void run_service(const std::string& data_dir, int io_threads, const ServerProcess::Ready& ready);

// One who signs with that key.
class Developer {
 public:
  explicit Developer(const ServerProcess& server);
  // As bytes to send; `identity` and `dataset` by number.
  [[nodiscard]] std::string list(int identity, int dataset, std::int64_t since) const;
  [[nodiscard]] std::string update(int identity, int dataset, const std::string& session,
                                   std::vector<wire::RecordPatch> patches) const;
  // Of a list's answer.
  static std::string session_of(const std::string& body);

 private:
  [[nodiscard]] std::string signed_bytes(HttpRequest request) const;
  [[nodiscard]] wire::Target target(int identity, int dataset) const;

  std::string host_;
  std::string key_;
  std::string secret_;
  std::string pool_;
};

}  // namespace syncline::bench
