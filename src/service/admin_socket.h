// Where `syncline admin` reaches a running service: a Unix socket in the data directory, for this user only, since
// whoever can use the directory can read all that is in it. One request a connection, to its end; then the answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "syncline/result.h"

namespace syncline::service {

class AdminSocket {
 public:
  // Called on the socket's own thread, one at a time. If it throws, the command gets an answer that is empty.
  using Handler = std::function<std::string(const std::string& request)>;

  // DATA/service.sock; takes the place of one that a killed service left, so the caller must hold the directory's lock.
  // Error: kStorage, naming the path.
  static Result<std::unique_ptr<AdminSocket>> listen(const std::string& data_dir, Handler handler);

  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;
  // Waits for the request under way. [blocks]
  ~AdminSocket();

 private:
  class Impl;
  explicit AdminSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The answer of the service that runs on the directory; nullopt: none does. Errors: kStorage, kTimeout. [blocks]
Result<std::optional<std::string>> ask_service(const std::string& data_dir, const std::string& request);

}  // namespace syncline::service
