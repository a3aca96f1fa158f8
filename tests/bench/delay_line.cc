#include "bench/delay_line.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

#include "bench/support.h"

namespace syncline::bench {

namespace {

using Clock = std::chrono::steady_clock;

struct Kept {
  Clock::time_point due;
  std::string bytes;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void send_at_once(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

bool send_all(int to, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto more = send(to, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += static_cast<std::size_t>(more);
  }
  return true;
}

// Until the next kept bytes are due; -1: for ever.
int milliseconds_until(const std::deque<Kept>& kept) {
  if (kept.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(kept.front().due - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

DelayLine::DelayLine(std::uint16_t server_port, std::chrono::milliseconds one_way)
    : server_port_(server_port), one_way_(one_way) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(0);
  socklen_t length = sizeof(address);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  const bool listening = bind(listener_, raw, length) == 0 && listen(listener_, 64) == 0;
  if (!listening || getsockname(listener_, raw, &length) != 0) give_up("cannot listen on loopback");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_connections(); });
}

DelayLine::~DelayLine() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (const int each : sockets_) shutdown(each, SHUT_RDWR);
  for (auto& each : pumps_) each.join();
  for (const int each : sockets_) close(each);
  close(listener_);
}

void DelayLine::accept_connections() {
  for (;;) {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    ++connections_;
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    auto address = loopback(server_port_);
    if (connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) give_up("the server is gone");
    for (const int each : {client, server}) send_at_once(each);
    sockets_.insert(sockets_.end(), {client, server});
    pumps_.emplace_back([this, client, server] { pump(client, server); });
    pumps_.emplace_back([this, client, server] { pump(server, client); });
  }
}

void DelayLine::pump(int from, int to) const {
  std::deque<Kept> kept;
  bool open = true;
  while (open || !kept.empty()) {
    pollfd readable{.fd = from, .events = static_cast<short>(open ? POLLIN : 0), .revents = 0};
    const int ready = poll(&readable, open ? 1 : 0, milliseconds_until(kept));
    if (open && ready > 0) {
      std::string bytes(16'384, '\0');
      const auto got = recv(from, bytes.data(), bytes.size(), 0);
      open = got > 0;
      bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (open) kept.push_back({Clock::now() + one_way_, std::move(bytes)});
    }
    for (; !kept.empty() && kept.front().due <= Clock::now(); kept.pop_front()) {
      if (!send_all(to, kept.front().bytes)) return;
    }
  }
  shutdown(to, SHUT_WR);
}

}  // namespace syncline::bench
