// An OpenID Connect provider whose users the simulated players are: keys that are made once in a process, and a token
// for each user that outlasts every history. [one thread]
#pragma once

#include <string>
#include <string_view>

#include "syncline/result.h"

namespace syncline::sim {

inline constexpr std::string_view kProvider = "login.example.com";
inline constexpr std::string_view kAudience = "game-app";
inline constexpr std::string_view kDeveloperProvider = "dev";

// Its public keys, as a service's key source reads them.
Result<std::string> provider_keys();
// A JSON Web Token. `user`: visible ASCII without quotes.
std::string provider_token(const std::string& user);

}  // namespace syncline::sim
