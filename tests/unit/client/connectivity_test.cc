// The kernel's word on routes (platform/linux): its messages, whole, cut off and forged; the real socket; and, where a
// network namespace may be made, a network that comes and goes.
#include "syncline/connectivity.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "linux/route_reader.h"

namespace syncline {
namespace {

using State = Connectivity::State;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kDump = 7;
constexpr std::uint32_t kPort = 4711;

void append(Bytes& bytes, const void* data, std::size_t length) {
  const auto* from = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), from, from + length);
  bytes.resize((bytes.size() + 3) & ~std::size_t{3});
}

void append_attribute(Bytes& bytes, std::uint16_t type, const Bytes& value) {
  const rtattr head{.rta_len = static_cast<std::uint16_t>(sizeof(rtattr) + value.size()), .rta_type = type};
  append(bytes, &head, sizeof head);
  append(bytes, value.data(), value.size());
}

Bytes message(std::uint16_t type, const Bytes& payload = {}, std::uint32_t sequence = kDump, std::uint16_t flags = 0,
              std::uint32_t port = kPort) {
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + payload.size());
  head.nlmsg_type = type;
  head.nlmsg_flags = flags;
  head.nlmsg_seq = sequence;
  head.nlmsg_pid = port;
  Bytes bytes;
  append(bytes, &head, sizeof head);
  append(bytes, payload.data(), payload.size());
  return bytes;
}

struct Route {
  unsigned char family = AF_INET;
  Bytes destination = {};  // empty: the default route
  std::uint32_t interface = 2;
  unsigned char type = RTN_UNICAST;
  unsigned char table = RT_TABLE_MAIN;
  unsigned flags = 0;
};

Bytes route_message(const Route& route, std::uint32_t sequence = kDump) {
  rtmsg head{};
  head.rtm_family = route.family;
  head.rtm_dst_len = static_cast<unsigned char>(route.destination.size() * 8);
  head.rtm_table = route.table;
  head.rtm_type = route.type;
  head.rtm_flags = route.flags;
  Bytes payload;
  append(payload, &head, sizeof head);
  if (!route.destination.empty()) append_attribute(payload, RTA_DST, route.destination);
  Bytes interface(sizeof route.interface);
  std::memcpy(interface.data(), &route.interface, sizeof route.interface);
  append_attribute(payload, RTA_OIF, interface);
  return message(RTM_NEWROUTE, payload, sequence);
}

Bytes address(std::initializer_list<int> bytes) {
  Bytes all;
  for (const int each : bytes) all.push_back(static_cast<std::byte>(each));
  return all;
}

State state_with(const std::vector<Route>& routes) {
  RouteReader reader;
  reader.expect(kDump, kPort);
  for (const auto& route : routes) reader.read(route_message(route));
  EXPECT_FALSE(reader.complete());
  reader.read(message(NLMSG_DONE, Bytes(4)));
  EXPECT_TRUE(reader.complete());
  EXPECT_FALSE(reader.outdated());
  return reader.state();
}

TEST(RouteReaderTest, WhatRoutesMean) {
  EXPECT_EQ(state_with({}), State::kOffline);
  EXPECT_EQ(state_with({{}}), State::kOnline);
  EXPECT_EQ(state_with({{.family = AF_INET6}}), State::kOnline);
  const Route nearby{.destination = address({192, 0, 2})};
  EXPECT_EQ(state_with({nearby}), State::kUnknown) << "a service next door may be all that is wanted";
  EXPECT_EQ(state_with({nearby, {}}), State::kOnline);
  EXPECT_EQ(state_with({{.table = 200}}), State::kOnline) << "a tunnel has a table of its own";
  // None of these leads off this machine.
  EXPECT_EQ(state_with({{.flags = RTNH_F_LINKDOWN}}), State::kOffline);
  EXPECT_EQ(state_with({{.flags = RTNH_F_DEAD}}), State::kOffline);
  EXPECT_EQ(state_with({{.interface = 1}}), State::kOffline);
  EXPECT_EQ(state_with({{.type = RTN_UNREACHABLE}}), State::kOffline);
  EXPECT_EQ(state_with({{.table = RT_TABLE_LOCAL}}), State::kOffline);
  EXPECT_EQ(state_with({{.family = AF_INET6, .destination = address({0xfe, 0x80, 0, 0, 0, 0, 0, 0})}}),
            State::kOffline);
}

TEST(RouteReaderTest, SeveralMessagesInOneDatagram) {
  RouteReader reader;
  reader.expect(kDump, kPort);
  auto datagram = route_message({.destination = address({10, 0})});
  const auto second = route_message({});
  datagram.insert(datagram.end(), second.begin(), second.end());
  const auto end = message(NLMSG_DONE, Bytes(4));
  datagram.insert(datagram.end(), end.begin(), end.end());
  reader.read(datagram);
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.state(), State::kOnline);
}

TEST(RouteReaderTest, ChangesOutdateADumpAndOthersRoutesDoNotCount) {
  for (const auto type : {RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWLINK, RTM_DELLINK}) {
    RouteReader reader;
    reader.expect(kDump, kPort);
    reader.read(message(static_cast<std::uint16_t>(type), {}, 0));
    EXPECT_TRUE(reader.outdated()) << type;
    reader.expect(kDump + 1, kPort);
    EXPECT_FALSE(reader.outdated());
  }
  RouteReader reader;
  reader.expect(kDump, kPort);
  reader.read(route_message({}, kDump - 1));
  EXPECT_EQ(reader.state(), State::kOffline) << "of a dump before";
  reader.read(message(RTM_NEWADDR, {}, 0));
  reader.expect(kDump, kPort);
  EXPECT_FALSE(reader.outdated());
  reader.read(message(NLMSG_DONE, Bytes(4), kDump, NLM_F_DUMP_INTR));
  EXPECT_TRUE(reader.outdated()) << "routes changed under it";
}

// What another process changes comes with its own number, which may be the same.
TEST(RouteReaderTest, AChangeByAnotherProcessIsNoPartOfTheDump) {
  RouteReader reader;
  reader.expect(kDump, kPort);
  reader.read(message(RTM_DELROUTE, {}, kDump, 0, kPort + 1));
  EXPECT_TRUE(reader.outdated());
}

TEST(RouteReaderTest, ARefusedDumpLeavesItOpen) {
  RouteReader reader;
  reader.expect(kDump, kPort);
  reader.read(message(NLMSG_ERROR, Bytes(20)));
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.state(), State::kUnknown);
}

// For a sanitizer to watch: no length in a message is believed.
TEST(RouteReaderTest, BadInputCutOffAndForgedMessages) {
  const auto whole = route_message({.family = AF_INET6, .destination = address({0x20, 0x01, 0x0d, 0xb8})});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    RouteReader reader;
    reader.expect(kDump, kPort);
    reader.read(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    EXPECT_EQ(reader.state(), State::kOffline) << length;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int value : {0, 1, 3, 0x7f, 0xff}) {
      auto forged = whole;
      forged[at] = static_cast<std::byte>(value);
      RouteReader reader;
      reader.expect(kDump, kPort);
      reader.read(forged);
      EXPECT_FALSE(reader.complete() && reader.state() == State::kOnline) << at << " " << value;
    }
  }
}

// --- the kernel ---------------------------------------------------------------------------------------------------

// What the system's monitor says, asked as the client's transport asks.
class Listener {
 public:
  Listener() : monitor_(system_connectivity()) {
    if (monitor_) monitor_->start([this](const Connectivity& network) { states_.push_back(network.state); });
  }
  ~Listener() {
    if (monitor_) monitor_->stop();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] bool opened() const { return monitor_ != nullptr; }
  // Until it has said something new; nullopt: it did not in 10 s.
  std::optional<State> next() {
    const auto before = states_.size();
    pollfd file{.fd = monitor_->descriptor(), .events = POLLIN, .revents = 0};
    for (int i = 0; i < 1'000 && states_.size() == before; ++i) {
      ::poll(&file, 1, 10);
      monitor_->step();
    }
    return states_.size() == before ? std::nullopt : std::optional(states_.back());
  }

 private:
  std::shared_ptr<ConnectivityMonitor> monitor_;
  std::vector<State> states_;
};

TEST(SystemConnectivityTest, TheRealSocketOpensAndAnswers) {
  Listener listener;
  ASSERT_TRUE(listener.opened());
  EXPECT_TRUE(listener.next());
}

// The thread is in a network of its own, and so is all that it starts.
void watch_a_network_of_its_own(bool& possible) {
  const auto run = [](const char* command) { return std::system(command) == 0; };
  possible = ::unshare(CLONE_NEWNET) == 0 &&
             run("exec >/dev/null 2>&1; ip link add near type veth peer name far && ip link set far up");
  if (!possible) return;
  Listener listener;
  ASSERT_TRUE(listener.opened());
  EXPECT_EQ(listener.next(), State::kOffline);
  ASSERT_TRUE(run("ip link set near up && ip address add 192.0.2.2/24 dev near"));
  EXPECT_EQ(listener.next(), State::kUnknown);
  ASSERT_TRUE(run("ip route add default via 192.0.2.1"));
  EXPECT_EQ(listener.next(), State::kOnline);
  ASSERT_TRUE(run("ip link set near down"));
  EXPECT_EQ(listener.next(), State::kOffline);
}

TEST(SystemConnectivityTest, ANetworkThatComesAndGoes) {
  bool possible = false;
  std::thread(watch_a_network_of_its_own, std::ref(possible)).join();
  if (!possible) GTEST_SKIP() << "no network namespace, or no ip(8), here";
}

}  // namespace
}  // namespace syncline
