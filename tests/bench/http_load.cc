#include "bench/http_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "auth/signature.h"
#include "bench/support.h"
#include "core/clock.h"

namespace syncline::bench {

namespace {

// "PORT TEXT\n", through the pipe by which a server says that it is ready.
std::string read_line(int from) {
  std::string line;
  char letter = 0;
  while (::read(from, &letter, 1) == 1 && letter != '\n') line += letter;
  return line;
}

}  // namespace

ServerProcess::ServerProcess(int core, const std::function<void(const Ready&)>& run) {
  int ends[2];
  if (::pipe(ends) != 0) give_up("no pipe");
  child_ = ::fork();
  if (child_ < 0) give_up("no process");
  if (child_ == 0) {
    ::close(ends[0]);
    if (core >= 0) pin_to(core);
    run([&](std::uint16_t port, const std::string& text) {
      const std::string line = std::to_string(port) + " " + text + "\n";
      if (::write(ends[1], line.data(), line.size()) < 0) std::_Exit(1);
    });
    std::_Exit(0);
  }
  ::close(ends[1]);
  const std::string line = read_line(ends[0]);
  ::close(ends[0]);
  if (line.empty()) give_up("a server did not start");
  port_ = static_cast<std::uint16_t>(std::stoi(line));
  text_ = line.substr(line.find(' ') + 1);
}

ServerProcess::~ServerProcess() {
  ::kill(child_, SIGTERM);
  ::waitpid(child_, nullptr, 0);
}

double ServerProcess::cpu_seconds() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(child_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) give_up("no CPU clock");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::int64_t ServerProcess::resident_bytes() const {
  std::ifstream status("/proc/" + std::to_string(child_) + "/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  status >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

void pin_to(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(core), &cores);
  if (::sched_setaffinity(0, sizeof cores, &cores) != 0) give_up("cannot choose the core");
}

Connection::Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("cannot connect");
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() {
  ::close(socket_);
}

void Connection::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) give_up("the server has closed the connection");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Connection::receive() {
  std::size_t header = std::string::npos;
  std::size_t length = 0;
  while (true) {
    if (header == std::string::npos && (header = buffer_.find("\r\n\r\n")) != std::string::npos) {
      const auto at = buffer_.find("Content-Length: ");
      if (at > header || buffer_.compare(9, 3, "200") != 0) give_up("answered: " + buffer_);
      length = std::stoul(buffer_.substr(at + 16));
    }
    if (header != std::string::npos && buffer_.size() >= header + 4 + length) break;
    char bytes[16384];
    const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) give_up("the server has closed the connection");
    buffer_.append(bytes, static_cast<std::size_t>(got));
  }
  std::string body = buffer_.substr(header + 4, length);
  buffer_.erase(0, header + 4 + length);
  return body;
}

void run_service(const std::string& data_dir, int io_threads, const ServerProcess::Ready& ready) {
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &end, nullptr);
  service::HttpLimits limits;
  limits.io_threads = io_threads;
  auto server = must(service::Server::start({.data_dir = data_dir, .limits = limits}));
  ready(server->port(), server->access_key_id() + " " + server->secret_access_key() + " " + server->identity_pool_id());
  int signal = 0;
  ::sigwait(&end, &signal);
  server->stop();
}

Developer::Developer(const ServerProcess& server) : host_("127.0.0.1:" + std::to_string(server.port())) {
  std::istringstream(server.text()) >> key_ >> secret_ >> pool_;
}

wire::Target Developer::target(int identity, int dataset) const {
  char id[64];
  std::snprintf(id, sizeof id, "us-east-1:00000000-0000-4000-8000-%012d", identity);
  return {.pool = must(IdentityPoolId::parse(pool_)),
          .identity = must(IdentityId::parse(id)),
          .dataset = must(DatasetName::parse("save" + std::to_string(dataset)))};
}

std::string Developer::signed_bytes(HttpRequest request) const {
  SystemClock clock;
  auth::sign(request, host_, {.region = "us-east-1", .service = "cognito-sync"},
             {.access_key_id = key_, .secret_access_key = secret_, .session_token = {}, .expires_at = {}},
             clock.wall());
  std::string bytes = request.method + " " + request.path;
  for (std::size_t i = 0; i < request.query.size(); ++i) {
    bytes += (i == 0 ? "?" : "&") + request.query[i].first + "=" + request.query[i].second;
  }
  bytes += " HTTP/1.1\r\n";
  for (const Header& header : request.headers) bytes += header.name + ": " + header.value + "\r\n";
  if (request.method != "GET") bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return bytes + "\r\n" + request.body;
}

std::string Developer::list(int identity, int dataset, std::int64_t since) const {
  wire::ListRecordsRequest request;
  request.target = target(identity, dataset);
  request.last_sync_count = SyncCount{since};
  return signed_bytes(wire::encode(request));
}

std::string Developer::update(int identity, int dataset, const std::string& session,
                              std::vector<wire::RecordPatch> patches) const {
  wire::UpdateRecordsRequest request;
  request.target = target(identity, dataset);
  request.device_id = "bench";
  request.patches = std::move(patches);
  request.session_token = session;
  return signed_bytes(wire::encode(request));
}

std::string Developer::session_of(const std::string& body) {
  return must(wire::decode_list_records(body)).session_token;
}

}  // namespace syncline::bench
