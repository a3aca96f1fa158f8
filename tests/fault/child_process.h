// A program started as a child, whose standard output is read here, and that can be killed. [one thread]
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace syncline::fault {

class ChildProcess {
 public:
  // `words`: the program's path and its arguments. Standard error goes to the file `log`, which grows. `variables`
  // ("NAME=value") are added to the environment.
  ChildProcess(const std::vector<std::string>& words, const std::string& log,
               const std::vector<std::string>& variables = {});
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();  // killed, if it still runs

  // Appends what has come to `into`, waiting for something up to `longest`. False: it has closed its output.
  bool read(std::string& into, std::chrono::microseconds longest);
  void kill();
  // Waits for its end. The status as waitpid() has it.
  int wait();

 private:
  pid_t process_ = -1;
  int out_ = -1;
};

}  // namespace syncline::fault
