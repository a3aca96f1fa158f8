#include "raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

namespace syncline::service {

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
}

RawClient::~RawClient() {
  ::close(socket_);
}

bool RawClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::end_sending() const {
  ::shutdown(socket_, SHUT_WR);
}

bool RawClient::fill() {
  char bytes[16384];
  const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::optional<HttpResponse> RawClient::receive(bool head) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  const std::string header = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  HttpResponse response;
  response.status = std::atoi(header.c_str() + sizeof "HTTP/1.1");
  for (std::size_t at = header.find("\r\n") + 2; at < header.size();) {
    const auto line_end = header.find("\r\n", at);
    const auto colon = header.find(": ", at);
    response.headers.push_back({header.substr(at, colon - at), header.substr(colon + 2, line_end - colon - 2)});
    at = line_end + 2;
  }
  const std::string* length = find_header(response.headers, "Content-Length");
  const std::size_t size = length == nullptr || head ? 0 : std::stoul(*length);
  while (buffer_.size() < size) {
    if (!fill()) return std::nullopt;
  }
  response.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return response;
}

std::optional<std::string> RawClient::read_until(std::string_view mark) {
  std::size_t found = 0;
  while ((found = buffer_.find(mark)) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  std::string bytes = buffer_.substr(0, found + mark.size());
  buffer_.erase(0, bytes.size());
  return bytes;
}

bool RawClient::closed() {
  while (fill()) {
  }
  return buffer_.empty();
}

}  // namespace syncline::service
