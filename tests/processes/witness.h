// The real service behind a socket, and every version that it ever took.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "processes/worker_process.h"
#include "service/handlers.h"
#include "support/loopback_server.h"
#include "support/temp_dir.h"

namespace syncline::testing {

// [any thread]
class Witness {
 public:
  // Of each 100 pushes, the answers of so many are lost after the commit.
  explicit Witness(unsigned lost_of_100 = 0, std::uint64_t seed = 1);

  // For a worker on `directory` that synchronizes with this service.
  [[nodiscard]] WorkerOptions worker_on(std::string directory) const;
  // How often a value was stored; each is written once only.
  [[nodiscard]] std::map<std::string, int> versions() const;
  // Answers everything from now on.
  void be_kind();

 private:
  RawAnswer answer(const ReceivedRequest& received);
  void note(const std::string& body);

  TempDir dir_;
  std::unique_ptr<service::Service> service_;
  mutable std::mutex mutex_;
  unsigned lost_of_100_;
  std::mt19937_64 random_;
  std::map<std::string, int> versions_;
  std::unique_ptr<LoopbackServer> server_;  // last: its threads use the rest
};

}  // namespace syncline::testing
