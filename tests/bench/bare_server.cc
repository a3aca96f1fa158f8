#include "bench/bare_server.h"

// With g++ 12, Asio's coroutine header lacks this; it must come first.
// clang-format off
#include <utility>
// clang-format on

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>
#include <exception>
#include <string>

namespace syncline::bench {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

asio::awaitable<void> serve(tcp::socket socket, std::size_t reply_bytes) {
  boost::beast::tcp_stream stream(std::move(socket));
  boost::beast::flat_buffer buffer;
  try {
    while (true) {
      http::request<http::string_body> request;
      stream.expires_after(std::chrono::seconds(30));
      co_await http::async_read(stream, buffer, request, asio::use_awaitable);
      http::response<http::string_body> reply(http::status::ok, request.version());
      reply.set(http::field::content_type, "application/json");
      reply.keep_alive(request.keep_alive());
      reply.body() = std::string(reply_bytes, 'x');
      reply.prepare_payload();
      co_await http::async_write(stream, reply, asio::use_awaitable);
    }
  } catch (const std::exception&) {
    stream.close();
  }
}

asio::awaitable<void> accept(tcp::acceptor& acceptor, std::size_t reply_bytes) {
  while (true) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    const auto executor = socket.get_executor();
    asio::co_spawn(executor, serve(std::move(socket), reply_bytes), asio::detached);
  }
}

}  // namespace

void run_bare_server(std::size_t reply_bytes, const std::function<void(std::uint16_t)>& listening) {
  asio::io_context io(1);
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  listening(acceptor.local_endpoint().port());
  asio::co_spawn(io, accept(acceptor, reply_bytes), asio::detached);
  io.run();
  std::exit(0);
}

}  // namespace syncline::bench
