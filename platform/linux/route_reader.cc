#include "route_reader.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace syncline {

namespace {

// Fixed by the kernel: each network namespace makes its loopback first.
constexpr std::uint32_t kLoopback = 1;

// A copy of the structure at the front; nullopt: there is not enough.
template <typename T>
std::optional<T> front_of(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T copy;
  std::memcpy(&copy, bytes.data(), sizeof copy);
  return copy;
}

// Messages and attributes begin at multiples of 4; the last one's padding may be missing.
std::span<const std::byte> behind(std::span<const std::byte> bytes, std::size_t length) {
  const std::size_t padded = (length + 3) & ~std::size_t{3};
  return bytes.subspan(std::min(padded, bytes.size()));
}

std::span<const std::byte> attribute(std::span<const std::byte> attributes, std::uint16_t wanted) {
  while (const auto head = front_of<rtattr>(attributes)) {
    if (head->rta_len < sizeof(rtattr) || head->rta_len > attributes.size()) break;
    if (head->rta_type == wanted) return attributes.subspan(sizeof(rtattr), head->rta_len - sizeof(rtattr));
    attributes = behind(attributes, head->rta_len);
  }
  return {};
}

// fe80::/10 leads to the neighbours of a link, and every interface has one.
bool is_link_local(const rtmsg& route, std::span<const std::byte> destination) {
  return route.rtm_family == AF_INET6 && destination.size() >= 2 && destination[0] == std::byte{0xfe} &&
         (destination[1] & std::byte{0xc0}) == std::byte{0x80};
}

}  // namespace

void RouteReader::expect(std::uint32_t dump, std::uint32_t port) {
  *this = RouteReader();
  dump_ = dump;
  port_ = port;
}

Connectivity::State RouteReader::state() const {
  if (refused_) return Connectivity::State::kUnknown;
  if (anywhere_) return Connectivity::State::kOnline;
  return somewhere_ ? Connectivity::State::kUnknown : Connectivity::State::kOffline;
}

void RouteReader::read(std::span<const std::byte> datagram) {
  while (const auto head = front_of<nlmsghdr>(datagram)) {
    if (head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > datagram.size()) return;
    read_message(*head, datagram.subspan(sizeof(nlmsghdr), head->nlmsg_len - sizeof(nlmsghdr)));
    datagram = behind(datagram, head->nlmsg_len);
  }
}

void RouteReader::read_message(const nlmsghdr& head, std::span<const std::byte> payload) {
  const auto type = head.nlmsg_type;
  const bool of_dump = dump_ != 0 && head.nlmsg_seq == dump_ && head.nlmsg_pid == port_;
  if (!of_dump) {
    const bool change = type == RTM_NEWROUTE || type == RTM_DELROUTE || type == RTM_NEWLINK || type == RTM_DELLINK;
    outdated_ = outdated_ || change;
    return;
  }
  if ((head.nlmsg_flags & NLM_F_DUMP_INTR) != 0) outdated_ = true;  // routes changed under it
  if (type == RTM_NEWROUTE) read_route(payload);
  refused_ = refused_ || type == NLMSG_ERROR;
  complete_ = complete_ || type == NLMSG_DONE || type == NLMSG_ERROR;
}

void RouteReader::read_route(std::span<const std::byte> payload) {
  const auto route = front_of<rtmsg>(payload);
  if (!route || route->rtm_type != RTN_UNICAST || route->rtm_table == RT_TABLE_LOCAL) return;
  if ((route->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0) return;
  const auto attributes = behind(payload, sizeof(rtmsg));
  if (front_of<std::uint32_t>(attribute(attributes, RTA_OIF)) == kLoopback) return;
  if (route->rtm_dst_len == 0) {
    anywhere_ = true;
  } else if (!is_link_local(*route, attribute(attributes, RTA_DST))) {
    somewhere_ = true;
  }
}

}  // namespace syncline
