// A TCP relay on loopback that keeps each byte for a while, in both directions: a network's latency.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace syncline::bench {

class DelayLine {
 public:
  DelayLine(std::uint16_t server_port, std::chrono::milliseconds one_way);
  DelayLine(const DelayLine&) = delete;
  DelayLine& operator=(const DelayLine&) = delete;
  ~DelayLine();

  [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::size_t connections() const { return connections_; }

 private:
  void accept_connections();
  void pump(int from, int to) const;

  const std::uint16_t server_port_;
  const std::chrono::milliseconds one_way_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_ = 0;
  std::vector<int> sockets_;  // these two: of the accepting thread, until it has ended
  std::vector<std::thread> pumps_;
  std::thread acceptor_;
};

}  // namespace syncline::bench
