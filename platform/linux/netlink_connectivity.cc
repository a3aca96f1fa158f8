// system_connectivity() on Linux: a netlink socket that hears of routes and links. rtnetlink(7).
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "route_reader.h"
#include "syncline/connectivity.h"

namespace syncline {

namespace {

// The kernel puts no more of a dump into one datagram; the rest of a longer one is not read.
constexpr std::size_t kLongestDatagram = 32 * 1'024;

class NetlinkConnectivity final : public ConnectivityMonitor {
 public:
  explicit NetlinkConnectivity(int descriptor) : descriptor_(descriptor) {}
  ~NetlinkConnectivity() override { ::close(descriptor_); }

  void start(Callback changed) override {
    changed_ = std::move(changed);
    told_.reset();
    sockaddr_nl own{};
    socklen_t length = sizeof own;
    if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&own), &length) == 0) port_ = own.nl_pid;
    ask();
  }
  void stop() override { changed_ = nullptr; }
  [[nodiscard]] int descriptor() const override { return descriptor_; }

  void step() override {
    while (receive()) {
    }
    if (!asked_) return ask();
    if (!reader_.complete()) return;
    if (reader_.outdated()) return ask();
    if (told_ == reader_.state() || !changed_) return;
    told_ = reader_.state();
    changed_(Connectivity{.state = *told_});
  }

 private:
  // Whether there may be more.
  bool receive() {
    sockaddr_nl from{};
    socklen_t length = sizeof from;
    alignas(nlmsghdr) std::array<std::byte, kLongestDatagram> buffer;
    const auto got =
        ::recvfrom(descriptor_, buffer.data(), buffer.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0 && errno == ENOBUFS) reader_.lost_some();
    if (got < 0) return errno == ENOBUFS || errno == EINTR;
    const auto length_read = std::min(static_cast<std::size_t>(got), buffer.size());
    if (from.nl_pid == 0) reader_.read(std::span(buffer).first(length_read));  // else it is not the kernel's
    return true;
  }

  // Not while an earlier dump is still being told: the kernel refuses then. What fails, for want of memory, is tried
  // again in the next step.
  void ask() {
    struct {
      nlmsghdr head;
      rtmsg route;
    } request{};
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = RTM_GETROUTE;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.head.nlmsg_seq = ++dump_;
    request.route.rtm_family = AF_UNSPEC;
    reader_.expect(dump_, port_);
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    asked_ = ::sendto(descriptor_, &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&kernel),
                      sizeof kernel) >= 0;
  }

  const int descriptor_;
  Callback changed_;
  RouteReader reader_;
  std::uint32_t dump_ = 0;
  std::uint32_t port_ = 0;
  bool asked_ = false;
  std::optional<Connectivity::State> told_;
};

}  // namespace

std::shared_ptr<ConnectivityMonitor> system_connectivity() {
  const int descriptor = ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return nullptr;
  auto monitor = std::make_shared<NetlinkConnectivity>(descriptor);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  const bool bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  return bound ? std::move(monitor) : nullptr;
}

}  // namespace syncline
