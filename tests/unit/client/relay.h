// A TCP relay on loopback in front of a server: counts connections and the bytes that go through, in both directions.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace syncline::testing {

class Relay {
 public:
  explicit Relay(std::uint16_t server_port);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::size_t connections() const { return connections_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void accept_connections();
  void pump(int from, int to);

  const std::uint16_t server_port_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::size_t> bytes_ = 0;
  std::vector<int> sockets_;        // touched by the accepting thread, and once that has ended
  std::vector<std::thread> pumps_;  // as above
  std::thread acceptor_;
};

}  // namespace syncline::testing
