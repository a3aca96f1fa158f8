// A link to an object of an S3-compatible store that anybody may follow for a while: the query form of the signature as
// S3 wants it, which leaves the body out ("UNSIGNED-PAYLOAD") where every other service has its hash. [any thread]
#pragma once

#include <chrono>
#include <string_view>

#include "auth/signature.h"

namespace syncline::auth {

// As presign() does. The path's characters must need no encoding: S3 encodes them once less than others do.
void presign_object(HttpRequest& request, std::string_view host, const Scope& scope, const Credentials& credentials,
                    Timestamp now, std::chrono::seconds lifetime);

}  // namespace syncline::auth
