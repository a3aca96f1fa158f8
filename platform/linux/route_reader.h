// What the kernel says of routes: rtnetlink(7) messages, read without trusting a length in them.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "syncline/connectivity.h"

namespace syncline {

// Adds up a dump of all routes, datagram by datagram, and hears of changes in between. [one thread]
class RouteReader {
 public:
  // The dump with this number begins, told to this port: what earlier ones said no longer counts. What others do
  // comes with their number and port.
  void expect(std::uint32_t dump, std::uint32_t port);
  void read(std::span<const std::byte> datagram);
  // Messages did not fit into the socket's buffer: what they would have said is unknown.
  void lost_some() { outdated_ = true; }

  // Something has changed since the dump, or under it: ask for another.
  [[nodiscard]] bool outdated() const { return outdated_; }
  // Ended, with all or with a refusal.
  [[nodiscard]] bool complete() const { return complete_; }
  // Of a complete dump, unknown if it was refused: a way to anywhere is online, none that leaves this machine offline.
  // Ways to some networks only - a service next door, a host's containers - leave it open.
  [[nodiscard]] Connectivity::State state() const;

 private:
  void read_message(const nlmsghdr& head, std::span<const std::byte> payload);
  void read_route(std::span<const std::byte> payload);

  std::uint32_t dump_ = 0;
  std::uint32_t port_ = 0;
  bool complete_ = false;
  bool refused_ = false;
  bool outdated_ = false;
  bool anywhere_ = false;
  bool somewhere_ = false;
};

}  // namespace syncline
