#include "wire/paths.h"

#include "core/text.h"

namespace syncline::wire {

// A segment of only dots is legal as a dataset's name, but not in a path: whoever passes the request on may resolve it.
std::string segment(std::string_view name) {
  if (name == ".") return "/%2E";
  if (name == "..") return "/%2E%2E";
  return "/" + percent_encode(name);
}

std::string pool_path(const IdentityPoolId& pool) {
  return "/identitypools" + segment(pool.text());
}

std::string identity_path(const IdentityPoolId& pool, const IdentityId& identity) {
  return pool_path(pool) + "/identities" + segment(identity.text());
}

std::string dataset_path(const Target& target) {
  return identity_path(target.pool, target.identity) + "/datasets" + segment(target.dataset.text());
}

HttpRequest make_request(std::string_view method, std::string path) {
  HttpRequest request;
  request.method = method;
  request.path = std::move(path);
  return request;
}

HttpRequest make_request(std::string_view method, std::string path, std::string body) {
  auto request = make_request(method, std::move(path));
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = std::move(body);
  return request;
}

void add_paging(HttpRequest& request, const std::string& next_token, std::optional<int> max_results) {
  if (!next_token.empty()) request.query.emplace_back("nextToken", next_token);
  if (max_results) request.query.emplace_back("maxResults", std::to_string(*max_results));
}

Error bad_answer(std::string_view operation, std::string_view problem) {
  return Error{
      .code = ErrorCode::kBadAnswer,
      .message = "the answer to " + std::string(operation) + " is not what it should be: " + std::string(problem)};
}

}  // namespace syncline::wire
