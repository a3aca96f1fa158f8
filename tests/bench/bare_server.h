// The floor of what a request costs over HTTP here: Boost.Beast, and a reply that is always the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace syncline::bench {

// Serves kept connections on 127.0.0.1 with one thread, until the process ends. `listening` is told the port.
[[noreturn]] void run_bare_server(std::size_t reply_bytes, const std::function<void(std::uint16_t)>& listening);

}  // namespace syncline::bench
