#include "fault/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace syncline::fault {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
  return all;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& words, const std::string& log,
                           const std::vector<std::string>& variables) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    std::perror("pipe2");
    std::abort();
  }
  // All memory is taken before the fork: another thread may hold the allocator's lock at that moment.
  auto arguments = pointers(words);
  arguments.push_back(nullptr);
  auto environment = pointers(variables);
  for (char** variable = environ; *variable != nullptr; ++variable) environment.push_back(*variable);
  environment.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    const int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(ends[1], STDOUT_FILENO);
    if (errors >= 0) ::dup2(errors, STDERR_FILENO);
    ::execve(arguments.front(), arguments.data(), environment.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  out_ = ends[0];
}

ChildProcess::~ChildProcess() {
  kill();
  wait();
  ::close(out_);
}

bool ChildProcess::read(std::string& into, std::chrono::microseconds longest) {
  pollfd waiting{.fd = out_, .events = POLLIN, .revents = 0};
  const timespec limit{.tv_sec = longest.count() / 1'000'000, .tv_nsec = longest.count() % 1'000'000 * 1'000};
  if (::ppoll(&waiting, 1, &limit, nullptr) <= 0) return true;
  std::array<char, 4096> piece{};
  const auto got = ::read(out_, piece.data(), piece.size());
  if (got <= 0) return false;
  into.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

void ChildProcess::kill() {
  if (process_ > 0) ::kill(process_, SIGKILL);
}

int ChildProcess::wait() {
  int status = 0;
  if (process_ > 0) ::waitpid(process_, &status, 0);
  process_ = -1;
  return status;
}

}  // namespace syncline::fault
