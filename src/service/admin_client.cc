#include "service/admin_client.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "service/server.h"

namespace syncline::service {

AdminClient::AdminClient(std::string data_dir) : data_dir_(std::move(data_dir)) {}
AdminClient::AdminClient(AdminClient&& other) noexcept = default;
AdminClient::~AdminClient() = default;

Result<AdminClient> AdminClient::open(const std::string& data_dir) {
  std::error_code failed;
  if (!std::filesystem::exists(data_dir + "/service.db", failed)) {
    return Error{.code = ErrorCode::kNotFound, .message = data_dir + ": holds no service's data"};
  }
  AdminClient client(data_dir);
  auto answer = ask_service(data_dir, encode_admin_request({.words = {"about"}}));
  if (!answer) return std::move(answer).error();
  if (*answer) return client;
  ServerOptions options{.data_dir = data_dir};
  options.region.clear();  // as it is
  auto started = Server::start(options);
  if (!started) return std::move(started).error();
  client.own_ = std::move(*started);
  return client;
}

Result<std::string> AdminClient::ask(const AdminRequest& request) {
  if (own_) return own_->administer(request);
  auto answer = ask_service(data_dir_, encode_admin_request(request));
  if (!answer) return std::move(answer).error();
  if (*answer) return decode_admin_answer(**answer);
  return Error{.code = ErrorCode::kStorage, .message = data_dir_ + ": the service has ended meanwhile"};
}

}  // namespace syncline::service
