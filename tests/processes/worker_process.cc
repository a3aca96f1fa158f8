#include "processes/worker_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace syncline::testing {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

WorkerProcess::WorkerProcess(const WorkerOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);  // telling a worker that was killed
  std::vector<std::string> words = {SYNCLINE_WORKER,    options.directory, options.endpoint,
                                    options.region,     options.pool,      options.identity,
                                    options.access_key, options.secret,    std::to_string(options.lock_timeout_ms)};
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int to[2];
  int from[2];
  EXPECT_EQ(::pipe2(to, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(from, O_CLOEXEC), 0);
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(to[0], 0);
    ::dup2(from[1], 1);
    ::execv(SYNCLINE_WORKER, arguments.data());
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  in_ = to[1];
  out_ = from[0];
  EXPECT_EQ(read(), "ready");
}

WorkerProcess::~WorkerProcess() {
  kill();
  ::close(in_);
  ::close(out_);
}

void WorkerProcess::send(const std::string& line) {
  const auto text = line + "\n";
  [[maybe_unused]] const auto written = ::write(in_, text.data(), text.size());
}

std::optional<std::string> WorkerProcess::take_line() {
  const auto end = unread_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  auto line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

std::optional<std::string> WorkerProcess::read(std::chrono::milliseconds longest) {
  const auto deadline = Clock::now() + longest;
  for (;;) {
    if (auto line = take_line()) return line;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd file{.fd = out_, .events = POLLIN, .revents = 0};
    if (left.count() < 0 || ::poll(&file, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
    char bytes[4'096];
    const auto length = ::read(out_, bytes, sizeof bytes);
    if (length <= 0) return std::nullopt;
    unread_.append(bytes, static_cast<std::size_t>(length));
  }
}

std::string WorkerProcess::ask(const std::string& line) {
  send(line);
  for (;;) {
    auto answer = read();
    if (!answer) return "gone";
    if (!answer->starts_with("change ")) return *answer;
    changes_.push_back(answer->substr(7));
  }
}

std::optional<std::string> WorkerProcess::next_change(std::chrono::milliseconds longest) {
  if (changes_.empty()) {
    auto line = read(longest);
    if (!line) return std::nullopt;
    EXPECT_TRUE(line->starts_with("change ")) << *line;
    return line->substr(std::min<std::size_t>(7, line->size()));
  }
  auto change = changes_.front();
  changes_.erase(changes_.begin());
  return change;
}

void WorkerProcess::kill() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

void WorkerProcess::pause() {
  ::kill(process_, SIGSTOP);
}

}  // namespace syncline::testing
