// How the rules say no.
#pragma once

#include <string>
#include <utility>

#include "syncline/result.h"

namespace syncline::service {

inline Error refused(ErrorCode code, std::string message) {
  return Error{.code = code, .message = std::move(message)};
}

}  // namespace syncline::service
