// How `syncline admin` gets at a service's data directory: through the service that runs on it, or, if none does, by
// being one for as long as the command takes.
#pragma once

#include <memory>
#include <string>

#include "service/administration.h"
#include "syncline/result.h"

namespace syncline::service {

class Server;

class AdminClient {
 public:
  // Errors: kNotFound: the directory holds no service's data; those of Server::start(). [blocks: disk]
  static Result<AdminClient> open(const std::string& data_dir);
  AdminClient(AdminClient&& other) noexcept;
  AdminClient& operator=(AdminClient&&) = delete;
  ~AdminClient();

  // Server::administer(). [blocks: disk]
  Result<std::string> ask(const AdminRequest& request);
  // Another process serves the directory, with its config file's settings.
  [[nodiscard]] bool running() const { return own_ == nullptr; }

 private:
  explicit AdminClient(std::string data_dir);

  std::string data_dir_;
  std::unique_ptr<Server> own_;
};

}  // namespace syncline::service
