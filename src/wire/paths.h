// How the client spells paths and queries. Private to wire.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/messages.h"

namespace syncline::wire {

// "/NAME", percent-encoded.
std::string segment(std::string_view name);

std::string pool_path(const IdentityPoolId& pool);
std::string identity_path(const IdentityPoolId& pool, const IdentityId& identity);
std::string dataset_path(const Target& target);

HttpRequest make_request(std::string_view method, std::string path);
HttpRequest make_request(std::string_view method, std::string path, std::string body);  // of JSON
void add_paging(HttpRequest& request, const std::string& next_token, std::optional<int> max_results);

Error bad_answer(std::string_view operation, std::string_view problem);

}  // namespace syncline::wire
