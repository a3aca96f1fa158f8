#include "service/http_server.h"

// With g++ 12, Asio's coroutine header lacks this; it must come first.
// clang-format off
#include <utility>
// clang-format on

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <vector>

#include "core/text.h"
#include "net/gzip.h"
#include "service/answer.h"
#include "service/listen_address.h"
#include "service/tls.h"

namespace syncline::service {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// After an error the rest of a request is read and dropped within these bounds: closing on unread bytes would reset the
// connection and could take the answer with it.
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::size_t kLingerBytes = std::size_t{64} << 20U;
// Connections above the limit that are being told so. More are closed without a word: files are short as well.
constexpr std::size_t kMostTurnedAway = 64;
// How long a client has to confirm that a TLS connection ends; most never do.
constexpr std::chrono::milliseconds kTlsGoodbyeTime{100};
// A client that still sends after it has asked for a stream has misunderstood something.
constexpr std::size_t kMostSentToAStream = 4096;
// How long to wait when the process is out of file descriptors.
constexpr std::chrono::milliseconds kAcceptPause{50};

auto with_error(error_code& failed) {
  return asio::redirect_error(asio::use_awaitable, failed);
}

class Connection;

// What all connections share.
struct Shared {
  HttpServerOptions options;
  HttpHandler handler;
  TlsContext tls;  // of new connections; empty: plain HTTP
  SystemClock system_clock;
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> body_bytes{0};  // of requests being read and answered
  std::atomic<std::size_t> streams{0};
  std::atomic<std::size_t> queued{0};  // requests that wait for a worker
  std::atomic<std::uint64_t> shed{0};
  std::atomic<std::uint64_t> unreadable{0};

  std::mutex mutex;
  std::condition_variable ended;
  std::unordered_set<std::shared_ptr<Connection>> connections;  // guarded by mutex

  Timestamp now() { return options.clock != nullptr ? options.clock->wall() : system_clock.wall(); }
};

// The share of all_bodies_bytes that one request takes: what has arrived, as what was announced may never come.
class BodyShare {
 public:
  explicit BodyShare(Shared& shared) : shared_(shared) {}
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  ~BodyShare() { give_back(); }

  void give_back() { shared_.body_bytes -= std::exchange(bytes_, 0); }
  bool grow_to(std::size_t bytes) {
    const std::size_t more = bytes - std::min(bytes, bytes_);
    bytes_ += more;
    return (shared_.body_bytes += more) <= shared_.options.limits.all_bodies_bytes;
  }

 private:
  Shared& shared_;
  std::size_t bytes_ = 0;
};

// As string_body, but that its memory grows with what arrives.
struct ArrivingBody : http::string_body {
  class reader : public http::string_body::reader {
   public:
    using Base = http::string_body::reader;
    using Base::Base;
    void init(const boost::optional<std::uint64_t>& /*announced*/, error_code& failed) {
      Base::init(boost::none, failed);
    }
  };
};

// One stream among all connections, of which an eighth is kept for calls: streams stay for hours (S10).
class StreamShare {
 public:
  explicit StreamShare(Shared& shared) : shared_(shared), number_(++shared.streams) {}
  StreamShare(const StreamShare&) = delete;
  StreamShare& operator=(const StreamShare&) = delete;
  ~StreamShare() { --shared_.streams; }

  [[nodiscard]] bool fits() const {
    const std::size_t all = shared_.options.limits.connections;
    return number_ <= all - all / 8;
  }

 private:
  Shared& shared_;
  const std::size_t number_;
};

// nullopt: a malformed percent-encoding.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, equals));
    auto value = percent_decode(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) return std::nullopt;
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

// nullopt: the target's query is malformed.
std::optional<HttpRequest> to_request(http::request<ArrivingBody>&& message) {
  const std::string_view target = view(message.target());
  const auto mark = std::min(target.find('?'), target.size());
  auto query = parse_query(target.substr(std::min(mark + 1, target.size())));
  if (!query) return std::nullopt;
  HttpRequest request{.method = std::string(view(message.method_string())),
                      .path = std::string(target.substr(0, mark)),
                      .query = std::move(*query),
                      .headers = {},
                      .body = {}};
  for (const auto& field : message) {
    request.headers.push_back({std::string(view(field.name_string())), std::string(view(field.value()))});
  }
  request.body = std::move(message.body());
  return request;
}

// The front's answer to bytes that did not become a request; nullopt: nobody is there to hear it.
std::optional<HttpResponse> answer_to(const error_code& failed) {
  if (failed == http::error::body_limit) {
    return typed_error(413, "RequestEntityTooLargeException", "The request's body is too large");
  }
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow) {
    return typed_error(431, "RequestHeaderFieldsTooLargeException", "The request's header is too large");
  }
  if (failed == http::error::end_of_stream ||
      failed.category() != make_error_code(http::error::bad_method).category()) {
    return std::nullopt;
  }
  return typed_error(400, "InvalidParameterException", "The request is not HTTP: " + failed.message());
}

// A length that two readers could understand in two ways, so that behind a proxy one's body would be the other's next
// request (RFC 9112, section 6.3). Beast refuses lengths that contradict each other.
bool is_ambiguous(const http::request_header<>& header) {
  const auto lengths = header.equal_range(http::field::content_length);
  const auto codings = header.equal_range(http::field::transfer_encoding);
  if (lengths.first != lengths.second) {
    const auto digits = view(lengths.first->value());
    if (std::next(lengths.first) != lengths.second || digits.find_first_not_of("0123456789") != digits.npos)
      return true;
  }
  if (codings.first == codings.second) return false;
  return header.version() != 11 || std::next(codings.first) != codings.second ||
         !equal_ignoring_case(view(codings.first->value()), "chunked");
}

HttpResponse overloaded() {
  HttpResponse response = typed_error(503, "ServiceUnavailableException", "The service is overloaded");
  response.headers.push_back({"Retry-After", "1"});
  return response;
}

// TCP, with or without TLS on top. As Beast's AsyncReadStream and AsyncWriteStream demand.
class Stream {
 public:
  using executor_type = beast::tcp_stream::executor_type;

  Stream(tcp::socket socket, std::shared_ptr<asio::ssl::context> tls)
      : tcp_(std::move(socket)), context_(std::move(tls)) {
    if (context_) tls_.emplace(tcp_, *context_);
  }

  executor_type get_executor() { return tcp_.get_executor(); }
  beast::tcp_stream& below() { return tcp_; }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return tls_ ? tls_->async_read_some(buffers, std::forward<Token>(token))
                : tcp_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return tls_ ? tls_->async_write_some(buffers, std::forward<Token>(token))
                : tcp_.async_write_some(buffers, std::forward<Token>(token));
  }

  asio::awaitable<void> shake_hands(std::chrono::milliseconds longest, error_code& failed) {
    if (!tls_) co_return;
    tcp_.expires_after(longest);
    co_await tls_->async_handshake(asio::ssl::stream_base::server, with_error(failed));
  }
  asio::awaitable<void> say_goodbye() {
    if (!tls_) co_return;
    error_code ignored;
    tcp_.expires_after(kTlsGoodbyeTime);
    co_await tls_->async_shutdown(with_error(ignored));
  }

 private:
  beast::tcp_stream tcp_;
  std::shared_ptr<asio::ssl::context> context_;
  std::optional<beast::ssl_stream<beast::tcp_stream&>> tls_;
};

std::string header_of_stream(const HttpResponse& response) {
  // No length: it lasts until the connection ends.
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " OK\r\nConnection: close\r\n";
  for (const Header& header : response.headers) bytes += header.name + ": " + header.value + "\r\n";
  return bytes + "\r\n";
}

// One client's connection. Everything happens on its strand.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, asio::thread_pool& workers, tcp::socket socket);

  // Answers requests until the client or the server has had enough.
  asio::awaitable<void> serve();
  asio::awaitable<void> turn_away();
  // Cuts the wait for a request that has not arrived. [any thread]
  static void stop_if_idle(const std::shared_ptr<Connection>& connection);

 private:
  // How to answer.
  struct Reply {
    unsigned version = 11;
    bool keep_alive = false;
    bool head = false;  // no body, whatever the header says of it
    bool may_compress = false;
  };

  asio::awaitable<void> shake_hands(std::chrono::milliseconds longest);
  asio::awaitable<bool> serve_one();
  // These two return the front's own answer if there is no request to hand on.
  asio::awaitable<std::optional<HttpResponse>> read_header();
  asio::awaitable<std::optional<HttpResponse>> read_body(BodyShare& share);
  HttpResponse no_room(BodyShare& share);
  asio::awaitable<HttpResponse> answer(const HttpRequest& request);
  // The connection goes on.
  HttpResponse shed();
  asio::awaitable<void> refuse(HttpResponse response);
  asio::awaitable<bool> send(HttpResponse response, Reply reply);
  std::optional<StreamAnswer> open_stream(const HttpRequest& request);
  asio::awaitable<bool> answer_stream(StreamAnswer answer, Reply reply);
  asio::awaitable<void> send_stream(HttpStream& stream, std::string bytes);
  asio::awaitable<void> send_piece(const std::string& bytes);
  // Waits for something to send.
  asio::awaitable<void> rest();
  void wake();
  // Notices that the client of a stream is gone, which only reading tells.
  static asio::awaitable<void> watch(std::shared_ptr<Connection> connection);
  asio::awaitable<void> close();
  std::optional<HttpResponse> failed_reading(const error_code& failed);

  Shared& shared_;
  asio::thread_pool& workers_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<ArrivingBody>> parser_;
  std::string remote_address_;
  std::optional<asio::steady_timer> rest_;  // of a stream that has nothing to send; expires with its heartbeat
  bool woken_ = false;                      // a stream may have something to send
  bool watched_ = false;
  bool idle_ = false;    // waits for a request, or what a stream has to send
  bool lost_ = false;    // nobody is there any more
  bool unread_ = false;  // the client may still be sending what will not be read
};

Connection::Connection(Shared& shared, asio::thread_pool& workers, tcp::socket socket)
    : shared_(shared), workers_(workers), stream_(std::move(socket), shared.tls.current()) {
  error_code failed;
  stream_.below().socket().set_option(tcp::no_delay(true), failed);
  const auto peer = stream_.below().socket().remote_endpoint(failed);
  // A header, and the most that is read of a body at once. What is neither, such as the extension of a chunk, must not
  // grow without end.
  buffer_.max_size(shared.options.limits.header_bytes + (std::size_t{64} << 10U));
  remote_address_ = failed ? std::string("unknown") : peer.address().to_string();
}

asio::awaitable<void> Connection::serve() {
  co_await shake_hands(shared_.options.limits.header_timeout);
  // g++ 12 miscompiles co_await inside a loop's condition.
  bool more = !lost_;
  while (more && !shared_.stopping) more = co_await serve_one();
  co_await close();
}

asio::awaitable<void> Connection::shake_hands(std::chrono::milliseconds longest) {
  error_code failed;
  idle_ = true;
  co_await stream_.shake_hands(longest, failed);
  idle_ = false;
  lost_ = failed.failed();
}

asio::awaitable<void> Connection::turn_away() {
  co_await shake_hands(kLingerTime);
  if (!lost_) co_await refuse(overloaded());
  co_await close();
}

void Connection::stop_if_idle(const std::shared_ptr<Connection>& connection) {
  asio::post(connection->stream_.get_executor(), [connection] {
    if (connection->idle_) connection->stream_.below().cancel();
  });
}

// Whether the connection is good for another request.
asio::awaitable<bool> Connection::serve_one() {
  BodyShare share(shared_);
  auto early = co_await read_header();
  if (!early && !lost_) early = co_await read_body(share);
  if (lost_) co_return false;
  if (early) {
    co_await refuse(std::move(*early));
    co_return false;
  }

  auto message = parser_->release();
  parser_.reset();
  const Reply reply{.version = message.version(),
                    .keep_alive = message.keep_alive(),
                    .head = message.method() == http::verb::head,
                    .may_compress = net::offers_gzip(view(message[http::field::accept_encoding]))};
  auto request = to_request(std::move(message));
  if (!request) {
    co_await refuse(typed_error(400, "InvalidParameterException", "The query's percent-encoding is malformed"));
    co_return false;
  }
  auto stream = open_stream(*request);
  if (stream) {
    request.reset();  // a stream lasts for hours
    share.give_back();
    co_return co_await answer_stream(std::move(*stream), reply);
  }
  auto response = co_await answer(*request);
  co_return co_await send(std::move(response), reply);
}

asio::awaitable<std::optional<HttpResponse>> Connection::read_header() {
  static constexpr std::size_t kKeptBuffer = std::size_t{16} << 10U;
  if (buffer_.size() == 0 && buffer_.capacity() > kKeptBuffer) buffer_.shrink_to_fit();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(shared_.options.limits.header_bytes));
  parser_->body_limit(shared_.options.limits.body_bytes);
  stream_.below().expires_after(shared_.options.limits.header_timeout);
  error_code failed;
  idle_ = true;
  co_await http::async_read_header(stream_, buffer_, *parser_, with_error(failed));
  idle_ = false;
  if (!failed && is_ambiguous(parser_->get().base())) {
    co_return typed_error(400, "InvalidParameterException", "The request's length is ambiguous");
  }
  co_return failed_reading(failed);
}

asio::awaitable<std::optional<HttpResponse>> Connection::read_body(BodyShare& share) {
  if (parser_->is_done()) co_return std::nullopt;
  stream_.below().expires_after(shared_.options.limits.body_timeout);
  error_code failed;
  if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, parser_->get().version());
    co_await http::async_write(stream_, go_on, with_error(failed));
    lost_ = failed.failed();
    if (lost_) co_return std::nullopt;
  }
  parser_->eager(true);  // else each chunk, be it of a byte, would come by itself
  while (!parser_->is_done()) {
    co_await http::async_read_some(stream_, buffer_, *parser_, with_error(failed));
    if (failed) co_return failed_reading(failed);
    if (!share.grow_to(parser_->get().body().size())) co_return no_room(share);
  }
  // What is compressed may become as large as any other.
  const bool packed = !parser_->get()[http::field::content_encoding].empty();
  if (packed && !share.grow_to(shared_.options.limits.body_bytes)) co_return no_room(share);
  co_return std::nullopt;
}

// At once, as it may be this one that takes the room of all others.
HttpResponse Connection::no_room(BodyShare& share) {
  parser_.reset();
  share.give_back();
  return overloaded();
}

std::optional<HttpResponse> Connection::failed_reading(const error_code& failed) {
  if (!failed) return std::nullopt;
  auto early = answer_to(failed);
  lost_ = !early.has_value();
  return early;
}

asio::awaitable<HttpResponse> run_handler(Shared& shared, const HttpRequest& request, std::string_view remote_address) {
  --shared.queued;
  co_return shared.handler(request, remote_address);
}

// GETs are answered here and now; what may wait for the disk leaves this thread to other connections.
asio::awaitable<HttpResponse> Connection::answer(const HttpRequest& request) {
  if (request.method == "GET") co_return shared_.handler(request, remote_address_);
  if (++shared_.queued > shared_.options.limits.queue) {
    --shared_.queued;
    co_return shed();
  }
  co_return co_await asio::co_spawn(workers_.get_executor(), run_handler(shared_, request, remote_address_),
                                    asio::use_awaitable);
}

HttpResponse Connection::shed() {
  ++shared_.shed;
  HttpResponse response = overloaded();
  complete(response, shared_.now());
  return response;
}

// The front's own answers end the connection: where the next request would begin is not known.
asio::awaitable<void> Connection::refuse(HttpResponse response) {
  unread_ = true;
  ++(response.status == 503 ? shared_.shed : shared_.unreadable);
  complete(response, shared_.now());
  co_await send(std::move(response), Reply{});
}

asio::awaitable<bool> Connection::send(HttpResponse response, Reply reply) {
  http::response<http::string_body> message;
  message.version(reply.version);
  message.result(static_cast<unsigned>(response.status));
  for (const Header& header : response.headers) message.insert(header.name, header.value);
  if (reply.may_compress && response.body.size() >= net::kLeastToCompress) {
    if (auto packed = net::gzip(response.body)) {
      response.body = std::move(*packed);
      message.set(http::field::content_encoding, "gzip");
    }
  }
  const bool keep_alive = reply.keep_alive && !shared_.stopping;
  message.keep_alive(keep_alive);
  message.content_length(response.body.size());
  if (!reply.head) message.body() = std::move(response.body);

  stream_.below().expires_after(shared_.options.limits.body_timeout);
  error_code failed;
  co_await http::async_write(stream_, message, with_error(failed));
  lost_ = failed.failed();
  co_return keep_alive && !lost_;
}

std::optional<StreamAnswer> Connection::open_stream(const HttpRequest& request) {
  if (request.method != "GET" || !shared_.options.streams) return std::nullopt;
  return shared_.options.streams(request, remote_address_);
}

asio::awaitable<bool> Connection::answer_stream(StreamAnswer answer, Reply reply) {
  if (!answer.stream) co_return co_await send(std::move(answer.response), reply);
  const StreamShare share(shared_);
  if (!share.fits()) co_return co_await send(shed(), reply);
  rest_.emplace(stream_.get_executor());
  watched_ = true;
  asio::co_spawn(stream_.get_executor(), watch(shared_from_this()), asio::detached);
  idle_ = true;
  try {
    co_await send_stream(*answer.stream, header_of_stream(answer.response));
  } catch (const std::exception& thrown) {
    if (shared_.options.log) shared_.options.log(LogLevel::kError, std::string("a stream failed: ") + thrown.what());
  }
  idle_ = false;
  answer.stream.reset();
  if (watched_) {
    // What follows may read as well, which two must not do at once.
    stream_.below().cancel();
    error_code woken = asio::error::operation_aborted;
    rest_->expires_after(kLingerTime);
    while (watched_ && woken) co_await rest_->async_wait(with_error(woken));
  } else {
    lost_ = !shared_.stopping;
  }
  co_return false;
}

// Nothing is kept for a client that does not read: the stream is asked for more when all was sent, and one piece has
// body_timeout.
asio::awaitable<void> Connection::send_stream(HttpStream& stream, std::string bytes) {
  stream.listen([executor = stream_.get_executor(), weak = weak_from_this()] {
    asio::post(executor, [weak] {
      if (const auto connection = weak.lock()) connection->wake();
    });
  });
  std::optional<std::string> piece = std::move(bytes);
  while (piece && watched_ && !lost_ && !shared_.stopping) {
    const bool silent = piece->empty();
    if (!silent) co_await send_piece(*piece);
    if (silent && !woken_) co_await rest();
    woken_ = false;
    const bool quiet = silent && rest_->expiry() <= std::chrono::steady_clock::now();
    if (quiet || !silent) rest_->expires_after(shared_.options.limits.heartbeat);
    piece = stream.next(quiet);
  }
}

asio::awaitable<void> Connection::send_piece(const std::string& bytes) {
  stream_.below().expires_after(shared_.options.limits.body_timeout);
  error_code failed;
  co_await asio::async_write(stream_, asio::buffer(bytes), with_error(failed));
  if (failed) lost_ = true;
}

asio::awaitable<void> Connection::rest() {
  error_code woken;
  co_await rest_->async_wait(with_error(woken));
}

void Connection::wake() {
  woken_ = true;
  if (rest_) rest_->cancel();
}

asio::awaitable<void> Connection::watch(std::shared_ptr<Connection> connection) {
  std::array<char, 512> dropped{};
  std::size_t total = 0;
  error_code failed;
  while (!failed && total < kMostSentToAStream) {
    // A write that begins meanwhile sets the time for itself alone.
    connection->stream_.below().expires_never();
    const std::size_t more = co_await connection->stream_.async_read_some(asio::buffer(dropped), with_error(failed));
    total += more;
  }
  connection->watched_ = false;
  connection->rest_->cancel();
}

asio::awaitable<void> Connection::close() {
  if (!lost_) co_await stream_.say_goodbye();
  error_code failed;
  stream_.below().socket().shutdown(tcp::socket::shutdown_send, failed);
  if (unread_ && !lost_ && !failed) {
    stream_.below().expires_after(kLingerTime);
    std::array<char, 8192> dropped{};
    std::size_t total = 0;
    while (!failed && total < kLingerBytes) {
      const std::size_t more = co_await stream_.below().async_read_some(asio::buffer(dropped), with_error(failed));
      total += more;
    }
  }
  stream_.below().close();
}

asio::awaitable<void> run_connection(Shared& shared, std::shared_ptr<Connection> connection, bool welcome) {
  try {
    if (welcome) {
      co_await connection->serve();
    } else {
      co_await connection->turn_away();
    }
  } catch (const std::exception& thrown) {
    if (shared.options.log) shared.options.log(LogLevel::kError, std::string("a connection failed: ") + thrown.what());
  }
  const std::lock_guard lock(shared.mutex);
  shared.connections.erase(connection);
  shared.ended.notify_all();
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, HttpHandler handler)
      : io_(options.limits.io_threads),
        workers_(static_cast<std::size_t>(options.limits.worker_threads)),
        acceptor_(asio::any_io_executor(asio::make_strand(io_))) {
    shared_.options = std::move(options);
    shared_.handler = std::move(handler);
  }

  Result<void> load_tls() { return shared_.tls.load(shared_.options.tls); }
  Result<void> listen();
  void run();
  void stop();
  [[nodiscard]] const ListenAddress& address() const { return address_; }
  [[nodiscard]] HttpFigures figures() {
    const std::lock_guard lock(shared_.mutex);
    return {.connections = shared_.connections.size(),
            .queued = shared_.queued,
            .shed = shared_.shed,
            .unreadable = shared_.unreadable};
  }
  [[nodiscard]] bool uses_tls() const { return !shared_.options.tls.empty(); }

 private:
  void work();
  asio::awaitable<void> accept();
  void welcome(tcp::socket socket);

  // Destroyed from the last to the first: what still hangs in io_ refers to shared_.
  Shared shared_;
  asio::io_context io_;
  asio::thread_pool workers_;
  tcp::acceptor acceptor_;
  ListenAddress address_;
  std::vector<std::thread> threads_;
  std::once_flag stopped_;
};

Result<void> HttpServer::Impl::listen() {
  auto address = parse_listen_address(shared_.options.listen);
  if (!address) return std::move(address).error();
  address_ = std::move(*address);
  const auto cannot = [this](const error_code& failed) {
    return Error{.code = ErrorCode::kNetwork,
                 .message = "cannot listen on " + shared_.options.listen + ": " + failed.message()};
  };
  error_code failed;
  tcp::resolver resolver(io_);
  const auto found = resolver.resolve(address_.host, std::to_string(address_.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, failed);
  if (failed) return cannot(failed);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), failed);
  if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor_.bind(endpoint, failed);
  if (!failed) acceptor_.listen(tcp::acceptor::max_listen_connections, failed);
  if (failed) return cannot(failed);
  address_.port = acceptor_.local_endpoint(failed).port();
  if (failed) return cannot(failed);
  return {};
}

void HttpServer::Impl::run() {
  asio::co_spawn(acceptor_.get_executor(), accept(), asio::detached);
  for (int i = 0; i < shared_.options.limits.io_threads; ++i) threads_.emplace_back([this] { work(); });
}

// What is thrown here is want of memory, inside Asio or Beast: it ends one connection.
void HttpServer::Impl::work() {
  while (!io_.stopped()) {
    try {
      io_.run();
    } catch (const std::exception& thrown) {
      if (shared_.options.log)
        shared_.options.log(LogLevel::kError, std::string("a connection failed: ") + thrown.what());
    }
  }
}

asio::awaitable<void> HttpServer::Impl::accept() {
  while (!shared_.stopping) {
    tcp::socket socket{asio::any_io_executor(asio::make_strand(io_))};
    error_code failed;
    co_await acceptor_.async_accept(socket, with_error(failed));
    if (!failed) {
      welcome(std::move(socket));
    } else if (!shared_.stopping) {
      asio::steady_timer pause(acceptor_.get_executor(), kAcceptPause);
      co_await pause.async_wait(with_error(failed));
    }
  }
}

void HttpServer::Impl::welcome(tcp::socket socket) {
  const auto executor = socket.get_executor();
  auto connection = std::make_shared<Connection>(shared_, workers_, std::move(socket));
  bool welcome = false;
  {
    const std::lock_guard lock(shared_.mutex);
    if (shared_.connections.size() >= shared_.options.limits.connections + kMostTurnedAway) {
      ++shared_.shed;
      return;
    }
    welcome = shared_.connections.size() < shared_.options.limits.connections;
    shared_.connections.insert(connection);
  }
  asio::co_spawn(executor, run_connection(shared_, std::move(connection), welcome), asio::detached);
}

void HttpServer::Impl::stop() {
  std::call_once(stopped_, [this] {
    shared_.stopping = true;
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
    });
    {
      std::unique_lock lock(shared_.mutex);
      for (const auto& connection : shared_.connections) Connection::stop_if_idle(connection);
      shared_.ended.wait_for(lock, shared_.options.limits.stop_timeout, [this] { return shared_.connections.empty(); });
    }
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    workers_.stop();
    workers_.join();
    shared_.connections.clear();
  });
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  stop();
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, HttpHandler handler) {
  try {
    auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
    if (auto loaded = impl->load_tls(); !loaded) return std::move(loaded).error();
    if (auto listening = impl->listen(); !listening) return std::move(listening).error();
    impl->run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
  } catch (const std::exception& thrown) {
    return Error{.code = ErrorCode::kInternal, .message = std::string("cannot start the server: ") + thrown.what()};
  }
}

std::uint16_t HttpServer::port() const {
  return impl_->address().port;
}

std::string HttpServer::endpoint() const {
  return local_endpoint(impl_->address(), impl_->uses_tls() ? "https" : "http");
}

HttpFigures HttpServer::figures() const {
  return impl_->figures();
}

Result<void> HttpServer::reload_tls() {
  return impl_->load_tls();
}

void HttpServer::stop() {
  impl_->stop();
}

}  // namespace syncline::service
