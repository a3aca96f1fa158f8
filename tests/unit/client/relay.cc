#include "relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace syncline::testing {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

Relay::Relay(std::uint16_t server_port) : server_port_(server_port) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(0);
  socklen_t length = sizeof(address);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener_, raw, length), 0);
  EXPECT_EQ(listen(listener_, 16), 0);
  EXPECT_EQ(getsockname(listener_, raw, &length), 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_connections(); });
}

Relay::~Relay() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (const int each : sockets_) shutdown(each, SHUT_RDWR);
  for (auto& each : pumps_) each.join();
  for (const int each : sockets_) close(each);
  close(listener_);
}

void Relay::accept_connections() {
  for (;;) {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    ++connections_;
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    auto address = loopback(server_port_);
    EXPECT_EQ(connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    sockets_.insert(sockets_.end(), {client, server});
    pumps_.emplace_back([this, client, server] { pump(client, server); });
    pumps_.emplace_back([this, client, server] { pump(server, client); });
  }
}

void Relay::pump(int from, int to) {
  std::array<char, 16'384> buffer{};
  for (;;) {
    const auto got = recv(from, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    bytes_ += static_cast<std::size_t>(got);
    for (ssize_t sent = 0; sent < got;) {
      const auto more = send(to, buffer.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (more <= 0) return;
      sent += more;
    }
  }
  shutdown(to, SHUT_WR);
}

}  // namespace syncline::testing
