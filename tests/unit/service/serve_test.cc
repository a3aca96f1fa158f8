// `syncline serve` as a process of its own.
#include "service/serve.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "raw_client.h"
#include "service/http_server.h"
#include "service_fixture.h"
#include "support/temp_dir.h"
#include "support/tls_identity.h"

namespace syncline::service {
namespace {

class Process {
 public:
  explicit Process(const ServeOptions& options) {
    int out[2];
    int err[2];
    if (::pipe(out) != 0 || ::pipe(err) != 0) std::abort();
    std::fflush(stdout);  // or the child would write what gtest has not written yet
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(err[1], STDERR_FILENO);
      for (const int end : {out[0], out[1], err[0], err[1]}) ::close(end);
      _exit(run_serve(options));
    }
    ::close(out[1]);
    ::close(err[1]);
    out_ = ::fdopen(out[0], "r");
    err_ = ::fdopen(err[0], "r");
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (child_ > 0) ::kill(child_, SIGKILL);
    finish();
    std::fclose(out_);
    std::fclose(err_);
  }

  // What /proc says of it in this file.
  [[nodiscard]] std::string status(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream("/proc/" + std::to_string(child_) + "/" + file).rdbuf();
    return std::move(text).str();
  }
  void signal(int number) const { ::kill(child_, number); }
  std::string line() { return read(out_, true); }
  std::string rest() { return read(out_, false); }
  std::string errors() { return read(err_, false); }
  std::string error_line() { return read(err_, true); }
  [[nodiscard]] bool ended() const { return std::feof(err_) != 0; }
  // Its exit code; -1: a signal ended it.
  int finish() {
    if (child_ > 0 && ::waitpid(child_, &status_, 0) == child_) child_ = 0;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }

 private:
  static std::string read(std::FILE* from, bool one_line) {
    std::string text;
    for (int c = 0; (c = std::fgetc(from)) != EOF && !(one_line && c == '\n');) text += static_cast<char>(c);
    return text;
  }

  pid_t child_ = -1;
  int status_ = 0;
  std::FILE* out_ = nullptr;
  std::FILE* err_ = nullptr;
};

std::string field(const std::string& line, const std::string& name) {
  const auto start = line.find("\"" + name + "\":\"");
  if (start == std::string::npos) return "";
  const auto from = start + name.size() + 4;
  return line.substr(from, line.find('"', from) - from);
}

TEST(Serve, SaysThatItIsReadyAndEndsOnASignal) {
  const TempDir dir;
  std::string secret;
  for (const int number : {SIGTERM, SIGINT}) {
    Process process({.listen = "127.0.0.1:0", .data = dir.file("data"), .config = std::nullopt, .print_config = false});
    const std::string line = process.line();
    EXPECT_TRUE(line.starts_with("{\"event\":\"ready\",\"endpoint\":\"http://127.0.0.1:")) << line;
    EXPECT_TRUE(line.ends_with("\"}"));
    EXPECT_EQ(field(line, "region"), "us-east-1");
    EXPECT_TRUE(IdentityPoolId::parse(field(line, "identity_pool_id")));
    EXPECT_TRUE(secret.empty() || field(line, "secret_access_key") == secret);
    secret = field(line, "secret_access_key");
    const std::string endpoint = field(line, "endpoint");
    RawClient client(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.receive()->status, 404);
    process.signal(number);
    EXPECT_EQ(process.finish(), 0);
    EXPECT_EQ(process.rest(), "");
    const std::string errors = process.errors();
    EXPECT_EQ(errors.find(secret), std::string::npos);
    EXPECT_NE(errors.find("ending on"), std::string::npos) << errors;
  }
}

// S10: as many connections as its limit says, though the system's own limit is lower at first.
TEST(Serve, MayOpenAFileForEachConnectionS10) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 8192) GTEST_SKIP() << "more files than this process may open";
  const rlimit low{.rlim_cur = 256, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  const TempDir dir;
  Process process({.listen = "127.0.0.1:0", .data = dir.file("data"), .config = std::nullopt, .print_config = false});
  ::setrlimit(RLIMIT_NOFILE, &before);
  process.line();
  const std::string limits = process.status("limits");
  const std::string name = "Max open files";
  EXPECT_GT(std::stoi(limits.substr(limits.find(name) + name.size())), static_cast<int>(HttpLimits{}.connections));
  process.signal(SIGTERM);
  EXPECT_EQ(process.finish(), 0);
}

TEST(Serve, LogsALineOfJsonForEachRequest) {
  const TempDir dir;
  Process process({.listen = "127.0.0.1:0", .data = dir.file("data"), .config = std::nullopt, .print_config = false});
  const std::string endpoint = field(process.line(), "endpoint");
  RawClient client(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  client.send("GET /identitypools/secret-name HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto response = client.receive();
  ASSERT_TRUE(response);
  process.signal(SIGTERM);
  EXPECT_EQ(process.finish(), 0);
  const std::string errors = process.errors();
  EXPECT_NE(errors.find("\"event\":\"request\",\"request_id\":\"" +
                        *find_header(response->headers, "x-amzn-RequestId") + "\",\"operation\":"),
            std::string::npos)
      << errors;
  EXPECT_NE(errors.find("\"status\":403,\"duration_ms\":"), std::string::npos) << errors;
  EXPECT_EQ(errors.find("secret-name"), std::string::npos);
  std::istringstream lines(errors);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("{\"time\":\"20") && line.ends_with("}")) << line;
  }
}

TEST(Serve, PrintsItsConfigAndEnds) {
  const TempDir dir;
  std::ofstream(dir.file("c.toml")) << "region = \"eu-west-1\"\n";
  Process process(
      {.listen = "127.0.0.1:0", .data = dir.file("data"), .config = dir.file("c.toml"), .print_config = true});
  const std::string printed = process.rest();
  EXPECT_EQ(process.finish(), 0);
  EXPECT_NE(printed.find("region = \"eu-west-1\"\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("listen = \"127.0.0.1:0\"\n"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(dir.file("data")));
}

TEST(Serve, AFlagWinsOverTheConfigFile) {
  const TempDir dir;
  std::ofstream(dir.file("c.toml")) << "listen = \"127.0.0.1:1\"\nregion = \"eu-west-1\"\ndata = \"" << dir.file("d")
                                    << "\"\n";
  Process process({.listen = "127.0.0.1:0", .data = std::nullopt, .config = dir.file("c.toml"), .print_config = false});
  const std::string line = process.line();
  EXPECT_EQ(field(line, "region"), "eu-west-1") << line;
  EXPECT_TRUE(std::filesystem::exists(dir.file("d/service.db")));
  process.signal(SIGTERM);
  EXPECT_EQ(process.finish(), 0);
}

TEST(Serve, SighupReadsTheCertificateAnewAndSaysSo) {
  const TempDir dir;
  const auto identity = testing::make_tls_identity();
  testing::write_file(dir.file("c.pem"), identity.certificate_pem);
  testing::write_file(dir.file("k.pem"), identity.key_pem);
  std::ofstream(dir.file("c.toml")) << "[tls]\ncertificate = \"" << dir.file("c.pem") << "\"\nkey = \""
                                    << dir.file("k.pem") << "\"\n";
  Process process(
      {.listen = "127.0.0.1:0", .data = dir.file("data"), .config = dir.file("c.toml"), .print_config = false});
  EXPECT_TRUE(field(process.line(), "endpoint").starts_with("https://127.0.0.1:"));
  process.signal(SIGHUP);
  std::string errors;
  while (errors.find("SIGHUP: the TLS certificate was read anew") == std::string::npos && !process.ended()) {
    errors += process.error_line();
  }
  process.signal(SIGTERM);
  EXPECT_EQ(process.finish(), 0) << errors;
}

TEST(Serve, WhatKeepsItFromStartingIsOneLineAndExit1) {
  const TempDir dir;
  std::ofstream(dir.file("bad.toml")) << "lisen = 1\n";
  std::ofstream(dir.file("file")) << "x";
  const std::pair<ServeOptions, std::string> kCases[] = {
      {{.listen = "nonsense", .data = dir.file("a"), .config = {}, .print_config = false}, "nonsense"},
      {{.listen = "127.0.0.1:0", .data = dir.file("file"), .config = {}, .print_config = false}, dir.file("file")},
      {{.listen = "127.0.0.1:0", .data = dir.file("a"), .config = dir.file("bad.toml"), .print_config = false},
       "unknown key 'lisen'"},
      {{.listen = "192.0.2.1:1", .data = dir.file("a"), .config = {}, .print_config = false},
       "cannot listen on 192.0.2.1:1"},
  };
  for (const auto& [options, message] : kCases) {
    Process process(options);
    EXPECT_EQ(process.rest(), "");
    const std::string errors = process.errors();
    EXPECT_EQ(process.finish(), 1) << message;
    EXPECT_TRUE(errors.starts_with("syncline serve: ")) << errors;
    EXPECT_NE(errors.find(message), std::string::npos) << errors;
    EXPECT_EQ(errors.find('\n'), errors.size() - 1) << errors;
  }
}

}  // namespace
}  // namespace syncline::service
