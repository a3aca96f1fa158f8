// All that happens in a simulated history, a line each, as one number: FNV-1a, 64 bits. No address, no random token and
// no path of the real file system goes in, so that debug, release and sanitizer builds agree. [one thread]
#pragma once

#include <cstdint>
#include <iostream>
#include <string_view>

namespace syncline::sim {

class Trace {
 public:
  explicit Trace(bool print) : print_(print) {}

  void line(std::string_view text) {
    for (const char c : text) add(static_cast<unsigned char>(c));
    add('\n');
    if (print_) std::cout << text << '\n';
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  void add(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001b3U; }

  std::uint64_t hash_ = 0xcbf29ce484222325U;
  bool print_;
};

}  // namespace syncline::sim
